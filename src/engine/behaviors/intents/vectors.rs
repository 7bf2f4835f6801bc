//! Texts as points: the weight of each of their words, so that texts which share rare words are near.

use std::collections::BTreeMap;

use crate::engine::statistics::of_count;
use crate::engine::traces::search::words::words;

/// A point, by word: sorted, of length 1; empty where a text has no words that count.
pub(super) type Vector = Vec<(usize, f64)>;

/// The words that points are made of, by their number.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Vocabulary(pub(super) Vec<String>);

/// The points of texts.
///
/// The weight of a word in a text is (1 + ln f) · ln(1 + N / d): it stands there f times, and in d of
/// all N texts. Salton and Buckley, "Term-weighting approaches in automatic text retrieval",
/// Information Processing and Management 24 (1988), 513-523, with the smoothing that keeps a word which
/// all texts have.
pub(super) fn vectors(texts: &[&str]) -> (Vocabulary, Vec<Vector>) {
    let counts: Vec<BTreeMap<String, u64>> = texts.iter().map(|text| counted(text)).collect();
    let mut texts_with: BTreeMap<&str, u64> = BTreeMap::new();
    for word in counts.iter().flat_map(BTreeMap::keys) {
        *texts_with.entry(word).or_default() += 1;
    }
    let all = of_count(texts.len() as u64);
    let numbers: BTreeMap<&str, (usize, f64)> = texts_with
        .iter()
        .enumerate()
        .map(|(number, (word, with))| (*word, (number, (1.0 + all / of_count(*with)).ln())))
        .collect();
    let vector = |counts: &BTreeMap<String, u64>| {
        let weights = counts.iter().map(|(word, count)| {
            let (number, rare) = numbers[word.as_str()];
            (number, (1.0 + of_count(*count).ln()) * rare)
        });
        unit(weights.collect())
    };
    let vectors = counts.iter().map(vector).collect();
    let words = texts_with.keys().map(|word| (*word).to_owned());
    (Vocabulary(words.collect()), vectors)
}

/// The words of a text that count: no numbers, and no single Latin letters.
fn counted(text: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for word in words(text) {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let is_letter = word.len() == 1;
        if !is_number && !is_letter {
            *counts.entry(word).or_default() += 1;
        }
    }
    counts
}

/// The point in the same direction at length 1.
pub(super) fn unit(mut vector: Vector) -> Vector {
    let length = vector
        .iter()
        .map(|(_, weight)| weight * weight)
        .sum::<f64>()
        .sqrt();
    if length > 0.0 {
        for (_, weight) in &mut vector {
            *weight /= length;
        }
    }
    vector
}

/// How near two points are: 1 where they lie in one direction, 0 where they share no word.
pub(super) fn cosine(one: &Vector, other: &Vector) -> f64 {
    let (mut left, mut right, mut sum) = (0, 0, 0.0);
    while let (Some((one_word, one_weight)), Some((other_word, other_weight))) =
        (one.get(left), other.get(right))
    {
        match one_word.cmp(other_word) {
            std::cmp::Ordering::Less => left += 1,
            std::cmp::Ordering::Greater => right += 1,
            std::cmp::Ordering::Equal => {
                sum += one_weight * other_weight;
                left += 1;
                right += 1;
            }
        }
    }
    sum
}

/// The middle of points: their sum at length 1, its heaviest words only.
pub(super) fn middle<'v>(vectors: impl Iterator<Item = &'v Vector>, most_words: usize) -> Vector {
    let mut sum: BTreeMap<usize, f64> = BTreeMap::new();
    for (word, weight) in vectors.flatten() {
        *sum.entry(*word).or_default() += weight;
    }
    let mut heaviest: Vector = sum.into_iter().collect();
    heaviest.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    heaviest.truncate(most_words);
    heaviest.sort_by_key(|(word, _)| *word);
    unit(heaviest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_rare_words_are_near() {
        let texts = [
            "I was charged twice, please refund it",
            "Please refund me, I was charged two times",
            "Please add a dark theme",
            "Please help me",
        ];
        let (_, vectors) = vectors(&texts);
        let near = cosine(&vectors[0], &vectors[1]);
        let far = cosine(&vectors[0], &vectors[2]);
        assert!(near > 0.4 && far < 0.1, "{near} {far}");
        let same = cosine(&vectors[3], &vectors[3]);
        assert!((same - 1.0).abs() < 1e-12);
    }

    #[test]
    fn weights_are_those_of_the_formula() {
        let (vocabulary, vectors) = vectors(&["refund refund now", "now"]);
        assert_eq!(vocabulary.0, ["now", "refund"]);
        // now: ln 2 = 0.693; refund: (1 + ln 2) · ln 3 = 1.860
        let [now, refund] = [2.0_f64.ln(), (1.0 + 2.0_f64.ln()) * 3.0_f64.ln()];
        let length = now.hypot(refund);
        for ((_, weight), expected) in vectors[0].iter().zip([now / length, refund / length]) {
            assert!((weight - expected).abs() < 1e-12);
        }
        assert_eq!(super::vectors(&["7 a", ""]).1, [vec![], vec![]]);
    }

    #[test]
    fn the_middle_has_the_heaviest_words() {
        let one = vec![(0, 1.0)];
        let both = unit(vec![(0, 1.0), (1, 1.0)]);
        let middle = middle([&one, &both].into_iter(), 1);
        assert_eq!(middle, [(0, 1.0)]);
    }
}
