//! Assertions about the shape of the answer and the call that it came from.

use serde_json::{Value as Json, json};

use crate::engine::workspace::document::Source;
use crate::engine::workspace::yaml::parse_yaml;

use super::super::fields::Assertion;
use super::super::javascript::script_of;
use super::super::providers::check_tools;
use super::super::schema::check_schema;
use super::super::scripts;
use super::super::shapes::Shape;
use super::super::value::{json_of, text_of};
use super::{Mapping, Value, negate, nonempty, script, threshold};

impl Mapping<'_, '_> {
    /// What is known of the call, beside its text.
    pub(super) fn response(
        &mut self,
        assertion: &Assertion,
        value: Value,
    ) -> Result<Shape, String> {
        let limit = || {
            let threshold = assertion.threshold.filter(|number| *number >= 0.0);
            threshold.ok_or_else(|| "it needs a `threshold` of 0 or more".to_owned())
        };
        match assertion.kind.as_str() {
            "cost" => Ok(negate(assertion, Shape::CostUsd(limit()?))),
            "latency" => Ok(negate(assertion, Shape::LatencyMs(limit()?))),
            "is-refusal" => {
                let constants = vec![("inverse", json!(assertion.inverse))];
                Ok(script(scripts::IS_REFUSAL, None, constants))
            }
            "finish-reason" => {
                let (text, variable) = nonempty(value)?;
                let value = self.slot(json!(text), variable);
                let shape = script(scripts::FINISH_REASON, Some(("value", value)), Vec::new());
                Ok(negate(assertion, shape))
            }
            // There, `not-` makes no difference to calls.
            _ => {
                check_tools(self.targets)?;
                let calls = script(scripts::CALLS_TOOLS, None, Vec::new());
                Ok(Shape::All(vec![calls, Shape::ToolCalls]))
            }
        }
    }

    /// The names of the tools that are called.
    pub(super) fn tool_call_f1(
        &mut self,
        assertion: &Assertion,
        value: &Value,
    ) -> Result<Shape, String> {
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

    /// A script, where the sandbox has all that it names.
    pub(super) fn javascript(
        &mut self,
        assertion: &Assertion,
        value: Value,
    ) -> Result<Shape, String> {
        let Value::Text(code, _) = value else {
            return Err("it needs a script".to_owned());
        };
        if self.is_nested && code.contains("context") {
            return Err(
                "it reads variables, and one of this test is a template or had to become text"
                    .to_owned(),
            );
        }
        let script = script_of(&code, assertion.threshold, assertion.inverse)?;
        // What does not compile fails every answer there, and is better said here.
        let compiled = format!(
            "new Function('output', 'context', 'process', {})",
            script.constants[0].1
        );
        let compiled = self.reader.runs(&compiled);
        compiled.map_err(|reason| format!("its script does not compile: {reason}"))?;
        Ok(Shape::Script(script))
    }
}

/// JSON, as a whole or within the text, with a schema or without one.
pub(super) fn json_shape(assertion: &Assertion, value: Value) -> Result<Shape, String> {
    let schema = schema(value)?;
    let shape = match (assertion.kind.as_str(), schema) {
        ("is-json", None) => script(scripts::IS_JSON, None, Vec::new()),
        ("is-json", Some(schema)) => Shape::JsonSchema(schema),
        (_, schema) => {
            let schema = schema.unwrap_or(Json::Bool(true));
            script(scripts::CONTAINS_JSON, None, vec![("schema", schema)])
        }
    };
    Ok(negate(assertion, shape))
}

/// The schema that a value means, if any.
fn schema(value: Value) -> Result<Option<Json>, String> {
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
