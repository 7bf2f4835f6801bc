//! What must be right about a candidate before it may be live, and what must be shown by testing.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::deployment::Changes;
use crate::domain::digest::Digest;
use crate::domain::finding::Findings;
use crate::domain::hold::{Held, Hold};
use crate::domain::id::{EvaluatorId, LaneName, PromptId};
use crate::domain::lane::Lane;
use crate::domain::prompt::Prompt;
use crate::engine::diff::bindings;
use crate::engine::ports::FileTree;
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::dependencies::Dependencies;
use super::graft::{Candidate, Edits};
use super::standing::Standing;

/// Everything that comes in must be readable: a broken file is told before it is live, not after.
pub(super) fn check_files(
    candidate: &Candidate<'_>,
    changes: &Changes,
) -> Result<(), ReleaseError> {
    let workspace = Workspace::new(candidate);
    let mut findings = Vec::new();
    let mut collect = |result: Result<(), Findings>| {
        if let Err(Findings(more)) = result {
            for finding in more {
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
    };
    for prompt in changes.added.iter().chain(&changes.changed) {
        collect(Dependencies::of(&workspace, prompt).map(|_| ()));
    }
    collect(workspace.project().map(|_| ()));
    collect(workspace.lane_names().and_then(|lanes| {
        if changes.files.iter().any(|path| is_policy(path)) {
            lanes
                .iter()
                .try_for_each(|lane| check_policy(&workspace, lane))
        } else {
            Ok(())
        }
    }));
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Findings(findings).into())
    }
}

/// Whether a file is part of policies: a lane's own, or keys that lanes trust.
fn is_policy(path: &str) -> bool {
    path.starts_with("environments/")
}

/// A policy that cannot be read, or names keys that cannot, would let nothing in any more.
fn check_policy(workspace: &Workspace<'_>, lane: &LaneName) -> Result<(), Findings> {
    let policy = workspace.lane(lane)?;
    let approval = policy.approval.map(|approval| approval.allowed_signers);
    let mut files = approval.into_iter().chain(policy.signing);
    files.try_for_each(|file| workspace.signers(&file).map(|_| ()))
}

/// The prompts that must be evaluated, with the fingerprints of their closures.
pub(super) fn to_test(
    standing: &Standing,
    candidate: &Candidate<'_>,
    changes: &Changes,
    edits: &Edits,
) -> Result<BTreeMap<PromptId, Digest>, ReleaseError> {
    let (old, new) = (Workspace::new(standing.tree()), Workspace::new(candidate));
    let mut found = BTreeMap::new();
    let same_as_before = |id: &PromptId, prompt: &Prompt, fingerprint: Digest| {
        let before = old.closure(id);
        before.is_ok_and(|before| {
            before.fingerprint() == fingerprint && bindings(before.prompt()) == bindings(prompt)
        })
    };
    for id in changes.added.iter().chain(&changes.changed) {
        let closure = new.closure(id)?;
        let fingerprint = closure.fingerprint();
        if !same_as_before(id, closure.prompt(), fingerprint) {
            found.insert(id.clone(), fingerprint);
        }
    }
    // A change of what tests a prompt must be let through by what it says about the prompt.
    if tests_may_differ(&new, changes, edits)? {
        for id in new.prompt_ids()? {
            let dependencies = Dependencies::of(&new, &id)?;
            let mut tests = dependencies.tests.iter();
            if tests.any(|path| edits.contains_key(path)) {
                found.insert(id.clone(), new.closure(&id)?.fingerprint());
            }
        }
    }
    Ok(found)
}

/// The evaluators that the policy has a floor for and that a changed prompt is no longer tested by:
/// a floor must not be got round by taking its evaluator away.
pub(super) fn dropped_tests(
    standing: &Standing,
    candidate: &Candidate<'_>,
    changes: &Changes,
    policy: &Lane,
) -> Result<Vec<(PromptId, EvaluatorId)>, ReleaseError> {
    let Some(gate) = &policy.gate else {
        return Ok(Vec::new());
    };
    let (old, new) = (Workspace::new(standing.tree()), Workspace::new(candidate));
    let tested_by = |prompt: &Prompt| -> BTreeSet<EvaluatorId> {
        let names = prompt.evals.iter().flat_map(|binding| &binding.evaluators);
        names.map(|(evaluator, _)| evaluator.clone()).collect()
    };
    let mut dropped = Vec::new();
    for id in &changes.changed {
        // A prompt that cannot be read in the lane has no tests to be compared with.
        let Ok(before) = old.prompt(id) else {
            continue;
        };
        let now = tested_by(&new.prompt(id)?);
        let lost = tested_by(&before).into_iter();
        let lost = lost.filter(|name| gate.floors.contains_key(name) && !now.contains(name));
        dropped.extend(lost.map(|name| (id.clone(), name)));
    }
    Ok(dropped)
}

/// Of the prompts that would change, those that a hold names, with their fingerprints.
pub(super) fn held_prompts(
    holds: &[Hold],
    candidate: &dyn FileTree,
    changes: &Changes,
) -> Vec<(PromptId, Digest)> {
    let workspace = Workspace::new(candidate);
    let mut found = Vec::new();
    for hold in holds {
        let Held::Prompt { id, .. } = &hold.held else {
            continue;
        };
        let comes_in = changes.added.contains(id) || changes.changed.contains(id);
        // What does not compile is told as that.
        if comes_in && let Ok(closure) = workspace.closure(id) {
            found.push((id.clone(), closure.fingerprint()));
        }
    }
    found
}

/// Whether an edit touches a dataset, an evaluator or a judge.
fn tests_may_differ(
    new: &Workspace<'_>,
    changes: &Changes,
    edits: &Edits,
) -> Result<bool, ReleaseError> {
    let is_test = |path: &String| path.starts_with("datasets/") || path.starts_with("evaluators/");
    if edits.keys().any(is_test) {
        return Ok(true);
    }
    for id in changes.added.iter().chain(&changes.changed) {
        if new.prompt(id)?.own_dataset().is_some() {
            return Ok(true);
        }
    }
    for id in new.evaluators_in_files()? {
        let Ok(evaluator) = new.evaluator(&id) else {
            continue;
        };
        let mut judges = evaluator.judges().into_iter();
        if judges.any(|judge| changes.changed.contains(judge)) {
            return Ok(true);
        }
    }
    Ok(false)
}
