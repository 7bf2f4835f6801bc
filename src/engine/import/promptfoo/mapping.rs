//! From an assertion to a rule of ours that gives the same verdict on every answer.

mod asked;
mod measured;
mod response;
mod text;

use serde_json::Value as Json;

use super::fields::Assertion;
use super::files::{Item, Reader, ending};
use super::providers::Targets;
use super::shapes::{Script, Shape, Slot, SlotValue};
use super::template::Scope;
use super::value::text_of;
use super::vars::print_value;

/// Maps assertions of one test.
pub(super) struct Mapping<'m, 't> {
    pub(super) reader: &'m mut Reader<'t>,
    pub(super) targets: &'m mut Targets,
    /// The variables of the row.
    pub(super) row: &'m Scope,
    /// Whether the row of the dataset has other values of them.
    pub(super) is_nested: bool,
    /// Who grades, where the test says so.
    pub(super) grader: Option<String>,
    pub(super) slots: Vec<SlotValue>,
    /// Whether the scores count, and not only who passes.
    pub(super) scored: bool,
}

/// An assertion's value, its templates printed.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    None,
    Text(String, Option<String>),
    Other(Json),
}

impl Mapping<'_, '_> {
    /// The rule; the error says why there is none.
    pub(super) fn shape(&mut self, assertion: &Assertion) -> Result<Shape, String> {
        let value = self.value(assertion)?;
        let kind = assertion.kind.as_str();
        let asks = matches!(kind, "llm-rubric" | "similar" | "similar:cosine");
        if assertion.provider.is_some() && !asks {
            return Err("its `provider` has no counterpart".to_owned());
        }
        match kind {
            "equals" | "starts-with" | "regex" => self.text(assertion, value),
            "contains" | "icontains" => self.contains(assertion, value),
            "contains-any" | "icontains-any" | "contains-all" | "icontains-all" => {
                self.contains_several(assertion, value)
            }
            "is-json" | "contains-json" => response::json_shape(assertion, value),
            "levenshtein" | "rouge-n" | "bleu" | "gleu" => self.measured(assertion, value),
            "word-count" => self.word_count(assertion, value),
            "is-refusal" | "cost" | "latency" | "finish-reason" | "is-valid-openai-tools-call" => {
                self.response(assertion, value)
            }
            "tool-call-f1" => self.tool_call_f1(assertion, &value),
            "javascript" => self.javascript(assertion, value),
            "llm-rubric" => self.judge(assertion, value),
            "similar" | "similar:cosine" => self.similar(assertion, value),
            _ => Err(format!("`{kind}` has no counterpart here")),
        }
    }

    fn slot(&mut self, value: Json, variable: Option<String>) -> Slot {
        self.slots.push(SlotValue { value, variable });
        Slot(self.slots.len() - 1)
    }

    fn value(&mut self, assertion: &Assertion) -> Result<Value, String> {
        let Some(item) = &assertion.value else {
            return Ok(Value::None);
        };
        if let Some(name) = item.file_name() {
            return self.file(item, name);
        }
        let print = |text: &str| {
            if text.starts_with("package:") {
                return Err("a program makes its value".to_owned());
            }
            print_value(text, self.row)
        };
        match item.json() {
            Json::String(text) => {
                let (text, variable) = print(&text)?;
                Ok(Value::Text(text, variable))
            }
            Json::Array(items) => {
                let items: Result<Vec<Json>, String> = items
                    .into_iter()
                    .map(|item| match item {
                        Json::String(text) if text.starts_with("file://") => {
                            Err("a part of its value stands in a file".to_owned())
                        }
                        Json::String(text) => print(&text).map(|(text, _)| Json::from(text)),
                        other => Ok(other),
                    })
                    .collect();
                Ok(Value::Other(Json::Array(items?)))
            }
            other => Ok(Value::Other(other)),
        }
    }

    fn file(&mut self, item: &Item, name: &str) -> Result<Value, String> {
        let said = "its file cannot be read, as is said above";
        let path = self.reader.path(item, name).ok_or(said)?;
        match ending(&path).as_str() {
            "json" | "yaml" | "yml" => {
                let parsed = self.reader.parsed_file(item, &path).ok_or(said)?;
                Ok(match parsed.json() {
                    Json::String(text) => Value::Text(text, None),
                    other => Value::Other(other),
                })
            }
            "txt" => {
                let source = self.reader.text(item, &path).ok_or(said)?;
                Ok(Value::Text(source.text.trim().to_owned(), None))
            }
            _ => Err(format!(
                "`{path}` is a program, or of a kind that is not read"
            )),
        }
    }
}

/// The rule, or its opposite where the assertion is `not-`.
fn negate(assertion: &Assertion, shape: Shape) -> Shape {
    if assertion.inverse {
        Shape::Not(Box::new(shape))
    } else {
        shape
    }
}

fn threshold(assertion: &Assertion, otherwise: f64) -> f64 {
    assertion.threshold.unwrap_or(otherwise)
}

fn script(
    body: &str,
    value: Option<(&'static str, Slot)>,
    constants: Vec<(&'static str, Json)>,
) -> Shape {
    Shape::Script(Script {
        constants,
        value,
        body: body.to_owned(),
    })
}

/// A text that is not empty.
fn nonempty(value: Value) -> Result<(String, Option<String>), String> {
    match value {
        Value::Text(text, variable) if !text.is_empty() => Ok((text, variable)),
        _ => Err("it needs a text that is not empty".to_owned()),
    }
}

/// A text that is not empty, or a number.
fn one_text(value: Value) -> Result<(String, Option<String>), String> {
    match value {
        Value::Other(number @ Json::Number(_)) => Ok((text_of(&number).unwrap_or_default(), None)),
        other => nonempty(other),
    }
}

/// A text or a list of texts.
fn texts(value: Value) -> Result<Vec<String>, String> {
    let texts = match value {
        Value::Text(text, _) => Some(vec![text]),
        Value::Other(Json::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    };
    let texts = texts.filter(|texts: &Vec<String>| !texts.is_empty());
    texts.ok_or_else(|| "it needs a text or a list of texts".to_owned())
}
