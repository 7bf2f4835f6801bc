//! The door in from other tools: their files, read, become files of a workspace. What cannot come
//! along is named with its place; nothing is left out in silence.
//!
//! Importers make an [`Import`]; [`fit`] holds it against the workspace that it is to join, before
//! anything is written.

pub mod dotprompt;
mod draft;
mod each;
mod fit;
mod front_matter;
pub mod handlebars;
pub mod humanloop;
mod jinja;
mod joined;
#[cfg(test)]
mod memory;
mod mustache;
pub mod promptfoo;
pub mod prompty;
pub mod providers;
mod reading;
pub(super) mod remarks;
pub(super) mod settings;
mod shape;
mod sniff;
mod spoken;
mod usage;

use std::collections::BTreeMap;

use crate::domain::finding::Finding;

pub use fit::{FitError, Fitted, fit};
use providers::Proposal;

/// What was made of another tool's files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Import {
    /// The new files, by their paths in the workspace.
    pub files: BTreeMap<String, String>,
    /// The providers that the new prompts name, beside the built-in ones.
    pub providers: BTreeMap<String, Proposal>,
    /// What did not come along, as errors, and what came along a little different, as warnings. The
    /// places are those of the other tool's files.
    pub remarks: Vec<Finding>,
}

impl Import {
    /// Whether something did not come along.
    pub fn left_something_out(&self) -> bool {
        self.remarks.iter().any(Finding::is_error)
    }
}
