//! Reads evaluator files.

use crate::domain::evaluator::{
    Evaluator, Example, ExpectedRule, Grade, JsonRule, JsonValue, LengthUnit, Rule, TextOperator,
    TextRule, TextValue,
};
use crate::domain::finding::{Findings, Span};
use crate::domain::id::EvaluatorId;

use super::decode::{Decoder, Fields};
use super::document::{Node, Source, Value};
use super::judge_rule::judge_rule;
use super::matchers::{compile_pattern, compile_schema};
use super::yaml::parse_yaml;

/// Reads one evaluator.
pub fn read_evaluator(id: &EvaluatorId, source: &Source) -> Result<Evaluator, Findings> {
    let node = parse_yaml(source)?;
    let mut decoder = Decoder::new(source);
    let evaluator = evaluator(id, &mut decoder, &node);
    decoder.finish(evaluator)
}

fn evaluator(id: &EvaluatorId, decoder: &mut Decoder<'_>, node: &Node) -> Option<Evaluator> {
    let mut fields = decoder.fields(node)?;
    let description = fields
        .optional("description")
        .and_then(|node| decoder.text(node));
    let blocking = match fields.optional("blocking") {
        Some(node) => decoder.boolean(node),
        None => Some(true),
    };
    let examples = match fields.optional("examples") {
        Some(node) => decoder.list_of(node, example),
        None => Some(Vec::new()),
    };
    let kind = fields
        .required(decoder, "kind")
        .and_then(|node| decoder.word(node, &KINDS));
    // Without a kind, the other keys cannot be told from unknown ones.
    let rule = kind.map(|kind| rule(decoder, &mut fields, kind))?;
    fields.finish(decoder);
    Some(Evaluator {
        id: id.clone(),
        description,
        blocking: blocking?,
        rule: rule?,
        examples: examples?,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Json,
    Expected,
    Length,
    Latency,
    Cost,
    LlmJudge,
}

const KINDS: [(&str, Kind); 7] = [
    ("text", Kind::Text),
    ("json", Kind::Json),
    ("expected", Kind::Expected),
    ("length", Kind::Length),
    ("latency", Kind::Latency),
    ("cost", Kind::Cost),
    ("llm-judge", Kind::LlmJudge),
];

fn rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>, kind: Kind) -> Option<Rule> {
    match kind {
        Kind::Text => text_rule(decoder, fields).map(Rule::Text),
        Kind::Json => json_rule(decoder, fields).map(Rule::Json),
        Kind::Expected => expected_rule(decoder, fields).map(Rule::Expected),
        Kind::Length => length_rule(decoder, fields),
        Kind::Latency => {
            let node = fields.required(decoder, "maxMs")?;
            let max_ms = decoder.number_within(node, 0.0, f64::MAX)?;
            Some(Rule::Latency { max_ms })
        }
        Kind::Cost => {
            let node = fields.required(decoder, "maxUsd")?;
            let max_usd = decoder.number_within(node, 0.0, f64::MAX)?;
            Some(Rule::Cost { max_usd })
        }
        Kind::LlmJudge => judge_rule(decoder, fields).map(Rule::LlmJudge),
    }
}

fn text_rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<TextRule> {
    let operator = fields.required(decoder, "operator");
    let operator = operator.and_then(|node| decoder.word(node, &TextOperator::ALL));
    let value_node = fields.required(decoder, "value");
    let value = value_node.and_then(|node| text_value(decoder, node));
    let ignore_case = match fields.optional("ignoreCase") {
        Some(node) => decoder.boolean(node)?,
        None => false,
    };
    let rule = TextRule {
        operator: operator?,
        value: value?,
        ignore_case,
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
        if let Err(reason) = compile_pattern(pattern, rule.ignore_case) {
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

fn column(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
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

fn json_rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<JsonRule> {
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
    match compile_schema(schema) {
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

fn expected_rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<ExpectedRule> {
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

fn length_rule(decoder: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Option<Rule> {
    let unit_node = fields.required(decoder, "unit")?;
    let unit = decoder.word(unit_node, &LengthUnit::ALL);
    let mut bound = |key| match fields.optional(key) {
        Some(node) => {
            let bound = decoder.integer_within(node, 0, i64::from(u32::MAX))?;
            Some(u64::try_from(bound).ok())
        }
        None => Some(None),
    };
    let (min, max) = (bound("min")?, bound("max")?);
    if min.is_none() && max.is_none() {
        decoder.error(
            "missing-key",
            unit_node.span,
            "there is no bound",
            "add `min`, `max` or both",
        );
        return None;
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let message = format!("nothing is at least {min} and at most {max}");
        decoder.error(
            "out-of-range",
            unit_node.span,
            message,
            "correct `min` or `max`",
        );
        return None;
    }
    Some(Rule::Length {
        unit: unit?,
        min,
        max,
    })
}

fn example(decoder: &mut Decoder<'_>, node: &Node) -> Option<Example> {
    let mut fields = decoder.fields(node)?;
    let output = fields
        .required(decoder, "output")
        .and_then(|node| decoder.text(node));
    let expected = fields.optional("expected").map(Node::to_json);
    let grade = fields
        .required(decoder, "grade")
        .and_then(|node| decoder.word(node, &Grade::ALL));
    fields.finish(decoder);
    Some(Example {
        output: output?,
        expected,
        grade: grade?,
        span: node.span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Evaluator, Findings> {
        let id = EvaluatorId::new("a").unwrap();
        read_evaluator(&id, &Source::new(id.path(), text))
    }

    #[test]
    fn each_kind_is_read_with_its_options() {
        for text in [
            "kind: text\noperator: not-contains-any\nvalue: [sorry]\nignoreCase: true\nexamples:\n  - {output: fine, grade: pass}\n",
            "kind: text\noperator: equals\nvalue: {column: expected}\n",
            "kind: json\ncheck: valid\n",
            "kind: json\ncheck: schema\nschema: {type: object}\n",
            "kind: json\ncheck: pointer-equals\npointer: /a\nvalue: 1\n",
            "kind: expected\ncomparison: numeric\ntolerance: 0.5\n",
            "kind: expected\ncomparison: set\n",
            "kind: length\nunit: words\nmax: 3\n",
            "kind: latency\nmaxMs: 100\n",
            "kind: cost\nmaxUsd: 0.01\n",
            "kind: llm-judge\nprompt: judges/a\nscale: {min: 1, max: 5}\nthreshold: 4\n",
            "kind: llm-judge\nprompt: judges/a\nlabels: [good, bad]\npass: [good]\n",
        ] {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn what_could_never_grade_is_found_before_any_call() {
        for (text, ident) in [
            ("kind: txt\n", "unknown-word"),
            (
                "kind: text\noperator: regex\nvalue: '(a'\n",
                "invalid-regex",
            ),
            (
                "kind: text\noperator: regex\nvalue: '(?=a)'\n",
                "invalid-regex",
            ),
            (
                "kind: text\noperator: regex\nvalue: '(a{1000}){1000}'\n",
                "invalid-regex",
            ),
            ("kind: text\noperator: equals\nvalue: ''\n", "empty-value"),
            (
                "kind: json\ncheck: schema\nschema: {type: 5}\n",
                "invalid-schema",
            ),
            (
                "kind: json\ncheck: pointer-equals\npointer: a\nvalue: 1\n",
                "invalid-pointer",
            ),
            ("kind: length\nunit: words\n", "missing-key"),
            (
                "kind: length\nunit: words\nmin: 3\nmax: 2\n",
                "out-of-range",
            ),
            ("kind: llm-judge\nprompt: a\n", "missing-key"),
            (
                "kind: llm-judge\nprompt: a\nscale: {min: 1, max: 5}\nthreshold: 9\n",
                "out-of-range",
            ),
            (
                "kind: llm-judge\nprompt: a\nlabels: [good]\npass: [god]\n",
                "unknown-word",
            ),
            ("kind: latency\nmaxMs: 1\nmaxUsd: 2\n", "unknown-key"),
        ] {
            assert_eq!(read(text).unwrap_err().0[0].ident, ident, "{text}");
        }
    }

    #[test]
    fn a_schema_that_points_elsewhere_is_not_followed() {
        for target in ["file:///etc/passwd", "http://127.0.0.1:9/x.json"] {
            let text = format!("kind: json\ncheck: schema\nschema: {{$ref: '{target}'}}\n");
            assert_eq!(read(&text).unwrap_err().0[0].ident, "invalid-schema");
        }
    }
}
