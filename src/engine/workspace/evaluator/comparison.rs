//! Reads rules that compare an answer with something.

use crate::domain::evaluator::{
    ExpectedRule, JsonRule, JsonValue, Rule, SimilarityMetric, SimilarityRule, TextOperator,
    TextRule, TextValue,
};
use crate::domain::finding::Span;

use super::super::decode::{Decoder, Fields};
use super::super::document::{Node, Value};
use super::super::matchers::{Pattern, Schema};
use super::combination::Loader;
use super::outside::embedding_rule;

pub(super) fn text_rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<TextRule> {
    let operator = fields.required(decoder, "operator");
    let operator = operator.and_then(|node| decoder.word(node, &TextOperator::ALL));
    let value_node = fields.required(decoder, "value");
    let value = value_node.and_then(|node| text_value(decoder, node));
    let ignore_case = match fields.optional("ignoreCase") {
        Some(node) => decoder.boolean(node)?,
        None => false,
    };
    let trim = match fields.optional("trim") {
        Some(node) => decoder.boolean(node)?,
        None => false,
    };
    let rule = TextRule {
        operator: operator?,
        value: value?,
        ignore_case,
        trim,
    };
    check_patterns(decoder, &rule, value_node?)?;
    Some(rule)
}

/// A regular expression that does not compile is found here, before any call is paid for.
fn check_patterns(decoder: &mut Decoder<'_>, rule: &TextRule, node: &Node) -> Option<()> {
    let (TextOperator::Regex, TextValue::Fixed(patterns)) = (rule.operator, &rule.value) else {
        return Some(());
    };
    let mut fine = Some(());
    for (index, pattern) in patterns.iter().enumerate() {
        if let Err(reason) = Pattern::compile(pattern, rule.ignore_case) {
            let span = match &node.value {
                Value::List(items) => items[index].span,
                _ => node.span,
            };
            let help = "use the syntax of Rust's `regex` crate: no look-around, no back-references";
            decoder.error(
                "invalid-regex",
                span,
                format!("this pattern does not compile: {reason}"),
                help,
            );
            fine = None;
        }
    }
    fine
}

fn text_value(decoder: &mut Decoder<'_>, node: &Node) -> Option<TextValue> {
    if matches!(node.value, Value::Map(_)) {
        return column(decoder, node).map(TextValue::Column);
    }
    let values = decoder.texts(node)?;
    if values.is_empty() || values.iter().any(String::is_empty) {
        decoder.error(
            "empty-value",
            node.span,
            "an empty text matches everything or nothing",
            "name a text",
        );
        return None;
    }
    Some(TextValue::Fixed(values))
}

pub(super) fn column(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let mut fields = decoder.fields(node)?;
    let column = fields
        .required(decoder, "column")
        .and_then(|node| decoder.text(node));
    fields.finish(decoder);
    column
}

#[derive(Clone, Copy)]
enum JsonCheck {
    Valid,
    Schema,
    PointerEquals,
}

pub(super) fn json_rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<JsonRule> {
    const CHECKS: [(&str, JsonCheck); 3] = [
        ("valid", JsonCheck::Valid),
        ("schema", JsonCheck::Schema),
        ("pointer-equals", JsonCheck::PointerEquals),
    ];
    let check = fields.required(decoder, "check")?;
    match decoder.word(check, &CHECKS)? {
        JsonCheck::Valid => Some(JsonRule::Valid),
        JsonCheck::Schema => {
            let node = fields.required(decoder, "schema")?;
            decoder.entries(node)?;
            let schema = node.to_json();
            check_schema(decoder, node.span, &schema)?;
            Some(JsonRule::Schema(schema))
        }
        JsonCheck::PointerEquals => {
            let pointer = fields
                .required(decoder, "pointer")
                .and_then(|node| pointer(decoder, node));
            let value = fields
                .required(decoder, "value")
                .and_then(|node| json_value(decoder, node));
            Some(JsonRule::PointerEquals {
                pointer: pointer?,
                value: value?,
            })
        }
    }
}

/// A schema that does not compile is found here, before any call is paid for.
fn check_schema(decoder: &mut Decoder<'_>, span: Span, schema: &serde_json::Value) -> Option<()> {
    match Schema::compile(schema) {
        Ok(_) => Some(()),
        Err(error) => {
            let help =
                "correct the JSON Schema; references to other files or hosts are not followed";
            decoder.error(
                "invalid-schema",
                span,
                format!("this schema does not compile: {error}"),
                help,
            );
            None
        }
    }
}

fn pointer(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let text = decoder.text(node)?;
    if text.is_empty() || text.starts_with('/') {
        return Some(text);
    }
    let message = format!("`{text}` is not a JSON pointer");
    decoder.error(
        "invalid-pointer",
        node.span,
        message,
        format!("start it with a slash: `/{text}`"),
    );
    None
}

fn json_value(decoder: &mut Decoder<'_>, node: &Node) -> Option<JsonValue> {
    let is_column = matches!(&node.value, Value::Map(entries)
        if entries.len() == 1 && entries[0].key == "column");
    if is_column {
        column(decoder, node).map(JsonValue::Column)
    } else {
        Some(JsonValue::Fixed(node.to_json()))
    }
}

#[derive(Clone, Copy)]
enum Comparison {
    Exact,
    Normalized,
    Label,
    Numeric,
    Set,
}

pub(super) fn expected_rule(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
) -> Option<ExpectedRule> {
    const COMPARISONS: [(&str, Comparison); 5] = [
        ("exact", Comparison::Exact),
        ("normalized", Comparison::Normalized),
        ("label", Comparison::Label),
        ("numeric", Comparison::Numeric),
        ("set", Comparison::Set),
    ];
    let comparison = fields.required(decoder, "comparison")?;
    match decoder.word(comparison, &COMPARISONS)? {
        Comparison::Exact => Some(ExpectedRule::Exact),
        Comparison::Normalized => Some(ExpectedRule::Normalized),
        Comparison::Label => Some(ExpectedRule::Label),
        Comparison::Numeric => {
            let tolerance = match fields.optional("tolerance") {
                Some(node) => decoder.number_within(node, 0.0, f64::MAX)?,
                None => 0.0,
            };
            Some(ExpectedRule::Numeric { tolerance })
        }
        Comparison::Set => {
            let separator = match fields.optional("separator") {
                Some(node) => decoder.text(node)?,
                None => ",".to_owned(),
            };
            Some(ExpectedRule::Set { separator })
        }
    }
}

/// Reads the options of `similarity`, by the metric that it names.
pub(super) fn similarity_rule(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    loader: &Loader<'_>,
) -> Option<Rule> {
    let metrics = SimilarityMetric::ALL.map(|(name, metric)| (name, Some(metric)));
    let metrics: Vec<_> = metrics.into_iter().chain([("embedding", None)]).collect();
    let metric = fields.required(decoder, "metric")?;
    match decoder.word(metric, &metrics)? {
        Some(metric) => measured_rule(metric, decoder, fields).map(Rule::Similarity),
        None => embedding_rule(decoder, fields, loader).map(Rule::Embedding),
    }
}

/// What an answer is compared with. Where nothing is named, it is the row's `expected`.
pub(super) fn reference(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<TextValue> {
    match fields.optional("value") {
        Some(node) => text_value(decoder, node),
        None => Some(TextValue::Column("expected".to_owned())),
    }
}

/// The least likeness that passes.
pub(super) fn threshold(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<f64> {
    let threshold = fields.required(decoder, "threshold");
    threshold.and_then(|node| decoder.number_within(node, 0.0, 1.0))
}

fn measured_rule(
    metric: SimilarityMetric,
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
) -> Option<SimilarityRule> {
    let value = reference(decoder, fields);
    let threshold = threshold(decoder, fields);
    let ignore_case = match fields.optional("ignoreCase") {
        Some(node) => decoder.boolean(node),
        None => Some(false),
    };
    Some(SimilarityRule {
        metric,
        value: value?,
        threshold: threshold?,
        ignore_case: ignore_case?,
    })
}
