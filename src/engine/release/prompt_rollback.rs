//! Going back with one prompt: its closure as an earlier record had it, grafted onto what is live.

use std::collections::BTreeSet;

use crate::domain::deployment::{DeployKind, RollbackTarget, Snapshot};
use crate::domain::digest::Digest;
use crate::domain::hold::Held;
use crate::domain::id::PromptId;
use crate::engine::diff::{changed_paths, prompt_changes};
use crate::engine::ports::{Content, FileTree, LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::graft::{Candidate, Edits, blobs};
use super::history::History;
use super::rollback::{Return, check_renders};
use super::snapshot::{Manifest, check_entries};
use super::standing::Standing;
use super::target::{self, Target, Way, nowhere};
use super::verify::held_prompts;

/// What comes back when `prompt` alone goes to the record that `to` names. `None`: that version is
/// live already.
pub(super) fn find(
    lanes: &dyn LaneStore,
    standing: &Standing,
    current: &LaneRecord,
    (prompt, to): (&PromptId, &Target),
) -> Result<Option<Return>, ReleaseError> {
    let live = version(standing.tree(), prompt);
    let Way { target, bypassed } = match to {
        Target::Recorded => version_before(lanes, current, prompt, live)?,
        _ => target::find(lanes, current, to)?,
    };
    let files = lanes.tree(&target)?;
    let edits = closure_edits(standing, files.as_ref(), prompt)?;
    if edits.is_empty() {
        return Ok(None);
    }
    check_entries(edits.values().filter_map(|change| change.new.as_ref()))?;
    let candidate = Candidate::new(standing, files.as_ref(), &edits);
    let changes = prompt_changes(standing.tree(), &candidate, &edits)?;
    let mut others = changes.changed.iter().filter(|id| *id != prompt);
    if let Some(other) = others.next() {
        let lane = &standing.lane;
        return Err(nowhere(
            lane.as_str(),
            format!(
                "`{prompt}` cannot go back alone: it shares a partial with `{other}`, which would \
                 change too; without `--prompt` the whole lane goes back"
            ),
        ));
    }
    check_renders(&candidate, &changes, &target)?;
    let content = Content {
        base: Some(current.id.clone()),
        edits: blobs(&edits)?,
    };
    let manifest = Manifest::of_candidate(standing, files.as_ref(), &edits)?;
    let snapshot = Snapshot {
        sha256: manifest.digest(),
        git_tree: lanes.git_tree(&content)?,
    };
    let back = version(files.as_ref(), prompt);
    let held = held_prompts(standing.holds(), &candidate, &changes);
    let left = versions_left(lanes, &bypassed, prompt)?;
    let left = left.into_iter().filter(|left| Some(*left) != back);
    Ok(Some(Return {
        rollback_target: next_target(lanes, current, &snapshot)?,
        left: left
            .map(|fingerprint| Held::Prompt {
                id: prompt.clone(),
                fingerprint,
            })
            .collect(),
        held_prompts: held,
        evidence: Vec::new(),
        target,
        content,
        manifest,
        snapshot,
        changes,
    }))
}

/// The version of a prompt in a tree, if it is there and compiles.
fn version(tree: &dyn FileTree, prompt: &PromptId) -> Option<Digest> {
    let closure = Workspace::new(tree).closure(prompt).ok()?;
    Some(closure.fingerprint())
}

/// The record before the one that brought the live version in. A version that a rollback has left is
/// passed over: the way goes on from where that rollback went.
fn version_before(
    lanes: &dyn LaneStore,
    current: &LaneRecord,
    prompt: &PromptId,
    live: Option<Digest>,
) -> Result<Way, ReleaseError> {
    let lane = &current.deployment.lane;
    let mut bypassed = Vec::new();
    let mut passing_over = false;
    let mut entered: Option<LaneRecord> = None;
    for record in History::from(lanes, current) {
        let record = record?;
        if let Some(newer) = entered.take() {
            let here = version(lanes.tree(&record)?.as_ref(), prompt);
            if passing_over {
                passing_over = here != live;
            } else if here.is_none() {
                break;
            } else if here != live {
                if newer.deployment.kind != DeployKind::Rollback {
                    return Ok(Way {
                        target: record,
                        bypassed,
                    });
                }
                passing_over = true;
            }
        }
        let changes = &record.deployment.changes;
        if changes.changed.contains(prompt) || changes.added.contains(prompt) {
            entered = Some(record.clone());
        }
        bypassed.push(record);
    }
    let nothing = format!("lane `{lane}` has no earlier version of `{prompt}` to go back to");
    Err(nowhere(lane.as_str(), nothing))
}

/// The files of the prompt's closure, here or there, that differ.
fn closure_edits(
    standing: &Standing,
    target: &dyn FileTree,
    prompt: &PromptId,
) -> Result<Edits, ReleaseError> {
    let mut closure = BTreeSet::from([prompt.path()]);
    if !target.list(&prompt.path())?.is_empty() {
        let there = Workspace::new(target).closure(prompt)?;
        closure.extend(there.includes().keys().cloned());
    } else if standing.tree().list(&prompt.path())?.is_empty() {
        let lane = &standing.lane;
        return Err(ReleaseError::invalid(
            format!("neither lane `{lane}` nor the record to go to has a prompt `{prompt}`"),
            format!("`pointsman lanes show {lane}` lists the prompts that are live"),
        ));
    }
    let mut edits = changed_paths(standing.tree(), target)?;
    edits.retain(|path, _| closure.contains(path));
    Ok(edits)
}

/// The versions of the prompt that were live in these records, the newest first.
fn versions_left(
    lanes: &dyn LaneStore,
    bypassed: &[LaneRecord],
    prompt: &PromptId,
) -> Result<Vec<Digest>, ReleaseError> {
    let mut versions = Vec::new();
    let mut is_another = true;
    for record in bypassed {
        if is_another {
            let version = version(lanes.tree(record)?.as_ref(), prompt);
            versions.extend(version.filter(|version| !versions.contains(version)));
        }
        is_another = record.deployment.changes.names(prompt);
    }
    Ok(versions)
}

/// Where the whole lane would go back to afterwards: to the target of what is live, unless that is
/// where the prompt brings it.
fn next_target(
    lanes: &dyn LaneStore,
    current: &LaneRecord,
    snapshot: &Snapshot,
) -> Result<Option<RollbackTarget>, ReleaseError> {
    let Some(target) = &current.deployment.rollback_target else {
        return Ok(None);
    };
    if target.snapshot.sha256 != snapshot.sha256 {
        return Ok(Some(target.clone()));
    }
    let record = lanes.record(&current.deployment.lane, &target.record)?;
    Ok(record.deployment.rollback_target)
}
