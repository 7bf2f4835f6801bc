//! TOML with places, for settings and lanes.

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error as TomlError};

use crate::domain::finding::{Finding, Findings};

use super::document::{Entry, Node, Source, Value};
use super::problems::Problems;

/// The longest text of which every syntax error is found, in bytes: each byte may be one, and takes hundreds
/// of bytes of memory.
const MOST_TOLD: usize = 256 * 1024;

/// Parses the text of `source`. Every syntax error is reported; of a very long text, the first.
pub fn parse_toml(source: &Source) -> Result<Node, Findings> {
    let parsed = if source.text.len() <= MOST_TOLD {
        match DeTable::parse_recoverable(&source.text) {
            (table, errors) if errors.is_empty() => Ok(table),
            (_, errors) => Err(errors),
        }
    } else {
        DeTable::parse(&source.text).map_err(|error| vec![error])
    };
    let table = parsed.map_err(|errors| {
        let mut problems = Problems::default();
        for error in &errors {
            problems.add(|| syntax(source, error));
        }
        Findings(problems.into_findings())
    })?;
    let span = table.span();
    let mut problems = Problems::default();
    let node = Node {
        span: source.span_of_bytes(span),
        value: map(source, table.get_ref(), &mut problems),
    };
    problems.unless_any(node)
}

fn syntax(source: &Source, error: &TomlError) -> Finding {
    let span = source.span_of_bytes(error.span().unwrap_or(0..0));
    Finding::error("invalid-toml", source.place(span), error.message())
}

fn map(source: &Source, table: &DeTable<'_>, problems: &mut Problems) -> Value {
    let mut entries: Vec<(usize, Entry)> = table
        .iter()
        .map(|(key, value)| {
            let entry = Entry {
                key: key.get_ref().to_string(),
                key_span: source.span_of_bytes(key.span()),
                node: node(source, value, problems),
            };
            (key.span().start, entry)
        })
        .collect();
    entries.sort_by_key(|(start, _)| *start);
    Value::Map(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn node(source: &Source, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Node {
    let span = source.span_of_bytes(value.span());
    let mut refuse = |message: String| {
        problems.add(|| Finding::error("unsupported-toml", source.place(span), message));
        Value::Null
    };
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(value) => Value::Integer(value),
            Err(_) => refuse("this whole number is too large".to_owned()),
        },
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(value) if value.is_finite() => Value::Float(value),
            _ => refuse("this is not a finite number".to_owned()),
        },
        DeValue::Datetime(time) => refuse(format!("write the time as text: \"{time}\"")),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| self::node(source, item, problems))
                .collect(),
        ),
        DeValue::Table(table) => map(source, table, problems),
    };
    Node { span, value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_keep_the_order_of_the_file_and_their_places() {
        let source = Source::new("a.toml", "z = 1\n\n[b]\na = [\"x\", 1.5, true]\n");
        let node = parse_toml(&source).unwrap();
        assert_eq!(
            node.to_json(),
            json!({"z": 1, "b": {"a": ["x", 1.5, true]}})
        );
        let Value::Map(entries) = node.value else {
            panic!("not a map")
        };
        assert_eq!(
            (entries[1].key_span.line, entries[1].key_span.column),
            (3, 2)
        );
    }

    #[test]
    fn every_syntax_error_is_found_with_its_place() {
        let source = Source::new("a.toml", "a = \nb = 1\nb = 2\n");
        let findings = parse_toml(&source).unwrap_err().0;
        let lines: Vec<u32> = findings
            .iter()
            .map(|one| one.place.span.unwrap().line)
            .collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn of_a_very_long_text_the_first_syntax_error_is_found() {
        let text = "a =\n".repeat(MOST_TOLD / 4);
        let long = format!("{text}a =\n");
        let count = |text: String| {
            parse_toml(&Source::new("a.toml", text))
                .unwrap_err()
                .0
                .len()
        };
        assert!(count(text) > 1);
        assert_eq!(count(long), 1);
    }

    #[test]
    fn numbers_beyond_our_range_and_bare_times_are_refused() {
        for text in ["a = 99999999999999999999", "a = inf", "a = 2026-01-01"] {
            let findings = parse_toml(&Source::new("a.toml", text)).unwrap_err().0;
            assert_eq!(findings[0].ident, "unsupported-toml", "{text}");
        }
    }
}
