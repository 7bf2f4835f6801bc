//! What is wrong with a file, where, and what to do about it.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The workspace cannot be used or released like this.
    Error,
    /// It works, but probably not as meant.
    Warning,
}

/// A stretch of text on one line. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Span {
    /// The line.
    pub line: u32,
    /// The first column.
    pub column: u32,
    /// How many characters are meant, at least 1.
    pub length: u32,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the workspace root.
    pub path: String,
    /// The stretch of text that is meant; absent where the file as a whole is.
    pub span: Option<Span>,
    /// The text of the line, as it stands in the file.
    pub excerpt: Option<String>,
}

impl Place {
    /// A whole file.
    pub fn file(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            span: None,
            excerpt: None,
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// A permanent kebab-case name for this sort of finding.
    pub ident: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong: a fragment without a full stop.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What was expected or what to do next.
    pub help: Option<String>,
}

impl Finding {
    /// An error at `place`.
    pub fn error(ident: &str, place: Place, message: impl Into<String>) -> Self {
        Self {
            ident: ident.to_owned(),
            severity: Severity::Error,
            message: message.into(),
            place,
            help: None,
        }
    }

    /// A warning at `place`.
    pub fn warning(ident: &str, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(ident, place, message)
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same finding, with its path taken from a folder above `folder`.
    #[must_use]
    pub fn below(mut self, folder: &str) -> Self {
        if !folder.is_empty() {
            self.place.path = format!("{folder}/{}", self.place.path);
        }
        self
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Findings that stopped something: at least one of them is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} problem(s) in the workspace's files", .0.len())]
pub struct Findings(pub Vec<Finding>);

impl From<Finding> for Findings {
    fn from(finding: Finding) -> Self {
        Self(vec![finding])
    }
}

/// Puts findings in the order in which they are reported: by place, errors first.
pub fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by(|one, two| {
        let key = |finding: &Finding| (finding.place.path.clone(), finding.place.span);
        key(one)
            .cmp(&key(two))
            .then_with(|| one.severity.cmp(&two.severity))
            .then_with(|| one.ident.cmp(&two.ident))
            .then_with(|| one.message.cmp(&two.message))
    });
}
