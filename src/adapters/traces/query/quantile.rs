//! The numbers at the ranks of shares, exactly.
//!
//! Where all numbers fit into memory, the ones at the ranks are selected among them. Where they do not,
//! the numbers are read several times: each time says in which part of the number line a rank is, until
//! the part is a number.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread::{self, ScopedJoinHandle};

/// How many bits one more reading tells at most: six readings tell all.
const STEP: u32 = 11;

/// For each sum, group and share the number at its rank.
pub(super) struct Quantiles(Vec<Vec<Vec<Option<f64>>>>);

impl Quantiles {
    /// None yet, for so many sums.
    pub(super) fn new(sums: usize) -> Self {
        Self(vec![Vec::new(); sums])
    }

    /// Those of one sum.
    pub(super) fn set(&mut self, sum: usize, groups: Vec<Vec<Option<f64>>>) {
        self.0[sum] = groups;
    }

    /// The number at the rank of a share, by its place among the shares.
    pub(super) fn get(&self, sum: usize, group: usize, share: usize) -> Option<f64> {
        let shares = self.0.get(sum)?.get(group)?;
        shares.get(share).copied().flatten()
    }
}

/// The numbers at the ranks of shares in each group.
pub(super) fn of_each(groups: Vec<Vec<f64>>, shares: &[f64]) -> Vec<Vec<Option<f64>>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let total: usize = groups.iter().map(Vec::len).sum();
    let share_of_work = total.div_ceil(threads).max(1);
    let mut parts: Vec<Vec<Vec<f64>>> = vec![Vec::new()];
    let mut size = 0;
    for group in groups {
        size += group.len();
        parts.last_mut().expect("there is one").push(group);
        if size >= share_of_work {
            parts.push(Vec::new());
            size = 0;
        }
    }
    thread::scope(|scope| {
        let selected = parts.into_iter().map(|groups| {
            scope.spawn(|| {
                let groups = groups.into_iter();
                groups
                    .map(|values| select(values, shares))
                    .collect::<Vec<_>>()
            })
        });
        let selected: Vec<_> = selected.collect();
        let results = selected.into_iter().map(ScopedJoinHandle::join);
        results
            .flat_map(|result| result.expect("selecting does not panic"))
            .collect()
    })
}

/// The numbers at the ranks of shares; `None` where there are no numbers.
fn select(mut values: Vec<f64>, shares: &[f64]) -> Vec<Option<f64>> {
    if values.is_empty() {
        return vec![None; shares.len()];
    }
    let mut ranks: Vec<(usize, usize)> = shares
        .iter()
        .map(|share| rank(*share, values.len()))
        .enumerate()
        .map(|(place, rank)| (rank, place))
        .collect();
    ranks.sort_unstable();
    let mut found = vec![None; shares.len()];
    // What is selected first divides the numbers, so that the next search has fewer to look at.
    let mut rest = values.as_mut_slice();
    for (rank, place) in ranks.into_iter().rev() {
        let (below, value, _) = rest.select_nth_unstable_by(rank, f64::total_cmp);
        found[place] = Some(*value);
        let length = below.len() + 1;
        rest = &mut rest[..length];
    }
    found
}

/// The rank of a share among so many numbers, counted from 0.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count is between 0 and the count, which is below 2^52"
)]
fn rank(share: f64, count: usize) -> usize {
    let rank = (share * count as f64).ceil() as usize;
    rank.clamp(1, count) - 1
}

/// The place of a number on the number line.
fn place_of(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | (1 << 63)
    }
}

/// The number at a place on the number line.
fn number_at(place: u64) -> f64 {
    f64::from_bits(if place >> 63 == 1 {
        place & !(1 << 63)
    } else {
        !place
    })
}

/// Looks for the numbers at the ranks of shares in one group, in several readings.
pub(super) struct Search {
    /// For each share the rank that is left to count, among the numbers of its part.
    ranks: Vec<usize>,
    /// For each share the part of the number line that its rank is in: the leading bits.
    parts: Vec<u64>,
    /// How many leading bits are known.
    known: u32,
    /// How many numbers there are in each part, by the next bits.
    counts: BTreeMap<u64, usize>,
    /// Whether there are no numbers at all.
    empty: bool,
}

impl Search {
    /// A search among so many numbers.
    pub(super) fn new(shares: &[f64], count: usize) -> Self {
        Self {
            ranks: shares
                .iter()
                .map(|share| rank(*share, count.max(1)))
                .collect(),
            parts: vec![0; shares.len()],
            known: 0,
            counts: BTreeMap::new(),
            empty: count == 0,
        }
    }

    /// The part that a number counts in; `None`: in none that matters.
    pub(super) fn part_of(&self, number: f64) -> Option<u64> {
        let place = place_of(number);
        let known = place.checked_shr(64 - self.known).unwrap_or(0);
        let more = place >> (64 - self.known - self.step());
        self.parts.contains(&known).then_some(more)
    }

    /// How many bits this reading tells.
    fn step(&self) -> u32 {
        STEP.min(64 - self.known)
    }

    /// Counts numbers in a part.
    pub(super) fn count(&mut self, part: u64, numbers: usize) {
        *self.counts.entry(part).or_default() += numbers;
    }

    /// Ends a reading: the parts become smaller.
    pub(super) fn narrow(&mut self) {
        let counts = std::mem::take(&mut self.counts);
        let step = self.step();
        for (rank, part) in self.ranks.iter_mut().zip(&mut self.parts) {
            let first = *part << step;
            for (smaller, count) in counts.range(first..=first | ((1 << step) - 1)) {
                if *rank < *count {
                    *part = *smaller;
                    break;
                }
                *rank -= count;
            }
        }
        self.known += step;
    }

    /// Whether the numbers are found.
    pub(super) fn is_done(&self) -> bool {
        self.known == 64
    }

    /// The numbers, when they are found.
    pub(super) fn found(&self) -> Vec<Option<f64>> {
        let numbers = self.parts.iter();
        numbers
            .map(|part| (!self.empty).then(|| number_at(*part)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rank_is_the_nearest_one() {
        let values = || vec![10.0, 20.0, 30.0, 40.0];
        let at = |share| select(values(), &[share])[0];
        assert_eq!(
            [at(0.25), at(0.26), at(0.5), at(0.51)],
            [10.0, 20.0, 20.0, 30.0].map(Some)
        );
        assert_eq!([at(1e-9), at(1.0)], [10.0, 40.0].map(Some));
        assert_eq!(select(Vec::new(), &[0.5]), [None]);
    }

    #[test]
    fn the_number_line_has_every_number_in_its_place() {
        let numbers = [f64::MIN, -1.5, -0.0, 0.0, 1e-300, 1.5, f64::MAX];
        for pair in numbers.windows(2) {
            assert!(place_of(pair[0]) < place_of(pair[1]), "{pair:?}");
        }
        for number in numbers {
            assert_eq!(number_at(place_of(number)).to_bits(), number.to_bits());
        }
    }

    proptest! {
        #[test]
        fn reading_often_finds_what_keeping_all_finds(
            values in prop::collection::vec(-1e3..1e3_f64, 1..200),
            shares in prop::collection::vec(0.001..=1.0_f64, 1..4),
        ) {
            let mut search = Search::new(&shares, values.len());
            while !search.is_done() {
                for part in values.iter().filter_map(|it| search.part_of(*it)).collect::<Vec<_>>() {
                    search.count(part, 1);
                }
                search.narrow();
            }
            prop_assert_eq!(search.found(), select(values, &shares));
        }
    }
}
