//! A pull request, judged by what its base says: nothing that it brings decides about it.
//!
//! Rows, evaluators, judges, policies and settings come from the base. From the head come the
//! prompts under test, and recorded answers where those are accepted as the author's claim. What
//! the head changes about the rules is named, never used.

#[cfg(test)]
mod bending;
mod claimed;
mod concerned;
mod paths;
mod redaction;
mod rules;
mod scope;
mod suites;
mod verdict;

use std::collections::BTreeSet;

use crate::domain::finding::{Finding, Place};
use crate::domain::id::PromptId;

use super::ports::FileTree;

pub use claimed::{ClaimedAnswers, ProposedTree, claims};
pub use paths::guarded_files;
pub use rules::{RuleChanges, rule_changes};
pub use scope::{Scope, judges, scope};
pub use suites::{Tests, proposed, tests};
pub use verdict::{Evidence, verdict};

/// The three trees of a pull request, below the workspace's folder.
#[derive(Clone, Copy)]
pub struct PullRequest<'t> {
    /// Where the head left the base: what the author started from.
    pub fork: &'t dyn FileTree,
    /// The base as it is now: whose rules hold.
    pub base: &'t dyn FileTree,
    /// What is proposed.
    pub head: &'t dyn FileTree,
}

/// How an honest change of a rule comes in.
const OWN_PULL_REQUEST: &str =
    "bring it in with a pull request of its own, one that changes no prompt";

/// A change that a pull request which changes prompts may not bring.
fn against(ident: &str, path: impl Into<String>, message: impl Into<String>) -> Finding {
    Finding::error(ident, Place::file(path), message).with_help(OWN_PULL_REQUEST)
}

/// A change that decides about nothing until it is merged.
fn proposed_only(path: impl Into<String>, message: impl Into<String>) -> Finding {
    Finding::warning("gate-proposed", Place::file(path), message)
        .with_help("it counts from the next pull request on")
}

/// The names of prompts, for people.
fn names(prompts: &BTreeSet<PromptId>) -> String {
    let names: Vec<String> = prompts.iter().map(|id| format!("`{id}`")).collect();
    names.join(", ")
}
