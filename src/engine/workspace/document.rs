//! A parsed file that remembers where everything stands, whether it was YAML, TOML or JSON.

use std::ops::Range;
use std::sync::OnceLock;

use serde_json::{Map, Value as Json};

use crate::domain::finding::{Place, Span};

/// The largest YAML, TOML or template file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// How deep values may be nested.
pub const MAX_DEPTH: usize = 64;

/// How many values one file may hold.
pub const MAX_NODES: usize = 200_000;

/// The longest line that is repeated with what is said of it, in bytes.
pub(super) const LONGEST_EXCERPT: usize = 4_000;

/// A file's path and text, for excerpts in findings.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path, relative to the workspace root.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// The number of the first line of `text` in the file, from 1.
    pub first_line: u32,
    /// Made when a place is asked for first.
    places: OnceLock<Places>,
}

impl Source {
    /// A whole file.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::part(path, text, 1)
    }

    /// A part of a file that begins with a line of it.
    pub fn part(path: impl Into<String>, text: impl Into<String>, first_line: u32) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            first_line,
            places: OnceLock::new(),
        }
    }

    /// The place of a span in this file, with its line as excerpt. A span that begins behind the end, where
    /// a parser misses something, is moved to the end.
    pub fn place(&self, mut span: Span) -> Place {
        let last = self.first_line + saturate(self.places().line_starts.len() - 1);
        let line = self.line(span.line.min(last));
        let end = saturate(line.chars().count()) + 1;
        if span.line > last {
            (span.line, span.column) = (last, end);
        }
        span.column = span.column.min(end);
        Place {
            path: self.path.clone(),
            span: Some(span),
            excerpt: excerpt(line),
        }
    }

    /// Where the file begins, for what is missing in it as a whole.
    pub fn start(&self) -> Place {
        self.place(self.span_of_bytes(0..0))
    }

    /// The text of a line of the file, without its end; empty where there is none.
    pub fn line(&self, number: u32) -> &str {
        let index = number.saturating_sub(self.first_line) as usize;
        let starts = &self.places().line_starts;
        let Some(start) = starts.get(index) else {
            return "";
        };
        let end = starts.get(index + 1).copied().unwrap_or(self.text.len());
        let line = &self.text[*start..end];
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The span of a range of bytes of the text. A range over several lines is cut to its first.
    pub fn span_of_bytes(&self, range: Range<usize>) -> Span {
        let start = floor_boundary(&self.text, range.start);
        let end = floor_boundary(&self.text, range.end.max(range.start));
        let (line_index, column_index) = self.places().of(&self.text, start);
        let meant = self.text[start..end].lines().next().unwrap_or("");
        Span {
            line: self.first_line + saturate(line_index),
            column: saturate(column_index) + 1,
            length: saturate(meant.chars().count()).max(1),
        }
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| Places::new(&self.text))
    }
}

/// A line to be repeated with what is said of it; `None` where it is too long to be.
pub fn excerpt(line: &str) -> Option<String> {
    (line.len() <= LONGEST_EXCERPT).then(|| line.to_owned())
}

/// Where lines begin, and how many characters stand before every so many bytes of a line: with it the
/// place of any byte is found without reading the text again, however many places are asked for.
#[derive(Debug, Clone)]
struct Places {
    line_starts: Vec<usize>,
    /// For each block of bytes, the characters between the start of its line and its own.
    columns: Vec<usize>,
}

impl Places {
    const BLOCK: usize = 256;

    fn new(text: &str) -> Self {
        let mut places = Self {
            line_starts: vec![0],
            columns: Vec::with_capacity(text.len() / Self::BLOCK + 1),
        };
        let mut column = 0;
        for (at, byte) in text.bytes().enumerate() {
            if at % Self::BLOCK == 0 {
                places.columns.push(column);
            }
            if byte == b'\n' {
                places.line_starts.push(at + 1);
                column = 0;
            } else {
                column += usize::from(begins_character(byte));
            }
        }
        places
    }

    /// The line and the column of a byte that begins a character, both counted from 0.
    fn of(&self, text: &str, at: usize) -> (usize, usize) {
        let line_index = self.line_starts.partition_point(|start| *start <= at) - 1;
        let line_start = self.line_starts[line_index];
        let block = at / Self::BLOCK;
        let (from, before) = match self.columns.get(block) {
            Some(column) if block * Self::BLOCK > line_start => (block * Self::BLOCK, *column),
            _ => (line_start, 0),
        };
        let rest = &text.as_bytes()[from..at];
        let rest = rest.iter().filter(|byte| begins_character(**byte)).count();
        (line_index, before + rest)
    }
}

/// Whether a byte of UTF-8 is the first of its character.
fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

fn floor_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// A count as it is kept in spans; files are too small for it to overflow.
pub fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A value and where it stands. The span of a YAML block scalar is that of its first character.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub value: Value,
}

/// A value as a file says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

impl Value {
    /// What this is, for "expected …, found …".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl Node {
    /// The value as JSON, without its place.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Boolean(value) => Json::from(*value),
            Value::Integer(value) => Json::from(*value),
            Value::Float(value) => Json::from(*value),
            Value::Text(value) => Json::from(value.as_str()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.node.to_json()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The index says what counting says.
        #[test]
        fn every_byte_is_found_where_counting_finds_it(text in "([a-zé😀\n]|\r\n){0,700}", part in 0.0..1.0) {
            let source = Source::part("a", text.as_str(), 7);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "any byte will do"
            )]
            let at = floor_boundary(&text, (text.len() as f64 * part) as usize);
            let span = source.span_of_bytes(at..text.len());
            let before = &text[..at];
            let line_start = before.rfind('\n').map_or(0, |index| index + 1);
            prop_assert_eq!(span.line as usize, 7 + before.matches('\n').count());
            prop_assert_eq!(span.column as usize, before[line_start..].chars().count() + 1);
            let line = text.lines().nth(span.line as usize - 7).unwrap_or("");
            prop_assert_eq!(source.line(span.line), line);
        }
    }

    #[test]
    fn a_place_behind_the_end_is_moved_to_the_end() {
        let source = Source::new("a", "one\ntwo");
        let behind = |line, column| {
            let span = Span {
                line,
                column,
                length: 1,
            };
            source.place(span).span.map(|it| (it.line, it.column))
        };
        assert_eq!(behind(3, 1), Some((2, 4)));
        assert_eq!(behind(1, 9), Some((1, 4)));
        assert_eq!(behind(2, 2), Some((2, 2)));
    }

    #[test]
    fn a_line_that_is_too_long_is_not_repeated() {
        let text = format!("{}\nb", "x".repeat(LONGEST_EXCERPT + 1));
        let source = Source::new("a", text);
        let at = |range| source.place(source.span_of_bytes(range)).excerpt;
        assert_eq!(at(0..1), None);
        let length = source.text.len();
        assert_eq!(at(length - 1..length).as_deref(), Some("b"));
    }
}
