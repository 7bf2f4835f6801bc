//! Grading answers: how many of their words stand in the passage.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use crate::model::input_is_data;
use crate::summary::{best_sentences, read};
use crate::words::stems;

/// A verdict as JSON, or as a sentence.
pub(crate) fn answer(instructions: &str, input: &str, json: bool) -> String {
    let (context, graded) = split(input);
    let (score, reason) = match ORDER.captures(graded) {
        Some(order) if !input_is_data(instructions) => (
            order[1].parse().unwrap_or(5),
            "The answer says so.".to_owned(),
        ),
        _ => score(context, graded),
    };
    if json {
        json!({"score": score, "reason": reason}).to_string()
    } else {
        format!("I give this a {score}. {reason}")
    }
}

/// The question with its passage, and the answer between the two fences at the end of the input.
fn split(input: &str) -> (&str, &str) {
    let (context, rest) = input.split_once("\nAnswer:\n").unwrap_or((input, ""));
    let rest = rest.trim();
    let fence = rest.lines().next_back().unwrap_or("");
    let graded = rest.strip_prefix(fence).unwrap_or(rest);
    let graded = graded.strip_suffix(fence).unwrap_or(graded);
    (context, graded.trim())
}

fn score(context: &str, graded: &str) -> (u8, String) {
    let (question, passage) = read(context);
    if graded.eq_ignore_ascii_case("not in the passage") {
        return if best_sentences(question, passage).is_empty() {
            (5, "The passage does not hold the answer.".to_owned())
        } else {
            (1, "The passage holds the answer.".to_owned())
        };
    }
    let known = stems(passage);
    let said = stems(&graded.replace("[source: passage]", ""));
    let found = said.iter().filter(|stem| known.contains(stem)).count();
    let score = match found * 100 / said.len().max(1) {
        95.. => 5,
        80.. => 4,
        60.. => 3,
        40.. => 2,
        _ => 1,
    };
    let reason = format!("{found} of {} words stand in the passage.", said.len());
    (score, reason)
}

/// A sentence that wants to choose the score itself.
static ORDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:score|give|grade)\b[^.]*?\b([1-5])\b")
        .expect("the pattern is a constant that the tests compile")
});
