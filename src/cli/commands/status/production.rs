//! What production says: alert rules and watch plans.

use jiff::Timestamp;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::selection::window_options;
use crate::domain::alert::WatchOutcome;
use crate::domain::deployment::ReleaseName;
use crate::domain::metric::Metric;
use crate::engine::monitor::alerts::{AlertSeen, look_at_alert};
use crate::engine::monitor::releases::live_release;
use crate::engine::monitor::watch::{WatchSeen, look_at_release};
use crate::engine::ports::LaneStore;
use crate::engine::ports::traces::TraceStore;
use crate::engine::workspace::Workspace;
use crate::report::release::seconds;
use crate::report::status::Urgency;

use super::Gathered;

/// Looks at every rule and plan. Without any spans, nobody is asked.
pub(super) fn look(
    context: &Context,
    workspace: &Workspace<'_>,
    lanes: &dyn LaneStore,
    gathered: &mut Gathered,
) {
    let now = context.clock().now();
    let store = context.trace_store().and_then(|store| {
        let spans = store.contents()?.spans;
        Ok((store, spans))
    });
    let Some((store, spans)) = gathered.keep(store, "pointsman traces list") else {
        return;
    };
    if spans > 0 {
        let alerts = alerts(workspace, store.as_ref(), now, gathered);
        gathered.keep(alerts, "pointsman check");
    }
    let watches = watches(store.as_ref(), lanes, now, gathered);
    gathered.keep(watches, "pointsman monitor check");
}

fn alerts(
    workspace: &Workspace<'_>,
    store: &dyn TraceStore,
    now: Timestamp,
    gathered: &mut Gathered,
) -> Result<(), CommandError> {
    for id in workspace.alert_ids()? {
        let seen = workspace
            .alert(&id)
            .map_err(CommandError::from)
            .and_then(|rule| Ok(look_at_alert(store, workspace, rule, now)?));
        let Some(seen) = gathered.keep(seen, "pointsman check") else {
            continue;
        };
        if seen.outcome == WatchOutcome::Fires {
            let rule = &seen.rule;
            let impact = rule.user_impact.trim_end_matches('.');
            let what = format!("alert {id} fires: {impact}; owner {}", rule.owner);
            gathered.add(Urgency::Now, situation(&rule.metric), what, after(&seen));
        }
    }
    Ok(())
}

/// What sort of thing it is that a metric went too far.
fn situation(metric: &Metric) -> &'static str {
    match metric {
        Metric::Cost | Metric::InputTokens | Metric::OutputTokens => "cost-rises",
        Metric::Latency => "latency-rises",
        _ => "alert-fires",
    }
}

/// Where a rule leads that fires: to the traces that show it before anything is changed.
fn after(seen: &AlertSeen) -> Vec<String> {
    let options = window_options(seen.selection.range, &seen.selection.filter);
    let list = format!("pointsman traces list {options}");
    let first = match situation(&seen.rule.metric) {
        "cost-rises" => format!("{list} --sort -cost"),
        "latency-rises" => format!("{list} --sort -duration"),
        _ => list,
    };
    vec![
        first,
        format!("pointsman incident open '…' --alert {}", seen.rule.id),
    ]
}

fn watches(
    store: &dyn TraceStore,
    lanes: &dyn LaneStore,
    now: Timestamp,
    gathered: &mut Gathered,
) -> Result<(), CommandError> {
    for lane in lanes.tips()?.into_keys() {
        let Some(record) = live_release(lanes, &lane)? else {
            continue;
        };
        if let Some(seen) = look_at_release(store, lanes, &record, now)? {
            watch(&seen, gathered);
        }
    }
    Ok(())
}

fn watch(seen: &WatchSeen, gathered: &mut Gathered) {
    let release = ReleaseName::of(&seen.record.deployment);
    let compare = format!("pointsman monitor compare --around {release}");
    if let Some((checkpoint, at)) = seen.next {
        let what = format!(
            "{release} is looked at again after {checkpoint}, at {}",
            seconds(at)
        );
        let next = vec!["pointsman monitor check".to_owned()];
        gathered.add(Urgency::Later, "watch-due", what, next);
    }
    let Some(look) = &seen.look else {
        return;
    };
    match seen.outcome() {
        WatchOutcome::Holds => {}
        WatchOutcome::TooLittleData => {
            let what = format!(
                "{release} has too few traces to say how it does after {}",
                look.checkpoint
            );
            gathered.add(Urgency::Next, "watch-undecided", what, vec![compare]);
        }
        WatchOutcome::Fires => {
            let limits = look.limits.iter();
            let over: Vec<&str> = limits
                .filter(|limit| limit.outcome == WatchOutcome::Fires)
                .map(|limit| limit.key)
                .collect();
            let what = format!("{release} is beyond its watch plan: {}", over.join(", "));
            let open = format!("pointsman incident open '…' --deployment {release}");
            gathered.add(Urgency::Now, "release-failed", what, vec![open, compare]);
        }
    }
}
