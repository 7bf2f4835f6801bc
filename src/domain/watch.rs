//! The plan for watching a release after it is live.

use serde::{Deserialize, Serialize};

use super::period::Period;

/// When to look at a release, and what it may cost there. Each limit is against the time before
/// the release.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WatchPlan {
    /// How long after the release it is looked at, the soonest first.
    pub checkpoints: Vec<Period>,
    /// The most that the share of failed calls may grow by: 0.01 is one point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_error_rate_increase: Option<f64>,
    /// The most that the 95th percentile of the latency may grow to, as a ratio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_latency_p95_ratio: Option<f64>,
    /// The most that the mean cost of a call may grow to, as a ratio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost_per_call_ratio: Option<f64>,
    /// The least that the mean score may change by: -0.05 lets it fall by 5 points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_score_delta: Option<f64>,
}
