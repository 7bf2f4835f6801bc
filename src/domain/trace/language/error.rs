//! What is wrong with the text of a filter, where, and what would be right.

use std::ops::Range;

use crate::domain::finding::{Finding, Place};

/// A text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// The bytes of the text that are meant.
    pub range: Range<usize>,
    /// What is wrong: a fragment without a full stop.
    pub message: String,
    /// What was expected or what to do next.
    pub help: Option<String>,
}

impl FilterError {
    /// An error at a place of the text.
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            range,
            message: message.into(),
            help: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The error as a finding; `place` is where the text's bytes stand.
    pub fn finding(self, place: impl FnOnce(Range<usize>) -> Place) -> Finding {
        let finding = Finding::error("invalid-filter", place(self.range), self.message);
        Finding {
            help: self.help,
            ..finding
        }
    }
}
