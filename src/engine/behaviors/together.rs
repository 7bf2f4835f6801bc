//! Which behaviors stand in the same traces.

use crate::domain::behavior::Together;
use crate::domain::id::BehaviorId;
use crate::engine::statistics::of_count;

use super::sightings::Traces;

/// How much two behaviors overlap at least, of the traces that have one or the other.
const LEAST: f64 = 0.2;

/// How many others are kept of each.
const KEPT: usize = 5;

/// A set of traces, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn of(traces: &Traces) -> Self {
        const WIDTH: usize = 64;
        let most = traces
            .last_key_value()
            .map_or(0, |(place, _)| place / WIDTH + 1);
        let mut words = vec![0; most];
        for place in traces.keys() {
            words[place / WIDTH] |= 1 << (place % WIDTH);
        }
        Self(words)
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many traces are in both, and in one or the other.
    pub(super) fn overlap(&self, other: &Self) -> (u64, u64) {
        let words = self.0.iter().zip(&other.0);
        let both = words
            .map(|(one, two)| u64::from((one & two).count_ones()))
            .sum();
        (both, self.count() + other.count() - both)
    }

    /// The share of the traces with one or the other that have both (Jaccard's index).
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        match self.overlap(other) {
            (_, 0) => 0.0,
            (both, either) => of_count(both) / of_count(either),
        }
    }
}

/// For each behavior the others that stand in the same traces, the closest first.
pub(super) fn together(behaviors: &[(BehaviorId, Bits)]) -> Vec<Vec<Together>> {
    let of_one = |(id, bits): &(BehaviorId, Bits)| {
        let others = behaviors.iter().filter(|(other, _)| other != id);
        let mut close: Vec<(f64, Together)> = others
            .map(|(other, others)| {
                let (both, either) = bits.overlap(others);
                let found = Together {
                    behavior: other.clone(),
                    both,
                    either,
                };
                (bits.likeness(others), found)
            })
            .filter(|(likeness, _)| *likeness >= LEAST)
            .collect();
        close.sort_by(|one, other| {
            let closer = other.0.total_cmp(&one.0);
            closer.then_with(|| one.1.behavior.cmp(&other.1.behavior))
        });
        close.into_iter().take(KEPT).map(|(_, it)| it).collect()
    };
    behaviors.iter().map(of_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::behaviors::sightings::Sighting;

    fn bits(places: &[usize]) -> Bits {
        let sighting = Sighting {
            span: String::new(),
            subject: None,
        };
        let traces = places.iter().map(|place| (*place, sighting.clone()));
        Bits::of(&traces.collect())
    }

    #[test]
    fn behaviors_of_the_same_traces_are_told_the_closest_first() {
        let id = |text: &str| BehaviorId::new(text).unwrap();
        let found = together(&[
            (id("a"), bits(&[1, 2, 3, 200])),
            (id("b"), bits(&[1, 2, 3])),
            (id("c"), bits(&[3, 4])),
            (id("d"), bits(&[])),
        ]);
        let named = |index: usize| -> Vec<(String, u64, u64)> {
            let found = found[index].iter();
            found
                .map(|it| (it.behavior.to_string(), it.both, it.either))
                .collect()
        };
        assert_eq!(named(0), [("b".to_owned(), 3, 4), ("c".to_owned(), 1, 5)]);
        assert_eq!(named(3), []);
    }
}
