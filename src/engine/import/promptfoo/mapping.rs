//! From an assertion to a rule of ours that gives the same verdict on every answer.

use serde_json::{Value as Json, json};

use crate::engine::workspace::document::Source;
use crate::engine::workspace::yaml::parse_yaml;

use super::fields::{Assertion, comma_separated};
use super::files::{Reader, ending};
use super::javascript::script_of;
use super::providers::{Targets, check_tools};
use super::schema::check_schema;
use super::scripts::{self, is_pattern};
use super::shapes::{Script, Shape, Slot, SlotValue};
use super::template::Scope;
use super::value::{json_of, text_of};
use super::vars::print_value;

/// The model that promptfoo 0.123 asks for a verdict where none is named.
const DEFAULT_JUDGE: &str = "openai:gpt-5.6-sol";

/// The model that it asks for embeddings.
const DEFAULT_EMBEDDING: &str = "openai:text-embedding-3-large";

/// Maps assertions of one test.
pub(super) struct Mapping<'m, 't> {
    pub(super) reader: &'m mut Reader<'t>,
    pub(super) targets: &'m mut Targets,
    /// The variables of the row.
    pub(super) row: &'m Scope,
    /// Whether prompts see other values of them than assertions.
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
        let negate = |shape: Shape| {
            if assertion.inverse {
                Shape::Not(Box::new(shape))
            } else {
                shape
            }
        };
        let kind = assertion.kind.as_str();
        if assertion.provider.is_some()
            && !matches!(kind, "llm-rubric" | "similar" | "similar:cosine")
        {
            return Err("its `provider` has no counterpart".to_owned());
        }
        match kind {
            "equals" => self.equals(value).map(negate),
            "contains" | "icontains" => {
                let text = one_text(value)?;
                Ok(self.contains(kind == "icontains", assertion.inverse, text))
            }
            "contains-any" | "icontains-any" | "contains-all" | "icontains-all" => {
                self.contains_several(assertion, value)
            }
            "starts-with" => {
                let (text, variable) = nonempty(value)?;
                Ok(negate(Shape::Text {
                    operator: "starts-with",
                    ignore_case: false,
                    value: self.slot(json!(text), variable),
                }))
            }
            "regex" => {
                let (pattern, variable) = nonempty(value)?;
                if !is_pattern(&pattern) {
                    return Err(format!(
                        "`{pattern}` is no pattern, and promptfoo fails every answer"
                    ));
                }
                let value = self.slot(json!(pattern), variable);
                Ok(negate(script(
                    scripts::REGEX,
                    Some(("pattern", value)),
                    Vec::new(),
                )))
            }
            "is-json" => self.schema(value)?.map_or_else(
                || Ok(negate(script(scripts::IS_JSON, None, Vec::new()))),
                |schema| Ok(negate(Shape::JsonSchema(schema))),
            ),
            "contains-json" => {
                let schema = self.schema(value)?.unwrap_or(Json::Bool(true));
                Ok(negate(script(
                    scripts::CONTAINS_JSON,
                    None,
                    vec![("schema", schema)],
                )))
            }
            "levenshtein" => {
                let threshold = threshold(assertion, 5.0);
                self.measured(scripts::LEVENSHTEIN, value, threshold)
                    .map(negate)
            }
            "rouge-n" => {
                let threshold = threshold(assertion, 0.75);
                self.measured(scripts::ROUGE_N, value, threshold)
                    .map(negate)
            }
            "bleu" | "gleu" => {
                let body = if kind == "bleu" {
                    scripts::BLEU
                } else {
                    scripts::GLEU
                };
                let values = texts(value)?;
                let value = self.slot(json!(values), None);
                let threshold = vec![("threshold", json!(threshold(assertion, 0.5)))];
                Ok(negate(script(body, Some(("values", value)), threshold)))
            }
            "word-count" => self.word_count(value).map(negate),
            "is-refusal" => {
                let constants = vec![("inverse", json!(assertion.inverse))];
                Ok(script(scripts::IS_REFUSAL, None, constants))
            }
            "cost" | "latency" => {
                let threshold = assertion.threshold.filter(|number| *number >= 0.0);
                let threshold = threshold.ok_or("it needs a `threshold` of 0 or more")?;
                let is_cost = kind == "cost";
                Ok(negate(if is_cost {
                    Shape::CostUsd(threshold)
                } else {
                    Shape::LatencyMs(threshold)
                }))
            }
            "finish-reason" => {
                let (text, variable) = nonempty(value)?;
                let value = self.slot(json!(text), variable);
                Ok(negate(script(
                    scripts::FINISH_REASON,
                    Some(("value", value)),
                    Vec::new(),
                )))
            }
            "tool-call-f1" => self.tool_call_f1(assertion, value),
            "is-valid-openai-tools-call" => {
                check_tools(self.targets)?;
                let calls = script(scripts::CALLS_TOOLS, None, Vec::new());
                Ok(Shape::All(vec![calls, Shape::ToolCalls]))
            }
            "javascript" => self.javascript(assertion, value),
            "llm-rubric" => self.judge(assertion, value).map(negate),
            "similar" | "similar:cosine" => self.similar(assertion, value).map(negate),
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

    fn file(&mut self, item: &super::files::Item, name: &str) -> Result<Value, String> {
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

    fn equals(&mut self, value: Value) -> Result<Shape, String> {
        match value {
            Value::None | Value::Other(Json::Null) => Err("it has no value".to_owned()),
            Value::Other(value @ (Json::Array(_) | Json::Object(_))) => {
                Ok(Shape::JsonEquals(self.slot(value, None)))
            }
            Value::Other(value) => {
                let text = text_of(&value).unwrap_or_default();
                Ok(self.equals_text(text, None))
            }
            Value::Text(text, variable) => Ok(self.equals_text(text, variable)),
        }
    }

    fn equals_text(&mut self, text: String, variable: Option<String>) -> Shape {
        let is_empty = text.is_empty();
        let value = self.slot(json!(text), variable);
        if is_empty {
            return script(scripts::EQUALS, Some(("value", value)), Vec::new());
        }
        Shape::Text {
            operator: "equals",
            ignore_case: false,
            value,
        }
    }

    fn contains(
        &mut self,
        ignore_case: bool,
        inverse: bool,
        (text, variable): (String, Option<String>),
    ) -> Shape {
        Shape::Text {
            operator: if inverse {
                "not-contains-any"
            } else {
                "contains-any"
            },
            ignore_case,
            value: self.slot(json!(text), variable),
        }
    }

    fn contains_several(&mut self, assertion: &Assertion, value: Value) -> Result<Shape, String> {
        let values = match value {
            Value::Text(text, _) if !text.is_empty() => {
                comma_separated(&text).map_err(|why| format!("its list cannot be read: {why}"))?
            }
            Value::Other(Json::Array(items)) => {
                let texts: Option<Vec<String>> = items.iter().map(text_of).collect();
                texts.ok_or("its list holds a list or a mapping")?
            }
            _ => return Err("it needs a list".to_owned()),
        };
        let ignore_case = assertion.kind.starts_with('i');
        let all = assertion.kind.ends_with("all");
        let odd = values.is_empty() || values.iter().any(String::is_empty);
        let value = self.slot(json!(values), None);
        let shape = if odd {
            let body = if all {
                scripts::CONTAINS_ALL
            } else {
                scripts::CONTAINS_ANY
            };
            script(
                body,
                Some(("values", value)),
                vec![("ignoreCase", json!(ignore_case))],
            )
        } else {
            let operator = match (all, assertion.inverse) {
                (true, _) => "contains-all",
                (false, false) => "contains-any",
                (false, true) => "not-contains-any",
            };
            Shape::Text {
                operator,
                ignore_case,
                value,
            }
        };
        Ok(if assertion.inverse && (all || odd) {
            Shape::Not(Box::new(shape))
        } else {
            shape
        })
    }

    /// The schema that a value means, if any.
    fn schema(&mut self, value: Value) -> Result<Option<Json>, String> {
        let schema = match value {
            Value::None | Value::Other(Json::Null) => return Ok(None),
            Value::Text(text, _) if text.is_empty() => return Ok(None),
            Value::Text(text, _) => {
                let node = parse_yaml(&Source::new("", text));
                json_of(&node.map_err(|_| "its schema is no YAML that is read here")?)
            }
            Value::Other(value @ (Json::Object(_) | Json::Array(_))) => value,
            Value::Other(_) => return Err("its schema is no mapping".to_owned()),
        };
        if !schema.is_object() {
            return Err("its schema is no mapping".to_owned());
        }
        check_schema(&schema)?;
        Ok(Some(schema))
    }

    fn measured(&mut self, body: &str, value: Value, threshold: f64) -> Result<Shape, String> {
        let Value::Text(text, variable) = value else {
            return Err("it needs a text".to_owned());
        };
        let value = self.slot(json!(text), variable);
        Ok(script(
            body,
            Some(("value", value)),
            vec![("threshold", json!(threshold))],
        ))
    }

    fn word_count(&mut self, value: Value) -> Result<Shape, String> {
        let count = match value {
            Value::Text(text, _) => text.trim().parse().ok(),
            Value::Other(Json::Number(number)) => number.as_f64(),
            Value::Other(Json::Object(range)) => {
                let bound = |key: &str| range.get(key).map(Json::as_f64);
                let (min, max) = (bound("min"), bound("max"));
                let numbers = min != Some(None) && max != Some(None) && (min, max) != (None, None);
                let ordered = match (min.flatten(), max.flatten()) {
                    (Some(min), Some(max)) => min <= max,
                    _ => true,
                };
                if !(numbers && ordered) {
                    return Err("it needs `min`, `max` or both, in order".to_owned());
                }
                let value = self.slot(Json::Object(range), None);
                return Ok(script(
                    scripts::WORD_RANGE,
                    Some(("range", value)),
                    Vec::new(),
                ));
            }
            _ => None,
        };
        let count: f64 = count
            .filter(|count: &f64| count.is_finite())
            .ok_or("it needs a number")?;
        let value = self.slot(json!(count), None);
        Ok(script(
            scripts::WORD_COUNT,
            Some(("count", value)),
            Vec::new(),
        ))
    }

    fn tool_call_f1(&mut self, assertion: &Assertion, value: Value) -> Result<Shape, String> {
        let names: Vec<String> = match value {
            Value::Text(text, _) => text.split(',').map(str::to_owned).collect(),
            Value::Other(Json::Array(items)) => items.iter().filter_map(text_of).collect(),
            _ => Vec::new(),
        };
        let names = names
            .iter()
            .map(|name| name.trim())
            .filter(|name| !name.is_empty());
        let names: Vec<&str> = names.collect();
        if names.is_empty() {
            return Err("it needs the names of tools".to_owned());
        }
        let value = self.slot(json!(names), None);
        let constants = vec![
            ("threshold", json!(threshold(assertion, 1.0))),
            ("inverse", json!(assertion.inverse)),
        ];
        Ok(script(
            scripts::TOOL_CALL_F1,
            Some(("values", value)),
            constants,
        ))
    }

    fn javascript(&mut self, assertion: &Assertion, value: Value) -> Result<Shape, String> {
        let Value::Text(code, _) = value else {
            return Err("it needs a script".to_owned());
        };
        if self.is_nested && code.contains("context") {
            return Err("it reads variables whose values are templates".to_owned());
        }
        script_of(&code, assertion.threshold, assertion.inverse).map(Shape::Script)
    }

    fn model(&mut self, assertion: &Assertion, otherwise: &str) -> Result<String, String> {
        let named = assertion.provider.as_ref();
        let named = match named.map(|item| (item.text(), item.get("id"))) {
            None => self.grader.clone(),
            Some((Some(name), _)) => Some(name.to_owned()),
            Some((None, Some(id))) if id.text().is_some() => id.text().map(str::to_owned),
            Some(_) => return Err("its `provider` cannot be read".to_owned()),
        };
        let name = named.as_deref().unwrap_or(otherwise);
        let model = self.targets.grader(name);
        model.ok_or_else(|| format!("the provider `{name}`, which it asks, is not imported"))
    }

    fn judge(&mut self, assertion: &Assertion, value: Value) -> Result<Shape, String> {
        let (rubric, variable) = match value {
            Value::Text(text, variable) if !text.is_empty() => (text, variable),
            _ => return Err("its rubric is no text".to_owned()),
        };
        let model = self.model(assertion, DEFAULT_JUDGE)?;
        let threshold = match assertion.threshold {
            Some(threshold) if !(0.0..=1.0).contains(&threshold) => {
                return Err("its threshold is not from 0 to 1".to_owned());
            }
            Some(threshold) => Some(threshold),
            None => self.scored.then_some(0.5),
        };
        let message =
            "the judge is asked in other words than promptfoo's, and may judge differently";
        self.reader
            .changed(assertion.place.clone(), "other-judge", message);
        Ok(Shape::Judge {
            model,
            threshold,
            rubric: self.slot(json!(rubric), variable),
        })
    }

    fn similar(&mut self, assertion: &Assertion, value: Value) -> Result<Shape, String> {
        let threshold = threshold(assertion, 0.75);
        if !(0.0..=1.0).contains(&threshold) {
            return Err("its threshold is not from 0 to 1".to_owned());
        }
        let (value, variable) = match value {
            Value::Text(text, variable) => (json!(text), variable),
            other => (json!(texts(other)?), None),
        };
        if value == "" || value == json!([]) {
            return Err("it needs a text".to_owned());
        }
        let model = self.model(assertion, DEFAULT_EMBEDDING)?;
        if !model.starts_with("openai") {
            return Err(format!("embeddings of `{model}` cannot be asked for"));
        }
        Ok(Shape::Embedding {
            model,
            threshold,
            value: self.slot(value, variable),
        })
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
