//! Going back: a new record that goes forward to an old snapshot, or to an old version of one
//! prompt, and a hold on what it leaves.

use jiff::Timestamp;

use crate::domain::attestation::AllowedSigners;
use crate::domain::deployment::{
    Changes, DeployKind, Deployment, EvidenceLink, RollbackTarget, Snapshot, Source,
};
use crate::domain::digest::Digest;
use crate::domain::finding::Findings;
use crate::domain::hold::{Held, Hold};
use crate::domain::id::PromptId;
use crate::domain::watch::WatchPlan;
use crate::engine::diff::{changed_paths, prompt_changes};
use crate::engine::ports::{Content, FileTree, LaneRecord, LaneStore, Signer};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::approval::Approvals;
use super::attest::Signing;
use super::authorize::{Authorized, Move, Refusal, Shown, authorize};
use super::obstacles::Obstacles;
use super::prompt_rollback;
use super::record::{NewRecord, append, evidence_of};
use super::snapshot::Manifest;
use super::standing::Standing;
use super::target::{Target, Way, find, nowhere};
use super::verify::held_prompts;

/// What is to be rolled back.
pub struct RollbackRequest<'r> {
    /// Where the lane stands.
    pub standing: Standing,
    /// Where to go.
    pub to: &'r Target,
    /// The prompt to bring back; absent: the whole lane.
    pub prompt: Option<&'r PromptId>,
    /// Why.
    pub reason: String,
}

/// What a rollback would do.
pub struct RollbackPlan {
    standing: Standing,
    record_signers: Option<AllowedSigners>,
    reason: String,
    content: Content,
    manifest: Manifest,
    evidence: Vec<(EvidenceLink, Vec<u8>)>,
    obstacles: Obstacles,
    watch: Option<WatchPlan>,
    /// The record that is live.
    pub current: LaneRecord,
    /// The record whose snapshot, or whose version of the prompt, comes back.
    pub target: LaneRecord,
    /// The prompt that alone comes back; absent: the whole snapshot does.
    pub prompt: Option<PromptId>,
    /// What would be live.
    pub snapshot: Snapshot,
    /// The holds that the new record would have.
    pub holds: Vec<Hold>,
    /// What would change.
    pub changes: Changes,
    /// Where the next rollback would go.
    pub rollback_target: Option<RollbackTarget>,
}

/// What comes back, whole or in part.
pub(super) struct Return {
    pub(super) target: LaneRecord,
    pub(super) content: Content,
    pub(super) manifest: Manifest,
    pub(super) snapshot: Snapshot,
    pub(super) changes: Changes,
    pub(super) evidence: Vec<(EvidenceLink, Vec<u8>)>,
    pub(super) held_prompts: Vec<(PromptId, Digest)>,
    /// What is left behind, the newest first.
    pub(super) left: Vec<Held>,
    pub(super) rollback_target: Option<RollbackTarget>,
}

/// Plans a rollback. `None`: what was asked for is live already.
pub fn plan(
    lanes: &dyn LaneStore,
    request: RollbackRequest<'_>,
) -> Result<Option<RollbackPlan>, ReleaseError> {
    let RollbackRequest {
        standing,
        to,
        prompt,
        reason,
    } = request;
    let lane = &standing.lane;
    let Some(current) = standing.current.clone() else {
        let message = format!("lane `{lane}` has no records yet");
        return Err(nowhere(lane.as_str(), message));
    };
    let found = match prompt {
        None => whole(lanes, &standing, &current, to)?,
        Some(prompt) => prompt_rollback::find(lanes, &standing, &current, (prompt, to))?,
    };
    let Some(found) = found else {
        return Ok(None);
    };
    let record_signers = standing.record_signers()?;
    // What is live has a policy that can be read, or none that could ask for anything.
    let watch = standing.policy().ok().flatten().and_then(|it| it.watch);
    let holds = holds(&current, found.left, &reason);
    Ok(Some(RollbackPlan {
        standing,
        record_signers,
        reason,
        content: found.content,
        manifest: found.manifest,
        evidence: found.evidence,
        obstacles: Obstacles {
            held_prompts: found.held_prompts,
            ..Obstacles::default()
        },
        watch,
        current,
        target: found.target,
        prompt: prompt.cloned(),
        snapshot: found.snapshot,
        holds,
        changes: found.changes,
        rollback_target: found.rollback_target,
    }))
}

/// The whole snapshot of an earlier record.
fn whole(
    lanes: &dyn LaneStore,
    standing: &Standing,
    current: &LaneRecord,
    to: &Target,
) -> Result<Option<Return>, ReleaseError> {
    let Way { target, bypassed } = find(lanes, current, to)?;
    let snapshot = target.deployment.snapshot.clone();
    if snapshot.sha256 == current.deployment.snapshot.sha256 {
        return Ok(None);
    }
    let files = lanes.tree(&target)?;
    let edits = changed_paths(standing.tree(), files.as_ref())?;
    let changes = prompt_changes(standing.tree(), files.as_ref(), &edits)?;
    check_renders(files.as_ref(), &changes, &target)?;
    let left = bypassed
        .iter()
        .map(|record| record.deployment.snapshot.sha256);
    let left = left.filter(|left| *left != snapshot.sha256);
    Ok(Some(Return {
        content: Content {
            base: Some(target.id.clone()),
            ..Content::default()
        },
        manifest: Manifest::of_record(files.as_ref(), snapshot.sha256)?,
        evidence: evidence_of(lanes, &target)?,
        held_prompts: held_prompts(standing.holds(), files.as_ref(), &changes),
        left: left.map(Held::Snapshot).collect(),
        rollback_target: target.deployment.rollback_target.clone(),
        snapshot,
        changes,
        target,
    }))
}

/// What comes back must render: to go back to what is broken helps nobody.
pub(super) fn check_renders(
    files: &dyn FileTree,
    changes: &Changes,
    target: &LaneRecord,
) -> Result<(), ReleaseError> {
    let workspace = Workspace::new(files);
    let mut back = changes.added.iter().chain(&changes.changed);
    let broken = back.find_map(|id| Some((id, workspace.closure(id).err()?)));
    let Some((id, Findings(findings))) = broken else {
        return Ok(());
    };
    let why = findings.first();
    let why = why.map_or_else(String::new, |it| format!(": {}", it.message));
    let Deployment { lane, sequence, .. } = &target.deployment;
    Err(nowhere(
        lane.as_str(),
        format!("#{sequence} cannot be gone back to: `{id}` does not render there{why}"),
    ))
}

impl RollbackPlan {
    /// Asks whether the rollback may happen.
    pub fn authorize(
        &self,
        signer: Option<&dyn Signer>,
        now: Timestamp,
    ) -> Result<Authorized, Vec<Refusal>> {
        authorize(&Move {
            lane: &self.standing.lane,
            current: self.standing.current.as_ref(),
            kind: DeployKind::Rollback,
            snapshot: self.snapshot.sha256,
            source: self.source(),
            policy: None,
            obstacles: &self.obstacles,
            shown: Shown::NotNeeded,
            approvals: &Approvals::default(),
            signing: Signing::new(self.record_signers.as_ref(), signer),
            now,
        })
    }

    /// Where what comes back was taken from.
    pub fn source(&self) -> &Source {
        &self.target.deployment.source
    }

    /// How what comes back would be watched.
    pub fn watch(&self) -> Option<&WatchPlan> {
        self.watch.as_ref()
    }

    /// Moves the lane.
    pub fn execute(
        self,
        lanes: &dyn LaneStore,
        permission: &Authorized,
        signer: Option<&dyn Signer>,
        now: Timestamp,
    ) -> Result<LaneRecord, ReleaseError> {
        let target = &self.target.deployment;
        let summary = match &self.prompt {
            None => format!("back to #{}", target.sequence),
            Some(prompt) => format!("{prompt} back to #{}", target.sequence),
        };
        let new = NewRecord {
            kind: DeployKind::Rollback,
            summary,
            reason: Some(self.reason),
            source: target.source.clone(),
            snapshot: self.snapshot,
            manifest: self.manifest,
            content: self.content,
            rollback_target: self.rollback_target,
            holds: self.holds,
            changes: self.changes,
            evidence: self.evidence,
            watch: self.watch,
        };
        append(lanes, &self.standing, permission, new, signer, now)
    }
}

/// The holds so far, and one on everything that is left.
fn holds(current: &LaneRecord, left: Vec<Held>, reason: &str) -> Vec<Hold> {
    let mut holds = current.deployment.holds.clone();
    for held in left {
        if !holds.iter().any(|hold| hold.held == held) {
            holds.push(Hold {
                held,
                set_by_sequence: current.deployment.sequence + 1,
                reason: reason.to_owned(),
            });
        }
    }
    holds
}
