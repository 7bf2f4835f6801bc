//! How often the same cases passed in two runs, and between which ends the true difference lies.

use std::collections::BTreeMap;

use crate::domain::id::EvaluatorId;
use crate::engine::statistics::{Interval, interval_of_rows};

use super::slices::SliceBy;

/// How likely each end of an interval may be wrong.
const ALPHA: f64 = 0.05;

/// How one evaluator graded before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedRates {
    /// Cases that passed, before and after.
    pub passed: [u64; 2],
    /// Cases in all.
    pub total: u64,
    /// Where the difference of the rates lies: each end is wrong in one of twenty. Absent without
    /// rows.
    pub interval: Option<Interval>,
    /// Groups of rows that are not independent; absent: every row stands for itself.
    pub clusters: Option<u64>,
}

/// How one evaluator graded one part of the cases before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedSlice {
    /// What cases are sliced by.
    pub by: SliceBy,
    /// The tag or value; absent: rows that have none.
    pub value: Option<String>,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// The rates.
    pub rates: ComparedRates,
}

/// Counts cases one by one.
#[derive(Default)]
pub(super) struct RateCounter<'c> {
    passed: [u64; 2],
    total: u64,
    rows: BTreeMap<&'c str, CountedRow<'c>>,
}

/// One row over its repeats.
#[derive(Default)]
struct CountedRow<'c> {
    cluster: Option<&'c str>,
    passes_more: i32,
    repeats: u32,
}

impl<'c> RateCounter<'c> {
    /// Adds a case: its row, what the row belongs to, and whether it passed before and after.
    pub(super) fn add(&mut self, row: &'c str, cluster: Option<&'c str>, passes: [bool; 2]) {
        self.total += 1;
        for (sum, passes) in self.passed.iter_mut().zip(passes) {
            *sum += u64::from(passes);
        }
        let row = self.rows.entry(row).or_default();
        row.cluster = cluster;
        row.passes_more += i32::from(passes[1]) - i32::from(passes[0]);
        row.repeats += 1;
    }

    /// The rates of what was added.
    pub(super) fn finish(self) -> ComparedRates {
        let differences = self.rows.values().map(|row| {
            let mean = f64::from(row.passes_more) / f64::from(row.repeats);
            (row.cluster, mean)
        });
        let (interval, clusters) = interval_of_rows(differences, ALPHA);
        ComparedRates {
            passed: self.passed,
            total: self.total,
            interval: (self.total > 0).then_some(interval),
            clusters,
        }
    }
}
