//! What alert rules and watch plans say, for programs: `pointsman/monitor-check/v1`. The shape is
//! frozen: fields may be added, and nothing else changes.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::alert::{Condition, Limit, Side, WatchOutcome};
use crate::domain::monitor::Change;
use crate::domain::trace::filter::TimeRange;
use crate::engine::monitor::alerts::Seen;
use crate::report::release_json::RecordV1;

use super::check::{AlertItem, WatchItem};
use super::overview_json::per;

/// Everything that was looked at.
#[derive(Debug, Serialize)]
pub struct CheckV1<'c> {
    schema: &'static str,
    outcome: Option<WatchOutcome>,
    alerts: Vec<AlertV1<'c>>,
    watches: Vec<WatchV1<'c>>,
}

/// A rule and what it saw.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertV1<'c> {
    alert: &'c str,
    outcome: WatchOutcome,
    description: Option<&'c str>,
    owner: &'c str,
    runbook: &'c str,
    user_impact: &'c str,
    window: TimeRange,
    #[serde(rename = "where")]
    filter: String,
    per: &'static str,
    metric: String,
    statistic: &'static str,
    fires: FiresV1,
    n: Option<u64>,
    value: Option<f64>,
    change: Option<&'c Change>,
    next: &'c [String],
}

/// When a rule or a limit fires: a number above or below this, or one that moved beyond it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FiresV1 {
    above: Option<f64>,
    below: Option<f64>,
    against_before: Option<String>,
}

/// A release and what its watch plan says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WatchV1<'c> {
    outcome: WatchOutcome,
    release: RecordV1<'c>,
    checkpoint: Option<String>,
    before: Option<TimeRange>,
    after: Option<TimeRange>,
    traces: Option<[u64; 2]>,
    nothing_before: bool,
    limits: Vec<LimitV1<'c>>,
    next_checkpoint: Option<String>,
    next_at: Option<Timestamp>,
    next: &'c [String],
}

/// A limit and what was seen of it.
#[derive(Debug, Serialize)]
struct LimitV1<'c> {
    limit: &'static str,
    outcome: WatchOutcome,
    fires: FiresV1,
    change: Option<&'c Change>,
}

impl<'c> CheckV1<'c> {
    /// What was looked at; `outcome` is what all of it says.
    pub fn new(
        alerts: &'c [AlertItem],
        watches: &'c [WatchItem],
        outcome: Option<WatchOutcome>,
    ) -> Self {
        Self {
            schema: "pointsman/monitor-check/v1",
            outcome,
            alerts: alerts.iter().map(AlertV1::from).collect(),
            watches: watches.iter().map(WatchV1::from).collect(),
        }
    }
}

impl<'c> From<&'c AlertItem> for AlertV1<'c> {
    fn from(item: &'c AlertItem) -> Self {
        let (seen, rule) = (&item.seen, &item.seen.rule);
        let (n, value, change) = match &seen.number {
            Seen::Value(n, value) => (Some(*n), *value, None),
            Seen::Change(change) => (None, None, change.as_ref()),
        };
        Self {
            alert: rule.id.as_str(),
            outcome: seen.outcome,
            description: rule.description.as_deref(),
            owner: &rule.owner,
            runbook: &rule.runbook,
            user_impact: &rule.user_impact,
            window: seen.selection.range,
            filter: seen.selection.filter.to_string(),
            per: per(rule.per),
            metric: rule.metric.name(),
            statistic: rule.statistic.name(),
            fires: match rule.condition {
                Condition::Above(most) => FiresV1 {
                    above: Some(most),
                    ..FiresV1::default()
                },
                Condition::Below(least) => FiresV1 {
                    below: Some(least),
                    ..FiresV1::default()
                },
                Condition::Moved(limit) => limit.into(),
            },
            n,
            value,
            change,
            next: &item.next,
        }
    }
}

impl From<Limit> for FiresV1 {
    fn from(limit: Limit) -> Self {
        let at = Some(limit.at);
        let (above, below) = match limit.side {
            Side::AtMost => (at, None),
            Side::AtLeast => (None, at),
        };
        Self {
            above,
            below,
            against_before: Some(limit.scale.to_string()),
        }
    }
}

impl<'c> From<&'c WatchItem> for WatchV1<'c> {
    fn from(item: &'c WatchItem) -> Self {
        let seen = &item.seen;
        let look = seen.look.as_ref();
        let limits = look.into_iter().flat_map(|look| &look.limits);
        Self {
            outcome: seen.outcome(),
            release: (&seen.record).into(),
            checkpoint: look.map(|look| look.checkpoint.to_string()),
            before: look.map(|look| look.around.before),
            after: look.map(|look| look.around.after),
            traces: look.map(|look| look.traces),
            nothing_before: look.is_some_and(|look| look.is_first),
            limits: limits
                .map(|limit| LimitV1 {
                    limit: limit.key,
                    outcome: limit.outcome,
                    fires: limit.limit.into(),
                    change: limit.change.as_ref(),
                })
                .collect(),
            next_checkpoint: seen.next.map(|(period, _)| period.to_string()),
            next_at: seen.next.map(|(_, at)| at),
            next: &item.next,
        }
    }
}
