//! What a gate says about a pull request: a rule that was bent weighs most, then what was shown.

use std::collections::BTreeSet;

use crate::domain::finding::Finding;
use crate::domain::gate::{Decision, Verdict};
use crate::domain::id::PromptId;

use super::{RuleChanges, Scope};

/// What a verdict rests on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    /// The prompts.
    pub scope: &'e Scope,
    /// The rules that the pull request changes.
    pub rules: &'e RuleChanges,
    /// What is wrong with the head's files.
    pub broken: &'e [Finding],
    /// Prompts that nothing in the base tests.
    pub untested: &'e BTreeSet<PromptId>,
    /// What the tests showed; absent: nothing had to be tested.
    pub decision: Option<&'e Decision>,
}

/// The verdict.
pub fn verdict(evidence: Evidence<'_>) -> Verdict {
    let shown = evidence.decision.map(|decision| decision.verdict);
    let failed = !evidence.rules.against.is_empty()
        || evidence.broken.iter().any(Finding::is_error)
        || shown == Some(Verdict::Fail);
    if failed {
        Verdict::Fail
    } else if !evidence.untested.is_empty() {
        Verdict::NothingEvaluated
    } else if !evidence.scope.diverged.is_empty() {
        Verdict::NotComparable
    } else {
        shown.unwrap_or(Verdict::Pass)
    }
}
