//! Finding the commit that made an evaluator worse: by halving the history of one prompt, with as many
//! rows at each step as it takes to tell a version from the good end.
//!
//! Rows, evaluators and judges are those of one revision, so that nothing but the prompt differs. The
//! search is a pure function of what versions show ([`search`]); who shows it is a [`search::Trial`].

pub mod line;
pub mod looks;
pub mod pairs;
mod rename;
pub mod search;
#[cfg(test)]
mod simulation;
pub mod steps;

use crate::domain::finding::Findings;

use super::ports::{LaneError, TreeError};
use line::{Origin, Version};
use steps::{Bisection, Outcome};

/// What a search says about a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// One version made it worse.
    Found(usize),
    /// The good end is better by commits that the history of the bad end does not have.
    Elsewhere,
    /// The bad end is not worse, or is the same version.
    NotWorse,
    /// Any of these versions, from the first to the last, may be the one.
    Open([usize; 2]),
}

impl Verdict {
    /// The verdict on a history of these versions; where both ends are one version, nothing was
    /// searched.
    pub fn of(bisection: Option<&Bisection>, versions: &[Version]) -> Self {
        match bisection.map(|bisection| &bisection.outcome) {
            None | Some(Outcome::NotWorse) => Self::NotWorse,
            Some(Outcome::Open(range)) => Self::Open(*range),
            Some(Outcome::Found(version)) => match versions[*version].origin {
                Origin::Fork(_) => Self::Elsewhere,
                _ => Self::Found(*version),
            },
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::Elsewhere => "elsewhere",
            Self::NotWorse => "not-worse",
            Self::Open(_) => "open",
        }
    }
}

/// Why the history of a prompt cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BisectError {
    /// The history could not be walked.
    #[error(transparent)]
    History(#[from] LaneError),
    /// A file could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Files do not say what they must.
    #[error(transparent)]
    Findings(#[from] Findings),
}
