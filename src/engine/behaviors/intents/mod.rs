//! The third detector: texts of users that share their words, and which group is which behavior.

mod clusters;
mod vectors;

use crate::domain::behavior::Term;
use crate::engine::traces::search::meaning::Place;

use clusters::{Near, WORDS, groups};
use vectors::{Vector, cosine, middle, unit, vectors};

use super::reading::Reading;

/// How many words of a group are kept.
const TERMS: usize = 12;

/// How many words a group is named by.
const NAMED_BY: usize = 3;

/// How many texts of a group show it best.
const BEST: usize = 5;

/// How much the words of two groups overlap that are one behavior.
const SAME: f64 = 0.5;

/// How much they overlap where it is still what it was.
const UNCHANGED: f64 = 0.8;

/// A group of texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Intent {
    /// The traces whose users say so, by their place.
    pub(super) traces: Vec<usize>,
    /// Those of them that are nearest to the middle, the nearest first.
    pub(super) best: Vec<usize>,
    /// Its words, the heaviest first.
    pub(super) terms: Vec<Term>,
}

impl Intent {
    /// What it is called when it is found.
    pub(super) fn signature(&self) -> String {
        let words = self.terms.iter().take(NAMED_BY);
        let words: Vec<&str> = words.map(|term| term.word.as_str()).collect();
        words.join(" ")
    }
}

/// The groups of what users ask first in each trace. They are compared by their words, or by the places that
/// a model gives them; named they are by their words.
pub(super) fn intents(reading: &Reading, fewest: usize, places: Option<&[Place]>) -> Vec<Intent> {
    let (traces, texts) = asked(reading);
    let (vocabulary, words) = vectors(&texts);
    let grouping = Grouping {
        traces: &traces,
        words: &words,
        vocabulary: &vocabulary.0,
    };
    let Some(places) = places else {
        return grouping.intents(groups(&words, fewest, Near::BY_WORDS), &words);
    };
    let points: Vec<Vector> = places.iter().map(point).collect();
    grouping.intents(groups(&points, fewest, Near::BY_MEANING), &points)
}

/// What users ask first, and in which traces.
pub(super) fn asked(reading: &Reading) -> (Vec<usize>, Vec<&str>) {
    let traces = reading.traces.iter().enumerate();
    let asked = traces.filter_map(|(place, it)| {
        let text = it.spans.iter().find_map(|span| span.asked.as_deref());
        Some((place, text?))
    });
    asked.unzip()
}

/// A place as a point. What is no number lies nowhere.
fn point(place: &Place) -> Vector {
    let numbers = place.iter().copied().enumerate();
    unit(numbers.filter(|(_, number)| number.is_finite()).collect())
}

/// What groups are made of.
struct Grouping<'g> {
    traces: &'g [usize],
    words: &'g [Vector],
    vocabulary: &'g [String],
}

impl Grouping<'_> {
    fn intents(&self, groups: Vec<clusters::Group>, points: &[Vector]) -> Vec<Intent> {
        let intent = |group: clusters::Group| self.intent(&group, points);
        groups.into_iter().map(intent).collect()
    }

    fn intent(&self, group: &clusters::Group, points: &[Vector]) -> Intent {
        let near = |member: &usize| {
            let cosine = cosine(&points[*member], &group.middle);
            (cosine, self.traces[*member])
        };
        let mut nearest: Vec<(f64, usize)> = group.members.iter().map(near).collect();
        nearest.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let members = group.members.iter();
        let mut words = middle(members.clone().map(|member| &self.words[*member]), WORDS);
        words.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        words.truncate(TERMS);
        let terms = words.into_iter().map(|(word, weight)| Term {
            word: self.vocabulary[word].clone(),
            weight: rounded(weight),
        });
        let best = nearest.into_iter().take(BEST);
        Intent {
            traces: members.map(|member| self.traces[*member]).collect(),
            best: best.map(|(_, place)| place).collect(),
            terms: terms.collect(),
        }
    }
}

/// A weight as files have it.
fn rounded(weight: f64) -> f64 {
    (weight * 10_000.0).round() / 10_000.0
}

/// Which of the groups that were found is which of those that are known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matched {
    /// For each known group: the one found that it is now, and how much their words overlap.
    pub(super) now: Vec<Option<(usize, f64)>>,
    /// For each known group that is none of those found: whether one of them took it in.
    pub(super) absorbed: Vec<bool>,
}

impl Matched {
    /// Whether a known group is still what it was.
    pub(super) fn is_unchanged(&self, known: usize) -> bool {
        match self.now[known] {
            Some((_, overlap)) => overlap >= UNCHANGED,
            None => !self.absorbed[known],
        }
    }
}

/// Finds groups again by their words: those that overlap most first, each at most once.
pub(super) fn matched(known: &[&[Term]], found: &[Intent]) -> Matched {
    let mut pairs = Vec::new();
    for (one, known) in known.iter().enumerate() {
        for (other, found) in found.iter().enumerate() {
            let overlap = overlap(known, &found.terms);
            if overlap >= SAME {
                pairs.push((overlap, one, other));
            }
        }
    }
    pairs.sort_by(|one, other| {
        let nearer = other.0.total_cmp(&one.0);
        nearer.then((one.1, one.2).cmp(&(other.1, other.2)))
    });
    let mut matched = Matched {
        now: vec![None; known.len()],
        absorbed: vec![false; known.len()],
    };
    let mut taken = vec![false; found.len()];
    for (overlap, one, other) in pairs {
        if matched.now[one].is_some() {
            continue;
        }
        if taken[other] {
            matched.absorbed[one] = true;
        } else {
            matched.now[one] = Some((other, overlap));
            matched.absorbed[one] = false;
            taken[other] = true;
        }
    }
    matched
}

/// How much the words of two groups overlap: the cosine between them.
fn overlap(one: &[Term], other: &[Term]) -> f64 {
    let length = |terms: &[Term]| -> f64 {
        let squares = terms.iter().map(|term| term.weight * term.weight);
        squares.sum::<f64>().sqrt()
    };
    let both: f64 = one
        .iter()
        .filter_map(|term| {
            let same = other.iter().find(|it| it.word == term.word)?;
            Some(term.weight * same.weight)
        })
        .sum();
    let lengths = length(one) * length(other);
    if lengths > 0.0 { both / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(words: &[(&str, f64)]) -> Vec<Term> {
        let words = words.iter();
        words
            .map(|(word, weight)| Term {
                word: (*word).to_owned(),
                weight: *weight,
            })
            .collect()
    }

    fn found(words: &[(&str, f64)]) -> Intent {
        Intent {
            traces: Vec::new(),
            best: Vec::new(),
            terms: terms(words),
        }
    }

    #[test]
    fn a_group_that_drifts_is_still_the_same_one() {
        let refund = terms(&[("refund", 0.8), ("charged", 0.5), ("twice", 0.3)]);
        let parcel = terms(&[("parcel", 0.9), ("late", 0.4)]);
        let groups = [
            found(&[("parcel", 0.9), ("late", 0.4)]),
            found(&[("refund", 0.7), ("money", 0.6), ("back", 0.3)]),
            found(&[("theme", 0.9), ("dark", 0.4)]),
        ];
        let matched = matched(&[&refund, &parcel], &groups);
        assert_eq!(matched.now[0].map(|it| it.0), Some(1));
        assert_eq!(matched.now[1].map(|it| it.0), Some(0));
        assert!(!matched.is_unchanged(0) && matched.is_unchanged(1));
    }

    #[test]
    fn of_two_groups_that_became_one_the_nearer_is_it() {
        let refund = terms(&[("refund", 0.9), ("payment", 0.4)]);
        let payment = terms(&[("payment", 0.8), ("refund", 0.6)]);
        let gone = terms(&[("theme", 1.0)]);
        let groups = [found(&[("refund", 0.88), ("payment", 0.47)])];
        let matched = matched(&[&refund, &payment, &gone], &groups);
        assert!(matched.now[0].is_some() && matched.now[1].is_none());
        assert_eq!(matched.absorbed, [false, true, false]);
        assert!(!matched.is_unchanged(1) && matched.is_unchanged(2));
    }
}
