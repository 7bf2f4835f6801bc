//! Values as JavaScript has them: promptfoo prints, compares and counts in its ways.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use crate::engine::workspace::document::{Node, Value};

/// The largest whole number up to which every one is a number of JavaScript.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// A value of a file as JavaScript reads it: a whole number is one however it is written.
pub(super) fn json_of(node: &Node) -> Json {
    match &node.value {
        #[expect(clippy::cast_precision_loss, reason = "so does JavaScript")]
        Value::Integer(integer) => number(*integer as f64),
        Value::Float(float) => number(*float),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|entry| (entry.key.clone(), json_of(&entry.node)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        _ => node.to_json(),
    }
}

fn number(number: f64) -> Json {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number up to 2^53 fits"
    )]
    if number.fract() == 0.0 && number.abs() <= MAX_SAFE {
        Json::from(number as i64)
    } else {
        Json::from(number)
    }
}

/// What `String(value)` is; `None` for lists and mappings, which nobody means to print.
pub(super) fn text_of(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some("null".to_owned()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(number) => Some(number_text(number.as_f64()?)),
        Json::String(text) => Some(text.clone()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// A number as JavaScript prints it.
fn number_text(number: f64) -> String {
    let shortest = format!("{number:e}");
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-6..21).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{}", exponent.abs())
}

/// A value as `JSON.stringify` writes it.
pub(super) fn stringify(value: &Json) -> String {
    let mut text = String::new();
    match value {
        Json::Number(number) => text.push_str(&number_text(number.as_f64().unwrap_or_default())),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(stringify).collect();
            let _ = write!(text, "[{}]", items.join(","));
        }
        Json::Object(map) => {
            let entry = |(key, value): (&String, &Json)| {
                format!("{}:{}", Json::from(key.as_str()), stringify(value))
            };
            let entries: Vec<String> = map.iter().map(entry).collect();
            let _ = write!(text, "{{{}}}", entries.join(","));
        }
        other => text.push_str(&other.to_string()),
    }
    text
}

/// Whether JavaScript takes the value for true.
pub(super) fn is_true(value: Option<&Json>) -> bool {
    match value {
        None | Some(Json::Null) => false,
        Some(Json::Bool(value)) => *value,
        Some(Json::Number(number)) => number.as_f64() != Some(0.0),
        Some(Json::String(text)) => !text.is_empty(),
        Some(Json::Array(_) | Json::Object(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_printed_as_javascript_prints_them() {
        for (value, text) in [
            (json!(1), "1"),
            (json!(1.5), "1.5"),
            (json!(1e21), "1e+21"),
            (json!(1e20), "100000000000000000000"),
            (json!(1.5e-7), "1.5e-7"),
            (json!(1e-6), "0.000001"),
            (json!(-0.5), "-0.5"),
        ] {
            assert_eq!(text_of(&value).as_deref(), Some(text));
        }
        assert_eq!(
            stringify(&json!({"a": [1.0, "x\n"]})),
            "{\"a\":[1,\"x\\n\"]}"
        );
    }

    #[test]
    fn empty_lists_are_true_and_empty_texts_are_not() {
        assert!(is_true(Some(&json!([]))));
        assert!(!is_true(Some(&json!(""))));
        assert!(!is_true(None));
    }
}
