//! `pointsman dataset prove`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::adapters::providers::build;
use crate::adapters::store::FileRunStore;
use crate::cli::arguments::{evaluator_id, prompt_id};
use crate::cli::commands::lanes::current;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::{AGAIN, Workbench, limited, whole};
use crate::cli::exit::Exit;
use crate::cli::limits::LimitArgs;
use crate::cli::ui::Ui;
use crate::domain::dataset::{Dataset, ProvedVersion, Row, RowProof};
use crate::domain::deployment::ObjectId;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::prompt::Prompt;
use crate::engine::bisect::line::closure;
use crate::engine::datasets::edit::RowsEdit;
use crate::engine::datasets::prove::{Shown, Trials, with_proof};
use crate::engine::evaluate::budget::RunLimits;
use crate::engine::evaluate::plan::{Plan, plan_test};
use crate::engine::evaluate::reuse::tested_suite;
use crate::engine::evaluate::sample::SuiteRow;
use crate::engine::evaluate::stored::{KeptRun, find};
use crate::engine::gate::ClaimedAnswers;
use crate::engine::ports::FileTree;
use crate::engine::workspace::Workspace;
use crate::report::proof::{ProofReport, ProofV1, ProofVersion};

use super::grow::who;
use super::{change_rows, dataset_id, find_row, require_jsonl};

/// The files on disk.
const WORKTREE: &str = "worktree";

/// How often a row is tested whose answer depends on chance, where nobody says.
const TIMES: u32 = 3;

/// Show that a row fails with one version of the prompt and passes with another, and keep the proof
///
/// Tests the row as it stands on disk, with the evaluators, judges and settings that stand there, on the
/// prompt of two revisions or lanes. A row that failed every time before and passes every time after is
/// proved: which versions, runs and evaluators showed it is written into the row under `proof`. Where the
/// answer depends on chance, the row is tested several times; one that passes at one time and fails at
/// another is flaky, and proves nothing.
///
/// Exits with 0 where the row is proved, with 1 where it is not, with 5 where a limit came first, and
/// with 9 where somebody did not answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset prove support-regression refund-late --before lanes/production
  pointsman dataset prove support-regression refund-late --before HEAD~1 --after HEAD --yes
  pointsman dataset prove support-regression refund-late --before v1.4 --repeat 5 --max-cost 0.50")]
pub(super) struct ProveArgs {
    /// The dataset
    #[arg(value_parser = dataset_id)]
    dataset: DatasetId,
    /// The row
    row: String,
    /// Where the row fails: a revision or a lane
    #[arg(long, value_name = "REV")]
    before: String,
    /// Where it passes: a revision, a lane, or `worktree`
    #[arg(long, value_name = "REV", default_value = WORKTREE)]
    after: String,
    /// The prompt, where several are tested on the dataset
    #[arg(long, value_parser = prompt_id)]
    prompt: Option<PromptId>,
    /// Only these evaluators, instead of all that a gate may block on
    #[arg(long = "evaluator", value_name = "EVALUATOR", value_parser = evaluator_id)]
    evaluators: Vec<EvaluatorId>,
    /// Test the row this often with each version. Where nobody says: once, or three times where the answer
    /// depends on chance
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: Option<u32>,
    #[command(flatten)]
    limits: LimitArgs,
    /// Let programs run that files name as providers or evaluators: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
    /// Ask models and servers for the answers that are not known, without asking you first
    #[arg(long, short)]
    yes: bool,
}

/// The test that both versions undergo.
struct Test<'t> {
    /// Where rows, evaluators, judges and settings come from.
    tests: &'t dyn FileTree,
    disk: Option<&'t dyn FileTree>,
    dataset: &'t Dataset,
    row: &'t Row,
    prompt: &'t PromptId,
    evaluators: Vec<EvaluatorId>,
    allow_exec: bool,
}

/// A version of the prompt, by the files that it stands in.
struct Version {
    tree: Box<dyn FileTree>,
    /// Absent: the files on disk.
    commit: Option<ObjectId>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ProveArgs) -> Result<Exit, CommandError> {
    let tests = context.tree(None)?;
    let disk = context.disk();
    let workspace = Workspace::new(tests.as_ref());
    let dataset = workspace.dataset(&args.dataset)?;
    require_jsonl(&dataset)?;
    let found = find_row(&workspace, &dataset, &args.row)?;
    let prompt = prompt(&workspace, args)?;
    let test = Test {
        tests: tests.as_ref(),
        disk: disk.as_deref(),
        dataset: &dataset,
        row: &found.row,
        prompt: &prompt.id,
        evaluators: evaluators(&workspace, &prompt, args)?,
        allow_exec: args.allow_exec,
    };
    let versions = [
        Version::named(context, &args.before)?,
        Version::named(context, &args.after)?,
    ];
    let times = times(context, &test, &versions, args)?;
    consent(context, ui, &test, &versions, times, args)?;
    let mut limits = RunLimits::from(&args.limits);
    let [before, after] = &versions;
    let before = test.run(context, ui, before, times, &mut limits)?;
    let after = test.run(context, ui, after, times, &mut limits)?;
    let shown = Shown::of(&before.trials, &after.trials);
    let report = ProofReport {
        dataset: &dataset.id,
        row: &found.row.id,
        prompt: &prompt.id,
        times,
        shown,
        before: &before,
        after: &after,
    };
    if shown == Shown::Proved {
        let proof = proof(context, &report)?;
        keep(context, &dataset, &found.row, &proof)?;
    }
    if ui.wants_json() {
        ui.json(&ProofV1::from(&report));
    } else {
        ui.text(report.text());
    }
    Ok(match shown {
        Shown::Proved => Exit::Success,
        _ => Exit::Failed,
    })
}

/// The prompt that is named, or the only one that is tested on the dataset.
fn prompt(workspace: &Workspace<'_>, args: &ProveArgs) -> Result<Prompt, CommandError> {
    if let Some(id) = &args.prompt {
        return Ok(workspace.prompt(id)?);
    }
    let mut prompts = Vec::new();
    for id in workspace.prompt_ids()? {
        let prompt = workspace.prompt(&id)?;
        if prompt.evals.iter().any(|it| it.dataset.0 == args.dataset) {
            prompts.push(prompt);
        }
    }
    let names: Vec<String> = prompts.iter().map(|it| format!("`{}`", it.id)).collect();
    match (prompts.pop(), names.as_slice()) {
        (Some(only), [_]) => Ok(only),
        (None, _) => Err(
            CommandError::usage(format!("no prompt is tested on `{}`", args.dataset))
                .with_hint("say which to test: `--prompt <id> --evaluator <id>`"),
        ),
        (Some(_), names) => Err(CommandError::usage(format!(
            "several prompts are tested on `{}`: {}",
            args.dataset,
            names.join(", ")
        ))
        .with_hint("say which to test: `--prompt <id>`")),
    }
}

/// The evaluators that are named, or those of the prompt on this dataset that a gate may block on.
fn evaluators(
    workspace: &Workspace<'_>,
    prompt: &Prompt,
    args: &ProveArgs,
) -> Result<Vec<EvaluatorId>, CommandError> {
    if !args.evaluators.is_empty() {
        return Ok(args.evaluators.clone());
    }
    let bindings = prompt.evals.iter();
    let bindings = bindings.filter(|binding| binding.dataset.0 == args.dataset);
    let mut evaluators = Vec::new();
    for (id, _) in bindings.flat_map(|binding| &binding.evaluators) {
        if !evaluators.contains(id) && workspace.evaluator(id)?.blocking {
            evaluators.push(id.clone());
        }
    }
    if evaluators.is_empty() {
        let message = format!(
            "no evaluator that may block tests `{}` on `{}`",
            prompt.id, args.dataset
        );
        return Err(CommandError::usage(message).with_hint("name one: `--evaluator <id>`"));
    }
    Ok(evaluators)
}

/// How often the row is tested with each version.
fn times(
    context: &Context,
    test: &Test<'_>,
    versions: &[Version],
    args: &ProveArgs,
) -> Result<u32, CommandError> {
    if let Some(times) = args.repeat {
        return Ok(times);
    }
    for version in versions {
        let by_chance = test.with(context, version, 1, RunLimits::default(), |_, plan| {
            Ok(plan.suites.iter().any(|it| !it.by_chance().is_empty()))
        })?;
        if by_chance {
            return Ok(TIMES);
        }
    }
    Ok(1)
}

/// Asks whether models may be asked, where that is needed.
fn consent(
    context: &Context,
    ui: &mut Ui,
    test: &Test<'_>,
    versions: &[Version],
    times: u32,
    args: &ProveArgs,
) -> Result<(), CommandError> {
    if args.yes {
        return Ok(());
    }
    let no_limits = RunLimits::default();
    let mut calls = 0;
    for version in versions {
        calls += test.with(context, version, times, no_limits, |bench, plan| {
            let suite = &plan.suites[0];
            if tested_suite(&bench.store, suite, None, bench.now())?.is_some() {
                return Ok(0);
            }
            let previews = bench.preview(plan)?;
            let calls = previews.iter().map(|it| it.calls + it.judge_calls_at_most);
            Ok(calls.sum::<u64>())
        })?;
    }
    let question = format!("ask for what is not known? That takes at most {calls} call(s).");
    if calls == 0 || (ui.is_interactive() && ui.confirm(&question)) {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "what is not known takes at most {calls} call(s), and nobody agreed to them"
    ))
    .with_hint("say `--yes`, and `--max-calls` or `--max-cost` for a limit"))
}

impl Version {
    fn named(context: &Context, spec: &str) -> Result<Self, CommandError> {
        let tree = context.view(spec)?;
        let commit = if spec == WORKTREE {
            None
        } else if let Some(lane) = context.lane_named(spec)? {
            Some(current(&context.lanes()?, &lane)?.id)
        } else {
            Some(context.repository()?.commit(spec)?)
        };
        Ok(Self { tree, commit })
    }
}

impl Test<'_> {
    /// Plans the test of a version, and does something with the plan. What was recorded for the version
    /// counts.
    fn with<T>(
        &self,
        context: &Context,
        version: &Version,
        times: u32,
        limits: RunLimits,
        work: impl FnOnce(&Workbench<'_>, &Plan) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let head = version.tree.as_ref();
        let path = self.prompt.recordings_path();
        let recorded = ClaimedAnswers {
            base: self.tests,
            head,
            claims: BTreeMap::from([(path.clone(), vec![(head, path)])]),
        };
        let workspace = Workspace::new(&recorded).with_programs_from(self.disk);
        let closure = closure(head, self.prompt, self.prompt)?;
        let provider = &closure.prompt().model.provider;
        if !workspace.project()?.knows(provider) {
            let message = format!(
                "`{}` of the {} asks provider `{provider}`, which is not declared on disk",
                self.prompt,
                head.label()
            );
            return Err(CommandError::usage(message)
                .with_hint("declare it in `pointsman.toml` for the time of the proof"));
        }
        let tested = (&self.dataset.id, self.evaluators.as_slice());
        let row = SuiteRow {
            digest: self.row.digest(),
            cluster: self.row.cluster.clone(),
        };
        let planned = plan_test(&workspace, closure, tested, times)?;
        let plan = Plan {
            suites: vec![planned.of_rows([&row])],
        };
        let mut bench = Workbench::new(context, &workspace, true)?;
        bench.allow_programs(self.allow_exec)?;
        bench.limits = limits;
        work(&bench, &plan)
    }

    /// Tests a version, within what is left of the limits. What was tested already is not tested again.
    fn run(
        &self,
        context: &Context,
        ui: &mut Ui,
        version: &Version,
        times: u32,
        limits: &mut RunLimits,
    ) -> Result<ProofVersion, CommandError> {
        let allowed = *limits;
        let (run, suite, taken) = self.with(context, version, times, allowed, |bench, plan| {
            let planned = &plan.suites[0];
            let known = tested_suite(&bench.store, planned, None, bench.now())?;
            if let Some(known) = known {
                return Ok((known.run, planned.suite.clone(), None));
            }
            if let Some(limit) = allowed.used_up() {
                return Err(limited(limit, AGAIN));
            }
            let key = |name: &str| bench.key(name);
            let providers = build(&bench.setup(&key, true), &plan.asked())?;
            let started_at = bench.now();
            let ran = bench.run(ui, plan, &providers)?;
            let time = Duration::try_from(bench.now().duration_since(started_at));
            whole(&ran.outcome, AGAIN)?;
            let taken = Some((ran.outcome.taken, time.unwrap_or_default()));
            Ok((ran.id, planned.suite.clone(), taken))
        })?;
        if let Some((taken, time)) = taken {
            *limits = limits.less(taken, time);
        }
        let digest = suite.digest();
        let store = FileRunStore::new(&context.state_dir()?);
        let kept = KeptRun::read(&store, find(&store, run.as_str())?)?;
        let cases = kept.cases.iter().filter(|case| case.key.suite == digest);
        Ok(ProofVersion {
            label: version.tree.label(),
            commit: version.commit.clone(),
            fingerprint: suite.fingerprint,
            suite: digest,
            run,
            trials: Trials::of(cases),
        })
    }
}

fn proof(context: &Context, report: &ProofReport<'_>) -> Result<RowProof, CommandError> {
    let version = |version: &ProofVersion| ProvedVersion {
        commit: version.commit.as_ref().map(ToString::to_string),
        fingerprint: version.fingerprint.to_string(),
        suite: version.suite.to_string(),
        run: version.run.to_string(),
    };
    let failed = report.before.trials.failing();
    Ok(RowProof {
        prompt: report.prompt.to_string(),
        failed: failed.into_iter().map(ToString::to_string).collect(),
        times: report.times,
        before: version(report.before),
        after: version(report.after),
        by: who(context)?,
        at: context.clock().now().to_string(),
    })
}

/// Writes the proof into the row, which must still be the one that was tested.
fn keep(
    context: &Context,
    dataset: &Dataset,
    tested: &Row,
    proof: &RowProof,
) -> Result<(), CommandError> {
    let tree = context.tree(None)?;
    let found = find_row(&Workspace::new(tree.as_ref()), dataset, &tested.id)?;
    if found.row.digest() != tested.digest() {
        let message = format!("row `{}` changed while it was tested", tested.id);
        return Err(CommandError::usage(message).with_hint(AGAIN));
    }
    let line = with_proof(&found.text, proof).map_err(|error| {
        CommandError::usage(format!(
            "the line of row `{}` is no object: {error}",
            tested.id
        ))
    })?;
    let edit = RowsEdit {
        lines: BTreeMap::from([(found.row.line, Some(line))]),
        ..RowsEdit::default()
    };
    change_rows(context, dataset, &edit)
}
