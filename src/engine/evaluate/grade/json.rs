//! Grading an answer that must be JSON.

use serde_json::Value;

use crate::domain::dataset::Row;
use crate::domain::evaluator::{JsonRule, JsonValue};
use crate::domain::run::Graded;
use crate::domain::untrusted::shorten;
use crate::engine::workspace::matchers::{Broken, Schema};

/// How much of a value a reason shows, in characters.
const SHOWN: usize = 120;

/// A JSON rule, ready to grade.
pub(super) enum JsonGrader {
    Valid,
    Schema(Box<Schema>),
    PointerEquals { pointer: String, value: JsonValue },
}

impl JsonGrader {
    /// Compiles the rule. A schema is resolved within itself only: neither files nor the network
    /// are asked for what it refers to.
    pub(super) fn compile(rule: &JsonRule) -> Result<Self, String> {
        Ok(match rule {
            JsonRule::Valid => Self::Valid,
            JsonRule::Schema(schema) => Self::Schema(Box::new(compiled(schema)?)),
            JsonRule::PointerEquals { pointer, value } => Self::PointerEquals {
                pointer: pointer.clone(),
                value: value.clone(),
            },
        })
    }

    /// Grades an answer's text.
    pub(super) fn grade(&self, output: &str, row: &Row) -> Graded {
        let value: Value = match read(output) {
            Ok(value) => value,
            Err(error) => return Graded::fail(format!("is not JSON: {error}")),
        };
        match self {
            Self::Valid => Graded::pass("is JSON"),
            Self::Schema(schema) => match schema.validate(&value) {
                Ok(()) => Graded::pass("follows the schema"),
                Err(error @ Broken::TooLong(_)) => Graded::error(error.to_string()),
                Err(Broken::Rule(error)) => {
                    let message = error.to_string();
                    Graded::fail(format!(
                        "does not follow the schema at `{}`: {}",
                        error.instance_path(),
                        shorten(&message, SHOWN)
                    ))
                }
            },
            Self::PointerEquals {
                pointer,
                value: wanted,
            } => match wanted {
                JsonValue::Fixed(wanted) => compare(&value, pointer, wanted),
                JsonValue::Column(column) => match row.column(column) {
                    Some(wanted) => compare(&value, pointer, wanted),
                    None => Graded::error(format!("the row has no column `{column}`")),
                },
            },
        }
    }
}

/// Reads JSON. Half of a character, as an answer that was cut leaves it (`"\ud83d"`), is JSON by the
/// grammar of RFC 8259, and is read as the character for what cannot be read.
fn read(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text).or_else(|error| match without_halves(text) {
        Some(text) => serde_json::from_str(&text).map_err(|_| error),
        None => Err(error),
    })
}

/// The text with a whole character in place of each half that is escaped; `None` where there is none.
fn without_halves(text: &str) -> Option<String> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut replaced = None;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        at += found;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                let whole: &mut String = replaced.get_or_insert_with(|| text.to_owned());
                whole.replace_range(at..at + 6, "\\ufffd");
                6
            }
            // A backslash and what it escapes.
            _ => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    replaced
}

fn compiled(schema: &Value) -> Result<Schema, String> {
    Schema::compile(schema)
        .map_err(|error| format!("the schema cannot be used: {}", shorten(&error, SHOWN)))
}

fn compare(answer: &Value, pointer: &str, wanted: &Value) -> Graded {
    match answer.pointer(pointer) {
        None => Graded::fail(format!("has nothing at `{pointer}`")),
        Some(found) if equal(found, wanted) => Graded::pass(format!("`{pointer}` is as wanted")),
        Some(found) => Graded::fail(format!(
            "`{pointer}` is {}, not {}",
            shorten(&found.to_string(), SHOWN),
            shorten(&wanted.to_string(), SHOWN)
        )),
    }
}

/// Equality as JSON means it: 5 and 5.0 are one number, and the order of keys does not count.
fn equal(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => one == two,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Rule;
    use super::super::tests::{evaluator, grade};
    use super::*;
    use crate::domain::evaluator::Grade;
    use crate::engine::evaluate::grade::Grader;

    fn pointer(pointer: &str, value: JsonValue) -> Rule {
        Rule::Json(JsonRule::PointerEquals {
            pointer: pointer.to_owned(),
            value,
        })
    }

    #[test]
    fn only_a_whole_json_text_is_valid() {
        let valid = |output| grade(Rule::Json(JsonRule::Valid), output, json!({})).0;
        for output in ["{}", " [1, 2]\n", "\"x\"", "null"] {
            assert_eq!(valid(output), Grade::Pass, "{output}");
        }
        let deep = "[".repeat(100_000);
        for output in [
            "",
            "{",
            "{} {}",
            "```json\n{}\n```",
            "{'a': 1}",
            "NaN",
            &deep,
        ] {
            assert_eq!(
                valid(output),
                Grade::Fail,
                "{}",
                &output[..output.len().min(20)]
            );
        }
    }

    #[test]
    fn a_schema_names_the_place_that_breaks_it() {
        let schema = || {
            Rule::Json(JsonRule::Schema(json!({
                "type": "object",
                "required": ["queue"],
                "properties": {"queue": {"enum": ["billing", "bug"]}},
            })))
        };
        assert_eq!(
            grade(schema(), r#"{"queue": "bug"}"#, json!({})).0,
            Grade::Pass
        );
        let (got, reason) = grade(schema(), r#"{"queue": "spam"}"#, json!({}));
        assert_eq!(got, Grade::Fail);
        assert!(reason.contains("`/queue`"), "{reason}");
        assert_eq!(grade(schema(), "queue: bug", json!({})).0, Grade::Fail);
    }

    #[test]
    fn a_schema_that_points_outside_or_needs_a_backtracking_pattern_is_refused() {
        for schema in [
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"pattern": "(?=x)"}),
            json!({"pattern": "(a{1000}){1000}"}),
        ] {
            let rule = Rule::Json(JsonRule::Schema(schema.clone()));
            assert!(Grader::compile(&evaluator(rule), &[]).is_err(), "{schema}");
        }
    }

    #[test]
    fn a_pointer_compares_by_value() {
        let five = || pointer("/a/0", JsonValue::Fixed(json!(5)));
        assert_eq!(grade(five(), r#"{"a": [5.0]}"#, json!({})).0, Grade::Pass);
        assert_eq!(grade(five(), r#"{"a": ["5"]}"#, json!({})).0, Grade::Fail);
        let (got, reason) = grade(five(), r#"{"a": []}"#, json!({}));
        assert_eq!(
            (got, reason.as_str()),
            (Grade::Fail, "has nothing at `/a/0`")
        );

        let column = || pointer("/score", JsonValue::Column("expected".to_owned()));
        let output = r#"{"score": {"b": 1, "a": [1]}}"#;
        let wanted = json!({"expected": {"a": [1.0], "b": 1}});
        assert_eq!(grade(column(), output, wanted).0, Grade::Pass);
        assert_eq!(grade(column(), output, json!({})).0, Grade::Error);
    }

    #[test]
    fn half_a_character_is_json_and_equals_no_other() {
        let halves = |wanted| pointer("/a", JsonValue::Fixed(json!(wanted)));
        let cut = r#"{"a": "x\ud83d", "b": "\ud83d\ude00 \\ud800"}"#;
        assert_eq!(
            grade(Rule::Json(JsonRule::Valid), cut, json!({})).0,
            Grade::Pass
        );
        assert_eq!(grade(halves("x\u{fffd}"), cut, json!({})).0, Grade::Pass);
        assert_eq!(grade(halves("x"), cut, json!({})).0, Grade::Fail);
        let broken = r#"{"a": "\ud83d"#;
        assert_eq!(
            grade(Rule::Json(JsonRule::Valid), broken, json!({})).0,
            Grade::Fail
        );
    }

    #[test]
    fn large_numbers_are_compared_exactly() {
        let rule = pointer("", JsonValue::Fixed(json!(9_007_199_254_740_993_u64)));
        assert_eq!(grade(rule, "9007199254740992", json!({})).0, Grade::Fail);
    }
}
