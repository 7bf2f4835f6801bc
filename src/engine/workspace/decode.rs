//! From a parsed file to typed values: every problem is collected, none stops the others.

#[cfg(test)]
mod schema_tests;

use std::fmt::Display;
use std::str::FromStr;

use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::suggest::did_you_mean;

use super::document::{Entry, Node, Source, Value};
use super::problems::Problems;

/// Reads typed values out of nodes and collects what is wrong with them. Every method that answers
/// `None` has reported why.
pub struct Decoder<'s> {
    source: &'s Source,
    problems: Problems,
}

impl<'s> Decoder<'s> {
    /// A decoder for the nodes of one file.
    pub fn new(source: &'s Source) -> Self {
        Self {
            source,
            problems: Problems::default(),
        }
    }

    /// The place of a span in the file.
    pub fn place(&self, span: Span) -> Place {
        self.source.place(span)
    }

    /// Reports an error.
    pub fn error(
        &mut self,
        ident: &str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = || self.source.place(span);
        self.problems
            .add(|| Finding::error(ident, place(), message).with_help(help));
    }

    /// Reports an error without repeating the line: it may hold a secret that was pasted by mistake.
    pub fn error_without_excerpt(
        &mut self,
        ident: &str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let path = self.source.path.as_str();
        self.problems.add(|| {
            let place = Place {
                span: Some(span),
                ..Place::file(path)
            };
            Finding::error(ident, place, message).with_help(help)
        });
    }

    /// Reports what was found in another file that this one names.
    pub fn report(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            self.problems.add(|| finding);
        }
    }

    /// Ends the reading: the value, if nothing was wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Findings> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(Findings(self.problems.into_findings())),
        }
    }

    fn expected<T>(&mut self, node: &Node, what: &str) -> Option<T> {
        let message = format!("expected {what}, found {}", node.value.kind());
        let place = || self.source.place(node.span);
        self.problems
            .add(|| Finding::error("wrong-type", place(), message));
        None
    }

    /// A text.
    pub fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => {
                let found = node.value.kind();
                let message = format!("expected text, found {found}");
                self.error(
                    "wrong-type",
                    node.span,
                    message,
                    "put it in quotes to make it text",
                );
                None
            }
            _ => self.expected(node, "text"),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, node: &Node) -> Option<bool> {
        match node.value {
            Value::Boolean(value) => Some(value),
            _ => self.expected(node, "`true` or `false`"),
        }
    }

    /// Any finite number.
    pub fn number(&mut self, node: &Node) -> Option<f64> {
        match node.value {
            #[expect(
                clippy::cast_precision_loss,
                reason = "options beyond 2^53 have no meaning that one more digit would change"
            )]
            Value::Integer(value) => Some(value as f64),
            Value::Float(value) => Some(value),
            _ => self.expected(node, "a number"),
        }
    }

    /// A number in a range, bounds included.
    pub fn number_within(&mut self, node: &Node, least: f64, most: f64) -> Option<f64> {
        let number = self.number(node)?;
        if (least..=most).contains(&number) {
            return Some(number);
        }
        let bound = if most >= f64::MAX {
            format!("at least {least}")
        } else {
            format!("from {least} to {most}")
        };
        let message = format!("expected a number {bound}, found {number}");
        self.error("out-of-range", node.span, message, "correct the number");
        None
    }

    /// A whole number in a range, bounds included.
    pub fn integer_within(&mut self, node: &Node, least: i64, most: i64) -> Option<i64> {
        let Value::Integer(integer) = node.value else {
            return self.expected(node, "a whole number");
        };
        if (least..=most).contains(&integer) {
            return Some(integer);
        }
        let message = format!("expected a whole number from {least} to {most}, found {integer}");
        self.error("out-of-range", node.span, message, "correct the number");
        None
    }

    /// A list.
    pub fn list<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            _ => self.expected(node, "a list"),
        }
    }

    /// A list whose items `read` reads; all of them are read before one that failed counts.
    pub fn list_of<T>(
        &mut self,
        node: &Node,
        mut read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.list(node)?;
        let read: Vec<Option<T>> = items.iter().map(|item| read(self, item)).collect();
        read.into_iter().collect()
    }

    /// A text or a list of texts.
    pub fn texts(&mut self, node: &Node) -> Option<Vec<String>> {
        match node.value {
            Value::List(_) => self.list_of(node, Self::text),
            _ => self.text(node).map(|text| vec![text]),
        }
    }

    /// The entries of a mapping, each of whose keys the caller must know.
    pub fn fields<'n>(&mut self, node: &'n Node) -> Option<Fields<'n>> {
        Some(Fields {
            entries: self.entries(node)?,
            span: node.span,
            known: Vec::new(),
        })
    }

    /// The entries of a mapping with free keys.
    pub fn entries<'n>(&mut self, node: &'n Node) -> Option<&'n [Entry]> {
        match &node.value {
            Value::Map(entries) => Some(entries),
            _ => self.expected(node, "a mapping"),
        }
    }

    /// One of some words.
    pub fn word<T: Copy>(&mut self, node: &Node, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let help = did_you_mean(&text, words.iter().map(|(word, _)| *word));
            self.error(
                "unknown-word",
                node.span,
                format!("`{text}` is not known here"),
                help,
            );
        }
        found.map(|(_, value)| *value)
    }

    /// The name of an environment variable. What stands there instead is not repeated: it may be
    /// what the variable should hold.
    pub fn variable(&mut self, node: &Node) -> Option<String> {
        const LONGEST: usize = 100;
        let name = self.text(node)?;
        let plain = (1..=LONGEST).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        if plain {
            return Some(name);
        }
        self.error_without_excerpt(
            "invalid-name",
            node.span,
            "this is not the name of an environment variable",
            "name the variable, for example `OPENAI_API_KEY`; what it holds never goes into a file",
        );
        None
    }

    /// A text that is parsed, with the parser's own words as the error.
    pub fn parsed<T>(&mut self, node: &Node) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(node)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let place = || self.source.place(node.span);
                let message = error.to_string();
                self.problems
                    .add(|| Finding::error("invalid-value", place(), message));
                None
            }
        }
    }
}

/// The entries of a mapping, with the keys that were asked for: any other key is an error.
pub struct Fields<'n> {
    entries: &'n [Entry],
    span: Span,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The value under a key, if there is one.
    pub fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.node)
    }

    /// The value under a key that must be there.
    pub fn required(&mut self, decoder: &mut Decoder<'_>, key: &'static str) -> Option<&'n Node> {
        let node = self.optional(key);
        if node.is_none() {
            let message = format!("the key `{key}` is missing");
            decoder.error("missing-key", self.span, message, format!("add `{key}`"));
        }
        node
    }

    /// Reports every key that was not asked for.
    pub fn finish(self, decoder: &mut Decoder<'_>) {
        for entry in self.entries {
            if !self.known.contains(&entry.key.as_str()) {
                let place = || decoder.source.place(entry.key_span);
                decoder.problems.add(|| {
                    let message = format!("unknown key `{}`", entry.key);
                    let help = did_you_mean(&entry.key, self.known.iter().copied());
                    Finding::error("unknown-key", place(), message).with_help(help)
                });
            }
        }
    }
}
