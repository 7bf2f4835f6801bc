//! One spelling for equal JSON values, so that equal meaning gives equal digests.
//!
//! Object keys are sorted by their UTF-8 bytes and no white space is written. Numbers and strings
//! are spelled as `serde_json` spells them. This is RFC 8785 but for the order of keys outside the
//! basic multilingual plane and for numbers beyond 2^53, which we keep exact.

use serde_json::Value;

/// The canonical spelling of `value`.
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_bytes());
            text.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_value(item, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_order_and_white_space_do_not_matter() {
        let one: Value =
            serde_json::from_str(r#"{"b": [1, {"y": null, "x": "é"}], "a": 1.5}"#).unwrap();
        let two: Value =
            serde_json::from_str(r#"{"a":1.5,"b":[1,{"x":"\u00e9","y":null}]}"#).unwrap();
        assert_eq!(
            canonical_json(&one),
            r#"{"a":1.5,"b":[1,{"x":"é","y":null}]}"#
        );
        assert_eq!(canonical_json(&one), canonical_json(&two));
    }
}
