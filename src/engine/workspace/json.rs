//! Strict JSON (RFC 8259) with places, for rows and recordings.

use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::domain::finding::{Finding, Findings};

use super::document::{Entry, MAX_DEPTH, Node, Source, Value};
use super::yaml::duplicate_key;

/// Parses the text of `source`.
pub fn parse_json(source: &Source) -> Result<Node, Findings> {
    if nesting(&source.text) > MAX_DEPTH {
        let span = source.span_of_bytes(0..1);
        let message = format!("more than {MAX_DEPTH} levels are not accepted here");
        return Err(Finding::error("unsupported-json", source.place(span), message).into());
    }
    let parsed = parse_to_ast(&source.text, &CollectOptions::default(), &strict());
    let value = match parsed {
        Ok(result) => result.value,
        Err(error) => {
            let range = error.range();
            let span = source.span_of_bytes(range.start..range.end);
            let message = error.kind().to_string();
            return Err(Finding::error("invalid-json", source.place(span), message).into());
        }
    };
    let Some(value) = value else {
        let span = source.span_of_bytes(0..0);
        return Err(Finding::error("invalid-json", source.place(span), "there is no value").into());
    };
    let mut findings = Vec::new();
    let node = node(source, &value, &mut findings);
    if findings.is_empty() {
        Ok(node)
    } else {
        Err(Findings(findings))
    }
}

fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// The deepest level of brackets outside strings: found before a recursive parser meets it.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn node(source: &Source, value: &ast::Value<'_>, findings: &mut Vec<Finding>) -> Node {
    let range = value.range();
    let span = source.span_of_bytes(range.start..range.end);
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(literal) => Value::Boolean(literal.value),
        ast::Value::StringLit(literal) => Value::Text(literal.value.to_string()),
        ast::Value::NumberLit(literal) => number(literal.value).unwrap_or_else(|| {
            let message = "this number is out of range";
            findings.push(Finding::error(
                "unsupported-json",
                source.place(span),
                message,
            ));
            Value::Null
        }),
        ast::Value::Array(array) => Value::List(
            array
                .elements
                .iter()
                .map(|item| self::node(source, item, findings))
                .collect(),
        ),
        ast::Value::Object(object) => Value::Map(entries(source, object, findings)),
    };
    Node { span, value }
}

fn number(text: &str) -> Option<Value> {
    if let Ok(integer) = text.parse() {
        return Some(Value::Integer(integer));
    }
    let float: f64 = text.parse().ok()?;
    float.is_finite().then_some(Value::Float(float))
}

fn entries(source: &Source, object: &ast::Object<'_>, findings: &mut Vec<Finding>) -> Vec<Entry> {
    let mut keys = std::collections::BTreeSet::new();
    let mut entries = Vec::new();
    for property in &object.properties {
        let range = property.name.range();
        let key = match &property.name {
            ObjectPropName::String(literal) => literal.value.to_string(),
            ObjectPropName::Word(word) => word.value.to_string(),
        };
        let key_span = source.span_of_bytes(range.start..range.end);
        if !keys.insert(key.clone()) {
            findings.push(duplicate_key(source, key_span, &key));
        }
        let node = node(source, &property.value, findings);
        entries.push(Entry {
            key,
            key_span,
            node,
        });
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Node, Findings> {
        parse_json(&Source::new("a.jsonl", text))
    }

    #[test]
    fn what_is_not_strict_json_is_refused_with_its_place() {
        for text in [
            "",
            "{a: 1}",
            "{\"a\": 1,}",
            "[1 2]",
            "'a'",
            "// x\n1",
            "NaN",
            "01",
            "1 2",
            "{\"a\":1e999}",
        ] {
            let finding = parse(text).expect_err(text).0.remove(0);
            assert_eq!(finding.place.span.unwrap().line, 1, "{text}");
        }
    }

    #[test]
    fn a_key_twice_is_found() {
        let finding = parse(r#"{"a": 1, "b": 2, "a": 3}"#)
            .unwrap_err()
            .0
            .remove(0);
        assert_eq!(
            (finding.ident.as_str(), finding.place.span.unwrap().column),
            ("duplicate-key", 18)
        );
    }

    #[test]
    fn deep_nesting_is_refused_without_effort() {
        assert_eq!(
            parse(&"[".repeat(500_000)).unwrap_err().0[0].ident,
            "unsupported-json"
        );
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            (-1e12..1e12_f64).prop_map(|float| serde_json::Value::from(float + 0.5)),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_prints_is_read_back_alike(value in any_json()) {
            prop_assert_eq!(parse(&value.to_string()).unwrap().to_json(), value);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
