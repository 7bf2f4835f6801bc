//! The error that a command ends with: one message, what to do next, and an exit code.

use crate::domain::finding::Finding;

use super::exit::Exit;

/// Why a command could not do what was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong: a fragment without a full stop.
    pub message: String,
    /// What to do next, one suggestion each.
    pub hints: Vec<String>,
    /// What is wrong with which files, where that is the reason.
    pub findings: Vec<Finding>,
}

impl CommandError {
    /// An error with an exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hints: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The command line or the configuration is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The lane's policy refuses.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what is wrong with which files.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }
}
