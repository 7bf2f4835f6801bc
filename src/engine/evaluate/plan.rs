//! What an evaluation will test, named by digest before anything is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::domain::dataset::Dataset;
use crate::domain::digest::{Digest, DigestWriter, ShortDigest};
use crate::domain::evaluator::JudgeRule;
use crate::domain::finding::{Finding, Findings, Span};
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::lane::GatePolicy;
use crate::domain::project::BUILT_IN_PROVIDERS;
use crate::domain::prompt::{EvalBinding, Prompt};
use crate::domain::run::{RunManifest, Suite};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;

use super::answerers::Answerers;
use super::asked::Asked;
use super::grade::Grader;
use super::rule::PreparedRule;

/// Which prompts are tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that name a dataset to be tested on.
    All,
    /// These.
    Prompts(Vec<PromptId>),
}

/// What an evaluation will test.
pub struct Plan {
    /// The suites, in the order of the prompts and of the bindings in their files.
    pub suites: Vec<PlannedSuite>,
}

/// One suite, ready to run.
#[derive(Clone)]
pub struct PlannedSuite {
    /// What is tested.
    pub suite: Suite,
    /// The digest of what is tested.
    pub digest: Digest,
    /// How many rows the dataset has.
    pub rows: u64,
    /// The evaluators that a gate may block on.
    pub blocking: BTreeSet<EvaluatorId>,
    /// The rows that are tested; absent: all of the dataset.
    pub(super) sample: Option<Arc<BTreeSet<ShortDigest>>>,
    pub(super) closure: Arc<Closure>,
    pub(super) dataset: Dataset,
    pub(super) graders: Arc<BTreeMap<EvaluatorId, Grader>>,
    pub(super) judges: Arc<BTreeMap<PromptId, Closure>>,
}

impl Plan {
    /// The part of the plan whose suites are wanted.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(&PlannedSuite) -> bool) -> Self {
        self.suites.retain(|planned| wanted(planned));
        self
    }

    /// How many cases there are.
    pub fn cases(&self) -> u64 {
        self.suites.iter().map(PlannedSuite::cases).sum()
    }

    /// Whether models or servers grade what is answered.
    pub fn asks_graders(&self) -> bool {
        let mut suites = self.suites.iter();
        suites.any(|planned| planned.judge_count() > 0)
    }

    /// The evaluators that no gate may block on.
    pub fn advisory(&self) -> BTreeSet<EvaluatorId> {
        let suites = self.suites.iter();
        suites
            .flat_map(|planned| planned.graders.keys().map(move |name| (planned, name)))
            .filter(|(planned, name)| !planned.blocking.contains(*name))
            .map(|(_, name)| name.clone())
            .collect()
    }

    /// The digest of what is tested, in all.
    pub fn digest(&self) -> Digest {
        RunManifest::plan_digest(&self.suites())
    }

    /// What is tested.
    pub fn suites(&self) -> Vec<Suite> {
        self.suites
            .iter()
            .map(|planned| planned.suite.clone())
            .collect()
    }

    /// The judges that this policy may block on, each once for each evaluator that asks it.
    pub(super) fn blocking_judges(&self, policy: &GatePolicy) -> Vec<(&EvaluatorId, &JudgeRule)> {
        let mut judges: Vec<(&EvaluatorId, &JudgeRule)> = Vec::new();
        for planned in &self.suites {
            let blocks = |name| planned.blocking.contains(name) || policy.floors.contains_key(name);
            for (name, grader) in planned.graders.iter().filter(|(name, _)| blocks(name)) {
                for rule in grader.judges() {
                    if !judges.contains(&(name, rule)) {
                        judges.push((name, rule));
                    }
                }
            }
        }
        judges
    }

    /// Who will be asked, judges and other graders among them.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        for planned in &self.suites {
            for closure in planned.judges.values().chain([planned.closure.as_ref()]) {
                asked.add_prompt(closure.prompt());
            }
            for grader in planned.graders.values() {
                asked.add_grader(grader);
            }
        }
        asked
    }
}

impl PlannedSuite {
    /// How many cases there are.
    pub fn cases(&self) -> u64 {
        self.rows * u64::from(self.suite.repeats)
    }

    /// The evaluators whose grades depend on chance: all of them where the model may answer the same
    /// question differently, and else those whose judges may.
    pub fn by_chance(&self) -> BTreeSet<EvaluatorId> {
        let prompt = self.closure.prompt();
        let chance = answers_vary(prompt);
        let graders = self.graders.iter();
        let judges_vary = self
            .judges
            .values()
            .any(|judge| answers_vary(judge.prompt()));
        let varying =
            graders.filter(|(_, grader)| chance || (judges_vary && !grader.judges().is_empty()));
        varying.map(|(name, _)| name.clone()).collect()
    }

    /// The same test of another version of the prompt: the same rows, evaluators and repeats, and
    /// the providers and programs of this workspace.
    pub fn of_version(
        &self,
        closure: Closure,
        workspace: &Workspace<'_>,
    ) -> Result<Self, Findings> {
        let suite = Suite {
            model: closure.prompt().model.clone(),
            fingerprint: closure.fingerprint(),
            answerer: Answerers::new(workspace).of_prompt(closure.prompt())?,
            ..self.suite.clone()
        };
        Ok(Self {
            digest: suite.digest(),
            suite,
            rows: self.rows,
            blocking: self.blocking.clone(),
            sample: self.sample.clone(),
            closure: Arc::new(closure),
            dataset: self.dataset.clone(),
            graders: Arc::clone(&self.graders),
            judges: Arc::clone(&self.judges),
        })
    }

    /// How many times judges and other graders outside are asked about one answer, at most.
    pub fn judge_count(&self) -> usize {
        self.graders.values().map(Grader::judge_count).sum()
    }
}

/// Whether the model may answer the same question differently: not those that are built in, and,
/// as far as a provider keeps the promise, not at temperature 0.
fn answers_vary(prompt: &Prompt) -> bool {
    let built_in = BUILT_IN_PROVIDERS.contains(&prompt.model.provider.as_str());
    let temperature = prompt.model_parameters.get("temperature");
    !built_in && temperature.and_then(serde_json::Value::as_f64) != Some(0.0)
}

/// Plans the evaluation of the selected prompts. What is wrong with their files, datasets and
/// evaluators is collected in full.
pub fn plan(
    workspace: &Workspace<'_>,
    selection: &Selection,
    repeats: u32,
) -> Result<Plan, Findings> {
    let prompts = match selection {
        Selection::All => workspace.prompt_ids()?,
        Selection::Prompts(prompts) => prompts.clone(),
    };
    let mut planner = Planner::new(workspace, repeats);
    let mut suites: Vec<PlannedSuite> = Vec::new();
    for prompt in &prompts {
        for planned in planner.suites_of(prompt) {
            if suites.iter().all(|known| known.digest != planned.digest) {
                suites.push(planned);
            }
        }
    }
    planner.finish(suites)
}

/// Plans the evaluation of prompts that are not the workspace's own, by datasets and evaluators that
/// are: each is tested by those of its `evals` that the workspace has.
pub fn plan_guests(
    workspace: &Workspace<'_>,
    guests: Vec<Closure>,
    repeats: u32,
) -> Result<Plan, Findings> {
    if guests.is_empty() {
        return Ok(Plan { suites: Vec::new() });
    }
    let (datasets, evaluators) = (workspace.dataset_ids()?, workspace.evaluator_ids()?);
    let mut planner = Planner::new(workspace, repeats);
    let mut suites = Vec::new();
    for closure in guests {
        let closure = Arc::new(closure);
        for binding in &closure.prompt().evals {
            let mut known = binding.clone();
            known
                .evaluators
                .retain(|(name, _)| evaluators.contains(name));
            if datasets.contains(&known.dataset.0) && !known.evaluators.is_empty() {
                suites.extend(planner.suite(Some(&closure), &known));
            }
        }
    }
    planner.finish(suites)
}

/// Plans one test of a prompt, whatever its `evals` say: on one dataset, by some evaluators.
pub fn plan_test(
    workspace: &Workspace<'_>,
    prompt: Closure,
    (dataset, evaluators): (&DatasetId, &[EvaluatorId]),
    repeats: u32,
) -> Result<PlannedSuite, Findings> {
    let binding = EvalBinding {
        dataset: (dataset.clone(), Span::default()),
        evaluators: evaluators
            .iter()
            .map(|evaluator| (evaluator.clone(), Span::default()))
            .collect(),
    };
    let mut planner = Planner::new(workspace, repeats);
    let suite = planner.suite(Some(&Arc::new(prompt)), &binding);
    let mut plan = planner.finish(suite.into_iter().collect())?;
    Ok(plan
        .suites
        .pop()
        .expect("what cannot be planned has a finding"))
}

/// The evaluators under a policy's floors that this plan does not use and other prompts of the
/// workspace do.
pub fn floors_elsewhere(
    workspace: &Workspace<'_>,
    plan: &Plan,
    policy: &GatePolicy,
) -> Result<BTreeSet<EvaluatorId>, Findings> {
    let used: BTreeSet<&EvaluatorId> = plan
        .suites
        .iter()
        .flat_map(|planned| planned.suite.evaluators.keys())
        .collect();
    let mut unused: BTreeSet<&EvaluatorId> = policy.floors.keys().collect();
    unused.retain(|name| !used.contains(name));
    let mut elsewhere = BTreeSet::new();
    if unused.is_empty() {
        return Ok(elsewhere);
    }
    for id in workspace.prompt_ids()? {
        for binding in workspace.prompt(&id)?.evals {
            let names = binding.evaluators.into_iter().map(|(name, _)| name);
            elsewhere.extend(names.filter(|name| unused.contains(name)));
        }
    }
    Ok(elsewhere)
}

struct Planner<'w> {
    workspace: &'w Workspace<'w>,
    repeats: u32,
    dataset_digests: BTreeMap<String, (Digest, u64)>,
    answerers: Answerers<'w>,
    findings: Vec<Finding>,
}

impl<'w> Planner<'w> {
    fn new(workspace: &'w Workspace<'w>, repeats: u32) -> Self {
        Self {
            workspace,
            repeats,
            dataset_digests: BTreeMap::new(),
            answerers: Answerers::new(workspace),
            findings: Vec::new(),
        }
    }

    fn finish(self, suites: Vec<PlannedSuite>) -> Result<Plan, Findings> {
        if self.findings.iter().any(Finding::is_error) {
            Err(Findings(self.findings))
        } else {
            Ok(Plan { suites })
        }
    }

    fn suites_of(&mut self, id: &PromptId) -> Vec<PlannedSuite> {
        let prompt = self.workspace.prompt(id);
        let Some(prompt) = self.keep(prompt) else {
            return Vec::new();
        };
        let closure = self.workspace.closure(id);
        let closure = self.keep(closure).map(Arc::new);
        let bindings = prompt.evals.iter();
        bindings
            .filter_map(|binding| self.suite(closure.as_ref(), binding))
            .collect()
    }

    fn suite(
        &mut self,
        closure: Option<&Arc<Closure>>,
        binding: &EvalBinding,
    ) -> Option<PlannedSuite> {
        let dataset = self.workspace.dataset(&binding.dataset.0);
        let dataset = self.keep(dataset);
        let counted = dataset
            .as_ref()
            .and_then(|dataset| self.count_rows(dataset));
        let tools = closure.map_or(&[][..], |closure| &closure.prompt().tools);
        let mut rules = Rules::default();
        let mut complete = true;
        for (name, _) in &binding.evaluators {
            complete &= self.add_rule(name, tools, &mut rules).is_some();
        }
        let (closure, dataset, (dataset_digest, rows)) = (closure?, dataset?, counted?);
        let answerer = self.answerers.of_prompt(closure.prompt());
        let answerer = self.keep(answerer)?;
        if !complete {
            return None;
        }
        let suite = Suite {
            prompt: closure.prompt().id.clone(),
            dataset: dataset.id.clone(),
            model: closure.prompt().model.clone(),
            fingerprint: closure.fingerprint(),
            dataset_digest,
            answerer,
            evaluators: rules.digests,
            repeats: self.repeats,
        };
        Some(PlannedSuite {
            digest: suite.digest(),
            suite,
            rows,
            blocking: rules.blocking,
            sample: None,
            closure: Arc::clone(closure),
            dataset,
            graders: Arc::new(rules.graders),
            judges: Arc::new(rules.judges),
        })
    }

    /// Adds an evaluator; `None` where its file, or its judge's, is wrong.
    fn add_rule(&mut self, name: &EvaluatorId, tools: &[Value], rules: &mut Rules) -> Option<()> {
        let prepared = PreparedRule::of(self.workspace, name, &mut self.answerers);
        let prepared = self.keep(prepared)?;
        let grader = self.keep(Grader::compile(&prepared.evaluator, tools))?;
        rules.graders.insert(name.clone(), grader);
        rules.digests.insert(name.clone(), prepared.digest);
        rules.judges.extend(prepared.judges);
        if prepared.evaluator.blocking {
            rules.blocking.insert(name.clone());
        }
        Some(())
    }

    /// The digest of a dataset's rows, in their order, and how many there are.
    fn count_rows(&mut self, dataset: &Dataset) -> Option<(Digest, u64)> {
        if let Some(known) = self.dataset_digests.get(dataset.id.as_str()) {
            return Some(*known);
        }
        let rows = self.workspace.rows(dataset);
        let rows = self.keep(rows)?;
        let mut digest = RowsDigest::default();
        for row in rows {
            digest.add(self.keep(row)?.digest());
        }
        let counted = digest.finish();
        self.dataset_digests.insert(dataset.id.to_string(), counted);
        Some(counted)
    }

    fn keep<T>(&mut self, result: Result<T, Findings>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(Findings(findings)) => {
                for finding in findings {
                    if !self.findings.contains(&finding) {
                        self.findings.push(finding);
                    }
                }
                None
            }
        }
    }
}

/// The evaluators of a suite, as they are collected.
#[derive(Default)]
struct Rules {
    graders: BTreeMap<EvaluatorId, Grader>,
    digests: BTreeMap<EvaluatorId, Digest>,
    blocking: BTreeSet<EvaluatorId>,
    judges: BTreeMap<PromptId, Closure>,
}

/// The digest of rows that arrive one after the other.
#[derive(Default)]
pub(super) struct RowsDigest {
    writer: DigestWriter,
    count: u64,
}

impl RowsDigest {
    /// Adds the digest of the next row.
    pub(super) fn add(&mut self, row: Digest) {
        self.writer.update(row.to_string().as_bytes());
        self.count += 1;
    }

    /// The digest of all rows, and how many there were.
    pub(super) fn finish(self) -> (Digest, u64) {
        (self.writer.finish(), self.count)
    }
}
