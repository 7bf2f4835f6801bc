//! Reads assertions: their types, their values as they stand, and what else is said of them.

use crate::domain::suggest::did_you_mean;

use super::files::{Item, Reader, Spot};

/// Every type of promptfoo 0.123, without `not-`.
pub(super) const TYPES: [&str; 65] = [
    "agent-rubric",
    "answer-relevance",
    "bleu",
    "classifier",
    "contains",
    "contains-all",
    "contains-any",
    "contains-html",
    "contains-json",
    "contains-sql",
    "contains-xml",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "conversation-relevance",
    "cost",
    "equals",
    "factuality",
    "finish-reason",
    "g-eval",
    "gleu",
    "guardrails",
    "icontains",
    "icontains-all",
    "icontains-any",
    "is-html",
    "is-json",
    "is-refusal",
    "is-sql",
    "is-valid-function-call",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "is-xml",
    "javascript",
    "latency",
    "levenshtein",
    "llm-rubric",
    "pi",
    "meteor",
    "model-graded-closedqa",
    "model-graded-factuality",
    "moderation",
    "perplexity",
    "perplexity-score",
    "python",
    "regex",
    "rouge-n",
    "ruby",
    "similar",
    "similar:cosine",
    "similar:dot",
    "similar:euclidean",
    "starts-with",
    "tool-call-f1",
    "skill-used",
    "trajectory:goal-success",
    "trajectory:tool-args-match",
    "trajectory:step-count",
    "trajectory:tool-sequence",
    "trajectory:tool-used",
    "trace-error-spans",
    "trace-span-count",
    "trace-span-duration",
    "search-rubric",
    "webhook",
];

/// The type that has no place in the list above because it takes a number.
const WORD_COUNT: &str = "word-count";

/// Types that compare the answers of several prompts or providers.
const COMPARING: [&str; 3] = ["select-best", "max-score", "human"];

/// One assertion.
#[derive(Debug, Clone)]
pub(super) struct Assertion {
    pub(super) spot: Spot,
    /// The type without `not-`.
    pub(super) kind: String,
    /// Whether the type begins with `not-`.
    pub(super) inverse: bool,
    pub(super) value: Option<Item>,
    pub(super) threshold: Option<f64>,
    pub(super) weight: f64,
    pub(super) metric: Option<String>,
    /// Who is asked, for those that ask a model.
    pub(super) provider: Option<Item>,
}

/// An assertion, or several that count as one.
#[derive(Debug, Clone)]
pub(super) enum Check {
    One(Assertion),
    Set {
        spot: Spot,
        parts: Vec<Assertion>,
        threshold: Option<f64>,
        weight: f64,
        metric: Option<String>,
    },
}

impl Check {
    pub(super) fn spot(&self) -> &Spot {
        match self {
            Self::One(assertion) => &assertion.spot,
            Self::Set { spot, .. } => spot,
        }
    }

    pub(super) fn weight(&self) -> f64 {
        match self {
            Self::One(assertion) => assertion.weight,
            Self::Set { weight, .. } => *weight,
        }
    }
}

/// Whether a text is a type, without `not-`.
pub(super) fn is_type(text: &str) -> bool {
    text == WORD_COUNT || TYPES.contains(&text)
}

/// Reads an assertion; what cannot be read is said.
pub(super) fn check(reader: &mut Reader<'_>, item: &Item) -> Option<Check> {
    let kind = item.get("type");
    let kind = kind.as_ref().and_then(Item::text);
    if kind != Some("assert-set") {
        return assertion(reader, item).map(Check::One);
    }
    let known = ["type", "assert", "threshold", "weight", "metric"];
    if !only_known(reader, item, &known) {
        return None;
    }
    let children = item
        .get("assert")
        .map(|list| list.items())
        .unwrap_or_default();
    let parts: Vec<Option<Assertion>> = children
        .iter()
        .map(|child| assertion(reader, child))
        .collect();
    let parts: Option<Vec<Assertion>> = parts.into_iter().collect();
    if parts.is_none() {
        let message = "this set is left out, because a part of it is";
        reader.left_out(item.place(), "unsupported-assertion", message);
    }
    let (threshold, weight) = numbers(reader, item)?;
    Some(Check::Set {
        spot: item.spot(),
        parts: parts?,
        threshold,
        weight: weight.unwrap_or(1.0),
        metric: metric(item),
    })
}

fn assertion(reader: &mut Reader<'_>, item: &Item) -> Option<Assertion> {
    let item = &reader.resolved(item)?;
    let kind = item.get("type");
    let Some(kind) = kind.as_ref().and_then(Item::text) else {
        let message = "this assertion has no `type`";
        reader.left_out(item.place(), "unsupported-assertion", message);
        return None;
    };
    let base = kind.strip_prefix("not-").unwrap_or(kind);
    if !is_type(base) {
        let message = if COMPARING.contains(&base) {
            format!("`{kind}` compares answers or asks people, and has no counterpart")
        } else if base.starts_with("promptfoo:redteam:") || base == "assert-set" {
            format!("`{kind}` has no counterpart here")
        } else {
            let help = did_you_mean(base, TYPES);
            format!("promptfoo knows no assertion `{kind}`: {help}")
        };
        reader.left_out(item.place(), "unsupported-assertion", message);
        return None;
    }
    let known = ["type", "value", "threshold", "weight", "metric", "provider"];
    if !only_known(reader, item, &known) {
        return None;
    }
    let (threshold, weight) = numbers(reader, item)?;
    Some(Assertion {
        spot: item.spot(),
        kind: base.to_owned(),
        inverse: base.len() < kind.len(),
        value: item.get("value"),
        threshold,
        weight: weight.unwrap_or(1.0),
        metric: metric(item),
        provider: item.get("provider"),
    })
}

/// Whether every key is known; an assertion with another one means something else.
fn only_known(reader: &mut Reader<'_>, item: &Item, known: &[&str]) -> bool {
    let strangers = item
        .entries()
        .iter()
        .filter(|it| !known.contains(&it.key.as_str()));
    let strangers: Vec<_> = strangers.collect();
    for entry in &strangers {
        let message = format!(
            "the assertion is left out: `{}` has no counterpart",
            entry.key
        );
        let place = item.spot_of(entry.key_span).place();
        reader.left_out(place, "unsupported-assertion", message);
    }
    strangers.is_empty()
}

/// The threshold and the weight.
fn numbers(reader: &mut Reader<'_>, item: &Item) -> Option<(Option<f64>, Option<f64>)> {
    let mut number = |key: &str| {
        let Some(node) = item.get(key) else {
            return Some(None);
        };
        let number = node.json().as_f64();
        if number.is_none() {
            let message = format!("`{key}` is no number, and the assertion is left out");
            reader.left_out(node.place(), "unsupported-assertion", message);
        }
        number.map(Some)
    };
    let (threshold, weight) = (number("threshold"), number("weight"));
    let (threshold, weight) = (threshold?, weight?);
    if weight.is_some_and(|weight| weight < 0.0) {
        let message = "a weight below 0 has no counterpart, and the assertion is left out";
        reader.left_out(item.place(), "unsupported-assertion", message);
        return None;
    }
    Some((threshold, weight))
}

fn metric(item: &Item) -> Option<String> {
    let metric = item.get("metric")?;
    metric.text().map(str::to_owned).filter(|it| !it.is_empty())
}

/// The values of a list that is written with commas, some of them in quotes; the error is why it is
/// none.
pub(super) fn comma_separated(text: &str) -> Result<Vec<String>, &'static str> {
    let mut values = Vec::new();
    let mut rest = text.trim_start();
    loop {
        rest = rest
            .trim_start_matches(|character: char| character == ',' || character.is_whitespace());
        if rest.is_empty() {
            return Ok(values);
        }
        if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = quoted_value(quoted).ok_or("a quote is never closed")?;
            values.push(value);
            rest = after.trim_start();
            if !(rest.is_empty() || rest.starts_with(',')) {
                return Err("a comma is missing after a quote");
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            values.push(rest[..end].trim().to_owned());
            rest = &rest[end..];
        }
    }
}

/// What stands before the closing quote, and what after it.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let first = rest.chars().next()?;
        let second = rest[first.len_utf8()..].chars().next();
        let (taken, shown) = match (first, second) {
            ('\\', Some(next @ ('"' | '\\'))) => (2, next),
            ('"', Some('"')) => (2, '"'),
            ('"', _) => return Some((value, &rest[1..])),
            (plain, _) => (plain.len_utf8(), plain),
        };
        value.push(shown);
        rest = &rest[taken..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_with_commas_are_read_as_promptfoo_reads_them() {
        for (text, values) in [
            ("a, b", vec!["a", "b"]),
            ("\"a, b\",c", vec!["a, b", "c"]),
            (" ,a,, b ,", vec!["a", "b"]),
            ("\"a\"\"b\" , \\\"", vec!["a\"b", "\\\""]),
            ("", vec![]),
        ] {
            assert_eq!(comma_separated(text).unwrap(), values, "{text}");
        }
        assert!(comma_separated("\"a").is_err());
        assert!(comma_separated("\"a\"b").is_err());
    }
}
