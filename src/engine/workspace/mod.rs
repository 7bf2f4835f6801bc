//! The one view of a workspace's files, whatever tree they stand in.

pub mod alert;
pub mod answerer;
pub mod behavior;
pub mod behavior_text;
pub mod closure;
mod compile;
mod conversation;
pub mod csv_rows;
pub mod dataset;
pub mod decode;
pub mod document;
pub mod evaluator;
pub mod files;
pub mod front_matter;
pub mod incident;
pub mod json;
mod jsonl_rows;
pub mod kept;
pub mod lane;
pub mod mapping;
pub mod matchers;
pub mod media;
#[cfg(test)]
pub(crate) mod memory;
mod own;
mod parts;
pub mod problems;
pub mod project;
pub mod prompt;
mod provider;
mod recorded;
mod redaction;
pub mod renderer;
mod response_format;
pub mod review;
pub mod rows;
pub mod script;
pub mod signers;
pub mod template;
mod test_data_rows;
pub mod toml;
mod traces;
pub mod under_way;
mod variables;
pub mod view;
mod webhook;
pub mod yaml;
pub mod yaml_text;

use crate::domain::alert::AlertRule;
use crate::domain::attestation::AllowedSigners;
use crate::domain::behavior::Behavior;
use crate::domain::dataset::Dataset;
use crate::domain::evaluator::Evaluator;
use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::id::{
    AlertId, BehaviorId, DatasetId, EvaluatorId, IdError, IncidentId, LaneName, OWN_PREFIX,
    PromptId, ReviewId, ViewId,
};
use crate::domain::incident::Incident;
use crate::domain::lane::{Lane, SignersFile};
use crate::domain::project::{PROJECT_FILE, Project};
use crate::domain::prompt::Prompt;
use crate::domain::review::Review;
use crate::domain::trace::view::View;

use super::ports::FileTree;
use closure::Closure;
use document::Source;
use files::{names_below, not_in_file, read_named, read_text};
use rows::RowReader;

pub use recorded::Recorded;

/// Everything in a workspace that has a name, sorted.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The prompts.
    pub prompts: Vec<PromptId>,
    /// The datasets.
    pub datasets: Vec<DatasetId>,
    /// The evaluators.
    pub evaluators: Vec<EvaluatorId>,
    /// The lanes.
    pub lanes: Vec<LaneName>,
    /// The saved views of traces.
    pub views: Vec<ViewId>,
    /// The alert rules.
    pub alerts: Vec<AlertId>,
    /// The behaviors.
    pub behaviors: Vec<BehaviorId>,
    /// The incidents.
    pub incidents: Vec<IncidentId>,
    /// The reviews.
    pub reviews: Vec<ReviewId>,
    /// Files that cannot be named or are no plain files.
    pub findings: Vec<Finding>,
}

/// Where files of one sort stand.
struct Sort<T> {
    folder: &'static str,
    ending: &'static str,
    new: fn(String) -> Result<T, IdError>,
}

const PROMPTS: Sort<PromptId> = Sort {
    folder: "prompts",
    ending: ".prompt.yml",
    new: PromptId::new,
};
const DATASETS: Sort<DatasetId> = Sort {
    folder: "datasets",
    ending: ".yml",
    new: DatasetId::new,
};
const EVALUATORS: Sort<EvaluatorId> = Sort {
    folder: "evaluators",
    ending: ".yml",
    new: EvaluatorId::new,
};
const LANES: Sort<LaneName> = Sort {
    folder: "environments",
    ending: ".toml",
    new: LaneName::new,
};
const VIEWS: Sort<ViewId> = Sort {
    folder: "operations/views",
    ending: ".toml",
    new: ViewId::new,
};
const ALERTS: Sort<AlertId> = Sort {
    folder: "operations/alerts",
    ending: ".toml",
    new: AlertId::new,
};
const BEHAVIORS: Sort<BehaviorId> = Sort {
    folder: "operations/behaviors",
    ending: ".toml",
    new: BehaviorId::new,
};

const INCIDENTS: Sort<IncidentId> = Sort {
    folder: "operations/incidents",
    ending: ".md",
    new: IncidentId::new,
};
const REVIEWS: Sort<ReviewId> = Sort {
    folder: "operations/reviews",
    ending: ".md",
    new: ReviewId::new,
};

/// Where files stand whose names cannot be those of tests in a prompt's own file.
const NEVER_OWN: [&str; 6] = [
    LANES.folder,
    VIEWS.folder,
    ALERTS.folder,
    BEHAVIORS.folder,
    INCIDENTS.folder,
    REVIEWS.folder,
];

/// A workspace in a tree of files. Files are read when they are asked for.
#[derive(Clone, Copy)]
pub struct Workspace<'t> {
    tree: &'t dyn FileTree,
    disk: &'t dyn FileTree,
    recorded: Recorded<'t>,
}

impl<'t> Workspace<'t> {
    /// The workspace in `tree`.
    pub fn new(tree: &'t dyn FileTree) -> Self {
        Self {
            tree,
            disk: tree,
            recorded: Recorded::default(),
        }
    }

    /// The workspace with recorded answers in the place of models that prompts and evaluators name.
    #[must_use]
    pub fn with_recorded(self, recorded: Recorded<'t>) -> Self {
        Self { recorded, ..self }
    }

    /// The workspace with the files that programs are run from, where those are not its own.
    #[must_use]
    pub fn with_programs_from(self, disk: Option<&'t dyn FileTree>) -> Self {
        Self {
            disk: disk.unwrap_or(self.disk),
            ..self
        }
    }

    /// Another tree, with recorded answers where this one has them.
    #[must_use]
    pub fn beside(&self, tree: &'t dyn FileTree) -> Self {
        Self::new(tree).with_recorded(self.recorded)
    }

    /// The files that programs are run from.
    pub fn disk(&self) -> &'t dyn FileTree {
        self.disk
    }

    /// The tree that is read.
    pub fn tree(&self) -> &'t dyn FileTree {
        self.tree
    }

    /// The settings; the defaults where there is no `pointsman.toml`.
    pub fn project(&self) -> Result<Project, Findings> {
        match read_text(self.tree, PROJECT_FILE)? {
            Some(source) => project::read_project(&source),
            None => Ok(Project::default()),
        }
    }

    /// Everything that can be named, and the files whose names cannot be used.
    pub fn inventory(&self) -> Result<Inventory, Findings> {
        let mut findings = Vec::new();
        let mut inventory = Inventory {
            prompts: self.ids(&PROMPTS, &mut findings)?,
            datasets: self.ids(&DATASETS, &mut findings)?,
            evaluators: self.ids(&EVALUATORS, &mut findings)?,
            lanes: self.ids(&LANES, &mut findings)?,
            views: self.ids(&VIEWS, &mut findings)?,
            alerts: self.ids(&ALERTS, &mut findings)?,
            behaviors: self.ids(&BEHAVIORS, &mut findings)?,
            incidents: self.ids(&INCIDENTS, &mut findings)?,
            reviews: self.ids(&REVIEWS, &mut findings)?,
            findings,
        };
        for prompt in self.prompts_with_tests(&inventory.prompts) {
            inventory.datasets.extend(prompt.own_dataset());
            inventory.evaluators.extend(prompt.own_evaluators());
        }
        inventory.datasets.sort();
        inventory.evaluators.sort();
        Ok(inventory)
    }

    /// The names of all prompts, sorted.
    pub fn prompt_ids(&self) -> Result<Vec<PromptId>, Findings> {
        self.all_ids(&PROMPTS)
    }

    /// The names of the datasets that have files of their own, sorted. No prompt is read for it.
    pub fn datasets_in_files(&self) -> Result<Vec<DatasetId>, Findings> {
        self.all_ids(&DATASETS)
    }

    /// The names of the evaluators that have files of their own, sorted. No prompt is read for it.
    pub fn evaluators_in_files(&self) -> Result<Vec<EvaluatorId>, Findings> {
        self.all_ids(&EVALUATORS)
    }

    /// The names of all datasets, sorted, those in the files of prompts among them.
    pub fn dataset_ids(&self) -> Result<Vec<DatasetId>, Findings> {
        let mut ids = self.datasets_in_files()?;
        let prompts = self.prompts_with_tests(&self.prompt_ids()?);
        ids.extend(prompts.iter().filter_map(Prompt::own_dataset));
        ids.sort();
        Ok(ids)
    }

    /// The names of all evaluators, sorted, those in the files of prompts among them.
    pub fn evaluator_ids(&self) -> Result<Vec<EvaluatorId>, Findings> {
        let mut ids = self.evaluators_in_files()?;
        let prompts = self.prompts_with_tests(&self.prompt_ids()?);
        ids.extend(prompts.iter().flat_map(Prompt::own_evaluators));
        ids.sort();
        Ok(ids)
    }

    /// The prompts with tests of their own. One that cannot be read has none that could be used.
    fn prompts_with_tests(&self, ids: &[PromptId]) -> Vec<Prompt> {
        let prompts = ids.iter().filter_map(|id| self.prompt(id).ok());
        prompts.filter(|prompt| !prompt.own.is_empty()).collect()
    }

    /// The names of all lanes, sorted.
    pub fn lane_names(&self) -> Result<Vec<LaneName>, Findings> {
        self.all_ids(&LANES)
    }

    /// The names of all saved views, sorted.
    pub fn view_ids(&self) -> Result<Vec<ViewId>, Findings> {
        self.all_ids(&VIEWS)
    }

    /// The names of all alert rules, sorted.
    pub fn alert_ids(&self) -> Result<Vec<AlertId>, Findings> {
        self.all_ids(&ALERTS)
    }

    /// The names of all behaviors, sorted.
    pub fn behavior_ids(&self) -> Result<Vec<BehaviorId>, Findings> {
        self.all_ids(&BEHAVIORS)
    }

    /// The names of all incidents, sorted.
    pub fn incident_ids(&self) -> Result<Vec<IncidentId>, Findings> {
        self.all_ids(&INCIDENTS)
    }

    /// The names of all reviews, sorted.
    pub fn review_ids(&self) -> Result<Vec<ReviewId>, Findings> {
        self.all_ids(&REVIEWS)
    }

    fn all_ids<T>(&self, sort: &Sort<T>) -> Result<Vec<T>, Findings> {
        let mut findings = Vec::new();
        let ids = self.ids(sort, &mut findings)?;
        if findings.is_empty() {
            Ok(ids)
        } else {
            Err(Findings(findings))
        }
    }

    fn ids<T>(&self, sort: &Sort<T>, findings: &mut Vec<Finding>) -> Result<Vec<T>, Findings> {
        let mut ids = Vec::new();
        for name in names_below(self.tree, sort.folder, sort.ending, findings)? {
            let path = format!("{}/{name}{}", sort.folder, sort.ending);
            let may_be_own = !NEVER_OWN.contains(&sort.folder);
            if may_be_own && name.starts_with(OWN_PREFIX) {
                let message =
                    "names that begin with `prompts/` are those of tests in prompts' own files";
                let finding = Finding::error("invalid-name", Place::file(path), message);
                findings.push(finding.with_help("rename the folder"));
                continue;
            }
            match (sort.new)(name) {
                Ok(id) => ids.push(id),
                Err(error) => findings.push(
                    Finding::error("invalid-name", Place::file(path), error.to_string())
                        .with_help("rename the file"),
                ),
            }
        }
        Ok(ids)
    }

    /// A prompt. One that is not there is a finding with a did-you-mean.
    pub fn prompt(&self, id: &PromptId) -> Result<Prompt, Findings> {
        let prompt = prompt::read_prompt(id, &self.prompt_source(id)?)?;
        Ok(self.recorded.prompt(prompt))
    }

    /// A prompt with all it includes, ready to render.
    pub fn closure(&self, id: &PromptId) -> Result<Closure, Findings> {
        let source = self.prompt_source(id)?;
        let Some(owner) = id.owner() else {
            let prompt = prompt::read_prompt(id, &source)?;
            return Closure::compile(self.recorded.prompt(prompt), &source, self.tree);
        };
        let judges = prompt::read_prompt(&owner, &source)?.own.judges;
        let judge = judges.into_iter().find(|judge| judge.id == *id);
        let judge = judge.ok_or_else(|| not_in_file(&owner, "judge", id.as_str()))?;
        Closure::compile(self.recorded.prompt(judge), &source, self.tree)
    }

    /// The text of a prompt's file.
    pub fn prompt_source(&self, id: &PromptId) -> Result<Source, Findings> {
        let known = || names(self.prompt_ids());
        read_named(self.tree, &id.path(), "prompt", id.as_str(), known)
    }

    /// A dataset's manifest.
    pub fn dataset(&self, id: &DatasetId) -> Result<Dataset, Findings> {
        if let Some(owner) = id.owner() {
            let dataset = own::dataset(id, &self.prompt(&owner)?);
            return dataset.ok_or_else(|| not_in_file(&owner, "dataset", id.as_str()));
        }
        let known = || names(self.dataset_ids());
        let source = read_named(self.tree, &id.path(), "dataset", id.as_str(), known)?;
        dataset::read_dataset(id, &source)
    }

    /// A dataset's rows, as a stream.
    pub fn rows(&self, dataset: &Dataset) -> Result<RowReader<'t>, Findings> {
        if let Some(input) = self.tree.open(&dataset.rows_path)? {
            return Ok(RowReader::new(dataset, input, self.tree));
        }
        let place = Place::file(dataset.id.path());
        let message = format!("there is no `{}`", dataset.rows_path);
        Err(Finding::error("missing-rows", place, message)
            .with_help("write the file, or correct `rows`")
            .into())
    }

    /// The files that a dataset is made of: its manifest, its rows, and what its rows may show.
    pub fn dataset_files(&self, dataset: &Dataset) -> Result<Vec<String>, Findings> {
        let mut paths = vec![dataset.id.path(), dataset.rows_path.clone()];
        if let Some(media) = &dataset.media {
            let entries = self.tree.list(&media.folder)?;
            paths.extend(entries.into_iter().map(|entry| entry.path));
        }
        Ok(paths)
    }

    /// An evaluator.
    pub fn evaluator(&self, id: &EvaluatorId) -> Result<Evaluator, Findings> {
        if let Some(owner) = id.owner() {
            let mut evaluators = self.prompt(&owner)?.own.evaluators.into_iter();
            let evaluator = evaluators.find(|evaluator| evaluator.id == *id);
            let evaluator = evaluator.map(|evaluator| self.recorded.evaluator(evaluator));
            return evaluator.ok_or_else(|| not_in_file(&owner, "evaluator", id.as_str()));
        }
        let known = || names(self.evaluator_ids());
        let source = read_named(self.tree, &id.path(), "evaluator", id.as_str(), known)?;
        let evaluator = evaluator::read_evaluator(id, &source, self.tree)?;
        Ok(self.recorded.evaluator(evaluator))
    }

    /// A lane's policy.
    pub fn lane(&self, name: &LaneName) -> Result<Lane, Findings> {
        let known = || names(self.lane_names());
        let source = read_named(self.tree, &name.path(), "lane", name.as_str(), known)?;
        lane::read_lane(name, &source)
    }

    /// A saved view of traces.
    pub fn view(&self, id: &ViewId) -> Result<View, Findings> {
        let known = || names(self.view_ids());
        let source = read_named(self.tree, &id.path(), "view", id.as_str(), known)?;
        view::read_view(id, &source)
    }

    /// An alert rule.
    pub fn alert(&self, id: &AlertId) -> Result<AlertRule, Findings> {
        let known = || names(self.alert_ids());
        let source = read_named(self.tree, &id.path(), "alert rule", id.as_str(), known)?;
        alert::read_alert(id, &source)
    }

    /// All behaviors, by their names.
    pub fn behaviors(&self) -> Result<Vec<Behavior>, Findings> {
        let ids = self.behavior_ids()?;
        ids.iter().map(|id| self.behavior(id)).collect()
    }

    /// A behavior.
    pub fn behavior(&self, id: &BehaviorId) -> Result<Behavior, Findings> {
        behavior::read_behavior(id, &self.behavior_source(id)?)
    }

    /// The text of a behavior's file.
    pub fn behavior_source(&self, id: &BehaviorId) -> Result<Source, Findings> {
        let known = || names(self.behavior_ids());
        read_named(self.tree, &id.path(), "behavior", id.as_str(), known)
    }

    /// An incident.
    pub fn incident(&self, id: &IncidentId) -> Result<Incident, Findings> {
        incident::read_incident(id, &self.incident_source(id)?)
    }

    /// The text of an incident's file.
    pub fn incident_source(&self, id: &IncidentId) -> Result<Source, Findings> {
        let known = || names(self.incident_ids());
        read_named(self.tree, &id.path(), "incident", id.as_str(), known)
    }

    /// A review.
    pub fn review(&self, id: &ReviewId) -> Result<Review, Findings> {
        let known = || names(self.review_ids());
        let source = read_named(self.tree, &id.path(), "review", id.as_str(), known)?;
        review::read_review(id, &source)
    }

    /// The keys that a policy trusts.
    pub fn signers(&self, file: &SignersFile) -> Result<AllowedSigners, Findings> {
        if let Some(source) = read_text(self.tree, &file.path)? {
            return signers::read_signers(&source);
        }
        let message = format!("there is no `{}` in the {}", file.path, self.tree.label());
        let place = Place::file(&file.path);
        Err(Finding::error("missing-signers", place, message)
            .with_help("write one line for each key: `ada@example.com ssh-ed25519 AAAA...`")
            .into())
    }
}

/// Names for a did-you-mean; none where they cannot be listed.
fn names<T: ToString>(ids: Result<Vec<T>, Findings>) -> Vec<String> {
    let ids = ids.unwrap_or_default();
    ids.iter().map(ToString::to_string).collect()
}
