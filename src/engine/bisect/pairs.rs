//! What a version showed row by row, and two versions beside each other on the rows that both have a
//! verdict for.

use std::collections::BTreeMap;

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::evaluator::Grade;
use crate::domain::id::EvaluatorId;
use crate::domain::run::{CaseErrorKind, CaseResult};
use crate::engine::statistics::{Shown, interval_of_rows, of_count};

/// What a version showed on some rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    /// The rows.
    pub rows: Vec<ObservedRow>,
    /// Why the version cannot be tested, whatever the rows.
    pub problem: Option<String>,
}

/// What a version showed on one row.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedRow {
    /// The row.
    pub row: ShortDigest,
    /// What the row belongs to.
    pub cluster: Option<ShortDigest>,
    /// The share of repeats that passed; absent: there is no verdict, because an answer is not known.
    pub rate: Option<f64>,
}

/// Two versions on the same rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Rows that both have a verdict for.
    pub rows: u64,
    /// Groups of them that are not independent; absent: every row stands for itself.
    pub clusters: Option<u64>,
    /// The mean pass rates of the rows that are compared.
    pub rates: [f64; 2],
    /// What the differences show, at the level of one look.
    pub shown: Shown,
}

impl Observation {
    /// What the cases of one test show by one evaluator. A case whose prompt cannot be rendered is one
    /// that fails; a case whose answer, or whose judge's answer, is not known shows nothing.
    pub fn of(cases: &[CaseResult], evaluator: &EvaluatorId) -> Self {
        let mut rows: BTreeMap<ShortDigest, Vec<&CaseResult>> = BTreeMap::new();
        for case in cases {
            rows.entry(case.row_digest.shortened())
                .or_default()
                .push(case);
        }
        let rows: Vec<ObservedRow> = rows
            .into_iter()
            .map(|(row, cases)| ObservedRow {
                row,
                cluster: cluster(cases[0]),
                rate: rate(&cases, evaluator),
            })
            .collect();
        Self {
            problem: unusable(cases),
            rows,
        }
    }

    /// A version that cannot be tested.
    pub fn impossible(problem: impl Into<String>) -> Self {
        Self {
            rows: Vec::new(),
            problem: Some(problem.into()),
        }
    }
}

fn cluster(case: &CaseResult) -> Option<ShortDigest> {
    let name = case.cluster.as_ref()?;
    Some(Digest::of(name.as_bytes()).shortened())
}

fn rate(cases: &[&CaseResult], evaluator: &EvaluatorId) -> Option<f64> {
    if cases.iter().any(|case| case.provider_error().is_some()) {
        return None;
    }
    let grades = cases.iter().map(|case| case.grades.get(evaluator));
    let passed = grades.filter(|graded| graded.is_some_and(|it| it.grade == Grade::Pass));
    Some(of_count(passed.count() as u64) / of_count(cases.len() as u64))
}

/// Why no case says anything about the version: none can be rendered, or none is answered.
fn unusable(cases: &[CaseResult]) -> Option<String> {
    let first = cases.first()?.answer.as_ref().err()?;
    let alike = |case: &CaseResult| matches!(&case.answer, Err(error) if error.kind == first.kind);
    if !cases.iter().all(alike) {
        return None;
    }
    match first.kind {
        CaseErrorKind::Render => Some(format!("no row fits the prompt: {}", first.message)),
        CaseErrorKind::Provider => Some(format!("no row is answered: {}", first.message)),
        CaseErrorKind::NotRecorded | CaseErrorKind::Stopped => None,
    }
}

impl Compared {
    /// Sets two versions beside each other; `None` where no row has a verdict of both.
    pub fn new(
        before: &BTreeMap<ShortDigest, ObservedRow>,
        after: &BTreeMap<ShortDigest, ObservedRow>,
        alpha: f64,
    ) -> Option<Self> {
        let pairs = before.iter().filter_map(|(row, before)| {
            let after = after.get(row)?;
            Some((before.cluster, [before.rate?, after.rate?]))
        });
        let pairs: Vec<_> = pairs.collect();
        let count = pairs.len();
        if count == 0 {
            return None;
        }
        let differences = pairs
            .iter()
            .map(|(cluster, [before, after])| (*cluster, after - before));
        let (interval, clusters) = interval_of_rows(differences, alpha);
        let mean = |side: usize| {
            let sum: f64 = pairs.iter().map(|(_, rates)| rates[side]).sum();
            sum / of_count(count as u64)
        };
        let rates = [mean(0), mean(1)];
        Some(Self {
            rows: count as u64,
            clusters,
            rates,
            shown: Shown {
                interval,
                mean: rates[1] - rates[0],
            },
        })
    }
}
