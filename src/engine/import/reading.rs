//! Reads the settings of other tools: what has another shape than it should is left out, with a remark.

use serde_json::Value as Json;

use crate::domain::suggest::nearest;
use crate::engine::workspace::document::{Entry, Node, Source, Value};

use super::remarks::{At, Remarks};

/// A file's settings, and what is said about them.
pub(super) struct Reading<'r> {
    /// The settings.
    pub(super) source: &'r Source,
    /// What is said.
    pub(super) remarks: &'r mut Remarks,
}

impl Reading<'_> {
    /// A text.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null => None,
            other => {
                let message = format!("expected text, found {}", other.kind());
                self.wrong(node, message);
                None
            }
        }
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match node.value {
            Value::Boolean(value) => Some(value),
            Value::Null => None,
            _ => {
                let message = format!("expected `true` or `false`, found {}", node.value.kind());
                self.wrong(node, message);
                None
            }
        }
    }

    /// The entries of a mapping; none where there is none.
    pub(super) fn entries<'n>(&mut self, node: &'n Node) -> &'n [Entry] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            other => {
                let message = format!("expected a mapping, found {}", other.kind());
                self.wrong(node, message);
                &[]
            }
        }
    }

    /// The items of a list; none where there is none.
    pub(super) fn items<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            other => {
                let message = format!("expected a list, found {}", other.kind());
                self.wrong(node, message);
                &[]
            }
        }
    }

    /// Values by name, those that are nothing left aside.
    pub(super) fn values(&mut self, node: &Node) -> serde_json::Map<String, Json> {
        let entries = self.entries(node).iter();
        let given = entries.filter(|entry| !matches!(entry.node.value, Value::Null));
        given
            .map(|entry| (entry.key.clone(), entry.node.to_json()))
            .collect()
    }

    /// Says that something has the wrong shape.
    pub(super) fn wrong(&mut self, node: &Node, message: impl Into<String>) {
        let at = At::Span(self.source, node.span);
        self.remarks
            .left_out("wrong-type", at, message, "it is left out");
    }

    /// Says that a key has no counterpart, or is not known at all.
    pub(super) fn unsupported(&mut self, entry: &Entry, known: &[&str]) {
        let key = entry.key.as_str();
        let near = nearest(key, known.iter().copied()).filter(|near| *near != key);
        let help = match near {
            Some(near) if !known.contains(&key) => {
                format!("it is left out; did you mean `{near}`?")
            }
            _ => "it is left out".to_owned(),
        };
        let at = At::Span(self.source, entry.key_span);
        let message = format!("`{key}` has no counterpart");
        self.remarks.left_out("unsupported-key", at, message, help);
    }
}
