//! Reads the tests that stand in a prompt's own file, in the shape of GitHub's `.prompt.yml`: rows under
//! `testData`, and `evaluators`. Rows become a dataset, and rules evaluators, like those that have files
//! of their own. How GitHub's rules compare is taken from `gh models eval` (github/gh-models).

mod built_in;
mod judge;

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::domain::dataset::{Dataset, DatasetKind, Row, RowsFormat};
use crate::domain::evaluator::{Evaluator, Rule, TextOperator, TextRule, TextValue};
use crate::domain::finding::Span;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId, kebab_case};
use crate::domain::prompt::{EvalBinding, OwnTests, Prompt, Variable, VariableKind};

use super::decode::{Decoder, Fields};
use super::document::{Node, Value};
use super::variables::is_variable_name;

/// What is read of one prompt's file.
pub(super) struct Reader<'r> {
    /// The prompt.
    pub(super) id: &'r PromptId,
    /// Its variables; those that are text take any scalar.
    pub(super) variables: &'r IndexMap<String, Variable>,
}

/// An evaluator, where it stands, and the judge that it brings with it.
struct OwnEvaluator {
    evaluator: Evaluator,
    judge: Option<Prompt>,
    span: Span,
}

impl Reader<'_> {
    /// Reads the tests, and what binds them to the prompt: nothing is bound where there are no rows
    /// or no evaluators.
    pub(super) fn tests(
        &self,
        decoder: &mut Decoder<'_>,
        rows: Option<&Node>,
        evaluators: Option<&Node>,
    ) -> Option<(OwnTests, Option<EvalBinding>)> {
        let span = rows.map_or_else(Span::default, |node| node.span);
        let rows = match rows {
            Some(node) => self.rows(decoder, node),
            None => Some(Vec::new()),
        };
        let evaluators = match evaluators {
            Some(node) => self.evaluators(decoder, node),
            None => Some(Vec::new()),
        };
        let (rows, evaluators) = (rows?, evaluators?);
        let named = evaluators
            .iter()
            .map(|it| (it.evaluator.id.clone(), it.span));
        let named: Vec<(EvaluatorId, Span)> = named.collect();
        let mut own = OwnTests {
            rows,
            ..OwnTests::default()
        };
        for it in evaluators {
            own.evaluators.push(it.evaluator);
            own.judges.extend(it.judge);
        }
        let binding = if own.rows.is_empty() || own.evaluators.is_empty() {
            None
        } else {
            Some(EvalBinding {
                dataset: (self.dataset_id(decoder, span)?, span),
                evaluators: named,
            })
        };
        Some((own, binding))
    }

    fn dataset_id(&self, decoder: &mut Decoder<'_>, span: Span) -> Option<DatasetId> {
        let id = self.id.own_dataset();
        id.map_err(|error| {
            let message = format!("the prompt's name is too long for tests of its own: {error}");
            decoder.error(
                "invalid-name",
                span,
                message,
                "give the file a shorter name",
            );
        })
        .ok()
    }

    fn rows(&self, decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<Row>> {
        let mut number = 0;
        decoder.list_of(node, |decoder, node| {
            number += 1;
            self.row(decoder, node, number)
        })
    }

    fn row(&self, decoder: &mut Decoder<'_>, node: &Node, number: usize) -> Option<Row> {
        let mut row = Row {
            id: format!("test-{number}"),
            line: node.span.line,
            ..Row::default()
        };
        for entry in decoder.entries(node)? {
            let value = self.value(decoder, &entry.key, &entry.node)?;
            if entry.key == "expected" {
                row.expected = Some(value);
            } else {
                row.vars.insert(entry.key.clone(), value);
            }
        }
        Some(row)
    }

    /// The value of a column. What is printed by a template is text, as numbers are for GitHub.
    fn value(&self, decoder: &mut Decoder<'_>, column: &str, node: &Node) -> Option<Json> {
        let kind = self.variables.get(column).map(|variable| variable.kind);
        if kind.is_some_and(|kind| kind != VariableKind::String) {
            return Some(node.to_json());
        }
        scalar(decoder, node).map(Json::from)
    }

    fn evaluators(&self, decoder: &mut Decoder<'_>, node: &Node) -> Option<Vec<OwnEvaluator>> {
        let mut number = 0;
        let mut names = BTreeSet::new();
        decoder.list_of(node, |decoder, node| {
            number += 1;
            let read = self.evaluator(decoder, node, number)?;
            if names.insert(read.evaluator.id.clone()) {
                return Some(read);
            }
            let message = format!("another evaluator is named `{}`, too", read.evaluator.id);
            let help = "give each evaluator a name of its own; only letters and digits count";
            decoder.error("duplicate-name", node.span, message, help);
            None
        })
    }

    fn evaluator(
        &self,
        decoder: &mut Decoder<'_>,
        node: &Node,
        number: usize,
    ) -> Option<OwnEvaluator> {
        let mut fields = decoder.fields(node)?;
        let name = match fields.optional("name") {
            Some(node) => Some(scalar(decoder, node)?),
            None => None,
        };
        let id = self.evaluator_id(decoder, node.span, name.as_deref(), number);
        let ways = ["string", "llm", "uses"].map(|way| fields.optional(way));
        fields.finish(decoder);
        let id = id?;
        let (rule, judge) = match ways {
            [Some(string), None, None] => (Rule::Text(text_rule(decoder, string)?), None),
            [None, Some(llm), None] => judge::llm(decoder, &id, llm)?,
            [None, None, Some(uses)] => built_in::judge(decoder, &id, uses)?,
            _ => {
                let message = "an evaluator grades in exactly one way";
                let help = "give one of `string`, `llm` and `uses`";
                decoder.error("missing-key", node.span, message, help);
                return None;
            }
        };
        let evaluator = Evaluator {
            id,
            description: name,
            blocking: true,
            rule,
            examples: Vec::new(),
        };
        Some(OwnEvaluator {
            evaluator,
            judge,
            span: node.span,
        })
    }

    fn evaluator_id(
        &self,
        decoder: &mut Decoder<'_>,
        span: Span,
        name: Option<&str>,
        number: usize,
    ) -> Option<EvaluatorId> {
        let name = kebab_case(name.unwrap_or_default());
        let name = if name.is_empty() {
            format!("evaluator-{number}")
        } else {
            name
        };
        let id = self.id.own_evaluator(&name);
        id.map_err(|error| {
            let message = format!("the evaluator cannot be named: {error}");
            decoder.error("invalid-name", span, message, "use a shorter name");
        })
        .ok()
    }
}

/// The manifest that a prompt's own rows do not have.
pub(super) fn dataset(id: &DatasetId, prompt: &Prompt) -> Option<Dataset> {
    if prompt.own.rows.is_empty() {
        return None;
    }
    Some(Dataset {
        id: id.clone(),
        description: None,
        kind: DatasetKind::Golden,
        rows_path: prompt.id.path(),
        rows_format: RowsFormat::TestData,
        cluster: None,
        media: None,
        split: None,
    })
}

/// One comparison. GitHub trims the answer, and heeds case for `equals` only.
fn text_rule(decoder: &mut Decoder<'_>, node: &Node) -> Option<TextRule> {
    const OPERATORS: [(&str, TextOperator); 4] = [
        ("equals", TextOperator::Equals),
        ("contains", TextOperator::ContainsAny),
        ("startsWith", TextOperator::StartsWith),
        ("endsWith", TextOperator::EndsWith),
    ];
    let mut fields = decoder.fields(node)?;
    let given: Vec<(TextOperator, &Node)> = OPERATORS
        .iter()
        .filter_map(|(key, operator)| Some((*operator, fields.optional(key)?)))
        .collect();
    fields.finish(decoder);
    let [(operator, value)] = given.as_slice() else {
        let message = "a text is compared in exactly one way";
        let help = "give one of `equals`, `contains`, `startsWith` and `endsWith`; write another \
                    evaluator for each further one";
        decoder.error("missing-key", node.span, message, help);
        return None;
    };
    let text = scalar(decoder, value)?;
    if text.is_empty() {
        let help = "write the text to compare with";
        decoder.error("empty-value", value.span, "every answer has this", help);
        return None;
    }
    let compared = compared_with(decoder, text, value.span)?;
    Some(TextRule {
        operator: *operator,
        value: compared,
        ignore_case: *operator != TextOperator::Equals,
        trim: true,
    })
}

/// A text, or the row's column where it is nothing but `{{column}}`.
fn compared_with(decoder: &mut Decoder<'_>, text: String, span: Span) -> Option<TextValue> {
    if !text.contains("{{") {
        return Some(TextValue::Fixed(vec![text]));
    }
    let inner = text
        .trim()
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"));
    let column = inner.map(str::trim).filter(|name| is_variable_name(name));
    if column.is_none() {
        let message = "this mixes a text and a variable";
        let help = "write `{{name}}` alone, and put the whole text into that column of `testData`";
        decoder.error("unsupported-template", span, message, help);
    }
    column.map(|column| TextValue::Column(column.to_owned()))
}

/// A text, or a number or a boolean as text.
fn scalar(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    match &node.value {
        Value::Boolean(value) => Some(value.to_string()),
        Value::Integer(value) => Some(value.to_string()),
        Value::Float(value) => Some(value.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Null | Value::List(_) | Value::Map(_) => {
            let message = format!("expected text, found {}", node.value.kind());
            let help = "write text; lists and mappings need a variable of that type";
            decoder.error("wrong-type", node.span, message, help);
            None
        }
    }
}

/// A text under a key that must be there.
fn required_text(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
) -> Option<(String, Span)> {
    let node = fields.required(decoder, key)?;
    Some((scalar(decoder, node)?, node.span))
}
