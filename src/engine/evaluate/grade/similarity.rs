//! Grading by likeness to a reference.

use std::collections::HashMap;

use crate::domain::dataset::Row;
use crate::domain::evaluator::{Grade, SimilarityMetric, SimilarityRule, TextValue};
use crate::domain::run::Graded;

use super::text::column_texts;

/// The longest text that is compared, in characters: the time grows with the product of the lengths.
const MAX_CHARACTERS: usize = 10_000;

/// The longest run of words that BLEU compares.
const BLEU_ORDER: usize = 4;

/// A similarity rule, ready to grade.
pub(super) struct SimilarityGrader(SimilarityRule);

impl SimilarityGrader {
    pub(super) fn new(rule: &SimilarityRule) -> Self {
        Self(rule.clone())
    }

    /// Grades an answer's text by the reference that is nearest to it.
    pub(super) fn grade(&self, output: &str, row: &Row) -> Graded {
        let rule = &self.0;
        let references = match &rule.value {
            TextValue::Fixed(values) => Ok(values.clone()),
            TextValue::Column(column) => column_texts(column, row),
        };
        let references = match references {
            Ok(references) => references,
            Err(reason) => return Graded::error(reason),
        };
        let texts = references.iter().map(String::as_str).chain([output]);
        if texts.map(|text| text.chars().count()).max() > Some(MAX_CHARACTERS) {
            let reason = format!("a text has more than {MAX_CHARACTERS} characters to compare");
            return Graded::error(reason);
        }
        let score = references
            .iter()
            .map(|reference| self.measure(output, reference))
            .fold(0.0, f64::max);
        let passes = score >= rule.threshold;
        Graded {
            grade: if passes { Grade::Pass } else { Grade::Fail },
            score,
            reason: format!(
                "{} is {score:.3}, at least {} is asked for",
                rule.metric.name(),
                rule.threshold
            ),
        }
    }

    fn measure(&self, output: &str, reference: &str) -> f64 {
        if self.0.ignore_case {
            let (output, reference) = (output.to_lowercase(), reference.to_lowercase());
            measure(self.0.metric, &output, &reference)
        } else {
            measure(self.0.metric, output, reference)
        }
    }
}

/// How alike two texts are, from 0 to 1.
fn measure(metric: SimilarityMetric, output: &str, reference: &str) -> f64 {
    match metric {
        SimilarityMetric::Levenshtein => strsim::normalized_levenshtein(output, reference),
        SimilarityMetric::JaroWinkler => strsim::jaro_winkler(output, reference),
        SimilarityMetric::Rouge1 => rouge_n(1, output, reference),
        SimilarityMetric::Rouge2 => rouge_n(2, output, reference),
        SimilarityMetric::RougeL => rouge_l(output, reference),
        SimilarityMetric::Bleu => bleu(output, reference),
    }
}

/// The words of a text as ROUGE sees them: runs of letters and digits in lower case, not stemmed.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The words and marks of a text as BLEU sees them: every mark is a token of its own.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for character in text.chars() {
        let joins = character.is_alphanumeric();
        match tokens.last_mut() {
            Some(word) if joins && in_word => word.push(character),
            _ if character.is_whitespace() => {}
            _ => tokens.push(character.to_string()),
        }
        in_word = joins;
    }
    tokens
}

fn counts(tokens: &[String], length: usize) -> HashMap<&[String], usize> {
    let mut counts = HashMap::new();
    for run in tokens.windows(length) {
        *counts.entry(run).or_insert(0) += 1;
    }
    counts
}

/// How many runs of `length` two texts have in common, each as often as it stands in both.
fn overlap(output: &[String], reference: &[String], length: usize) -> usize {
    let wanted = counts(reference, length);
    let given = counts(output, length);
    let common = given
        .iter()
        .map(|(run, count)| (*count).min(wanted.get(run).copied().unwrap_or(0)));
    common.sum()
}

fn rouge_n(length: usize, output: &str, reference: &str) -> f64 {
    let (output, reference) = (words(output), words(reference));
    let common = overlap(&output, &reference, length);
    let runs = |tokens: &[String]| (tokens.len() + 1).saturating_sub(length);
    f1(common, runs(&output), runs(&reference))
}

fn rouge_l(output: &str, reference: &str) -> f64 {
    let (output, reference) = (words(output), words(reference));
    let common = common_subsequence(&output, &reference);
    f1(common, output.len(), reference.len())
}

/// The length of the longest common subsequence.
fn common_subsequence(one: &[String], two: &[String]) -> usize {
    let mut previous = vec![0; two.len() + 1];
    for word in one {
        let mut current = vec![0; two.len() + 1];
        for (index, other) in two.iter().enumerate() {
            current[index + 1] = if word == other {
                previous[index] + 1
            } else {
                previous[index + 1].max(current[index])
            };
        }
        previous = current;
    }
    previous[two.len()]
}

/// The harmonic mean of precision and recall.
fn f1(common: usize, given: usize, wanted: usize) -> f64 {
    if common == 0 {
        return 0.0;
    }
    ratio(2 * common, given + wanted)
}

/// BLEU of one sentence and one reference. Runs longer than the answer are left out, and a run that
/// never matches counts as half a match, the next such length as a quarter, and so on (the `exp`
/// smoothing of mteval-v13a and sacrebleu).
fn bleu(output: &str, reference: &str) -> f64 {
    let (output, reference) = (tokens(output), tokens(reference));
    if overlap(&output, &reference, 1) == 0 {
        return 0.0;
    }
    let orders = BLEU_ORDER.min(output.len());
    let mut share = 1.0;
    let mut log_precision = 0.0;
    for length in 1..=orders {
        let runs = output.len() + 1 - length;
        let precision = match overlap(&output, &reference, length) {
            0 => {
                share /= 2.0;
                share * ratio(1, runs)
            }
            common => ratio(common, runs),
        };
        log_precision += precision.ln();
    }
    let brevity = if output.len() < reference.len() {
        (1.0 - ratio(reference.len(), output.len())).exp()
    } else {
        1.0
    };
    (brevity * (log_precision * ratio(1, orders)).exp()).min(1.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "texts are far shorter than 2^52 words"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::grade;
    use super::*;
    use crate::domain::evaluator::Rule;

    fn near(one: f64, two: f64) -> bool {
        (one - two).abs() < 1e-9
    }

    /// Reference values: ROUGE by rouge-score 0.1.2 (no stemmer), BLEU by sacrebleu 2.6.0
    /// (`sentence_bleu`, `tokenize="none"`, with a space before each mark).
    #[test]
    fn rouge_and_bleu_agree_with_rouge_score_and_sacrebleu() {
        for (output, reference, [rouge_1, rouge_2, rouge_l, bleu]) in [
            (
                "the cat sat on the mat",
                "the cat is on the mat",
                [0.833_333_333_333, 0.6, 0.833_333_333_333, 0.379_917_842_826],
            ),
            (
                "the the the the",
                "the cat",
                [0.333_333_333_333, 0.0, 0.333_333_333_333, 0.159_735_776_062],
            ),
            (
                "We refund the order today.",
                "The order is refunded today.",
                [0.6, 0.25, 0.6, 0.179_652_055_982],
            ),
            (
                "a b c d e f g",
                "a b c d e f h",
                [
                    0.857_142_857_143,
                    0.833_333_333_333,
                    0.857_142_857_143,
                    0.809_106_711_570,
                ],
            ),
            ("b a", "a b", [1.0, 0.0, 0.5, 0.5_f64.sqrt()]),
            (
                "The quick brown fox jumps over the lazy dog",
                "the quick brown dog jumped over a lazy fox in the park",
                [
                    0.761_904_761_905,
                    0.210_526_315_789,
                    0.476_190_476_190,
                    0.093_452_675_443,
                ],
            ),
        ] {
            let got = |metric| measure(metric, output, reference);
            assert!(near(got(SimilarityMetric::Rouge1), rouge_1), "{output}");
            assert!(near(got(SimilarityMetric::Rouge2), rouge_2), "{output}");
            assert!(near(got(SimilarityMetric::RougeL), rouge_l), "{output}");
            let found = got(SimilarityMetric::Bleu);
            assert!(near(found, bleu), "{output}: {found}");
        }
    }

    /// Reference values: rapidfuzz 3.14.6 (`Levenshtein.normalized_similarity`,
    /// `JaroWinkler.similarity`); jellyfish 1.3.0 agrees on the second.
    #[test]
    fn character_metrics_agree_with_rapidfuzz() {
        for (one, two, levenshtein, jaro_winkler) in [
            ("kitten", "sitting", 0.571_428_571_429, 0.746_031_746_032),
            ("MARTHA", "MARHTA", 0.666_666_666_667, 0.961_111_111_111),
            ("DIXON", "DICKSONX", 0.5, 0.813_333_333_333),
            ("JELLYFISH", "SMELLYFISH", 0.8, 0.896_296_296_296),
            ("straße", "strasse", 0.714_285_714_286, 0.909_523_809_524),
            ("abc", "xyz", 0.0, 0.0),
            ("", "abc", 0.0, 0.0),
        ] {
            let found = measure(SimilarityMetric::Levenshtein, one, two);
            assert!(near(found, levenshtein), "{one}: {found}");
            let found = measure(SimilarityMetric::JaroWinkler, one, two);
            assert!(near(found, jaro_winkler), "{one}: {found}");
        }
    }

    #[test]
    fn equal_texts_are_alike_and_strangers_are_not_by_every_metric() {
        for (name, metric) in SimilarityMetric::ALL {
            let likeness = |one, two| measure(metric, one, two);
            assert!(
                near(likeness("one two three four", "one two three four"), 1.0),
                "{name}"
            );
            assert!(near(likeness("", "abc"), 0.0), "{name}");
            assert!(near(likeness("abc", "xyz"), 0.0), "{name}");
            assert!((0.0..=1.0).contains(&likeness("?!", "...")), "{name}");
        }
    }

    fn rule(value: TextValue, ignore_case: bool) -> Rule {
        Rule::Similarity(SimilarityRule {
            metric: SimilarityMetric::Levenshtein,
            value,
            threshold: 0.75,
            ignore_case,
        })
    }

    #[test]
    fn the_nearest_reference_counts_and_the_threshold_is_included() {
        let fixed = |values: &[&str]| {
            TextValue::Fixed(values.iter().map(|text| (*text).to_owned()).collect())
        };
        let graded = |rule, output: &str| grade(rule, output, json!({})).0;
        assert_eq!(
            graded(rule(fixed(&["zzzz", "abcd"]), false), "abcx"),
            Grade::Pass
        );
        assert_eq!(graded(rule(fixed(&["abcd"]), false), "abxx"), Grade::Fail);
        assert_eq!(graded(rule(fixed(&["ABCD"]), false), "abcd"), Grade::Fail);
        assert_eq!(graded(rule(fixed(&["ABCD"]), true), "abcd"), Grade::Pass);
    }

    #[test]
    fn a_missing_reference_and_a_text_that_is_too_long_are_errors() {
        let expected = rule(TextValue::Column("expected".to_owned()), false);
        for columns in [json!({}), json!({"expected": ""}), json!({"expected": 5})] {
            assert_eq!(grade(expected.clone(), "a", columns).0, Grade::Error);
        }
        let long = "a".repeat(MAX_CHARACTERS + 1);
        let (got, reason) = grade(expected, &long, json!({"expected": "a"}));
        assert_eq!(got, Grade::Error);
        assert!(reason.contains("more than 10000 characters"), "{reason}");
    }
}
