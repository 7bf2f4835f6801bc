//! Which prompts a pull request changes: by what a model would be sent, not by lines.

use std::collections::BTreeSet;

use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::engine::diff::{DiffError, changed_paths, prompt_changes};
use crate::engine::workspace::Workspace;

use super::PullRequest;

/// What a pull request does to prompts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Prompts of which a model would be sent something else.
    pub changed: BTreeSet<PromptId>,
    /// Prompts that are new.
    pub added: BTreeSet<PromptId>,
    /// Prompts that are gone.
    pub removed: BTreeSet<PromptId>,
    /// Prompts of which only words for people, or the tests that they name, are others.
    pub reworded: BTreeSet<PromptId>,
    /// Prompts that grade answers in the base, and of which a model would be sent something else.
    pub judges: BTreeSet<PromptId>,
    /// Prompts that the base has changed, too, since the head left it.
    pub diverged: BTreeSet<PromptId>,
}

impl Scope {
    /// Whether anything that answers users changes. A judge is a rule, not one of these.
    pub fn changes_prompts(&self) -> bool {
        let changed = self.changed.iter().chain(&self.added);
        changed.into_iter().any(|id| !self.judges.contains(id))
    }

    /// The prompts that need a verdict.
    pub fn under_test(&self) -> impl Iterator<Item = &PromptId> {
        self.changed.iter().chain(&self.added)
    }
}

/// Finds the prompts that a pull request changes.
pub fn scope(request: PullRequest<'_>) -> Result<Scope, DiffError> {
    let PullRequest { fork, base, head } = request;
    let changes = prompt_changes(fork, head, &changed_paths(fork, head)?)?;
    let [fork, base, head] = [fork, base, head].map(Workspace::new);
    let fingerprint = |workspace: &Workspace<'_>, id: &PromptId| {
        let closure = workspace.closure(id).ok();
        closure.map(|closure| closure.fingerprint())
    };
    let mut scope = Scope {
        added: changes.added.into_iter().collect(),
        removed: changes.removed.into_iter().collect(),
        ..Scope::default()
    };
    for id in changes.changed {
        let (before, after) = (fingerprint(&fork, &id), fingerprint(&head, &id));
        if before.is_some() && before == after {
            scope.reworded.insert(id);
        } else {
            scope.changed.insert(id);
        }
    }
    let touched = scope.changed.iter().chain(&scope.added);
    let diverged = touched.filter(|id| fingerprint(&fork, id) != fingerprint(&base, id));
    scope.diverged = diverged.cloned().collect();
    let judges = judges(&base)?;
    let touched = scope.changed.iter().chain(&scope.removed);
    scope.judges = touched.filter(|id| judges.contains(id)).cloned().collect();
    Ok(scope)
}

/// The prompts that grade answers. Those that stand in the file of the prompt that they grade change with
/// it.
pub fn judges(workspace: &Workspace<'_>) -> Result<BTreeSet<PromptId>, Findings> {
    let mut judges = BTreeSet::new();
    for id in workspace.evaluators_in_files()? {
        let evaluator = workspace.evaluator(&id)?;
        judges.extend(evaluator.judges().into_iter().cloned());
    }
    Ok(judges)
}
