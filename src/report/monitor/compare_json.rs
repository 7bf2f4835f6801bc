//! Two windows side by side for programs: `pointsman/monitor-compare/v1`. The shape is frozen: fields
//! may be added, and nothing else changes.

use serde::Serialize;

use crate::domain::monitor::{Change, ComparedOutcome};
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::engine::monitor::compare::{Contrast, Explanation, Share, Shift, Standardised};
use crate::report::release_json::RecordV1;

use super::compare::{CompareReport, in_words};
use super::overview_json::per;

/// Two windows side by side.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CompareV1<'c> {
    schema: &'static str,
    outcome: ComparedOutcome,
    per: &'static str,
    #[serde(rename = "where")]
    filter: String,
    release: Option<RecordV1<'c>>,
    shortened: Option<String>,
    before: TimeRange,
    after: TimeRange,
    counts: [u64; 2],
    complete: bool,
    changes: &'c [Change],
    mix: Vec<ShiftV1<'c>>,
    standardised: Option<StandardisedV1<'c>>,
    explanation: Option<ExplanationV1<'c>>,
}

/// How the traffic moved in a column.
#[derive(Debug, Serialize)]
struct ShiftV1<'c> {
    column: String,
    changed: bool,
    moved: f64,
    p: f64,
    shares: Vec<ShareV1<'c>>,
}

/// The share of a value, before and after.
#[derive(Debug, Serialize)]
struct ShareV1<'c> {
    value: Option<&'c str>,
    shares: [f64; 2],
}

/// The numbers with the traffic mixed alike.
#[derive(Debug, Serialize)]
struct StandardisedV1<'c> {
    columns: Vec<String>,
    covered: [f64; 2],
    decides: bool,
    changes: &'c [Change],
}

/// What the bad ones have in common.
#[derive(Debug, Serialize)]
struct ExplanationV1<'c> {
    metric: String,
    bound: Option<f64>,
    bad: u64,
    others: u64,
    contrasts: Vec<ContrastV1<'c>>,
}

/// A value that the bad ones have more often.
#[derive(Debug, Serialize)]
struct ContrastV1<'c> {
    column: String,
    value: &'c str,
    bad: f64,
    others: f64,
    lift: Option<f64>,
    p: f64,
}

impl<'c> CompareV1<'c> {
    /// What was asked and what came of it.
    pub fn new(report: &CompareReport<'c>) -> Self {
        let CompareReport {
            request,
            compared,
            release,
        } = report;
        let around = release.map(|(around, _)| around);
        Self {
            schema: "pointsman/monitor-compare/v1",
            outcome: compared.outcome,
            per: per(request.level),
            filter: request.filter.to_string(),
            release: around.map(|around| (&around.record).into()),
            shortened: around.and_then(|around| around.clipped_by).map(in_words),
            before: request.before,
            after: request.after,
            counts: compared.items,
            complete: compared.complete,
            changes: &compared.changes,
            mix: compared.mix.iter().map(ShiftV1::from).collect(),
            standardised: compared.standardised.as_ref().map(StandardisedV1::from),
            explanation: compared.explanation.as_ref().map(ExplanationV1::from),
        }
    }
}

impl<'c> From<&'c Shift> for ShiftV1<'c> {
    fn from(shift: &'c Shift) -> Self {
        let share = |share: &'c Share| ShareV1 {
            value: share.value.as_deref(),
            shares: share.shares,
        };
        Self {
            column: shift.column.name(),
            changed: shift.changed,
            moved: shift.moved,
            p: shift.p,
            shares: shift.shares.iter().map(share).collect(),
        }
    }
}

impl<'c> From<&'c Standardised> for StandardisedV1<'c> {
    fn from(standardised: &'c Standardised) -> Self {
        Self {
            columns: standardised.columns.iter().map(Column::name).collect(),
            covered: standardised.covered,
            decides: standardised.decides(),
            changes: &standardised.changes,
        }
    }
}

impl<'c> From<&'c Explanation> for ExplanationV1<'c> {
    fn from(explanation: &'c Explanation) -> Self {
        let contrast = |contrast: &'c Contrast| ContrastV1 {
            column: contrast.column.name(),
            value: &contrast.value,
            bad: contrast.bad,
            others: contrast.others,
            lift: contrast.lift,
            p: contrast.p,
        };
        Self {
            metric: explanation.metric.name(),
            bound: explanation.bound,
            bad: explanation.bad,
            others: explanation.others,
            contrasts: explanation.contrasts.iter().map(contrast).collect(),
        }
    }
}
