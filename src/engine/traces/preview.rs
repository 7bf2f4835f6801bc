//! What redaction does with telemetry, field by field, and nothing of it is stored.

use std::io::Cursor;

use regex::Regex;
use serde::Serialize;
use serde_json::Value as Json;

use crate::domain::redaction::{BuiltIn, Redaction};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceBatch;

use super::import::{ImportError, ReadCounts};
use super::intake::Intake;
use super::map::Mapper;
use super::map::cost::TracePrices;
use super::redact::Redactor;
use super::redact::pseudonym::placeholders;

/// A span or a score as it would be kept.
pub enum Left {
    /// A span.
    Span(Box<Span>),
    /// A score.
    Score(Box<Score>),
}

/// What became of a span or a score.
pub struct Previewed {
    /// As it would be kept.
    pub left: Left,
    /// What is other than it was sent.
    pub changes: Vec<FieldChange>,
    /// How many texts are kept as they were sent.
    pub untouched: u64,
}

/// A field that is other than it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field, for example `content.variables.ticket`.
    pub field: String,
    /// The rules that replaced something in it, each once; none: it is dropped.
    pub rules: Vec<String>,
}

/// Goes over bytes of any known format. `each` gets every span and score.
pub fn preview(
    bytes: &[u8],
    prices: TracePrices,
    rules: &Redaction,
    each: &mut dyn FnMut(Previewed),
) -> Result<ReadCounts, ImportError> {
    // What comes out of the intake is as it was sent.
    let nothing = Redaction {
        off: BuiltIn::ALL.iter().map(|(_, built_in)| *built_in).collect(),
        ..Redaction::default()
    };
    let mut intake = Intake::new(Mapper::new(prices), Redactor::new(&nothing, None));
    let mut redactor = Redactor::new(rules, None);
    let comparison = Comparison(placeholders());
    let mut emit = |batch: TraceBatch, _: u64| {
        let mut redacted = batch.clone();
        redactor.redact(&mut redacted);
        for (before, after) in batch.spans.iter().zip(redacted.spans) {
            let (changes, untouched) = comparison.of(before, &after);
            let left = Left::Span(Box::new(after));
            each(Previewed {
                left,
                changes,
                untouched,
            });
        }
        for (before, after) in batch.scores.iter().zip(redacted.scores) {
            let (changes, untouched) = comparison.of(before, &after);
            let left = Left::Score(Box::new(after));
            each(Previewed {
                left,
                changes,
                untouched,
            });
        }
        true
    };
    let bytes = bytes.to_vec();
    let open = Box::new(move || {
        let input: Box<dyn std::io::Read + Send> = Box::new(Cursor::new(bytes));
        Ok(input)
    });
    intake.read("", open, false, &mut emit)?;
    Ok(intake.take_counts())
}

/// Compares what was sent with what is left, and knows what redaction leaves.
struct Comparison(Regex);

impl Comparison {
    fn of<T: Serialize>(&self, before: &T, after: &T) -> (Vec<FieldChange>, u64) {
        let json = |value: &T| {
            serde_json::to_value(value).expect("spans and scores have text keys and plain values")
        };
        let (mut changes, mut untouched) = (Vec::new(), 0);
        let (before, after) = (json(before), json(after));
        self.compare("", &before, &after, &mut changes, &mut untouched);
        (changes, untouched)
    }

    fn compare(
        &self,
        field: &str,
        before: &Json,
        after: &Json,
        changes: &mut Vec<FieldChange>,
        untouched: &mut u64,
    ) {
        match (before, after) {
            (Json::Object(before), Json::Object(after)) => {
                for (name, value) in before {
                    let field = match field {
                        "" => name.clone(),
                        above => format!("{above}.{name}"),
                    };
                    let left = after.get(name).unwrap_or(&Json::Null);
                    self.compare(&field, value, left, changes, untouched);
                }
            }
            (Json::Array(before), Json::Array(after)) if before.len() == after.len() => {
                for (before, after) in before.iter().zip(after) {
                    self.compare(field, before, after, changes, untouched);
                }
            }
            _ if before == after => *untouched += u64::from(before.is_string()),
            _ => changes.push(FieldChange {
                field: field.to_owned(),
                rules: self.rules(before, after),
            }),
        }
    }

    /// The rules of which something stands in what is left, and did not stand there before.
    fn rules(&self, before: &Json, after: &Json) -> Vec<String> {
        let (Some(before), Some(after)) = (before.as_str(), after.as_str()) else {
            return Vec::new();
        };
        let found = self.0.captures_iter(after);
        let mut rules: Vec<String> = found
            .filter(|found| !before.contains(&found[0]))
            .map(|found| found[1].to_owned())
            .collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{
        "traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat",
        "startTimeUnixNano":"1772352000000000000","endTimeUnixNano":"1772352001000000000","attributes":[
        {"key":"gen_ai.prompt.variable.ticket","value":{"stringValue":"to kim@example.com, 4111111111111111"}},
        {"key":"http.request.header.cookie","value":{"stringValue":"a=b"}},
        {"key":"http.url","value":{"stringValue":"https://example.com/"}}]}]}]}]}"#;

    #[test]
    fn each_field_that_changes_is_told_with_the_rules_that_changed_it() {
        let rules = Redaction {
            drop: vec!["http.url".to_owned()],
            ..Redaction::default()
        };
        let mut all = Vec::new();
        let prices = TracePrices::default();
        let read = preview(REQUEST.as_bytes(), prices, &rules, &mut |it| all.push(it));
        assert_eq!(read.unwrap().records, 1);
        let [Previewed { changes, left, .. }] = all.as_slice() else {
            panic!("{}", all.len());
        };
        let told: Vec<String> = changes
            .iter()
            .map(|it| format!("{}: {}", it.field, it.rules.join(" ")))
            .collect();
        assert_eq!(
            told,
            [
                "content.variables.ticket: card email",
                "attributes.http.request.header.cookie: secret",
                "attributes.http.url: ",
            ]
        );
        let Left::Span(span) = left else {
            panic!("it is a span");
        };
        assert_eq!(span.content.variables["ticket"], "to <email>, <card>");
    }

    #[test]
    fn what_is_no_telemetry_gives_nothing() {
        let prices = TracePrices::default();
        let rules = Redaction::default();
        let read = preview(b"hello there", prices, &rules, &mut |_| panic!("nothing"));
        assert_eq!(read.unwrap().refused_count(), 1);
    }
}
