//! `pointsman eval`.

use crate::adapters::providers::{build, build_recorder};
use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::{RESUME, Ran, Workbench, save_recordings, whole};
use crate::cli::exit::Exit;
use crate::cli::gate::{against, bar_flaky_rows, judge_checks};
use crate::cli::limits::LimitArgs;
use crate::cli::outputs::OutputArgs;
use crate::cli::ui::Ui;
use crate::domain::gate::Verdict;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::lane::GatePolicy;
use crate::domain::project::REPLAY;
use crate::domain::run::RunId;
use crate::engine::evaluate::Providers;
use crate::engine::evaluate::budget::RunLimits;
use crate::engine::evaluate::decide::{Demand, decide};
use crate::engine::evaluate::plan::{Plan, Selection, floors_elsewhere, plan};
use crate::engine::evaluate::reuse::{ResumeError, open_run};
use crate::engine::evaluate::stored::{KeptRun, find};
use crate::engine::ports::{FileTree, LaneStore as _, Provider, RunStore as _};
use crate::engine::workspace::{Recorded, Workspace};
use crate::report::eval::{EvalReport, render_plan};
use crate::report::eval_json::EvalPlanV1;

/// Test prompts on their datasets
///
/// Renders each prompt for each row, asks its model, grades the answers and sums up. Answers that
/// were paid for are kept and not asked for again. Results are kept below the git directory as they
/// come in: an evaluation that is interrupted can be resumed.
///
/// Exits with 0 where every blocking evaluator passes every row that gates (or, with `--gate`,
/// where the lane's policy is satisfied), with 1 where not, with 6 where there is nothing to
/// evaluate, with 9 where cases have no answer, and with 5 where a limit came first. A policy that
/// compares with the version that is live adds 3 for too little shown, and 4 for two versions that
/// cannot be compared.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman eval
  pointsman eval support/triage --repeats 3
  pointsman eval --at HEAD~1 --json
  pointsman eval --gate production
  pointsman eval --record openai
  pointsman eval --recorded
  pointsman eval --deadline 10m --max-cost 1.50
  pointsman eval -o report.html -o results.xml --slice tag
  pointsman eval --plan")]
pub struct EvalArgs {
    /// Test these prompts instead of all that name a dataset
    #[arg(value_name = "PROMPT", value_parser = prompt_id)]
    prompts: Vec<PromptId>,
    /// Test the files of a revision or a lane instead of those on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// Test every row this often
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeats: Option<u32>,
    /// Show what would be asked, and ask nothing
    #[arg(long)]
    plan: bool,
    /// Go on with a run that did not finish: this one, or else the newest of the same plan
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true,
        default_missing_value = NEWEST, conflicts_with = "plan")]
    resume: Option<String>,
    /// Ask for every answer anew, and keep none for later
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    recording: RecordingArgs,
    /// Decide by the policy of a lane, with as many repeats as it says
    #[arg(long, value_name = "LANE", conflicts_with = "repeats")]
    gate: Option<LaneName>,
    #[command(flatten)]
    limits: LimitArgs,
    /// Let programs run that files name as providers or evaluators: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
    #[command(flatten)]
    outputs: OutputArgs,
}

/// Options about recorded answers.
#[derive(Debug, clap::Args)]
struct RecordingArgs {
    /// Ask this provider for the answers of its own models, and of `replay/…`, that are not recorded,
    /// and record them
    #[arg(long, value_name = "PROVIDER", conflicts_with_all = ["at", "plan", "resume", "max_calls", "max_cost"])]
    record: Option<String>,
    /// Ask nobody: recorded answers stand in for every model, whoever the files name
    #[arg(long, conflicts_with = "record")]
    recorded: bool,
}

/// What `--resume` without a run means.
const NEWEST: &str = "newest";

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &EvalArgs) -> Result<Exit, CommandError> {
    args.outputs.check(ui)?;
    let tree = context.tree(args.at.as_deref())?;
    let disk = context.disk();
    let workspace = Workspace::new(tree.as_ref())
        .with_programs_from(disk.as_deref())
        .with_recorded(args.recording.stand_ins());
    let mut bench = Workbench::new(context, &workspace, !args.no_cache)?;
    bench.allow_programs(args.allow_exec)?;
    bench.limits = RunLimits::from(&args.limits);
    let policy = args
        .gate
        .as_ref()
        .map(|lane| policy(&workspace, lane))
        .transpose()?;
    let repeats = policy
        .as_ref()
        .map_or(args.repeats, |policy| Some(policy.repeats));
    let selection = if args.prompts.is_empty() {
        Selection::All
    } else {
        Selection::Prompts(args.prompts.clone())
    };
    let plan = plan(&workspace, &selection, repeats.unwrap_or(1).max(1))?;
    if plan.cases() == 0 {
        return Err(nothing_to_evaluate(&plan));
    }
    if args.plan {
        return show_plan(ui, &bench, &plan);
    }
    let ran = execute(context, ui, &bench, &plan, args)?;
    let Some(policy) = &policy else {
        return report(context, ui, &bench, args, Demand::AllBlocking, &ran);
    };
    let elsewhere = floors_elsewhere(&workspace, &plan, policy)?;
    let tree = live_tree(context, args, policy)?.filter(|_| ran.outcome.finished);
    let against = against(&workspace, &plan, policy, tree.as_deref())?;
    let judges = if ran.outcome.finished {
        judge_checks(&bench, &plan, policy)?
    } else {
        Vec::new()
    };
    let (mut live, _) = against.test(&bench, ui, policy, context.clock().now())?;
    bar_flaky_rows(&bench, &ran.outcome.suites, &mut live)?;
    let demand = Demand::Policy {
        policy,
        elsewhere: &elsewhere,
        judges: &judges,
        live: &live,
    };
    report(context, ui, &bench, args, demand, &ran)
}

/// What is live on the lane whose policy decides, where the policy compares with it.
fn live_tree(
    context: &Context,
    args: &EvalArgs,
    policy: &GatePolicy,
) -> Result<Option<Box<dyn FileTree>>, CommandError> {
    let Some(lane) = args.gate.as_ref().filter(|_| policy.compares()) else {
        return Ok(None);
    };
    let lanes = context.lanes()?;
    let record = lanes.tip(lane)?;
    Ok(record.map(|record| lanes.tree(&record)).transpose()?)
}

fn policy(workspace: &Workspace<'_>, lane: &LaneName) -> Result<GatePolicy, CommandError> {
    workspace.lane(lane)?.gate.ok_or_else(|| {
        CommandError::usage(format!("lane `{lane}` has no gate"))
            .with_hint(format!("write `[gate]` with floors in `{}`", lane.path()))
    })
}

fn nothing_to_evaluate(plan: &Plan) -> CommandError {
    let (message, hint) = if plan.suites.is_empty() {
        (
            "nothing was evaluated: no prompt here names a dataset under `evals`",
            "name a dataset and evaluators under `evals` of the prompt",
        )
    } else {
        (
            "nothing was evaluated: the datasets have no rows",
            "add rows to the datasets that the prompts name under `evals`",
        )
    };
    CommandError::new(Exit::NothingEvaluated, message).with_hint(hint)
}

fn show_plan(ui: &mut Ui, bench: &Workbench<'_>, plan: &Plan) -> Result<Exit, CommandError> {
    let previews = bench.preview(plan)?;
    let suites: Vec<_> = plan.suites.iter().zip(previews).collect();
    if ui.wants_json() {
        ui.json(&EvalPlanV1::new(&bench.workspace.tree().label(), &suites));
    } else {
        ui.text(render_plan(&suites));
    }
    Ok(Exit::Success)
}

fn execute(
    context: &Context,
    ui: &mut Ui,
    bench: &Workbench<'_>,
    plan: &Plan,
    args: &EvalArgs,
) -> Result<Ran, CommandError> {
    let key = |name: &str| bench.key(name);
    let setup = bench.setup(&key, true);
    if let Some(live) = &args.recording.record {
        let mut asked = plan.asked();
        if !asked.replays() {
            return Err(nothing_to_record(live));
        }
        let recorder = build_recorder(&setup, live, &asked)?;
        asked.providers.remove(REPLAY);
        let mut providers = build(&setup, &asked)?;
        let replay: &dyn Provider = &recorder;
        providers.insert(REPLAY.to_owned(), Box::new(replay));
        let ran = bench.run(ui, plan, &providers);
        save_recordings(context, ui, &recorder)?;
        return ran;
    }
    let providers = build(&setup, &plan.asked())?;
    match &args.resume {
        None => bench.run(ui, plan, &providers),
        Some(wanted) => resume(ui, bench, plan, &providers, wanted),
    }
}

fn nothing_to_record(live: &str) -> CommandError {
    CommandError::usage(format!(
        "there is nothing to record: no prompt asks `{live}` or `replay`"
    ))
    .with_hint(format!(
        "name the model `{live}/<model>` or `replay/<model>` in the prompt whose answers are to be recorded"
    ))
}

impl RecordingArgs {
    /// Whom recordings stand in for. Whoever is asked to record is asked for what is missing only.
    fn stand_ins(&self) -> Recorded<'_> {
        match &self.record {
            Some(live) => Recorded::Provider(live),
            None => Recorded::everybody_if(self.recorded),
        }
    }
}

fn resume(
    ui: &mut Ui,
    bench: &Workbench<'_>,
    plan: &Plan,
    providers: &Providers<'_>,
    wanted: &str,
) -> Result<Ran, CommandError> {
    let wanted = (wanted != NEWEST).then(|| run_id(wanted)).transpose()?;
    bench.check_ready(plan, providers)?;
    let open = open_run(&bench.store, wanted.as_ref(), plan)?;
    let id = open.run.manifest.id;
    let writer = bench.store.resume(&id)?;
    ui.note(format_args!(
        "going on with run {id}: {} of {} cases are done",
        open.done_cases,
        plan.cases()
    ));
    let outcome = bench.go_on(ui, plan, providers, writer, open.done)?;
    Ok(Ran { id, outcome })
}

fn run_id(text: &str) -> Result<RunId, CommandError> {
    RunId::parse(text).ok_or_else(|| {
        CommandError::usage(format!("`{text}` is not the name of a run"))
            .with_hint("a run is named like `20260301T090000000Z-1a2b3c4d`")
    })
}

fn report(
    context: &Context,
    ui: &mut Ui,
    bench: &Workbench<'_>,
    args: &EvalArgs,
    demand: Demand<'_>,
    ran: &Ran,
) -> Result<Exit, CommandError> {
    let suites = &ran.outcome.suites;
    let decision = decide(demand, suites);
    let source = bench.workspace.tree().label();
    let cases = if args.outputs.need_cases() {
        let run = find(&bench.store, ran.id.as_str())?;
        KeptRun::read(&bench.store, run)?.cases
    } else {
        Vec::new()
    };
    let slices = args.outputs.slices(suites, &cases)?;
    let report = EvalReport {
        source: &source,
        run: &ran.id,
        complete: ran.outcome.finished,
        gate: args.gate.as_ref(),
        suites,
        decision: &decision,
        slices: &slices,
    };
    args.outputs.show(context, ui, &report, &cases)?;
    whole(&ran.outcome, RESUME)?;
    match decision.verdict {
        Verdict::Pass => Ok(Exit::Success),
        Verdict::Fail => Ok(Exit::Failed),
        Verdict::Inconclusive => Ok(Exit::Inconclusive),
        Verdict::NotComparable => Ok(Exit::NotComparable),
        Verdict::NothingEvaluated => Err(CommandError::new(
            Exit::NothingEvaluated,
            "nothing that gates was evaluated",
        )
        .with_hint("a row gates when it is blocking and reviewed, and an evaluator grades it")),
    }
}

impl From<ResumeError> for CommandError {
    fn from(error: ResumeError) -> Self {
        let exit = match &error {
            ResumeError::Store(error) => return error.clone().into(),
            ResumeError::AnotherPlan(_) => Exit::NotComparable,
            _ => Exit::Usage,
        };
        Self::new(exit, error.to_string())
            .with_hint("start a new run with `pointsman eval`: answers that are kept cost nothing")
    }
}
