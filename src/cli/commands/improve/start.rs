//! `pointsman improve start`.

use std::collections::BTreeSet;

use crate::adapters::git::{GitImprovements, Kept};
use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::Workbench;
use crate::cli::exit::Exit;
use crate::cli::helper::HelperArgs;
use crate::cli::limits::LimitArgs;
use crate::cli::ui::Ui;
use crate::domain::id::PromptId;
use crate::domain::improve::{Attempt, Author, Changeable, Diagnosis, RowPlace};
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::evaluate::budget::RunLimits;
use crate::engine::improve::{Evidence, Exhibits, PROPOSER, read_proposal, request, split};
use crate::engine::ports::FileTree;
use crate::engine::workspace::closure::Closure;
use crate::engine::workspace::{Recorded, Workspace};
use crate::report::improve::{StartPlan, StartPlanV1, StartV1, render_start, render_start_plan};

use super::about::{About, AboutArgs};
use super::candidate::{Draft, Proposed, Subject, keep, next_number};
use super::gather::{Gathered, from_evaluation, from_run};
use super::text;

/// How many failing rows are shown at most.
const MOST_FAILING: usize = 20;

/// How many passing rows are shown at most.
const MOST_PASSING: usize = 10;

/// Gather what fails, and put candidates for a better prompt on branches of their own
///
/// Evaluates the prompt as it is committed, or takes what a run has shown of it, and shows a model the
/// rows that fail, but for a share that is held back, clusters and equal inputs whole. What the model
/// answers must be a prompt file that keeps the contract: the same name, model, settings, variables,
/// shape of the answer, tools and tests, and no file that was not included before. Else it is refused,
/// and the reasons are kept. With `--edit` or `--from`, a person writes the candidate. Nothing is
/// checked out, and no branch of yours moves.
///
/// Exits with 0 where there is a candidate, with 1 where everything that was proposed was refused, with
/// 6 where nothing fails, and with 9 where the model did not answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman improve start --prompt support/triage
  pointsman improve start --prompt support/triage --from-run latest --candidates 3 --max-cost 1
  pointsman improve start --prompt support/triage --focus 'refunds go to the wrong queue' --plan
  pointsman improve start --prompt support/triage --edit
  pointsman improve start --prompt support/triage --from better.prompt.yml")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of a command line, not a state"
)]
pub(super) struct StartArgs {
    /// The prompt that is to become better
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id)]
    prompt: PromptId,
    /// Take what fails from this run instead of evaluating
    #[arg(long, value_name = "RUN")]
    from_run: Option<String>,
    #[command(flatten)]
    about: AboutArgs,
    /// What to look at in particular, in a sentence for whoever proposes
    #[arg(long, value_name = "TEXT")]
    focus: Option<String>,
    /// What may change beside the words of the prompt
    #[arg(long, value_name = "KEY", value_parser = changeable)]
    may_change: Vec<Changeable>,
    /// The share of failing rows that is held back from whoever proposes
    #[arg(long, value_name = "SHARE", value_parser = share, default_value_t = 0.34)]
    hold_back: f64,
    /// Write the candidate yourself, in the editor that `VISUAL` or `EDITOR` names
    #[arg(long, conflicts_with_all = BY_A_MODEL)]
    edit: bool,
    /// Take the candidate from a file with the whole prompt; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "edit", conflicts_with_all = BY_A_MODEL)]
    from: Option<String>,
    /// Ask with this prompt of the workspace. Without it, with `improve/propose`, or with the built-in
    /// one where the workspace has none
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id, conflicts_with = "model")]
    proposer: Option<PromptId>,
    /// Ask for this many candidates, each in an answer of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20), default_value_t = 1)]
    candidates: u32,
    #[command(flatten)]
    helper: HelperArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// Show what would be asked, and ask no model for candidates
    #[arg(long)]
    plan: bool,
    /// Ask for every answer anew, and keep none for later
    #[arg(long)]
    no_cache: bool,
    /// Let programs run that files name as providers or evaluators: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
}

/// Options that mean nothing where a person writes.
const BY_A_MODEL: [&str; 6] = [
    "proposer",
    "model",
    "candidates",
    "record",
    "hold_back",
    "plan",
];

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to below 1: `0.34`".to_owned()),
    }
}

fn changeable(text: &str) -> Result<Changeable, String> {
    let found = Changeable::ALL.iter().find(|(name, _)| *name == text);
    found
        .map(|(_, it)| *it)
        .ok_or_else(|| "it is one of `model`, `parameters` and `tools`".to_owned())
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &StartArgs) -> Result<Exit, CommandError> {
    let improvements = GitImprovements::new(context.repository()?)?;
    let subject = Subject::of_head(context, ui, &args.prompt)?;
    let all = improvements.all()?;
    let place = (&improvements, &subject, all.as_slice());
    let attempts = if args.edit || args.from.is_some() {
        vec![by_a_person(context, ui, args, place)?]
    } else {
        match by_a_model(context, ui, args, place)? {
            Some(attempts) => attempts,
            None => return Ok(Exit::Success),
        }
    };
    if ui.wants_json() {
        ui.json(&StartV1::new(&attempts));
    } else {
        ui.text(render_start(&attempts));
    }
    let any = attempts.iter().any(|attempt| attempt.candidate.is_some());
    Ok(if any { Exit::Success } else { Exit::Failed })
}

/// Where attempts are kept, what they are about, and what there is already.
type At<'a> = (&'a GitImprovements<'a>, &'a Subject, &'a [Kept]);

fn by_a_person(
    context: &Context,
    ui: &mut Ui,
    args: &StartArgs,
    (improvements, subject, all): At<'_>,
) -> Result<Attempt, CommandError> {
    let diagnosis = if args.from_run.is_some() {
        let disk = context.disk();
        let workspace = workspace(args, subject, disk.as_deref());
        let bench = bench(context, args, &workspace)?;
        let gathered = gathered(&bench, ui, args)?;
        let suites = gathered.suites();
        let about = About::read(context, &args.about)?;
        let evidence = about.gather(&workspace, &suites)?;
        diagnosis(&gathered, &evidence, &about)
    } else {
        Diagnosis::default()
    };
    let text = match &args.from {
        Some(from) => text::read(context, from)?,
        None => text::edited(context, &args.prompt, &subject.text)?,
    };
    let number = next_number(all, &args.prompt);
    let draft = args.draft(diagnosis, Author::Person { edited: None });
    let proposed = Proposed::File(text);
    keep(context, improvements, (subject, number), draft, &proposed)
}

/// What a model proposes. `None`: it was only to be shown what would be asked.
fn by_a_model(
    context: &Context,
    ui: &mut Ui,
    args: &StartArgs,
    (improvements, subject, all): At<'_>,
) -> Result<Option<Vec<Attempt>>, CommandError> {
    let disk = context.disk();
    let workspace = workspace(args, subject, disk.as_deref());
    let mut bench = bench(context, args, &workspace)?;
    let gathered = gathered(&bench, ui, args)?;
    bench.limits = bench.limits.less(bench.taken(), std::time::Duration::ZERO);
    let suites = gathered.suites();
    let about = About::read(context, &args.about)?;
    let evidence = about.gather(&workspace, &suites)?;
    if evidence.failing() == 0 {
        return Err(about.nothing_fails(&args.prompt));
    }
    let seen: BTreeSet<RowPlace> = all
        .iter()
        .filter(|it| it.attempt.id.prompt == args.prompt)
        .flat_map(|it| it.attempt.seen().cloned())
        .collect();
    let split = split(&evidence.rows, &seen, args.hold_back);
    let failing = evidence.first(true, &split.open, MOST_FAILING);
    let passing = evidence.first(false, &split.open, MOST_PASSING);
    let mut found = diagnosis(&gathered, &evidence, &about);
    found.shown = failing
        .iter()
        .filter_map(|at| evidence.failing_row(at))
        .collect();
    found.shown_passing.clone_from(&passing);
    found.held_back = split.held_back;
    let [failing, passing] = [
        Evidence::read(&workspace, &failing)?,
        Evidence::read(&workspace, &passing)?,
    ];
    let asking = workspace.with_recorded(args.helper.stand_ins());
    let prompt = Workspace::new(subject.tree.as_ref()).closure(&args.prompt)?;
    let named = args.proposer.as_ref();
    let model = Some(&prompt.prompt().model);
    let proposer = args.helper.closure(&asking, PROPOSER, named, model)?;
    let exhibits = Exhibits {
        prompt: &prompt,
        file: &subject.text,
        evidence: &evidence,
        failing: &failing,
        passing: &passing,
        focus: args.focus.as_deref().unwrap_or_default(),
        may_change: &args.may_change.iter().copied().collect(),
    };
    let asked = Asked {
        requests: requests(args, subject, &exhibits, &proposer)?,
        proposer: &proposer,
    };
    if args.plan {
        show_plan(ui, &found, &asked);
        return Ok(None);
    }
    let answers = args
        .helper
        .ask(context, ui, &bench, (&proposer, &asked.requests))?;
    let mut attempts = Vec::new();
    let first = next_number(all, &args.prompt);
    for (index, answer) in answers.iter().enumerate() {
        let number = first + u32::try_from(index).unwrap_or(u32::MAX - first);
        let (draft, text) = asked.read(args, &found, (index, answer));
        let attempt = keep(context, improvements, (subject, number), draft, &text)?;
        attempts.push(attempt);
    }
    Ok(Some(attempts))
}

fn requests(
    args: &StartArgs,
    subject: &Subject,
    exhibits: &Exhibits<'_>,
    proposer: &Closure,
) -> Result<Vec<ModelRequest>, CommandError> {
    let requests = (0..args.candidates)
        .map(|number| request(proposer, exhibits, subject.tree.as_ref(), number));
    requests.collect::<Result<_, _>>().map_err(|error| {
        let id = &proposer.prompt().id;
        CommandError::usage(format!(
            "the prompt that proposes, `{id}`, cannot be used: {error}"
        ))
        .with_hint("`docs/improve.md` says which variables it is given")
    })
}

/// What is asked, and of whom.
struct Asked<'a> {
    proposer: &'a Closure,
    requests: Vec<ModelRequest>,
}

impl Asked<'_> {
    /// What one answer says.
    fn read(
        &self,
        args: &StartArgs,
        found: &Diagnosis,
        (index, answer): (usize, &Answer),
    ) -> (Draft, Proposed) {
        let prompt = self.proposer.prompt();
        let author = Author::Model {
            model: prompt.model.clone(),
            proposer: prompt.id.clone(),
            fingerprint: self.proposer.fingerprint(),
            request: self.requests[index].digest(),
            cost_usd: answer.cost_usd,
            tokens: [answer.input_tokens, answer.output_tokens],
        };
        let mut draft = args.draft(found.clone(), author);
        match read_proposal(&answer.output) {
            Ok(proposal) => {
                draft.rationale = proposal.rationale;
                (draft, Proposed::File(proposal.prompt))
            }
            Err(error) => {
                let proposed = Proposed::Unreadable(answer.output.clone(), error.to_string());
                (draft, proposed)
            }
        }
    }
}

impl StartArgs {
    fn draft(&self, diagnosis: Diagnosis, author: Author) -> Draft {
        Draft {
            focus: self.focus.clone(),
            may_change: self.may_change.iter().copied().collect(),
            diagnosis,
            author,
            rationale: String::new(),
        }
    }
}

fn workspace<'t>(
    args: &StartArgs,
    subject: &'t Subject,
    disk: Option<&'t dyn FileTree>,
) -> Workspace<'t> {
    Workspace::new(subject.tree.as_ref())
        .with_programs_from(disk)
        .with_recorded(Recorded::everybody_if(args.helper.recorded))
}

fn bench<'w>(
    context: &'w Context,
    args: &StartArgs,
    workspace: &'w Workspace<'w>,
) -> Result<Workbench<'w>, CommandError> {
    let mut bench = Workbench::new(context, workspace, !args.no_cache)?;
    bench.allow_programs(args.allow_exec)?;
    bench.limits = RunLimits::from(&args.limits);
    Ok(bench)
}

fn gathered(
    bench: &Workbench<'_>,
    ui: &mut Ui,
    args: &StartArgs,
) -> Result<Gathered, CommandError> {
    match &args.from_run {
        Some(run) => from_run(bench, &args.prompt, run),
        None => from_evaluation(bench, ui, &args.prompt),
    }
}

fn diagnosis(gathered: &Gathered, evidence: &Evidence<'_>, about: &About) -> Diagnosis {
    Diagnosis {
        runs: gathered.runs.clone(),
        about: about.name(),
        failing: evidence.failing(),
        rows: evidence.rows.len() as u64,
        ..Diagnosis::default()
    }
}

fn show_plan(ui: &mut Ui, found: &Diagnosis, asked: &Asked<'_>) {
    let plan = StartPlan {
        diagnosis: found,
        proposer: asked.proposer.prompt(),
        requests: &asked.requests,
    };
    if ui.wants_json() {
        ui.json(&StartPlanV1::from(&plan));
    } else {
        ui.text(render_start_plan(&plan));
    }
}
