//! `pointsman monitor score`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use jiff::SignedDuration;

use crate::adapters::providers::build;
use crate::cli::arguments::evaluator_id;
use crate::cli::commands::traces::explain_nothing;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::evaluation::{AGAIN, Workbench, interrupted, limited, until_stopped};
use crate::cli::exit::Exit;
use crate::cli::intake::pseudonym_key;
use crate::cli::limits::LimitArgs;
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::prompt::Prompt;
use crate::engine::evaluate::budget::RunLimits;
use crate::engine::evaluate::elsewhere::{Evaluators, Marker};
use crate::engine::monitor::score::{Drawing, Drawn, ScorePlan, Scored, Scoring};
use crate::engine::traces::redact::Redactor;
use crate::engine::workspace::Workspace;
use crate::report::monitor::score::{ScoreReport, ScoreV1};

/// How long a window is where nobody says.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// How many calls are drawn where nobody says.
const DRAWN: usize = 100;

/// Grade a sample of production's answers, and keep the scores beside the spans
///
/// Draws calls to models by lot, grades what was answered by the evaluators that are named, and writes
/// the grades as scores into the store of traces, where `monitor`, `traces list` and alert rules see
/// them. The lot of a call depends on its ids alone: the same calls are drawn again, and a call that an
/// evaluator has scored is neither scored by it again nor paid for. Answers of judges are kept as by
/// `eval`, and the same limits hold.
///
/// Exits with 0 where everything that was drawn is scored, whatever the grades, with 5 where a limit
/// came first, with 6 where there is nothing to score, and with 9 where a judge did not answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman monitor score no-apology --since 24h
  pointsman monitor score tone --sample 5% --where 'lane = production' --max-cost 1.50
  pointsman monitor score tone --around production#12:24h --limit 200 --plan")]
pub(super) struct ScoreArgs {
    /// The evaluators: those that need no expected answer
    #[arg(value_name = "EVALUATOR", required = true, value_parser = evaluator_id)]
    evaluators: Vec<EvaluatorId>,
    /// Draw this share of the calls, as in `5%`: a later call changes nothing about the others
    #[arg(long, value_name = "SHARE", value_parser = share)]
    sample: Option<f64>,
    /// Draw at most this many. Where nothing is said of how many: 100
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Show what would be scored and asked, and ask nothing
    #[arg(long)]
    plan: bool,
    #[command(flatten)]
    limits: LimitArgs,
    /// Let programs run that files name as providers or evaluators: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
    #[command(flatten)]
    selection: SelectionArgs,
}

fn share(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').unwrap_or_default();
    match percent.trim().parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent / 100.0),
        _ => Err("a share is above 0 % and at most 100 %, as in `5%`".to_owned()),
    }
}

impl ScoreArgs {
    fn drawing(&self) -> Drawing {
        let unsaid = self.sample.is_none().then_some(DRAWN);
        Drawing {
            share: self.sample.unwrap_or(1.0),
            most: self.limit.or(unsaid),
        }
    }
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ScoreArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(None)?;
    let disk = context.disk();
    let workspace = Workspace::new(tree.as_ref()).with_programs_from(disk.as_deref());
    let evaluators = Evaluators::prepare(&workspace, &args.evaluators)?;
    let mut sink = context.trace_sink()?;
    let store = context.trace_store()?;
    let selection = args.selection.recent(context, WINDOW)?;
    let drawn = args.drawing().draw(store.as_ref(), &selection)?;
    if drawn.meant == 0 {
        explain_nothing(ui, store.as_ref(), &selection)?;
    }
    let prompts = prompts(&workspace, &drawn);
    let evaluators = evaluators.for_prompts(prompts.values())?;
    let plan = ScorePlan::of(store.as_ref(), &drawn, &evaluators)?;
    let mut bench = Workbench::new(context, &workspace, true)?;
    bench.allow_programs(args.allow_exec)?;
    bench.limits = RunLimits::from(&args.limits);
    let mut report = ScoreReport {
        range: selection.range,
        drawn: &drawn,
        plan: &plan,
        evaluators: &evaluators,
        scored: None,
        calls: 0,
    };
    if args.plan {
        show(ui, &report);
        return Ok(Exit::Success);
    }
    let key = |name: &str| bench.key(name);
    let providers = build(&bench.setup(&key, true), &evaluators.asked())?;
    evaluators.check_ready(&providers, bench.limits)?;
    let marker = Marker::new(&providers, bench.cache(), bench.limits);
    let rules = &bench.project.redaction;
    let stop = AtomicBool::new(false);
    let scoring = Scoring {
        store: store.as_ref(),
        sink: &mut sink,
        redactor: &mut Redactor::new(rules, pseudonym_key(context, rules)?),
        evaluators: &evaluators,
        marker: &marker,
        prompts: &prompts,
        clock: context.clock(),
        stop: &stop,
    };
    let scored = until_stopped(ui, &stop, AGAIN, scoring.run(&plan))?;
    report.scored = Some(&scored);
    report.calls = marker.calls();
    show(ui, &report);
    if let Some(error) = marker.cache_error() {
        ui.warn(format_args!(
            "answers are not kept for the next time: {error}"
        ));
    }
    outcome(&scored, &drawn)
}

fn show(ui: &mut Ui, report: &ScoreReport<'_>) {
    if ui.wants_json() {
        ui.json(&ScoreV1::from(report));
    } else {
        ui.text(report.text());
    }
}

/// The prompts that the drawn calls name, as far as this workspace has them.
fn prompts(workspace: &Workspace<'_>, drawn: &Drawn) -> BTreeMap<PromptId, Prompt> {
    let names = drawn.calls.iter().filter_map(|call| call.prompt.as_deref());
    let names: BTreeSet<&str> = names.collect();
    let ids = names
        .into_iter()
        .filter_map(|name| PromptId::new(name).ok());
    let prompts = ids.filter_map(|id| {
        let prompt = workspace.prompt(&id).ok()?;
        Some((id, prompt))
    });
    prompts.collect()
}

fn outcome(scored: &Scored, drawn: &Drawn) -> Result<Exit, CommandError> {
    if let Some(limit) = scored.limit {
        return Err(limited(limit, AGAIN));
    }
    if scored.left > 0 {
        return Err(interrupted(AGAIN));
    }
    let unanswered: u64 = scored.tallies.values().map(|tally| tally.unanswered).sum();
    if unanswered > 0 {
        let message =
            format!("{unanswered} grade(s) were not found: who had to be asked did not answer");
        return Err(CommandError::new(Exit::Provider, message)
            .with_hint("run the command again when the judge's provider answers"));
    }
    if drawn.calls.is_empty() {
        return Err(CommandError::new(
            Exit::NothingEvaluated,
            "nothing was scored: no call was drawn",
        )
        .with_hint("widen the window, the filter or the sample"));
    }
    Ok(Exit::Success)
}
