//! Why there is no page of what was asked for.

use crate::adapters::view::Asked;
use crate::cli::error::CommandError;
use crate::domain::suggest::did_you_mean;
use crate::report::html::blocks::Page;
use crate::report::html::fault::{FaultReport, fault_page};

/// Why there is no page.
pub(super) enum Fault {
    /// There is no such thing.
    Missing(CommandError),
    /// What was said about it cannot be understood.
    Wrong(CommandError),
    /// It could not be read.
    Failed(CommandError),
}

impl<E: Into<CommandError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Fault {
    /// There is no such thing.
    pub(super) fn missing(error: impl Into<CommandError>) -> Self {
        Self::Missing(error.into())
    }

    /// What was said about it cannot be understood.
    pub(super) fn wrong(error: impl Into<CommandError>) -> Self {
        Self::Wrong(error.into())
    }

    /// There is no page at this address.
    pub(super) fn no_page() -> Self {
        let error = CommandError::usage("there is no page at this address");
        Self::Missing(error.with_hint("the parts of the workspace are at the top of this page"))
    }

    /// The status of HTTP.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Missing(_) => 404,
            Self::Wrong(_) => 400,
            Self::Failed(_) => 500,
        }
    }

    /// The page that says so.
    pub(super) fn page(&self) -> Page {
        let (title, error) = match self {
            Self::Missing(error) => ("Not found", error),
            Self::Wrong(error) => ("This cannot be asked", error),
            Self::Failed(error) => ("This cannot be shown", error),
        };
        fault_page(&FaultReport {
            title,
            message: &error.message,
            findings: &error.findings,
            hints: &error.hints,
        })
    }
}

/// Refuses a name that a page knows nothing of.
pub(super) fn only(asked: &Asked, known: &[&str]) -> Result<(), Fault> {
    let mut names = asked.query.iter().map(|(name, _)| name);
    let Some(unknown) = names.find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let error = CommandError::usage(format!("this page knows no `{unknown}`"));
    let hint = if known.is_empty() {
        "leave out what follows `?`".to_owned()
    } else {
        did_you_mean(unknown, known.iter().copied())
    };
    Err(Fault::wrong(error.with_hint(hint)))
}

/// A number that is asked for by a name; 0 where nothing is said.
pub(super) fn number(asked: &Asked, name: &str) -> Result<usize, Fault> {
    let text = asked.value(name);
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        let error = CommandError::usage(format!("`{name}` is a number, and `{text}` is none"));
        Fault::wrong(error.with_hint("go on from the first page"))
    })
}
