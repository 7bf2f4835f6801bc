//! A parsed file that remembers where everything stands, whether it was YAML, TOML or JSON.

use serde_json::{Map, Value as Json};

use crate::domain::finding::{Place, Span};

/// The largest YAML, TOML or template file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// How deep values may be nested.
pub const MAX_DEPTH: usize = 64;

/// How many values one file may hold.
pub const MAX_NODES: usize = 200_000;

/// A file's path and text, for excerpts in findings.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path, relative to the workspace root.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// The number of the first line of `text` in the file, from 1.
    pub first_line: u32,
}

impl Source {
    /// A whole file.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            first_line: 1,
        }
    }

    /// The place of a span in this file, with its line as excerpt.
    pub fn place(&self, span: Span) -> Place {
        let index = span.line.saturating_sub(self.first_line) as usize;
        Place {
            path: self.path.clone(),
            span: Some(span),
            excerpt: self.text.lines().nth(index).map(str::to_owned),
        }
    }

    /// The span of a range of bytes of the text. A range over several lines is cut to its first.
    pub fn span_of_bytes(&self, range: std::ops::Range<usize>) -> Span {
        let start = floor_boundary(&self.text, range.start);
        let end = floor_boundary(&self.text, range.end.max(range.start));
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |index| index + 1);
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        let meant = self.text[start..end].lines().next().unwrap_or("");
        Span {
            line: self.first_line + saturate(lines),
            column: saturate(before[line_start..].chars().count()) + 1,
            length: saturate(meant.chars().count()).max(1),
        }
    }
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
