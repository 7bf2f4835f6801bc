//! Assertions that compare the answer's text.

use serde_json::{Value as Json, json};

use super::super::fields::{Assertion, comma_separated};
use super::super::scripts;
use super::super::shapes::Shape;
use super::super::value::text_of;
use super::{Mapping, Value, negate, nonempty, one_text, script};

impl Mapping<'_, '_> {
    /// A text that the answer is, starts with or matches.
    pub(super) fn text(&mut self, assertion: &Assertion, value: Value) -> Result<Shape, String> {
        if assertion.kind == "equals" {
            return self.equals(value).map(|shape| negate(assertion, shape));
        }
        let (text, variable) = nonempty(value)?;
        let is_pattern = assertion.kind == "regex";
        if is_pattern
            && self
                .reader
                .runs(&format!("new RegExp({})", json!(text)))
                .is_err()
        {
            return Err(format!(
                "`{text}` is no pattern, and promptfoo fails every answer"
            ));
        }
        let value = self.slot(json!(text), variable);
        let shape = if is_pattern {
            script(scripts::REGEX, Some(("pattern", value)), Vec::new())
        } else {
            Shape::Text {
                operator: "starts-with",
                ignore_case: false,
                value,
            }
        };
        Ok(negate(assertion, shape))
    }

    fn equals(&mut self, value: Value) -> Result<Shape, String> {
        match value {
            Value::None | Value::Other(Json::Null) => Err("it has no value".to_owned()),
            Value::Other(value @ (Json::Array(_) | Json::Object(_))) => {
                Ok(Shape::JsonEquals(self.slot(value, None)))
            }
            Value::Other(value) => {
                let text = text_of(&value).unwrap_or_default();
                Ok(self.equals_text(&text, None))
            }
            Value::Text(text, variable) => Ok(self.equals_text(&text, variable)),
        }
    }

    fn equals_text(&mut self, text: &str, variable: Option<String>) -> Shape {
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

    /// One text that the answer contains.
    pub(super) fn contains(
        &mut self,
        assertion: &Assertion,
        value: Value,
    ) -> Result<Shape, String> {
        let (text, variable) = one_text(value)?;
        Ok(Shape::Text {
            operator: if assertion.inverse {
                "not-contains-any"
            } else {
                "contains-any"
            },
            ignore_case: assertion.kind == "icontains",
            value: self.slot(json!(text), variable),
        })
    }

    /// Texts of which the answer contains all or one.
    pub(super) fn contains_several(
        &mut self,
        assertion: &Assertion,
        value: Value,
    ) -> Result<Shape, String> {
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
}
