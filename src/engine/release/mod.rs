//! Moving a lane: plan, verify everything, confirm, then one record and one compare-and-swap.
//!
//! Every move passes [`authorize`], and [`record`] appends nothing without what it hands out.

pub mod approval;
pub mod attest;
pub mod audit;
pub mod authorize;
mod authors;
pub mod bundle;
mod conditions;
mod dependencies;
mod evidence;
pub mod graft;
pub mod history;
pub mod holds;
pub mod notice;
pub mod obstacles;
pub mod packet;
pub mod promote;
mod prompt_rollback;
pub mod received;
pub mod record;
pub mod rollback;
pub mod runtime;
pub mod snapshot;
pub mod soaked;
pub mod standing;
pub mod stays;
pub mod target;
mod verify;

use crate::domain::finding::Findings;

use super::diff::DiffError;
use super::ports::{LaneError, LaneRecord, SignError, TreeError};
use authorize::Refusal;

/// Why a lane was not moved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReleaseError {
    /// The lane could not be read or moved.
    #[error(transparent)]
    Lane(#[from] LaneError),
    /// A file could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Files do not say what they must.
    #[error(transparent)]
    Findings(#[from] Findings),
    /// A key cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What was asked for makes no sense here.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: String,
    },
    /// The lane is not where the caller expects it.
    #[error("the lane is not at the expected record")]
    Unexpected(Option<Box<LaneRecord>>),
    /// The policy refuses, for all of these reasons.
    #[error("the policy refuses")]
    Refused(Vec<Refusal>),
}

impl From<DiffError> for ReleaseError {
    fn from(error: DiffError) -> Self {
        match error {
            DiffError::Tree(error) => Self::Tree(error),
            DiffError::Findings(findings) => Self::Findings(findings),
        }
    }
}

impl ReleaseError {
    fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            hint: hint.into(),
        }
    }
}
