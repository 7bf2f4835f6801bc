//! A question to the stored spans that has numbers for an answer. Every store answers it alike.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::period::Period;

use super::column::Column;
use super::filter::{Filter, TimeRange};

/// A question: which spans, grouped how, and what is measured in each group.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceQuery {
    /// What is counted.
    pub level: Level,
    /// When the spans began.
    pub range: TimeRange,
    /// Which spans are meant.
    pub filter: Filter,
    /// The columns of texts that groups share; a span with several labels is in several groups.
    pub group_by: Vec<Column>,
    /// How long a bucket of time is; buckets begin at whole multiples since 1970 in UTC.
    pub bucket: Option<Period>,
    /// What is measured in each group.
    pub measures: Vec<Measure>,
    /// Which groups are kept where there are too many; absent: all of them.
    pub top: Option<Top>,
}

/// What is counted and measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Each span that passes the filter, by itself.
    Span,
    /// Each trace of which a span passes the filter, by the spans that pass it: it begins with the
    /// first of them and lasts until the last one ends; tokens and cost are sums; a text is that of
    /// the earliest of them that has one (equal times: the lowest span id); it has an error if its
    /// root has one, or where the root does not pass, any of them; and it counts in the bucket in
    /// which it begins.
    Trace,
}

/// The groups that are kept: those with the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Top {
    /// The measure that counts, by its index in `measures`.
    pub measure: usize,
    /// How many groups.
    pub limit: usize,
}

/// Something that is measured in a group.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// How many there are.
    Count,
    /// The share that ended with an error.
    ErrorRate,
    /// How many have a value in the column.
    Known(Column),
    /// How many different values the column has.
    Distinct(Column),
    /// The sum of the column's values.
    Sum(Column),
    /// The mean of the column's values, of those that have one.
    Mean(Column),
    /// The value of the column below which a share lies, by the nearest rank: of n values in order
    /// the one at ceil(share × n), counted from 1. The share is above 0 and at most 1.
    Quantile(Column, f64),
}

/// The answer: a row a group, ordered by bucket, then by keys; a missing key comes first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TraceTable {
    /// The rows.
    pub rows: Vec<TraceRow>,
}

impl TraceTable {
    /// The rows in their order; with `top`, those of them with the most, of equal ones the first.
    pub fn of(mut rows: Vec<TraceRow>, top: Option<Top>) -> Self {
        rows.sort_by(|one, other| (one.bucket, &one.keys).cmp(&(other.bucket, &other.keys)));
        if let Some(top) = top {
            keep(&mut rows, top);
        }
        Self { rows }
    }
}

fn keep(rows: &mut Vec<TraceRow>, top: Top) {
    let value = |row: &TraceRow| row.values.get(top.measure).copied().flatten();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(
        |one, other| match (value(&rows[*one]), value(&rows[*other])) {
            (Some(one), Some(other)) => other.total_cmp(&one),
            (one, other) => other.is_some().cmp(&one.is_some()),
        },
    );
    let kept: BTreeSet<usize> = order.into_iter().take(top.limit).collect();
    let mut index = 0..;
    rows.retain(|_| index.next().is_some_and(|index| kept.contains(&index)));
}

/// One group.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRow {
    /// When its bucket begins; absent where the question has no buckets.
    pub bucket: Option<Timestamp>,
    /// Its text in each column of `group_by`; `None`: the spans that have none.
    pub keys: Vec<Option<String>>,
    /// What each of `measures` found; `None`: there is nothing to measure. Durations are in
    /// nanoseconds.
    pub values: Vec<Option<f64>>,
}

/// One span or trace, as far as it is measured: for statistics that need each of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The trace.
    pub trace: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether it ended with an error.
    pub error: bool,
    /// Its text in each column that was asked for.
    pub keys: Vec<Option<String>>,
    /// Its number in each column that was asked for.
    pub values: Vec<Option<f64>>,
}
