//! Two windows of time side by side: what moved, whether the traffic is still the same traffic, and
//! what the bad traces have in common.

mod explain;
mod mix;
mod numbers;
mod standard;

use crate::domain::metric::{Metric, Statistic};
use crate::domain::monitor::{Change, ChangeOutcome, ComparedOutcome};
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::Level;
use crate::engine::ports::traces::TraceStore;

use super::MonitorError;

pub use explain::{Contrast, Explanation};
pub use mix::{Share, Shift};
pub use standard::Standardised;

use numbers::{Tested, Window, changes, even};

/// The level of the whole comparison: how likely a number that did not move is called moved.
const LEVEL: f64 = 0.05;

/// The fewest values on each side that say anything, where nobody says.
pub const FEWEST: u64 = 30;

/// The columns whose mix is checked, because a change in it changes every number.
const MIXED: [Column; 4] = [Column::Route, Column::Model, Column::Lane, Column::Prompt];

/// Those of them that tell sorts of requests apart. A change in one of these comes from outside, and may
/// excuse a number that got worse; another model is what a release brings, and excuses nothing.
const SORTS: [Column; 3] = [Column::Route, Column::Lane, Column::Prompt];

/// How many evaluators are tested one by one: every number makes all others harder to show.
const MOST_SCORES: usize = 10;

/// Which windows are compared, and of what.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareRequest {
    /// Whether traces or spans are compared.
    pub level: Level,
    /// Which are meant.
    pub filter: Filter,
    /// The earlier window.
    pub before: TimeRange,
    /// The later window.
    pub after: TimeRange,
    /// The fewest values on each side that say anything.
    pub fewest: u64,
    /// The numbers that are compared; empty: those that are watched everywhere, and the score of each
    /// evaluator where there are several.
    pub numbers: Vec<(Metric, Statistic)>,
    /// The metric whose bad traces are looked into; absent: the first that got worse.
    pub explain: Option<Metric>,
}

/// Two windows side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// How many spans or traces there are, before and after.
    pub items: [u64; 2],
    /// Whether every trace is in the intervals, and not only those that a lot fell on.
    pub complete: bool,
    /// How each number moved.
    pub changes: Vec<Change>,
    /// How the traffic moved, column by column.
    pub mix: Vec<Shift>,
    /// The same numbers with the traffic mixed alike on both sides, where it is not.
    pub standardised: Option<Standardised>,
    /// What the bad traces have in common.
    pub explanation: Option<Explanation>,
    /// What the numbers say in all: those with the traffic mixed alike, where they cover it.
    pub outcome: ComparedOutcome,
}

impl CompareRequest {
    /// The traces of two windows, by the numbers that are watched everywhere.
    pub fn of_traces(filter: Filter, before: TimeRange, after: TimeRange) -> Self {
        Self {
            level: Level::Trace,
            filter,
            before,
            after,
            fewest: FEWEST,
            numbers: Vec::new(),
            explain: None,
        }
    }

    /// Compares what a store holds.
    pub fn ask(&self, store: &dyn TraceStore) -> Result<Compared, MonitorError> {
        let tested = if self.numbers.is_empty() {
            tested(store.contents()?.scored)
        } else {
            let numbers = self.numbers.iter().cloned();
            let tested = numbers.map(|(metric, statistic)| Tested { metric, statistic });
            tested.collect()
        };
        let read = |range| Window::read(store, self, range, &tested);
        let windows = [read(self.before)?, read(self.after)?];
        let weights = [even(&windows[0]), even(&windows[1])];
        let changes = changes(self, &tested, &windows, &weights, false);
        let mix = mix::shifts(store, self)?;
        let standardised = match self.level {
            Level::Trace => standard::standardised(self, &tested, &windows, &mix),
            Level::Span => None,
        };
        let mut compared = Compared {
            items: [windows[0].sample.items, windows[1].sample.items],
            complete: windows.iter().all(|window| window.sample.complete),
            outcome: ComparedOutcome::of(&changes),
            changes,
            mix,
            standardised,
            explanation: None,
        };
        compared.outcome = ComparedOutcome::of(compared.deciding());
        if let Some(change) = self.explained(compared.deciding()) {
            compared.explanation = explain::explain(store, self, change, &windows)?;
        }
        Ok(compared)
    }

    /// The change whose bad traces are looked into.
    fn explained<'c>(&self, changes: &'c [Change]) -> Option<&'c Change> {
        let wanted = |change: &&Change| match &self.explain {
            Some(metric) => change.metric == metric.name(),
            None => change.outcome == ChangeOutcome::Worse,
        };
        changes.iter().find(wanted)
    }
}

impl Compared {
    /// The numbers that decide: those with the traffic mixed alike where they cover it, or else those
    /// of the windows as they are.
    pub fn deciding(&self) -> &[Change] {
        match &self.standardised {
            Some(standardised) if standardised.decides() => &standardised.changes,
            _ => &self.changes,
        }
    }
}

/// The numbers that are tested, those of every evaluator among them where there are several.
fn tested(scored: Vec<String>) -> Vec<Tested> {
    let fixed = [
        (Metric::ErrorRate, Statistic::Mean),
        (Metric::Latency, Statistic::P50),
        (Metric::Latency, Statistic::P95),
        (Metric::Cost, Statistic::Mean),
        (Metric::InputTokens, Statistic::Mean),
        (Metric::OutputTokens, Statistic::Mean),
        (Metric::Score(None), Statistic::Mean),
    ];
    let several = scored.len() > 1;
    let evaluators = scored.into_iter().filter(|_| several).take(MOST_SCORES);
    let by_evaluator = evaluators.map(|name| (Metric::Score(Some(name)), Statistic::Mean));
    let all = fixed.into_iter().chain(by_evaluator);
    all.map(|(metric, statistic)| Tested { metric, statistic })
        .collect()
}
