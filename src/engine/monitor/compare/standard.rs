//! The comparison with the traffic mixed alike on both sides: what is left of a change is not due to
//! other requests.

use std::collections::BTreeMap;

use crate::domain::monitor::Change;
use crate::domain::trace::column::Column;
use crate::engine::monitor::sample::Sample;
use crate::engine::statistics::of_count;

use super::mix::Shift;
use super::numbers::{Tested, Window, changes};
use super::{CompareRequest, MIXED, SORTS};

/// The fewest traces of a sort that both sides must have.
const FEWEST: u64 = 5;

/// The share of both windows that must be of sorts which both have, for the numbers to stand for them.
const WELL_COVERED: f64 = 0.8;

/// The numbers of both windows as if each sort of request had come as often in both.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardised {
    /// The columns that tell the sorts apart.
    pub columns: Vec<Column>,
    /// The share of the traces that are of a sort which both windows have, before and after.
    pub covered: [f64; 2],
    /// How each number moved.
    pub changes: Vec<Change>,
}

impl Standardised {
    /// Whether so much of both windows is of sorts that both have that these numbers decide.
    pub fn decides(&self) -> bool {
        self.covered.iter().all(|share| *share >= WELL_COVERED)
    }
}

/// The standardised comparison; absent where no sort of request comes more or less often than before,
/// or the windows have none in common.
///
/// Direct standardisation: each sort weighs the mean of its two shares, and each trace its part of
/// the weight of its sort.
pub(super) fn standardised(
    request: &CompareRequest,
    tested: &[Tested],
    windows: &[Window; 2],
    mix: &[Shift],
) -> Option<Standardised> {
    let changed = mix.iter().filter(|shift| shift.changed);
    let columns: Vec<Column> = changed
        .map(|shift| shift.column.clone())
        .filter(|column| SORTS.contains(column))
        .collect();
    if columns.is_empty() {
        return None;
    }
    let places: Vec<usize> = MIXED
        .iter()
        .enumerate()
        .filter(|(_, column)| columns.contains(column))
        .map(|(place, _)| place)
        .collect();
    let sorts = [0, 1].map(|side: usize| sorts(&windows[side].sample, &places));
    let weights = weights(&sorts)?;
    let covered = weights.each_ref().map(|weights| {
        let within = weights.iter().filter(|weight| **weight > 0.0).count();
        of_count(within as u64) / of_count(weights.len() as u64)
    });
    Some(Standardised {
        changes: changes(request, tested, windows, &weights, true),
        columns,
        covered,
    })
}

/// The sort of each trace.
fn sorts<'s>(sample: &'s Sample, places: &[usize]) -> Vec<Vec<Option<&'s str>>> {
    let sort = |items: &'s Vec<_>| {
        let key = |place: &usize| {
            let item: &crate::engine::monitor::sample::Item = items.first()?;
            item.keys.get(*place)?.as_deref()
        };
        places.iter().map(key).collect()
    };
    sample.traces.iter().map(sort).collect()
}

/// The weights of the traces of both sides; `None` where they have no sort in common.
fn weights<S: Ord>(sorts: &[Vec<S>; 2]) -> Option<[Vec<f64>; 2]> {
    let mut counts: BTreeMap<&S, [u64; 2]> = BTreeMap::new();
    for (side, sorts) in sorts.iter().enumerate() {
        for sort in sorts {
            counts.entry(sort).or_default()[side] += 1;
        }
    }
    counts.retain(|_, counts| counts.iter().all(|count| *count >= FEWEST));
    if counts.is_empty() {
        return None;
    }
    let totals = [0, 1].map(|side: usize| of_count(sorts[side].len() as u64));
    let weight = |sort: &S, side: usize| {
        let Some(counts) = counts.get(sort) else {
            return 0.0;
        };
        let shares = [0, 1].map(|side: usize| of_count(counts[side]) / totals[side]);
        f64::midpoint(shares[0], shares[1]) / shares[side]
    };
    Some([0, 1].map(|side: usize| {
        let sorts = sorts[side].iter();
        sorts.map(|sort| weight(sort, side)).collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_weigh_alike_on_both_sides_however_many_traces_they_have() {
        let before: Vec<&str> = [vec!["a"; 80], vec!["b"; 20]].concat();
        let after: Vec<&str> = [vec!["a"; 20], vec!["b"; 60], vec!["new"; 20]].concat();
        let [first, second] = weights(&[before.clone(), after.clone()]).unwrap();
        let sum = |sorts: &[&str], weights: &[f64], wanted: &str| -> f64 {
            let both = sorts.iter().zip(weights);
            both.filter(|(sort, _)| **sort == wanted)
                .map(|(_, weight)| weight)
                .sum()
        };
        for (sort, expected) in [("a", 50.0), ("b", 40.0), ("new", 0.0)] {
            for (sorts, weights) in [(&before, &first), (&after, &second)] {
                assert!(
                    (sum(sorts, weights, sort) - expected).abs() < 1e-9,
                    "{sort}"
                );
            }
        }
    }

    #[test]
    fn windows_with_nothing_in_common_cannot_be_standardised() {
        assert_eq!(weights(&[vec!["a"; 50], vec!["b"; 50]]), None);
        assert_eq!(weights(&[vec!["a"; 50], vec!["a"; 4]]), None);
    }
}
