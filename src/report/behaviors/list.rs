//! Behaviors as a table, the most urgent first.

use std::cmp::Reverse;

use crate::domain::behavior::{Behavior, BehaviorKind, ReleaseSeen};
use crate::engine::behaviors::ScanResult;
use crate::report::monitor::chart::sparkline;
use crate::report::monitor::number::{percent, whole};
use crate::report::release::seconds;
use crate::report::traces::fit::fitting_table;

/// The behaviors in the order in which they are shown: what is watched first, then issues, then by
/// state, then by how many traces have it.
pub fn in_order<'b>(behaviors: impl IntoIterator<Item = &'b Behavior>) -> Vec<&'b Behavior> {
    let mut behaviors: Vec<&Behavior> = behaviors.into_iter().collect();
    behaviors.sort_by_key(|it| {
        let is_healthy = it.kind() == BehaviorKind::Healthy;
        let seen = Reverse(it.seen.now[0]);
        (!it.decided.watched, is_healthy, it.state(), seen, &it.id)
    });
    behaviors
}

/// The behaviors as a table.
pub fn behavior_table(behaviors: &[&Behavior], width: Option<usize>) -> String {
    let titles = [
        "BEHAVIOR", "ROLE", "KIND", "STATE", "TRACES", "RATE", "FAIL", "TREND", "RELEASE",
    ];
    let titles = titles.map(str::to_owned);
    let rows = behaviors.iter().map(|behavior| {
        let seen = &behavior.seen;
        let watched = if behavior.decided.watched {
            ", watched"
        } else {
            ""
        };
        let name = match behavior.name() {
            Some(title) => format!("{}: {title}", behavior.id),
            None => behavior.id.to_string(),
        };
        vec![
            name,
            behavior.pattern.role.name().to_owned(),
            behavior.kind().name().to_owned(),
            format!("{}{watched}", behavior.state().name()),
            whole(seen.now[0]),
            rate(seen.now),
            rate(seen.failed),
            trend(behavior),
            behavior.releases.last().map(release).unwrap_or_default(),
        ]
    });
    fitting_table(&titles, rows.collect(), &[4, 5, 6], width)
}

/// How many of how many, in hundredths.
pub(in crate::report) fn rate([some, all]: [u64; 2]) -> String {
    share([some, all]).map_or_else(|| "-".to_owned(), percent)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no store holds so many traces that a digit is lost"
)]
fn share([some, all]: [u64; 2]) -> Option<f64> {
    (all > 0).then(|| some as f64 / all as f64)
}

/// The rate over the window.
pub(in crate::report) fn trend(behavior: &Behavior) -> String {
    let pieces: Vec<Option<f64>> = behavior.seen.pieces.iter().copied().map(share).collect();
    sparkline(&pieces)
}

/// How a rate moved with a release.
pub(in crate::report) fn release(release: &ReleaseSeen) -> String {
    format!("{} with {}", release.change.name(), release.deployment)
}

/// What was looked at.
pub fn scan_text(result: &ScanResult) -> String {
    let [before, now] = result.traces.map(whole);
    let mut text = format!(
        "{now} traces of the window were looked at, and {before} of as much time before it, from {}",
        seconds(result.before.from)
    );
    if !result.complete {
        let all = whole(result.all_traces);
        text = format!("{text}; these are those of {all} that a lot fell on");
    }
    text
}
