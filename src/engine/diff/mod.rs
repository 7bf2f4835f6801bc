//! What differs between two views of a workspace: files first, then what the difference means.
//!
//! Files with equal blob ids are never opened: the work follows what changed.

mod contents;
mod datasets;
mod own;
mod paths;
mod policies;
mod prompts;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::finding::Findings;
use crate::domain::id::{EvaluatorId, PromptId};

use super::ports::{FileTree, TreeError};
use super::workspace::Workspace;

pub use contents::FileDiff;
pub use datasets::{DatasetDiff, RowsDiff};
pub use paths::{PathChange, changed_below, changed_paths};
pub use policies::{Effect, PolicyDiff, RuleChange, rule_changes};
pub use prompts::{Aspect, MessageDiff, PromptDiff, bindings, compare_versions, prompt_changes};
pub use text::{Hunk, Line, LineKind, TextDifference};

/// A thing that is on one side only, or on both and not the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Only the new side has it.
    Added,
    /// Both sides have it, and it is not the same.
    Changed,
    /// Only the old side has it.
    Removed,
}

/// Everything that differs between two views of a workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The old side, for people.
    pub old: String,
    /// The new side, for people.
    pub new: String,
    /// Prompts, by name.
    pub prompts: Vec<PromptDiff>,
    /// Datasets, by name.
    pub datasets: Vec<DatasetDiff>,
    /// Evaluators, by name.
    pub evaluators: Vec<FileDiff<EvaluatorId>>,
    /// Policies of lanes, by lane.
    pub policies: Vec<PolicyDiff>,
    /// The settings.
    pub settings: Option<FileDiff<String>>,
    /// Recorded answers, by prompt.
    pub recordings: Vec<(PromptId, ChangeKind)>,
    /// Files in the workspace's folders that are none of the above.
    pub other_files: Vec<(String, ChangeKind)>,
}

impl Difference {
    /// Whether what tests a release differs, or a policy.
    pub fn changes_gates(&self) -> bool {
        !(self.datasets.is_empty() && self.evaluators.is_empty() && self.policies.is_empty())
    }

    /// Whether both sides are the same.
    pub fn is_empty(&self) -> bool {
        self.prompts.is_empty()
            && self.datasets.is_empty()
            && self.evaluators.is_empty()
            && self.policies.is_empty()
            && self.settings.is_none()
            && self.recordings.is_empty()
            && self.other_files.is_empty()
    }
}

/// What differs in how releases are let in: what tests them, and the policies of lanes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GateChanges {
    /// Policies of lanes, by lane.
    pub policies: Vec<PolicyDiff>,
    /// Evaluators, by name.
    pub evaluators: Vec<FileDiff<EvaluatorId>>,
    /// Datasets, by name.
    pub datasets: Vec<DatasetDiff>,
}

impl GateChanges {
    /// Whether releases are let in as before.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.evaluators.is_empty() && self.datasets.is_empty()
    }
}

/// Why two views could not be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DiffError {
    /// A file could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A file does not say what it must.
    #[error(transparent)]
    Findings(#[from] Findings),
}

/// Compares two views.
pub fn compare(old: &dyn FileTree, new: &dyn FileTree) -> Result<Difference, DiffError> {
    let changed = changed_paths(old, new)?;
    let sides = Sides { old, new };
    let prompts = prompts::compare(&sides, &changed)?;
    let (datasets, mut explained) = datasets::compare(&sides, &changed)?;
    for prompt in &prompts {
        explained.insert(prompt.id.path());
        explained.extend(prompt.includes.iter().map(|(path, _)| path.clone()));
        explained.extend(prompt.media.iter().map(|(path, _)| path.clone()));
    }
    let files = contents::compare(&sides, &changed, &mut explained)?;
    Ok(Difference {
        old: old.label(),
        new: new.label(),
        prompts,
        datasets,
        evaluators: files.evaluators,
        policies: files.policies,
        settings: files.settings,
        recordings: files.recordings,
        other_files: files.other,
    })
}

/// Compares, of two views whose files differ as `changed` says, only how they let releases in.
pub fn gate_changes(
    old: &dyn FileTree,
    new: &dyn FileTree,
    changed: &BTreeMap<String, PathChange>,
) -> Result<GateChanges, DiffError> {
    let sides = Sides { old, new };
    let (datasets, mut explained) = datasets::compare(&sides, changed)?;
    let files = contents::compare(&sides, changed, &mut explained)?;
    Ok(GateChanges {
        policies: files.policies,
        evaluators: files.evaluators,
        datasets,
    })
}

/// The two views.
struct Sides<'a> {
    old: &'a dyn FileTree,
    new: &'a dyn FileTree,
}

impl<'a> Sides<'a> {
    fn workspaces(&self) -> (Workspace<'a>, Workspace<'a>) {
        (Workspace::new(self.old), Workspace::new(self.new))
    }
}
