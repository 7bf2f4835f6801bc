//! Reads the examples of an evaluator, and finds those that could never get their grade.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::domain::evaluator::{Example, Grade, Rule};

use super::super::decode::Decoder;
use super::super::document::{Node, Value};

/// Reads one example. An output that is a list or a mapping stands for its JSON text.
pub(super) fn example(decoder: &mut Decoder<'_>, node: &Node) -> Option<Example> {
    let mut fields = decoder.fields(node)?;
    let output = fields
        .required(decoder, "output")
        .and_then(|node| match node.value {
            Value::List(_) | Value::Map(_) => Some(node.to_json().to_string()),
            _ => decoder.text(node),
        });
    let expected = fields.optional("expected").map(Node::to_json);
    let vars = match fields.optional("vars") {
        Some(node) => decoder.entries(node).map(|entries| {
            let values = entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.node.to_json()));
            values.collect::<IndexMap<_, _>>()
        }),
        None => Some(IndexMap::new()),
    };
    let grade = fields
        .required(decoder, "grade")
        .and_then(|node| decoder.word(node, &Grade::ALL));
    fields.finish(decoder);
    Some(Example {
        output: output?,
        expected,
        vars: vars?,
        grade: grade?,
        span: node.span,
    })
}

/// Reports examples that no run could confirm: without a column that the rule compares with, or with
/// another grade than an equal one has.
pub(super) fn check_examples(decoder: &mut Decoder<'_>, rule: &Rule, examples: &[Example]) {
    let columns = rule.columns();
    let mut grades: BTreeMap<String, Grade> = BTreeMap::new();
    for example in examples {
        let decided = matches!(example.grade, Grade::Pass | Grade::Fail);
        let missing = columns.iter().find(|column| match **column {
            "expected" => example.expected.is_none(),
            column => !example.vars.contains_key(column),
        });
        // A combination may decide before it comes to the part that compares.
        if let (true, Some(column), false) = (decided, missing, matches!(rule, Rule::Combine(_))) {
            let message = format!("the example has no `{column}`, which the rule compares with");
            let help = match *column {
                "expected" => "add `expected` to the example".to_owned(),
                column => format!("add `vars: {{ {column}: … }}` to the example"),
            };
            decoder.error("incomplete-example", example.span, message, help);
        }
        let key = serde_json::json!([example.output, example.expected, example.vars]).to_string();
        match grades.insert(key, example.grade) {
            Some(other) if other != example.grade => decoder.error(
                "contradicting-example",
                example.span,
                format!(
                    "an equal example has the grade `{}`, this one `{}`",
                    other.name(),
                    example.grade.name()
                ),
                "remove one of them",
            ),
            _ => {}
        }
    }
}
