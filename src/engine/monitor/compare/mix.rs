//! Whether the traffic is still the same traffic: a number can move because other requests came.

use std::collections::BTreeMap;

use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::{Measure, Top, TraceQuery};
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::figures::whole;
use crate::engine::ports::traces::TraceStore;
use crate::engine::statistics::{association, holm, of_count};

use super::{CompareRequest, MIXED};

/// How likely a mix that did not move is called moved, over all columns.
const LEVEL: f64 = 0.01;

/// A mix of which less than this share moved is called the same.
const SLIGHT: f64 = 0.02;

/// How many values of a column are told apart; the rest count as one.
const MOST_VALUES: usize = 200;

/// A value that is expected less often than this is put together with others like it.
const RARE: f64 = 5.0;

/// How many values are shown.
const SHOWN: usize = 5;

/// How the traffic moved in one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// The column.
    pub column: Column,
    /// The share of the traffic that went over to other values.
    pub moved: f64,
    /// The probability of such a difference, or a greater one, where the mix is the same.
    pub p: f64,
    /// Whether the mix is another.
    pub changed: bool,
    /// The values whose shares moved most.
    pub shares: Vec<Share>,
}

/// The share of the traffic that has a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The value; `None`: what has none.
    pub value: Option<String>,
    /// Its share before and after.
    pub shares: [f64; 2],
}

type Counts = BTreeMap<Option<String>, [u64; 2]>;

/// How the traffic moved. A column in which everything has one value is left out.
pub(super) fn shifts(
    store: &dyn TraceStore,
    request: &CompareRequest,
) -> Result<Vec<Shift>, MonitorError> {
    let mut shifts = Vec::new();
    for column in MIXED {
        let mut counts = Counts::new();
        for (side, range) in [request.before, request.after].into_iter().enumerate() {
            for (value, count) in counted(store, request, range, &column)? {
                counts.entry(value).or_default()[side] += count;
            }
        }
        shifts.extend(shift(column, &counts));
    }
    let p_values: Vec<f64> = shifts.iter().map(|shift| shift.p).collect();
    for (shift, rejected) in shifts.iter_mut().zip(holm(&p_values, LEVEL)) {
        shift.changed = rejected && shift.moved >= SLIGHT;
    }
    Ok(shifts)
}

fn counted(
    store: &dyn TraceStore,
    request: &CompareRequest,
    range: TimeRange,
    column: &Column,
) -> Result<Vec<(Option<String>, u64)>, MonitorError> {
    let table = store.aggregate(&TraceQuery {
        level: request.level,
        range,
        filter: request.filter.clone(),
        group_by: vec![column.clone()],
        bucket: None,
        measures: vec![Measure::Count],
        top: Some(Top {
            measure: 0,
            limit: MOST_VALUES,
        }),
    })?;
    let rows = table.rows.into_iter();
    let counted = rows.map(|row| {
        let value = row.keys.into_iter().next().flatten();
        (value, whole(row.values.first().copied().flatten()))
    });
    Ok(counted.collect())
}

fn shift(column: Column, counts: &Counts) -> Option<Shift> {
    let pooled = pooled(counts);
    let [before, after] = [0, 1].map(|side: usize| {
        let counts = pooled.iter().map(|counts| counts[side]);
        counts.collect::<Vec<u64>>()
    });
    let found = association(&before, &after)?;
    let totals = totals(counts);
    let mut shares: Vec<Share> = counts
        .iter()
        .map(|(value, counts)| Share {
            value: value.clone(),
            shares: [0, 1].map(|side: usize| of_count(counts[side]) / totals[side]),
        })
        .collect();
    let moved = |share: &Share| (share.shares[1] - share.shares[0]).abs();
    shares.sort_by(|one, other| moved(other).total_cmp(&moved(one)));
    shares.truncate(SHOWN);
    Some(Shift {
        column,
        moved: found.moved,
        p: found.p,
        changed: false,
        shares,
    })
}

fn totals(counts: &Counts) -> [f64; 2] {
    [0, 1].map(|side: usize| of_count(counts.values().map(|counts| counts[side]).sum()))
}

/// The counts with rare values put together: the test is about large numbers.
fn pooled(counts: &Counts) -> Vec<[u64; 2]> {
    let totals = totals(counts);
    let all = totals[0] + totals[1];
    let is_rare = |counts: &[u64; 2]| {
        let both = of_count(counts[0] + counts[1]);
        totals.iter().any(|total| both * total / all < RARE)
    };
    let mut pooled = Vec::new();
    let mut rare = [0, 0];
    for counts in counts.values() {
        if is_rare(counts) {
            rare = [rare[0] + counts[0], rare[1] + counts[1]];
        } else {
            pooled.push(*counts);
        }
    }
    pooled.push(rare);
    pooled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rows: &[(&str, u64, u64)]) -> Counts {
        let rows = rows.iter();
        rows.map(|(value, before, after)| (Some((*value).to_owned()), [*before, *after]))
            .collect()
    }

    #[test]
    fn the_value_that_moved_most_comes_first() {
        let moved = shift(
            Column::Route,
            &counts(&[
                ("/help", 400, 100),
                ("/tickets", 500, 800),
                ("/x", 100, 100),
            ]),
        )
        .unwrap();
        assert!(moved.p < 1e-9);
        assert!((moved.moved - 0.3).abs() < 1e-9);
        assert_eq!(moved.shares[0].value.as_deref(), Some("/help"));
        assert!((moved.shares[0].shares[0] - 0.4).abs() < 1e-9);
    }

    #[test]
    fn many_rare_values_are_one_value() {
        let mut all = counts(&[("/tickets", 1_000, 1_000)]);
        for index in 0..100 {
            let sides = if index % 2 == 0 { [1, 0] } else { [0, 1] };
            all.insert(Some(format!("/t/{index}")), sides);
        }
        assert_eq!(pooled(&all).len(), 2);
        let moved = shift(Column::Route, &all).unwrap();
        assert!(moved.p > 0.9, "{moved:?}");
    }

    #[test]
    fn one_value_has_no_mix() {
        assert_eq!(shift(Column::Lane, &counts(&[("production", 5, 7)])), None);
        assert_eq!(shift(Column::Lane, &Counts::new()), None);
    }
}
