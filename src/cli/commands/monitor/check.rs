//! `pointsman monitor check`: alert rules, and the watch plans of releases.

use jiff::Timestamp;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::selection::{Around, window_options};
use crate::cli::ui::Ui;
use crate::domain::alert::WatchOutcome;
use crate::domain::id::AlertId;
use crate::engine::monitor::alerts::{AlertSeen, look_at_alert};
use crate::engine::monitor::releases::live_release;
use crate::engine::monitor::watch::{WatchSeen, look_at_release};
use crate::engine::ports::traces::TraceStore;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;
use crate::report::monitor::check::{AlertItem, WatchItem, check_text};
use crate::report::monitor::check_json::CheckV1;

/// Look at every alert rule, and at the watch plan of what is live in every lane
///
/// An alert rule is a file in `operations/alerts/`: a number, when it is too much, and who acts. The watch
/// plan of a release is the `[watch]` of the policy that let it in: at the last of its checkpoints that
/// has been, the time since the release is held against as much time before it. Nothing is changed.
///
/// Exits with 1 where something fires, with 3 where there is too little data to say, and with 6 where
/// there is nothing to look at.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman monitor check
  pointsman monitor check --alert slow-answers
  pointsman monitor check --deployment production#12 --json")]
pub(super) struct CheckArgs {
    /// Only this alert rule
    #[arg(long = "alert", value_name = "ALERT")]
    alerts: Vec<AlertId>,
    /// Only the watch plan of this release
    #[arg(long, value_name = "LANE#SEQ", value_parser = deployment)]
    deployment: Option<Around>,
}

/// A record of a lane; how much time around it is looked at, its plan says.
fn deployment(text: &str) -> Result<Around, String> {
    let named: Around = text.parse()?;
    match named.period {
        None => Ok(named),
        Some(_) => Err("its watch plan says how much time is looked at: leave out `:…`".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &CheckArgs) -> Result<Exit, CommandError> {
    let now = context.clock().now();
    let store = context.trace_store()?;
    let alerts = alerts(context, args, store.as_ref(), now)?;
    let lanes = context.lanes()?;
    let watches = watches(ui, args, store.as_ref(), &lanes, now)?;
    let outcomes = alerts
        .iter()
        .map(|it| it.seen.outcome)
        .chain(watches.iter().map(|it| it.seen.outcome()));
    let outcome = WatchOutcome::all(outcomes);
    if ui.wants_json() {
        ui.json(&CheckV1::new(&alerts, &watches, outcome));
    } else if outcome.is_some() {
        ui.text(check_text(&alerts, &watches));
    }
    Ok(match outcome {
        Some(WatchOutcome::Fires) => Exit::Failed,
        Some(WatchOutcome::TooLittleData) => Exit::Inconclusive,
        Some(WatchOutcome::Holds) => Exit::Success,
        None => {
            ui.note(
                "there is nothing to look at: no alert rule in `operations/alerts/`, and no lane whose \
                 release has a watch plan",
            );
            Exit::NothingEvaluated
        }
    })
}

/// The alert rules that are meant.
fn alerts(
    context: &Context,
    args: &CheckArgs,
    store: &dyn TraceStore,
    now: Timestamp,
) -> Result<Vec<AlertItem>, CommandError> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let ids = match (args.alerts.is_empty(), &args.deployment) {
        (true, Some(_)) => Vec::new(),
        (true, None) => workspace.alert_ids()?,
        (false, _) => args.alerts.clone(),
    };
    let mut items = Vec::new();
    for id in ids {
        let seen = look_at_alert(store, &workspace, workspace.alert(&id)?, now)?;
        let next = after_alert(&seen);
        items.push(AlertItem { seen, next });
    }
    Ok(items)
}

/// The watch plans that are meant.
fn watches(
    ui: &mut Ui,
    args: &CheckArgs,
    store: &dyn TraceStore,
    lanes: &dyn LaneStore,
    now: Timestamp,
) -> Result<Vec<WatchItem>, CommandError> {
    let mut records: Vec<LaneRecord> = Vec::new();
    match &args.deployment {
        Some(named) => records.push(named.record(lanes)?),
        None if !args.alerts.is_empty() => {}
        None => {
            for lane in lanes.tips()?.into_keys() {
                records.extend(live_release(lanes, &lane)?);
            }
        }
    }
    let mut items = Vec::new();
    for record in records {
        match look_at_release(store, lanes, &record, now)? {
            Some(seen) => {
                let next = after_watch(lanes, &seen)?;
                items.push(WatchItem { seen, next });
            }
            None if args.deployment.is_some() => ui.note(format_args!(
                "{}#{} has no watch plan: the policy that let it in had no `[watch]`",
                record.deployment.lane, record.deployment.sequence
            )),
            None => {}
        }
    }
    Ok(items)
}

/// Where a rule leads that does not hold.
fn after_alert(seen: &AlertSeen) -> Vec<String> {
    let options = window_options(seen.selection.range, &seen.selection.filter);
    match seen.outcome {
        WatchOutcome::Fires => vec![
            format!("pointsman monitor {options}"),
            format!("pointsman traces list {options}"),
        ],
        WatchOutcome::TooLittleData => vec![format!("pointsman monitor {options}")],
        WatchOutcome::Holds => Vec::new(),
    }
}

/// Where a watch plan leads that does not hold. Only what is live can be rolled back.
fn after_watch(lanes: &dyn LaneStore, seen: &WatchSeen) -> Result<Vec<String>, CommandError> {
    let deployment = &seen.record.deployment;
    let Some(look) = &seen.look else {
        return Ok(Vec::new());
    };
    let (lane, sequence) = (&deployment.lane, deployment.sequence);
    let mut next = vec![format!(
        "pointsman monitor compare --around {lane}#{sequence}:{}",
        look.checkpoint
    )];
    let live = live_release(lanes, lane)?.is_some_and(|live| live.id == seen.record.id);
    if seen.outcome() == WatchOutcome::Fires && live && deployment.rollback_target.is_some() {
        next.push(format!("pointsman rollback {lane} --reason '…'"));
    }
    Ok(next)
}
