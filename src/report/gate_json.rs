//! What a gate shows of judges, and beside the version that is live, as JSON, version 1. These shapes are frozen:
//! fields may be added, and nothing else changes.

use serde::Serialize;

use crate::domain::gate::{Comparison, JudgeCheck, NotComparable, RatioCheck};

/// The pass rate of one evaluator, before and after.
#[derive(Debug, Serialize)]
pub(super) struct ComparisonV1 {
    prompt: String,
    dataset: String,
    evaluator: String,
    blocking: bool,
    rows: u64,
    clusters: Option<u64>,
    baseline: f64,
    candidate: f64,
    difference: f64,
    lower: f64,
    upper: f64,
    margin: f64,
    worse_rows: u64,
    better_rows: u64,
    mcnemar_p: f64,
    outcome: &'static str,
}

/// A ratio with its bounds; null where it cannot be known.
#[derive(Debug, Serialize)]
pub(super) struct RatioV1 {
    prompt: String,
    dataset: String,
    measure: &'static str,
    ratio: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    limit: f64,
    outcome: &'static str,
    reason: Option<String>,
}

/// Why two versions cannot be compared.
#[derive(Debug, Serialize)]
pub(super) struct NotComparableV1 {
    prompt: String,
    dataset: String,
    reason: String,
}

/// How far a judge agrees with people; the agreement is null where it cannot be said.
#[derive(Debug, Serialize)]
pub(super) struct JudgeCheckV1 {
    evaluator: String,
    judge: String,
    dataset: Option<String>,
    kappa: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    wanted: f64,
    met: bool,
}

impl From<&JudgeCheck> for JudgeCheckV1 {
    fn from(check: &JudgeCheck) -> Self {
        Self {
            evaluator: check.evaluator.to_string(),
            judge: check.judge.to_string(),
            dataset: check.dataset.as_ref().map(ToString::to_string),
            kappa: check.kappa.map(|kappa| kappa.value),
            lower: check.kappa.map(|kappa| kappa.low),
            upper: check.kappa.map(|kappa| kappa.high),
            wanted: check.wanted,
            met: check.missing.is_none(),
        }
    }
}

impl From<&Comparison> for ComparisonV1 {
    fn from(comparison: &Comparison) -> Self {
        Self {
            prompt: comparison.prompt.to_string(),
            dataset: comparison.dataset.to_string(),
            evaluator: comparison.evaluator.to_string(),
            blocking: comparison.blocking,
            rows: comparison.rows,
            clusters: comparison.clusters,
            baseline: comparison.baseline,
            candidate: comparison.candidate,
            difference: comparison.difference,
            lower: comparison.lower,
            upper: comparison.upper,
            margin: comparison.margin,
            worse_rows: comparison.worse_rows,
            better_rows: comparison.better_rows,
            mcnemar_p: comparison.mcnemar_p,
            outcome: comparison.outcome.name(),
        }
    }
}

impl From<&RatioCheck> for RatioV1 {
    fn from(check: &RatioCheck) -> Self {
        Self {
            prompt: check.prompt.to_string(),
            dataset: check.dataset.to_string(),
            measure: check.measure.name(),
            ratio: check.ratio.map(|[ratio, _, _]| ratio),
            lower: check.ratio.map(|[_, lower, _]| lower),
            upper: check.ratio.map(|[_, _, upper]| upper),
            limit: check.limit,
            outcome: check.outcome.name(),
            reason: check.reason.clone(),
        }
    }
}

impl From<&NotComparable> for NotComparableV1 {
    fn from(different: &NotComparable) -> Self {
        Self {
            prompt: different.prompt.to_string(),
            dataset: different.dataset.to_string(),
            reason: different.reason.clone(),
        }
    }
}
