//! The watch plans of releases: at each checkpoint, the time since a release is held against as much
//! time before it.

use jiff::{SignedDuration, Timestamp};

use crate::domain::alert::{Limit, Scale, Side, WatchOutcome};
use crate::domain::metric::{Metric, Statistic};
use crate::domain::monitor::Change;
use crate::domain::period::Period;
use crate::domain::trace::filter::Filter;
use crate::domain::trace::query::Level;
use crate::domain::watch::WatchPlan;
use crate::engine::ports::traces::TraceStore;
use crate::engine::ports::{LaneRecord, LaneStore};

use super::MonitorError;
use super::compare::{CompareRequest, FEWEST};
use super::markers::of_lane;
use super::releases::{Around, around};

/// A limit of a watch plan: its key, and the number that it is about.
pub struct WatchLimit {
    /// The key in the lane's file.
    pub key: &'static str,
    /// The metric.
    pub metric: Metric,
    /// Which number of it.
    pub statistic: Statistic,
    /// How far it may move.
    pub limit: Limit,
}

/// A release with what its watch plan says now.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchSeen {
    /// The release.
    pub record: LaneRecord,
    /// The checkpoint that comes next, and when; absent: all have been.
    pub next: Option<(Period, Timestamp)>,
    /// The look at the last checkpoint that has been; absent: none has.
    pub look: Option<Look>,
}

/// A look at a release.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The checkpoint.
    pub checkpoint: Period,
    /// The time before the release and the time after it.
    pub around: Around,
    /// How many traces there were, before and after.
    pub traces: [u64; 2],
    /// Whether nothing was live before the release, so that there is nothing to hold it against.
    pub is_first: bool,
    /// What was seen of each limit.
    pub limits: Vec<LimitSeen>,
}

/// What was seen of a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitSeen {
    /// The key in the lane's file.
    pub key: &'static str,
    /// How far the number may move.
    pub limit: Limit,
    /// How it moved; absent: there is no such number.
    pub change: Option<Change>,
    /// What that says.
    pub outcome: WatchOutcome,
}

impl WatchSeen {
    /// What all limits say. A release that is not to be looked at yet holds.
    pub fn outcome(&self) -> WatchOutcome {
        let limits = self.look.iter().flat_map(|look| &look.limits);
        WatchOutcome::all(limits.map(|limit| limit.outcome)).unwrap_or(WatchOutcome::Holds)
    }
}

impl WatchPlan {
    /// Its limits.
    pub fn limits(&self) -> Vec<WatchLimit> {
        let limit = |key, metric, statistic, (scale, side), at: Option<f64>| {
            at.map(|at| WatchLimit {
                key,
                metric,
                statistic,
                limit: Limit { scale, side, at },
            })
        };
        let up = (Scale::Ratio, Side::AtMost);
        let limits = [
            limit(
                "max_error_rate_increase",
                Metric::ErrorRate,
                Statistic::Mean,
                (Scale::Difference, Side::AtMost),
                self.max_error_rate_increase,
            ),
            limit(
                "max_latency_p95_ratio",
                Metric::Latency,
                Statistic::P95,
                up,
                self.max_latency_p95_ratio,
            ),
            limit(
                "max_cost_per_call_ratio",
                Metric::Cost,
                Statistic::Mean,
                up,
                self.max_cost_per_call_ratio,
            ),
            limit(
                "min_score_delta",
                Metric::Score(None),
                Statistic::Mean,
                (Scale::Difference, Side::AtLeast),
                self.min_score_delta,
            ),
        ];
        limits.into_iter().flatten().collect()
    }
}

/// Looks at a release by its plan; `None` where it has none.
pub fn look_at_release(
    store: &dyn TraceStore,
    lanes: &dyn LaneStore,
    record: &LaneRecord,
    now: Timestamp,
) -> Result<Option<WatchSeen>, MonitorError> {
    let Some(plan) = &record.deployment.watch else {
        return Ok(None);
    };
    let at = record.deployment.recorded_at;
    let due = |checkpoint: &Period| {
        at.checked_add(SignedDuration::from_secs(checkpoint.seconds))
            .unwrap_or(Timestamp::MAX)
    };
    let (been, to_come): (Vec<Period>, Vec<Period>) = plan
        .checkpoints
        .iter()
        .partition(|checkpoint| due(checkpoint) <= now);
    let look = match been.last() {
        Some(checkpoint) => Some(look(store, lanes, record, plan, (*checkpoint, now))?),
        None => None,
    };
    Ok(Some(WatchSeen {
        record: record.clone(),
        next: to_come.first().map(|next| (*next, due(next))),
        look,
    }))
}

fn look(
    store: &dyn TraceStore,
    lanes: &dyn LaneStore,
    record: &LaneRecord,
    plan: &WatchPlan,
    (checkpoint, now): (Period, Timestamp),
) -> Result<Look, MonitorError> {
    let around = around(lanes, record, checkpoint, now)?;
    let limits = plan.limits();
    let numbers = limits.iter();
    let request = CompareRequest {
        level: Level::Trace,
        filter: of_lane(Filter::Everything, &record.deployment.lane),
        before: around.before,
        after: around.after,
        fewest: FEWEST,
        numbers: numbers
            .map(|it| (it.metric.clone(), it.statistic))
            .collect(),
        explain: None,
    };
    let compared = request.ask(store)?;
    let is_first = record.deployment.previous.is_none() && compared.items[0] == 0;
    let seen = limits.into_iter().map(|limit| {
        let found = compared.deciding().iter().find(|change| {
            let statistic = limit.statistic.name();
            change.metric == limit.metric.name() && change.statistic == statistic
        });
        let interval = found.and_then(|change| match limit.limit.scale {
            Scale::Ratio => change.ratio,
            Scale::Difference => change.difference,
        });
        LimitSeen {
            key: limit.key,
            limit: limit.limit,
            change: found.cloned(),
            outcome: limit.limit.judge(interval),
        }
    });
    Ok(Look {
        checkpoint,
        around,
        traces: compared.items,
        is_first,
        limits: if is_first { Vec::new() } else { seen.collect() },
    })
}
