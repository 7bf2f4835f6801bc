//! `pointsman monitor compare`: two windows of time side by side.

use jiff::Timestamp;

use crate::cli::commands::traces::{Grain, explain_nothing};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::selection::{self, FilterArgs, read_window, window_options};
use crate::cli::ui::Ui;
use crate::domain::metric::Metric;
use crate::domain::monitor::ComparedOutcome;
use crate::domain::period::Period;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::selection::Selection;
use crate::engine::monitor::compare::{CompareRequest, FEWEST};
use crate::engine::monitor::markers::of_lane;
use crate::engine::monitor::releases::{Around, around, live_release};
use crate::engine::ports::LaneStore;
use crate::report::monitor::compare::{CompareReport, compare_text};
use crate::report::monitor::compare_json::CompareV1;

/// How long the windows around a release are where nobody says.
const AROUND: Period = Period {
    seconds: 24 * 3_600,
};

/// Compare two windows of time, or the time before a release with the time after it
///
/// Says which numbers got worse, with intervals; whether the traffic is still the same traffic; and
/// what the bad traces have in common. The time before and after a release is shortened to where it was
/// live alone, and only spans of its lane count.
///
/// Exits with 1 where something got worse, and with 3 where there is too little data to say.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman monitor compare --around production#12
  pointsman monitor compare --around production#12:1h --where 'route = \"POST /tickets\"'
  pointsman monitor compare --before 2026-03-01..2026-03-02 --after 2026-03-08..2026-03-09
  pointsman monitor compare --around production#12 --explain cost")]
pub(super) struct CompareArgs {
    /// The earlier window
    #[arg(long, value_name = "FROM..TO", requires = "after")]
    before: Option<String>,
    /// The later window
    #[arg(long, value_name = "FROM..TO", requires = "before")]
    after: Option<String>,
    /// The time before a record of a lane and the time after it, 24 hours each where nobody says
    #[arg(long, value_name = "LANE#SEQ[:PERIOD]", conflicts_with_all = ["before", "after"])]
    around: Option<selection::Around>,
    /// What is counted and measured
    #[arg(long, value_name = "WHAT", default_value = "trace")]
    per: Grain,
    /// The fewest values on each side that say anything
    #[arg(long, value_name = "COUNT", default_value_t = FEWEST)]
    minimum: u64,
    /// Look into the bad traces by this metric, whether it got worse or not
    #[arg(long, value_name = "METRIC")]
    explain: Option<Metric>,
    #[command(flatten)]
    which: FilterArgs,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &CompareArgs,
) -> Result<Exit, CommandError> {
    let lanes = context.lanes()?;
    let now = context.clock().now();
    let mut filter = args.which.filter(context)?;
    let release = match &args.around {
        None => None,
        Some(named) => {
            filter = of_lane(filter, &named.lane);
            let record = named.record(&lanes)?;
            let length = named.period.unwrap_or(AROUND);
            Some((around(&lanes, &record, length, now)?, length))
        }
    };
    let (before, after) = match &release {
        Some((around, _)) => (around.before, around.after),
        None => windows(args, now)?,
    };
    let request = CompareRequest {
        level: args.per.level(),
        filter,
        before,
        after,
        fewest: args.minimum,
        numbers: Vec::new(),
        explain: args.explain.clone(),
    };
    let store = context.trace_store()?;
    let compared = request.ask(store.as_ref())?;
    for (range, items) in [before, after].into_iter().zip(compared.items) {
        if items == 0 {
            let filter = request.filter.clone();
            explain_nothing(ui, store.as_ref(), &Selection { range, filter })?;
        }
    }
    let report = CompareReport {
        request: &request,
        compared: &compared,
        release: release.as_ref().map(|(around, length)| (around, *length)),
    };
    if ui.wants_json() {
        ui.json(&CompareV1::new(&report));
    } else {
        ui.text(compare_text(&report, ui.width()));
    }
    if compared.outcome == ComparedOutcome::Worse {
        let around = release.as_ref().map(|(around, _)| around);
        say_what_next(ui, &lanes, &request, around)?;
    }
    Ok(exit(compared.outcome))
}

fn exit(outcome: ComparedOutcome) -> Exit {
    match outcome {
        ComparedOutcome::Worse => Exit::Failed,
        ComparedOutcome::TooLittleData => Exit::Inconclusive,
        ComparedOutcome::NoWorse => Exit::Success,
    }
}

/// The two windows that options name.
fn windows(args: &CompareArgs, now: Timestamp) -> Result<(TimeRange, TimeRange), CommandError> {
    let (Some(before), Some(after)) = (&args.before, &args.after) else {
        let message = "name a release, or two windows";
        return Err(CommandError::usage(message).with_hint(
            "`--around production#12` is the time before and after it, `--before` and `--after` are \
             any two windows",
        ));
    };
    let (before, after) = (read_window(before, now)?, read_window(after, now)?);
    if before.until > after.from {
        let message = "the earlier window does not end before the later one begins";
        return Err(CommandError::usage(message)
            .with_hint("name the earlier one with `--before`, and let them not overlap"));
    }
    Ok((before, after))
}

/// What to do where something got worse.
fn say_what_next(
    ui: &mut Ui,
    lanes: &dyn LaneStore,
    request: &CompareRequest,
    around: Option<&Around>,
) -> Result<(), CommandError> {
    ui.note(format_args!(
        "look at them: pointsman traces list {}",
        window_options(request.after, &request.filter)
    ));
    let Some(around) = around else {
        return Ok(());
    };
    let deployment = &around.record.deployment;
    let live = live_release(lanes, &deployment.lane)?;
    if live.is_some_and(|live| live.id == around.record.id) && deployment.rollback_target.is_some()
    {
        ui.note(format_args!(
            "go back: pointsman rollback {} --reason '…'",
            deployment.lane
        ));
    }
    Ok(())
}
