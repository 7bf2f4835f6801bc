//! What an evaluation could show, before it is made: the smallest margin that the rows at hand can
//! prove, and what a smaller one would take.

use crate::domain::id::EvaluatorId;
use crate::domain::lane::GatePolicy;
use crate::engine::statistics::{Design, MIXED_ROWS_VARIANCE};

use super::plan::PlannedSuite;
use super::preview::SuitePreview;
use super::summary::SuiteSummary;

/// What the evaluation of one suite could show.
#[derive(Debug, Clone, PartialEq)]
pub struct Prospect {
    /// Rows that gate.
    pub rows: u64,
    /// Clusters that they fall into, where there are fewer than rows.
    pub clusters: Option<u64>,
    /// How often each row is tested.
    pub repeats: u32,
    /// Where the part of chance is known from.
    pub chance: Chance,
    /// The smallest margin that can be shown if no row changes its grade.
    pub at_best: f64,
    /// The smallest margin that a version which is as good is shown to keep four times in five.
    pub expected: f64,
    /// What the policy's margin takes; absent: the policy has none.
    pub wanted: Option<Wanted>,
}

/// Where the part of chance in the grades is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chance {
    /// There is none: the same question gets the same answer and the same grade.
    None,
    /// From the repeats of an earlier run.
    Measured,
    /// Nothing was measured; nine rows in ten are taken to be stable.
    Assumed,
}

impl Chance {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Measured => "measured",
            Self::Assumed => "assumed",
        }
    }
}

/// What a margin takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// The margin.
    pub margin: f64,
    /// The rows that it takes with as many repeats; absent: more than anybody has.
    pub rows: Option<u64>,
    /// The repeats that it takes with as many rows; absent: no number is enough.
    pub repeats: Option<u32>,
}

/// What a suite could show under a policy. `earlier` is the newest finished run of the suite.
pub fn prospect(
    planned: &PlannedSuite,
    preview: &SuitePreview,
    earlier: Option<&SuiteSummary>,
    policy: &GatePolicy,
) -> Prospect {
    let (chance, variance_within_rows) = chance(planned, earlier);
    let design = Design {
        rows: preview.clusters,
        repeats: planned.suite.repeats,
        variance_within_rows,
        alpha: policy.alpha(),
    };
    let at_best = Design {
        variance_within_rows: 0.0,
        ..design
    };
    Prospect {
        rows: preview.gating_rows,
        clusters: (preview.clusters < preview.gating_rows).then_some(preview.clusters),
        repeats: design.repeats,
        chance,
        at_best: at_best.provable_margin(),
        expected: design.provable_margin(),
        wanted: policy.margin.map(|margin| Wanted {
            margin,
            rows: design.rows_for(margin),
            repeats: design.repeats_for(margin),
        }),
    }
}

impl Prospect {
    /// Whether the policy's margin can be expected to be shown; absent: it has none.
    pub fn shows_margin(&self) -> Option<bool> {
        self.wanted.map(|wanted| self.expected < wanted.margin)
    }
}

/// The mean over rows of p·(1 − p), of the blocking evaluator that varies most.
fn chance(planned: &PlannedSuite, earlier: Option<&SuiteSummary>) -> (Chance, f64) {
    if planned.by_chance().is_disjoint(&planned.blocking) {
        return (Chance::None, 0.0);
    }
    let Some(earlier) = earlier.filter(|_| planned.suite.repeats > 1) else {
        return (Chance::Assumed, MIXED_ROWS_VARIANCE);
    };
    let blocking = planned.blocking.iter();
    let variances = blocking.map(|evaluator| variance_within_rows(earlier, evaluator));
    (Chance::Measured, variances.fold(0.0, f64::max))
}

/// The mean over rows of p̂·(1 − p̂)·K/(K − 1), which estimates p·(1 − p) without bias.
fn variance_within_rows(summary: &SuiteSummary, evaluator: &EvaluatorId) -> f64 {
    let repeated = |cases: u32| f64::from(cases) / f64::from(cases - 1);
    let rows = summary.rows.by_row();
    let repeats = rows.iter().filter(|row| row.gates() && row.cases() > 1);
    let (count, sum) = repeats.fold((0.0, 0.0), |(count, sum), row| {
        let rate = f64::from(row.passed(evaluator)) / f64::from(row.cases());
        (
            count + 1.0,
            sum + rate * (1.0 - rate) * repeated(row.cases()),
        )
    });
    if count > 0.0 { sum / count } else { 0.0 }
}
