//! Reads the settings at the top of a file, which are YAML, with the template below them.

use crate::domain::finding::Span;
use crate::engine::workspace::document::{Node, Source, Value};
use crate::engine::workspace::front_matter::cut;
use crate::engine::workspace::yaml::parse_yaml;

use super::remarks::{At, Remarks};

/// A file whose settings were read.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// The settings; the whole file, where it has none.
    pub(super) file: Source,
    /// What they say: a mapping, or nothing.
    pub(super) settings: Node,
    /// Whether there are any.
    pub(super) has_settings: bool,
    /// The template.
    pub(super) body: Source,
}

/// Cuts a file, and reads its settings. What is wrong with them is a remark.
pub(super) fn open(source: &Source, delimiters: &[&str], remarks: &mut Remarks) -> Option<Opened> {
    let parts = cut(source, delimiters);
    let parts = parts
        .map_err(|findings| remarks.unreadable(findings))
        .ok()?;
    let node = parts
        .settings
        .as_ref()
        .map_or_else(|| Ok(nothing()), parse_yaml);
    let settings = node.map_err(|findings| remarks.unreadable(findings)).ok()?;
    let opened = Opened {
        has_settings: parts.settings.is_some(),
        file: parts.settings.unwrap_or_else(|| source.clone()),
        settings,
        body: parts.body,
    };
    match &opened.settings.value {
        Value::Map(_) | Value::Null => Some(opened),
        other => {
            let message = format!("expected a mapping, found {}", other.kind());
            let at = At::Span(&opened.file, opened.settings.span);
            remarks.refuse("wrong-type", at, message, "write `key: value`");
            None
        }
    }
}

fn nothing() -> Node {
    Node {
        span: Span::default(),
        value: Value::Null,
    }
}
