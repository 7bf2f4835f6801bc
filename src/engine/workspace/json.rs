//! Strict JSON (RFC 8259) with places, for rows and recordings.

use std::ops::Range;

use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::domain::finding::{Finding, Findings, Span};

use super::document::{Entry, MAX_DEPTH, Node, Source, Value, saturate};
use super::problems::Problems;
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
    let mut reader = Reader {
        source,
        problems: Problems::default(),
        at: 0,
        line: source.first_line,
        column: 1,
    };
    let node = reader.node(&value);
    reader.problems.unless_any(node)
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

/// Turns values into nodes in the order of the text, so that no line is counted twice.
struct Reader<'s> {
    source: &'s Source,
    problems: Problems,
    /// How far the lines are counted, and where that is.
    at: usize,
    line: u32,
    column: u32,
}

impl Reader<'_> {
    fn span(&mut self, range: Range<usize>) -> Span {
        let text = &self.source.text;
        for character in text[self.at..range.start].chars() {
            if character == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at = range.start;
        let meant = text[range].lines().next().unwrap_or("");
        Span {
            line: self.line,
            column: self.column,
            length: saturate(meant.chars().count()).max(1),
        }
    }

    fn node(&mut self, value: &ast::Value<'_>) -> Node {
        let range = value.range();
        // What holds others is meant by its first character.
        let end = match value {
            ast::Value::Array(_) | ast::Value::Object(_) => range.start + 1,
            _ => range.end,
        };
        let span = self.span(range.start..end);
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Boolean(literal.value),
            ast::Value::StringLit(literal) => Value::Text(literal.value.to_string()),
            ast::Value::NumberLit(literal) => number(literal.value).unwrap_or_else(|| {
                let message = "this number is out of range";
                let place = || self.source.place(span);
                self.problems
                    .add(|| Finding::error("unsupported-json", place(), message));
                Value::Null
            }),
            ast::Value::Array(array) => {
                Value::List(array.elements.iter().map(|item| self.node(item)).collect())
            }
            ast::Value::Object(object) => Value::Map(self.entries(object)),
        };
        Node { span, value }
    }

    fn entries(&mut self, object: &ast::Object<'_>) -> Vec<Entry> {
        let mut keys = std::collections::BTreeSet::new();
        let mut entries = Vec::new();
        for property in &object.properties {
            let range = property.name.range();
            let key = match &property.name {
                ObjectPropName::String(literal) => literal.value.to_string(),
                ObjectPropName::Word(word) => word.value.to_string(),
            };
            let key_span = self.span(range.start..range.end);
            if !keys.insert(key.clone()) {
                self.problems
                    .add(|| duplicate_key(self.source, key_span, &key));
            }
            let node = self.node(&property.value);
            entries.push(Entry {
                key,
                key_span,
                node,
            });
        }
        entries
    }
}

fn number(text: &str) -> Option<Value> {
    if let Ok(integer) = text.parse() {
        return Some(Value::Integer(integer));
    }
    let float: f64 = text.parse().ok()?;
    float.is_finite().then_some(Value::Float(float))
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
    fn every_value_knows_its_line_and_column() {
        let node = parse("{\n  \"é\": 1, \"b\":\n [true]\n}").unwrap();
        let Value::Map(entries) = &node.value else {
            panic!("not a map")
        };
        let place = |span: Span| (span.line, span.column, span.length);
        assert_eq!(place(entries[0].key_span), (2, 3, 3));
        assert_eq!(place(entries[1].key_span), (2, 11, 3));
        let Value::List(items) = &entries[1].node.value else {
            panic!("not a list")
        };
        assert_eq!(place(items[0].span), (3, 3, 4));
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
