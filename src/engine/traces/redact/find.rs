//! Where in a file stands what redaction would take out: for whoever tries the rules, and for files that
//! must not hold any such thing.

use std::io::{self, BufRead, Read as _};

use crate::domain::finding::Span;
use crate::domain::redaction::{BuiltIn, Redaction};
use crate::engine::workspace::document::{Node, Source, Value};
use crate::engine::workspace::json::parse_json;
use crate::engine::workspace::yaml::parse_yaml;

use super::text::{Replaced, TextRedactor};

/// The longest line, and the longest file that is no list of lines, that is looked through, in bytes.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// How many places in a file are told.
pub const MOST_FOUND: usize = 1_000;

/// Something that redaction would take out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Where.
    pub span: Span,
    /// By which rule.
    pub rule: String,
}

/// How a file says what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// As plain text, of which a line is looked at by itself.
    Text,
    /// As one value in JSON.
    Json,
    /// As a value in JSON on each line.
    JsonLines,
    /// As YAML.
    Yaml,
}

impl Notation {
    /// What the ending of a name says.
    pub fn of_name(path: &str) -> Self {
        match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("json") => Self::Json,
            Some("jsonl" | "ndjson") => Self::JsonLines,
            Some("yml" | "yaml") => Self::Yaml,
            _ => Self::Text,
        }
    }
}

/// Finds what redaction would take out.
pub struct Finder(TextRedactor);

/// A value in which something was found, by one rule.
struct InValue {
    found: Found,
    /// The whole value is meant, whatever it holds.
    whole: bool,
    /// On how many lines it stands.
    lines: u32,
}

impl InValue {
    /// Whether a place is in the value. One over several lines is placed at its first character.
    fn holds(&self, place: Span) -> bool {
        let span = self.found.span;
        if self.lines > 1 {
            return (span.line..span.line.saturating_add(self.lines)).contains(&place.line);
        }
        let columns = span.column..span.column.saturating_add(span.length);
        place.line == span.line && columns.contains(&place.column)
    }
}

impl Finder {
    /// By the settings.
    pub fn new(settings: &Redaction) -> Self {
        Self(TextRedactor::new(settings, None))
    }

    /// What is in a file, in its order, up to [`MOST_FOUND`].
    pub fn find(&self, mut input: impl BufRead, notation: Notation) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        match notation {
            Notation::Text | Notation::JsonLines => {
                let mut number = 0;
                while let Some(line) = next_line(&mut input)? {
                    number += 1;
                    self.look(&line, number, notation, &mut found);
                    if found.len() >= MOST_FOUND {
                        break;
                    }
                }
            }
            Notation::Json | Notation::Yaml => {
                let mut bytes = Vec::new();
                input.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
                let text = text_of(bytes, "the file")?;
                self.look(&text, 1, notation, &mut found);
            }
        }
        found.truncate(MOST_FOUND);
        Ok(found)
    }

    /// Looks through a text that begins on this line.
    fn look(&self, text: &str, first_line: u32, notation: Notation, found: &mut Vec<Found>) {
        if !self.0.json_may_match(text) && notation != Notation::Yaml {
            return;
        }
        let mut plain: Vec<Found> = Vec::new();
        for (line, number) in text.lines().zip(first_line..) {
            plain.extend(self.0.hits(line).into_iter().map(|hit| Found {
                span: span_in(line, number, hit.start, hit.end()),
                rule: hit.rule.to_owned(),
            }));
            if plain.len() >= MOST_FOUND {
                break;
            }
        }
        let source = || Source::part("", text, first_line);
        let node = match notation {
            Notation::Text => None,
            Notation::Json | Notation::JsonLines => parse_json(&source()).ok(),
            Notation::Yaml => parse_yaml(&source()).ok(),
        };
        let mut values = Vec::new();
        if let Some(node) = node {
            self.look_into(&node, false, &mut values);
        }
        // A value that is meant as a whole covers what is in it; of others, the place within is nearer.
        let covered = |it: &Found| values.iter().any(|by| by.whole && by.holds(it.span));
        let (outside, inside): (Vec<Found>, Vec<Found>) =
            plain.into_iter().partition(|it| !covered(it));
        let nearer = |value: &InValue| {
            let mut plain = outside.iter().chain(&inside);
            plain.any(|it| it.rule == value.found.rule && value.holds(it.span))
        };
        let mut all: Vec<Found> = values
            .iter()
            .filter(|value| value.whole || !nearer(value))
            .map(|value| value.found.clone())
            .collect();
        all.extend(outside);
        all.sort_unstable();
        found.append(&mut all);
    }

    /// Looks into values: what they are called says something, and what is escaped in them hides from
    /// whoever reads the line. `named`: they stand under the name of a secret.
    fn look_into(&self, node: &Node, named: bool, values: &mut Vec<InValue>) {
        if values.len() >= MOST_FOUND {
            return;
        }
        let text = match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    let named = named || self.0.is_secret_name(&entry.key);
                    self.look_into(&entry.node, named, values);
                }
                return;
            }
            Value::List(items) => {
                for item in items {
                    self.look_into(item, named, values);
                }
                return;
            }
            Value::Text(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Null | Value::Boolean(_) => return,
        };
        // A block of YAML is meant by its first character; the break at its end ends its last line.
        let breaks = match node.span.length {
            1 => text.matches('\n').count(),
            _ => 0,
        };
        let lines = u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1);
        let (mut text, mut replaced) = (text, Replaced::new());
        if named {
            let rule = BuiltIn::Secret.name();
            self.0.replace_whole(rule, &mut text, &mut replaced);
        } else {
            self.0.redact(&mut text, &mut replaced);
        }
        values.extend(replaced.into_keys().map(|rule| InValue {
            found: Found {
                span: node.span,
                rule,
            },
            whole: named,
            lines,
        }));
    }
}

/// The next line, without its end; `None`: there is none.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = input
        .by_ref()
        .take(MOST_BYTES + 1)
        .read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    text_of(bytes, "a line").map(Some)
}

fn text_of(bytes: Vec<u8>, what: &str) -> io::Result<String> {
    if bytes.len() as u64 > MOST_BYTES {
        let message = format!("{what} is longer than {MOST_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    // What is no UTF-8 is looked through as well as it can be.
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn span_in(line: &str, number: u32, start: usize, end: usize) -> Span {
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    Span {
        line: number,
        column: count(&line[..start]) + 1,
        length: count(&line[start..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found, as `line:column+length rule`.
    fn found(text: &str, notation: Notation) -> Vec<String> {
        let finder = Finder::new(&Redaction {
            allow: vec!["*@example.org".to_owned()],
            ..Redaction::default()
        });
        let found = finder.find(text.as_bytes(), notation).unwrap();
        let shown = found.into_iter().map(|Found { span, rule }| {
            format!("{}:{}+{} {rule}", span.line, span.column, span.length)
        });
        shown.collect()
    }

    #[test]
    fn a_place_is_counted_in_characters() {
        let text = "nothing here\nné kim@example.com, lee@example.org\n4111 1111 1111 1111\n";
        assert_eq!(found(text, Notation::Text), ["2:4+15 email", "3:1+19 card"]);
    }

    #[test]
    fn in_json_what_is_escaped_is_found_and_what_stands_under_the_name_of_a_secret() {
        let text = concat!(
            r#"{"id":"a","vars":{"ticket":"write to kim@example.com"}}"#,
            "\n",
            r#"{"note":"kim\u0040example.com","max_tokens":12345678}"#,
            "\n",
            r#"{"password":"hunter2","apiKey":null,"token":"<secret>","pin":1234}"#,
            "\n",
            r#"{"arguments":"{\"api_key\": \"abc\"}"}"#,
            "\n",
            r#"{"password":"kim@example.com"}"#,
            "\nno JSON, lee@example.com\n",
        );
        assert_eq!(
            found(text, Notation::JsonLines),
            [
                "1:38+15 email",
                "2:9+22 email",
                "3:13+9 secret",
                "3:62+4 secret",
                "4:14+24 secret",
                "5:13+17 secret",
                "6:10+15 email",
            ]
        );
        assert_eq!(
            found(&format!("[\n{}]", &text[..55]), Notation::Json),
            ["2:38+15 email"]
        );
    }

    #[test]
    fn in_yaml_alike() {
        let text =
            "rows:\n  - id: a\n    password: hunter2\n    note: |\n      to kim@example.com\n";
        assert_eq!(
            found(text, Notation::Yaml),
            ["3:15+7 secret", "5:10+15 email"]
        );
    }

    #[test]
    fn no_more_is_told_than_anybody_reads() {
        let text = "kim@example.com\n".repeat(2 * MOST_FOUND);
        assert_eq!(found(&text, Notation::Text).len(), MOST_FOUND);
        let line = "kim@example.com ".repeat(2 * MOST_FOUND);
        assert_eq!(found(&line, Notation::Text).len(), MOST_FOUND);
    }
}
