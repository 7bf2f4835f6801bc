//! Groups of points that lie near each other, without saying before how many there are.
//!
//! Leaders first (Hartigan, *Clustering Algorithms*, 1975, chapter 3): each point joins the nearest
//! leader that is near enough, or becomes one. Then, as in spherical k-means (Dhillon and Modha,
//! Machine Learning 42, 2001), points move to the nearest middle until none does; groups whose middles
//! are near become one. The same points in the same order give the same groups.

use std::collections::BTreeMap;

use super::vectors::{Vector, cosine, middle};

/// How near points must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    /// To a leader, to join it.
    leader: f64,
    /// To a middle, to be in its group.
    middle: f64,
    /// Two middles to each other, to be one.
    same: f64,
    /// How many words of a middle count, or numbers of a place.
    words: usize,
}

impl Near {
    /// Of points that are made of words.
    pub(super) const BY_WORDS: Self = Self {
        leader: 0.25,
        middle: 0.3,
        same: 0.5,
        words: WORDS,
    };

    /// Of places that a model gives: even texts about different things are not far apart there.
    pub(super) const BY_MEANING: Self = Self {
        leader: 0.5,
        middle: 0.5,
        same: 0.75,
        words: usize::MAX,
    };
}

/// How often points move at most.
const ROUNDS: usize = 10;

/// How many words of a middle count.
pub(super) const WORDS: usize = 50;

/// How many groups are held against each other: the largest.
const MOST_GROUPS: usize = 200;

/// A group of points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// The points in it, by their place.
    pub(super) members: Vec<usize>,
    /// Its middle.
    pub(super) middle: Vector,
}

/// Groups of at least so many points, the largest first.
pub(super) fn groups(vectors: &[Vector], fewest: usize, near: Near) -> Vec<Group> {
    let leaders = leaders(vectors, near);
    let mut groups = settle(vectors, leaders, near);
    // Groups that will be too small take no part in what becomes one.
    groups.retain(|group| group.members.len() >= fewest.div_ceil(2));
    sort(&mut groups);
    groups.truncate(MOST_GROUPS);
    let merged = merge(vectors, groups, near);
    let middles = merged.into_iter().map(|group| group.middle).collect();
    let mut groups = settle(vectors, middles, near);
    groups.retain(|group| group.members.len() >= fewest);
    sort(&mut groups);
    groups
}

/// The largest first.
fn sort(groups: &mut [Group]) {
    groups.sort_by(|one, other| {
        let size = other.members.len().cmp(&one.members.len());
        size.then_with(|| one.members.cmp(&other.members))
    });
}

fn leaders(vectors: &[Vector], near: Near) -> Vec<Vector> {
    let mut index = Index::default();
    for vector in vectors.iter().filter(|vector| !vector.is_empty()) {
        if index.nearest(vector, near.leader).is_none() {
            index.add(vector.clone());
        }
    }
    index.middles
}

/// Moves points to the nearest middle until none moves.
fn settle(vectors: &[Vector], mut middles: Vec<Vector>, near: Near) -> Vec<Group> {
    let mut members: Vec<Vec<usize>> = Vec::new();
    for _ in 0..ROUNDS {
        let mut index = Index::default();
        for middle in middles {
            index.add(middle);
        }
        let mut found = vec![Vec::new(); index.middles.len()];
        for (place, vector) in vectors.iter().enumerate() {
            if let Some(nearest) = index.nearest(vector, near.middle) {
                found[nearest].push(place);
            }
        }
        found.retain(|members| !members.is_empty());
        middles = found
            .iter()
            .map(|members| middle(members.iter().map(|place| &vectors[*place]), near.words))
            .collect();
        let settled = found == members;
        members = found;
        if settled {
            break;
        }
    }
    let groups = members.into_iter().zip(middles);
    groups
        .map(|(members, middle)| Group { members, middle })
        .collect()
}

/// Makes one of groups whose middles are near, the nearest first.
fn merge(vectors: &[Vector], mut groups: Vec<Group>, near: Near) -> Vec<Group> {
    loop {
        let mut best: Option<(f64, usize, usize)> = None;
        for one in 0..groups.len() {
            for other in one + 1..groups.len() {
                let cosine = cosine(&groups[one].middle, &groups[other].middle);
                if cosine >= near.same && best.is_none_or(|(known, ..)| cosine > known) {
                    best = Some((cosine, one, other));
                }
            }
        }
        let Some((_, one, other)) = best else {
            return groups;
        };
        let absorbed = groups.remove(other);
        let group = &mut groups[one];
        group.members.extend(absorbed.members);
        group.members.sort_unstable();
        let members = group.members.iter();
        group.middle = middle(members.map(|place| &vectors[*place]), near.words);
    }
}

/// Middles, found by their words.
#[derive(Default)]
struct Index {
    middles: Vec<Vector>,
    by_word: BTreeMap<usize, Vec<(usize, f64)>>,
}

impl Index {
    fn add(&mut self, middle: Vector) {
        let number = self.middles.len();
        for (word, weight) in &middle {
            self.by_word
                .entry(*word)
                .or_default()
                .push((number, *weight));
        }
        self.middles.push(middle);
    }

    /// The nearest middle that is at least so near; of equal ones the first.
    fn nearest(&self, vector: &Vector, near: f64) -> Option<usize> {
        let mut sums = vec![0.0; self.middles.len()];
        for (word, weight) in vector {
            for (number, other) in self.by_word.get(word).into_iter().flatten() {
                sums[*number] += weight * other;
            }
        }
        let mut best: Option<(usize, f64)> = None;
        for (number, sum) in sums.into_iter().enumerate() {
            if sum >= near && best.is_none_or(|(_, known)| sum > known) {
                best = Some((number, sum));
            }
        }
        best.map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::vectors;
    use super::*;

    const KINDS: [[&str; 4]; 3] = [
        [
            "I was charged twice, please refund one payment",
            "Refund please: my card was charged twice",
            "You charged me twice. I want a refund of the payment",
            "please refund the second payment, I was charged twice",
        ],
        [
            "Where is my parcel? The delivery is late",
            "my parcel is late, where is the delivery",
            "The delivery of my parcel is a week late",
            "late delivery: where is my parcel now",
        ],
        [
            "please add a dark theme to the app",
            "a dark theme for the app, please",
            "the app needs a dark theme",
            "is there a dark theme for the app",
        ],
    ];

    fn texts() -> Vec<&'static str> {
        (0..4)
            .flat_map(|index| KINDS.map(|kind| kind[index]))
            .collect()
    }

    #[test]
    fn texts_about_one_thing_are_one_group() {
        let texts = texts();
        let (_, vectors) = vectors(&texts);
        let groups = groups(&vectors, 3, Near::BY_WORDS);
        let members: Vec<Vec<usize>> = groups.into_iter().map(|group| group.members).collect();
        assert_eq!(
            members,
            [vec![0, 3, 6, 9], vec![1, 4, 7, 10], vec![2, 5, 8, 11]]
        );
    }

    #[test]
    fn few_texts_and_texts_about_nothing_else_are_no_group() {
        let mut texts = texts();
        texts.extend(["", "7", "xylophone zeppelin"]);
        let (_, vectors) = vectors(&texts);
        assert_eq!(groups(&vectors, 3, Near::BY_WORDS).len(), 3);
        assert_eq!(groups(&vectors, 5, Near::BY_WORDS), []);
        assert_eq!(groups(&[], 1, Near::BY_WORDS), []);
    }
}
