//! Which JSON Schemas mean the same for promptfoo, which asks Ajv, and for us.

use serde_json::{Map, Value as Json};

/// Keywords that both read alike, whatever the draft.
const KEYWORDS: [&str; 31] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
    "title",
    "description",
    "default",
    "examples",
    "$comment",
    "readOnly",
    "writeOnly",
];

/// The types that there are.
const TYPES: [&str; 7] = [
    "null", "boolean", "number", "integer", "string", "array", "object",
];

/// How deep a schema may be nested.
const MAX_DEPTH: usize = 32;

/// Why a schema would be read differently; nothing where it would not.
pub(super) fn check_schema(schema: &Json) -> Result<(), String> {
    check(schema, 0)
}

fn check(schema: &Json, depth: usize) -> Result<(), String> {
    let map = match schema {
        Json::Bool(_) => return Ok(()),
        Json::Object(map) if depth <= MAX_DEPTH => map,
        _ => return Err("the schema is no mapping, or nested too deep".to_owned()),
    };
    for (key, value) in map {
        if !KEYWORDS.contains(&key.as_str()) {
            return Err(format!("the schema's `{key}` may be read differently"));
        }
        let right = match key.as_str() {
            "properties" => all_of_map(value, depth)?,
            "anyOf" | "oneOf" | "allOf" => all_of_list(value, depth)?,
            "not" | "items" | "additionalProperties" => {
                check(value, depth + 1)?;
                true
            }
            _ => is_right(key, value),
        };
        if !right {
            return Err(format!(
                "the schema's `{key}` is not what a JSON Schema may say"
            ));
        }
    }
    pattern(map)
}

fn all_of_map(value: &Json, depth: usize) -> Result<bool, String> {
    let Some(map) = value.as_object() else {
        return Ok(false);
    };
    map.values()
        .try_for_each(|schema| check(schema, depth + 1))?;
    Ok(true)
}

fn all_of_list(value: &Json, depth: usize) -> Result<bool, String> {
    let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
        return Ok(false);
    };
    list.iter()
        .try_for_each(|schema| check(schema, depth + 1))?;
    Ok(true)
}

fn is_right(key: &str, value: &Json) -> bool {
    let is_type = |value: &Json| value.as_str().is_some_and(|name| TYPES.contains(&name));
    match key {
        "type" => match value {
            Json::Array(list) => !list.is_empty() && list.iter().all(is_type),
            one => is_type(one),
        },
        "required" => value.as_array().is_some_and(|list| {
            let names: Vec<_> = list.iter().filter_map(Json::as_str).collect();
            let unique: std::collections::BTreeSet<_> = names.iter().collect();
            names.len() == list.len() && unique.len() == names.len()
        }),
        "enum" => value.as_array().is_some_and(|list| !list.is_empty()),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
        // A share of fractions is counted differently by everybody.
        "multipleOf" => value.as_u64().is_some_and(|number| number > 0),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            value.is_u64()
        }
        "uniqueItems" => value.is_boolean(),
        "pattern" => value.is_string(),
        _ => true,
    }
}

/// A pattern is one of JavaScript there; it is taken where it means the same in ours.
fn pattern(schema: &Map<String, Json>) -> Result<(), String> {
    let Some(pattern) = schema.get("pattern").and_then(Json::as_str) else {
        return Ok(());
    };
    if is_common(pattern) && regex::Regex::new(pattern).is_ok() {
        return Ok(());
    }
    Err(format!(
        "the schema's pattern `{pattern}` may match differently"
    ))
}

/// Whether a pattern uses nothing but what every dialect has: plain ASCII, classes of it, groups,
/// alternatives, counts and anchors. `.`, `\d`, `\w`, `\s` and `\b` differ beyond ASCII.
fn is_common(pattern: &str) -> bool {
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(character) = characters.next() {
        let fine = match character {
            '\\' => characters
                .next()
                .is_some_and(|next| "\\.^$|?*+()[]{}/".contains(next)),
            '[' if in_class => false,
            '[' => {
                in_class = true;
                true
            }
            ']' => {
                in_class = false;
                true
            }
            '.' => in_class,
            '&' | '~' => !in_class,
            '(' => match characters.peek() {
                Some('?') => {
                    characters.next();
                    characters.next_if_eq(&':').is_some()
                }
                _ => true,
            },
            '-' if in_class => characters.peek() != Some(&'-'),
            plain => plain.is_ascii_graphic() || plain == ' ',
        };
        if !fine {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_that_both_read_alike_is_taken() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": ["string", "null"], "pattern": "^[a-z]+(?:-[0-9]{2})?$"},
            "b": {"anyOf": [{"const": 1}, {"enum": ["x"]}]}}});
        assert_eq!(check_schema(&schema), Ok(()));
    }

    #[test]
    fn what_may_be_read_differently_is_named() {
        for schema in [
            json!({"format": "email"}),
            json!({"$ref": "#/definitions/a"}),
            json!({"pattern": "^\\d+$"}),
            json!({"pattern": "a.b"}),
            json!({"pattern": "(?=a)"}),
            json!({"multipleOf": 0.1}),
            json!({"items": [{}]}),
            json!({"type": "text"}),
            json!({"properties": {"a": {"nullable": true}}}),
            json!([]),
        ] {
            assert!(check_schema(&schema).is_err(), "{schema}");
        }
    }
}
