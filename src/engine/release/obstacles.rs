//! What is found out about a move that may stand in its way, before anything is asked.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::deployment::{Changes, Source};
use crate::domain::digest::Digest;
use crate::domain::hold::{Held, Hold};
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::lane::Lane;
use crate::engine::ports::LaneStore;
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::dependencies::Dependencies;
use super::graft::{Candidate, Edits};
use super::snapshot::Manifest;
use super::soaked::{Soaked, soaked};
use super::standing::Standing;
use super::verify::{dropped_tests, held_prompts};

/// What may stand in the way of a move; by default nothing.
#[derive(Debug, Default)]
pub struct Obstacles {
    /// Evaluators that the policy has a floor for and that a prompt would lose.
    pub dropped_tests: Vec<(PromptId, EvaluatorId)>,
    /// Of the prompts that would change, those that a hold names, with their fingerprints.
    pub held_prompts: Vec<(PromptId, Digest)>,
    /// What is held in the lane that the source is, if that is live there.
    pub held_at_source: Vec<Hold>,
    /// Since when the content has been live in the lane before; absent where nobody asks.
    pub soaked: Option<Soaked>,
}

/// What would come in by a promotion.
pub(super) struct Coming<'c> {
    pub(super) candidate: &'c Candidate<'c>,
    pub(super) edits: &'c Edits,
    pub(super) changes: &'c Changes,
    pub(super) manifest: &'c Manifest,
    pub(super) source: &'c Source,
    pub(super) policy: &'c Lane,
    pub(super) now: Timestamp,
}

/// What may stand in the way of a promotion.
pub(super) fn obstacles(
    lanes: &dyn LaneStore,
    standing: &Standing,
    coming: &Coming<'_>,
) -> Result<Obstacles, ReleaseError> {
    let Coming {
        candidate,
        changes,
        policy,
        ..
    } = coming;
    Ok(Obstacles {
        dropped_tests: dropped_tests(standing, candidate, changes, policy)?,
        held_prompts: held_prompts(standing.holds(), *candidate, changes),
        held_at_source: held_at_source(lanes, coming)?,
        soaked: soaked_so_far(lanes, coming)?,
    })
}

/// What is held in the lane that the source is, of what comes from there.
fn held_at_source(lanes: &dyn LaneStore, coming: &Coming<'_>) -> Result<Vec<Hold>, ReleaseError> {
    let (Some(lane), Some(id)) = (&coming.source.lane, &coming.source.record) else {
        return Ok(Vec::new());
    };
    let there = lanes.record(lane, id)?.deployment;
    let prompts = held_prompts(&there.holds, coming.candidate, coming.changes);
    let comes = |hold: &Hold| match &hold.held {
        Held::Snapshot(digest) => *digest == there.snapshot.sha256,
        Held::Prompt { id, fingerprint } => {
            let mut prompts = prompts.iter();
            prompts.any(|(prompt, found)| prompt == id && found == fingerprint)
        }
    };
    let holds = there.holds.iter().filter(|hold| comes(hold));
    Ok(holds.cloned().collect())
}

/// Since when what comes in has been live in the lane before, where the policy asks: every file
/// that changes, and every file that a prompt which changes is made of.
fn soaked_so_far(
    lanes: &dyn LaneStore,
    coming: &Coming<'_>,
) -> Result<Option<Soaked>, ReleaseError> {
    let policy = coming.policy;
    let (Some(soak), Some((from, _))) = (policy.freeze.soak, &policy.from) else {
        return Ok(None);
    };
    let workspace = Workspace::new(coming.candidate);
    let mut paths: BTreeSet<String> = coming.edits.keys().cloned().collect();
    for prompt in coming.changes.added.iter().chain(&coming.changes.changed) {
        paths.extend(Dependencies::of(&workspace, prompt)?.closure);
    }
    let wanted = paths.into_iter().map(|path| {
        let digest = coming.manifest.digest_of(&path);
        (path, digest)
    });
    let enough = coming
        .now
        .checked_sub(SignedDuration::from_secs(soak.seconds));
    let enough = enough.unwrap_or(Timestamp::MIN);
    soaked(lanes, from, &wanted.collect(), enough).map(Some)
}
