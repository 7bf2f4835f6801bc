//! Writes YAML that [`super::yaml`] reads back alike: plain words where they are safe, blocks for
//! texts of several lines, and quotes for everything else.

pub mod format;

use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::finding::Findings;

use super::document::Source;
use super::yaml::parse_yaml;

/// How far each level is indented.
const INDENT: usize = 2;

/// The longest list that is written on one line, in characters.
const SHORT_LIST: usize = 80;

/// A value as a YAML document. Mappings keep their order.
pub fn yaml_text(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => entries(&mut text, value, 0),
        Value::Array(items) if !items.is_empty() => entries(&mut text, value, 0),
        // No block: it would not be indented, and its lines could end the document.
        _ => {
            let _ = writeln!(text, "{}", scalar(value));
        }
    }
    text
}

/// Whether a text stands in YAML as it is, and is read back as text.
fn is_plain(text: &str) -> bool {
    let safe = |character: char| {
        character.is_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.' | '/' | '(' | ')')
    };
    let starts_right = text.starts_with(char::is_alphabetic);
    starts_right
        && text.chars().all(safe)
        && text.trim() == text
        && text.len() <= SHORT_LIST
        && reads_as_text(text)
}

fn reads_as_text(text: &str) -> bool {
    let read: Result<_, Findings> = parse_yaml(&Source::new("", text));
    read.is_ok_and(|node| node.to_json() == text)
}

/// Whether a text can stand as a block: its lines are read back as they are.
pub(super) fn is_block(text: &str) -> bool {
    let plain = |character: char| {
        matches!(character, '\n' | '\t') || !(character.is_control() || is_special(character))
    };
    let lines = || text.trim_end_matches('\n').split('\n');
    text.trim_end_matches('\n').contains('\n')
        && text.chars().all(plain)
        && !text.trim_start_matches('\n').starts_with([' ', '\t'])
        && lines().all(|line| line.is_empty() || !line.trim().is_empty())
}

/// Characters that YAML takes for line breaks or does not print.
fn is_special(character: char) -> bool {
    matches!(
        character,
        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        let _ = match character {
            '"' => quoted.write_str("\\\""),
            '\\' => quoted.write_str("\\\\"),
            '\n' => quoted.write_str("\\n"),
            '\r' => quoted.write_str("\\r"),
            '\t' => quoted.write_str("\\t"),
            hidden if hidden.is_control() || is_special(hidden) => {
                write!(quoted, "\\u{:04X}", u32::from(hidden))
            }
            plain => quoted.write_char(plain),
        };
    }
    quoted.push('"');
    quoted
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// A value after its key or its dash, with the end of the line.
fn inline(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::String(block) if is_block(block) => write_block(text, block, depth),
        Value::Array(items) if items.is_empty() => text.push_str(" []\n"),
        Value::Object(map) if map.is_empty() => text.push_str(" {}\n"),
        Value::Array(items) if is_short(items) => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            let _ = writeln!(text, " [{}]", items.join(", "));
        }
        Value::Array(_) | Value::Object(_) => {
            text.push('\n');
            entries(text, value, depth);
        }
        _ => {
            let _ = writeln!(text, " {}", scalar(value));
        }
    }
}

/// Whether a list is of short scalars, so that it can stand on one line.
fn is_short(items: &[Value]) -> bool {
    let nested = |item: &Value| matches!(item, Value::Array(_) | Value::Object(_));
    let length: usize = items
        .iter()
        .map(|item| scalar(item).chars().count() + 2)
        .sum();
    !items.iter().any(nested) && length <= SHORT_LIST
}

/// What opens a block of this text: it says how many line breaks it ends with.
pub(super) fn block_header(block: &str) -> &'static str {
    match block.len() - block.trim_end_matches('\n').len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    }
}

fn write_block(text: &mut String, block: &str, depth: usize) {
    let body = block.trim_end_matches('\n');
    let breaks = block.len() - body.len();
    let _ = writeln!(text, " {}", block_header(block));
    let indent = " ".repeat(depth * INDENT);
    for line in body.split('\n') {
        if line.is_empty() {
            text.push('\n');
        } else {
            let _ = writeln!(text, "{indent}{line}");
        }
    }
    text.push_str(&"\n".repeat(breaks.saturating_sub(1)));
}

/// The entries of a mapping or a list, one below the other.
fn entries(text: &mut String, value: &Value, depth: usize) {
    let indent = " ".repeat(depth * INDENT);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = scalar(&Value::from(key.as_str()));
                let _ = write!(text, "{indent}{key}:");
                inline(text, value, depth + 1);
            }
        }
        Value::Array(items) => {
            for item in items {
                let _ = write!(text, "{indent}-");
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        let mut inner = String::new();
                        entries(&mut inner, item, depth + 1);
                        // The first entry stands beside the dash.
                        text.push(' ');
                        text.push_str(inner.trim_start_matches(' '));
                    }
                    _ => inline(text, item, depth + 1),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read_back(value: &Value) -> Value {
        let text = yaml_text(value);
        match parse_yaml(&Source::new("a.yml", text.as_str())) {
            Ok(node) => node.to_json(),
            Err(findings) => panic!("{findings:?}\n{text}"),
        }
    }

    #[test]
    fn what_people_read_is_plain_and_in_blocks() {
        let value = json!({
            "name": "Support triage",
            "messages": [{"role": "system", "content": "Be brief.\n\nBe kind.\n"},
                         {"role": "user", "content": "{{ ticket }}"}],
            "evals": [{"dataset": "golden", "evaluators": ["valid-json", "tone"]}],
            "empty": {}, "none": [], "yes": "yes", "number": "5", "truth": "true",
        });
        let text = "name: Support triage
messages:
  - role: system
    content: |
      Be brief.

      Be kind.
  - role: user
    content: \"{{ ticket }}\"
evals:
  - dataset: golden
    evaluators: [valid-json, tone]
empty: {}
none: []
yes: yes
number: \"5\"
truth: \"true\"
";
        assert_eq!(yaml_text(&value), text);
    }

    #[test]
    fn texts_that_yaml_would_change_are_read_back_as_they_are() {
        for text in [
            "",
            " ",
            "\n",
            "a\n",
            "a\nb",
            "a\nb\n\n",
            " a\nb",
            "\na\nb",
            "a\n \nb",
            "a: b",
            "- a",
            "#a",
            "a #b",
            "null",
            "~",
            "1e3",
            "0x1f",
            "a\tb",
            "a\r\nb",
            "a\u{85}b\nc",
            "a\u{2028}b\nc",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a]",
            "---\na",
            "...\nb",
            "a\n---\nb",
            "a \nb ",
            "\u{feff}a\nb",
            "\u{1f600}\nx",
            "a\n\tb",
            "<<",
            "=",
            "?",
            "-",
        ] {
            for value in [
                json!(text),
                json!({"k": text}),
                json!([text]),
                json!({text: [{"a": text}]}),
            ] {
                assert_eq!(read_back(&value), value, "{}", yaml_text(&value));
            }
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            (-1e9..1e9_f64).prop_map(|float| Value::from(float + 0.25)),
            "[ a-c:#\\n\\t\"'\\-{}|>é\u{85}]{0,12}".prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map("[a-z :\\n\\-]{0,6}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_alike(value in any_value()) {
            prop_assert_eq!(read_back(&value), value);
        }
    }
}
