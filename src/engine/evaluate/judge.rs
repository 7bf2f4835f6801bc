//! Asking a model about an answer, and reading its verdict strictly.
//!
//! A judge is a prompt of the workspace. Of its variables, `output` is the answer (`first` and
//! `second`, where it is shown two; `completion`, where the judge stands in another prompt's file), `expected` the row's expected value, `conversation` the row's
//! conversation as JSON, so that no message can pass for two, `fence` a marker, and every other one
//! a variable of the row. The fence is
//! derived from all that the judge is shown and from the judge itself: no text can hold the fence
//! that it will stand behind, and yet the same question is the same request and can be recorded.
//! A judge that declares `fence` puts it where its texts begin and end; one that does not gets each
//! answer and the conversation between two lines that hold it.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::dataset::Row;
use crate::domain::digest::Digest;
use crate::domain::evaluator::{Choice, Grade, JudgeRule, JudgeVerdict};
use crate::domain::run::{Graded, ModelRequest};
use crate::domain::untrusted::shorten;
use crate::engine::ports::FileTree;
use crate::engine::workspace::closure::{Closure, Inputs, RenderError};

use super::pairwise::{ORDERS, in_both_orders};

/// How much of a judge's text a reason shows, in characters.
const SHOWN: usize = 200;

/// What the judge is asked about an answer, in the order of the questions; the error is the reason
/// why nothing can be. `tree` is where the files stand that the row names.
pub(super) fn questions(
    rule: &JudgeRule,
    judge: &Closure,
    output: &str,
    (row, tree): (&Row, &dyn FileTree),
    repeat_index: u32,
) -> Result<Vec<ModelRequest>, String> {
    let ask = |answers: &[(&str, &str)]| {
        let asked = question(judge, answers, (row, tree), repeat_index);
        asked.map_err(|error| error.to_string())
    };
    let than = match &rule.verdict {
        JudgeVerdict::Better { than, .. } => than,
        JudgeVerdict::Choices(_) => return Ok(vec![ask(&[("completion", output)])?]),
        JudgeVerdict::Scale { .. } | JudgeVerdict::Labels { .. } => {
            return Ok(vec![ask(&[("output", output)])?]);
        }
    };
    let other = row.column(than).and_then(Value::as_str);
    let other = other.ok_or_else(|| format!("the row has no text `{than}` to compare with"))?;
    ORDERS
        .iter()
        .map(|[name, other_name]| ask(&[(name, output), (other_name, other)]))
        .collect()
}

/// Answers stand under the names of their variables.
fn question(
    judge: &Closure,
    answers: &[(&str, &str)],
    (row, tree): (&Row, &dyn FileTree),
    repeat_index: u32,
) -> Result<ModelRequest, RenderError> {
    let declared = &judge.prompt().variables;
    let conversation = json!(row.messages).to_string();
    let fenced: Vec<(&str, &str)> = answers
        .iter()
        .copied()
        .chain([("conversation", conversation.as_str())])
        .filter(|(name, _)| declared.contains_key(*name))
        .collect();
    let mut values: IndexMap<String, Value> = declared
        .keys()
        .filter_map(|name| {
            let text = fenced.iter().find(|(fenced, _)| fenced == name);
            let value = match (text, name.as_str()) {
                (Some((_, text)), _) => Some(Value::from(*text)),
                (None, "fence") => None,
                (None, column) => row.column(column).cloned(),
            };
            value.map(|value| (name.clone(), value))
        })
        .collect();
    let mut shown = values.clone();
    for (name, media) in &row.files {
        if let Some(value) = shown.get_mut(name) {
            *value = media.canonical();
        }
    }
    let fence = fence(&shown, judge.fingerprint());
    if declared.contains_key("fence") {
        values.insert("fence".to_owned(), Value::from(fence));
    } else {
        for (name, text) in fenced {
            let text = format!("{fence}\n{text}\n{fence}");
            values.insert(name.to_owned(), Value::from(text));
        }
    }
    let inputs = Inputs {
        values: &values,
        files: &row.files,
        tree,
    };
    judge.render(&inputs, repeat_index)
}

/// A marker that no text which is shown can hold, the same for the same texts and the same asker.
pub(super) fn fence(shown: &IndexMap<String, Value>, judge: Digest) -> String {
    let digest = Digest::of_json(&json!({
        "pointsman": "fence/v1",
        "shown": shown,
        "judge": judge,
    }));
    digest.to_string()[..16].to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreVerdict {
    score: f64,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelVerdict {
    label: String,
    reason: String,
}

/// Reads a judge's answers, one for each question. Each must be exactly one JSON object of the agreed
/// shape with a verdict that may be given; anything else is an error, never a pass or a failure.
pub(super) fn read_verdict(answers: &[&str], verdict: &JudgeVerdict) -> Graded {
    let answer = answers.first().copied().unwrap_or_default();
    match verdict {
        JudgeVerdict::Scale {
            min,
            max,
            threshold,
        } => match read_object::<ScoreVerdict>(answer) {
            Err(error) => unreadable(answer, "score", &error),
            Ok(given) if !(*min..=*max).contains(&given.score) => Graded::error(format!(
                "the judge gave {}, outside the scale from {min} to {max}",
                given.score
            )),
            Ok(given) => Graded {
                grade: grade(given.score >= *threshold),
                score: position(given.score, *min, *max),
                reason: format!(
                    "{} of {max}: {}",
                    given.score,
                    shorten(&given.reason, SHOWN)
                ),
            },
        },
        JudgeVerdict::Labels { labels, pass } => match read_object::<LabelVerdict>(answer) {
            Err(error) => unreadable(answer, "label", &error),
            Ok(given) if !labels.contains(&given.label) => Graded::error(format!(
                "the judge gave `{}`, which is none of its labels",
                shorten(&given.label, SHOWN)
            )),
            Ok(given) => {
                let passed = pass.contains(&given.label);
                Graded {
                    grade: grade(passed),
                    score: if passed { 1.0 } else { 0.0 },
                    reason: format!("{}: {}", given.label, shorten(&given.reason, SHOWN)),
                }
            }
        },
        JudgeVerdict::Choices(choices) => chosen(answer, choices),
        JudgeVerdict::Better { tie_passes, .. } => in_both_orders(answers, *tie_passes),
    }
}

/// Reads the last line of an answer as one of the choices: what stands before it are the judge's
/// thoughts. A choice that is only part of the line was not given.
fn chosen(answer: &str, choices: &[Choice]) -> Graded {
    let word = |text: &str| {
        let text = text.trim().trim_end_matches(['.', '!']);
        text.to_lowercase()
    };
    let last = word(answer.trim_end().lines().next_back().unwrap_or_default());
    match choices.iter().find(|choice| word(&choice.word) == last) {
        Some(choice) => Graded {
            grade: grade(choice.score > 0.0),
            score: choice.score,
            reason: format!("the judge chose `{}`", shorten(&choice.word, SHOWN)),
        },
        None => Graded::error(format!(
            "the last line of the judge's answer is none of its choices: `{}`",
            shorten(answer, SHOWN)
        )),
    }
}

/// Reads one object. An array of the fields' values is JSON that serde would take, too.
fn read_object<T: DeserializeOwned>(answer: &str) -> Result<T, String> {
    if !answer.trim_start().starts_with('{') {
        return Err("it does not start with `{`".to_owned());
    }
    serde_json::from_str(answer).map_err(|error| error.to_string())
}

fn unreadable(answer: &str, field: &str, error: &str) -> Graded {
    Graded::error(format!(
        "the judge did not answer with one JSON object of `{field}` and `reason` ({error}): `{}`",
        shorten(answer, SHOWN)
    ))
}

fn grade(passed: bool) -> Grade {
    if passed { Grade::Pass } else { Grade::Fail }
}

/// Where a score stands on its scale, from 0 to 1.
fn position(score: f64, min: f64, max: f64) -> f64 {
    if max > min {
        (score - min) / (max - min)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale() -> JudgeVerdict {
        JudgeVerdict::Scale {
            min: 1.0,
            max: 5.0,
            threshold: 4.0,
        }
    }

    fn labels() -> JudgeVerdict {
        JudgeVerdict::Labels {
            labels: vec!["good".to_owned(), "bad".to_owned()],
            pass: vec!["good".to_owned()],
        }
    }

    #[test]
    fn a_score_passes_from_the_threshold_on_and_is_placed_on_the_scale() {
        let graded = read_verdict(&[r#"{"score": 4, "reason": "fine"}"#], &scale());
        assert_eq!(graded.grade, Grade::Pass);
        assert_eq!(graded.reason, "4 of 5: fine");
        assert!((graded.score - 0.75).abs() < f64::EPSILON);
        let graded = read_verdict(&[" {\"reason\": \"\", \"score\": 3.9}\n"], &scale());
        assert_eq!(graded.grade, Grade::Fail);
    }

    #[test]
    fn a_label_passes_where_it_is_listed() {
        let read = |text| read_verdict(&[text], &labels()).grade;
        assert_eq!(read(r#"{"label": "good", "reason": "x"}"#), Grade::Pass);
        assert_eq!(read(r#"{"label": "bad", "reason": "x"}"#), Grade::Fail);
        assert_eq!(read(r#"{"label": "Good", "reason": "x"}"#), Grade::Error);
    }

    #[test]
    fn anything_but_exactly_one_verdict_is_an_error() {
        for answer in [
            "",
            "5",
            "pass",
            r#"{"score": 5}"#,
            r#"{"score": "5", "reason": "x"}"#,
            r#"{"score": null, "reason": "x"}"#,
            r#"{"score": 5, "reason": "x", "more": 1}"#,
            r#"{"score": 1, "score": 5, "reason": "x"}"#,
            r#"{"score": 5, "reason": "x"} {"score": 1, "reason": "x"}"#,
            r#"[{"score": 5, "reason": "x"}]"#,
            r#"[5, "x"]"#,
            "```json\n{\"score\": 5, \"reason\": \"x\"}\n```",
            r#"{"score": 6, "reason": "x"}"#,
            r#"{"score": 0.5, "reason": "x"}"#,
            r#"{"score": NaN, "reason": "x"}"#,
            r#"{"score": 1e999, "reason": "x"}"#,
        ] {
            let graded = read_verdict(&[answer], &scale());
            assert_eq!(graded.grade, Grade::Error, "{answer}");
        }
    }

    #[test]
    fn a_choice_is_the_whole_last_line_whatever_its_case() {
        let choices = JudgeVerdict::Choices(vec![
            Choice {
                word: "Yes".to_owned(),
                score: 1.0,
            },
            Choice {
                word: "no".to_owned(),
                score: 0.0,
            },
        ]);
        let grade = |answer| read_verdict(&[answer], &choices).grade;
        assert_eq!(grade(" yes.\n"), Grade::Pass);
        assert_eq!(grade("It says yes twice.\nNo"), Grade::Fail);
        for answer in [
            "",
            "yes and no",
            "not yes",
            "yes\nor so",
            "{\"label\": \"yes\"}",
        ] {
            assert_eq!(grade(answer), Grade::Error, "{answer}");
        }
    }

    #[test]
    fn a_fence_depends_on_everything_shown_and_on_the_judge() {
        let shown = |output: &str| IndexMap::from([("output".to_owned(), Value::from(output))]);
        let one = fence(&shown("a"), Digest::of(b"judge"));
        assert_eq!(one.len(), 16);
        assert_eq!(one, fence(&shown("a"), Digest::of(b"judge")));
        assert_ne!(one, fence(&shown("b"), Digest::of(b"judge")));
        assert_ne!(one, fence(&shown("a"), Digest::of(b"another judge")));
    }
}
