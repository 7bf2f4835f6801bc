//! Bringing new content into a lane.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::deployment::{Changes, DeployKind, ObjectId, RollbackTarget, Snapshot, Source};
use crate::domain::digest::Digest;
use crate::domain::gate::Evaluation;
use crate::domain::id::PromptId;
use crate::domain::lane::Lane;
use crate::engine::diff::{GateChanges, gate_changes, prompt_changes};
use crate::engine::ports::{Content, FileTree, LaneRecord, LaneStore, Signer, SourceHistory};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::approval::{Approvals, Question};
use super::attest::Signing;
use super::authorize::{Authorized, Move, Refusal, Shown, authorize};
use super::authors::authors;
use super::evidence::{evidence_file, statement};
use super::graft::{Candidate, Edits, blobs, edits};
use super::obstacles::{Coming, Obstacles, obstacles};
use super::record::{NewRecord, append};
use super::snapshot::{Manifest, check_entries};
use super::standing::{Standing, Trusted, policy_in};
use super::verify::{check_files, to_test};

/// What is to be promoted.
pub struct PromoteRequest<'r> {
    /// Where the lane stands.
    pub standing: Standing,
    /// The files to take from.
    pub files: Box<dyn FileTree>,
    /// Where those files come from.
    pub source: Source,
    /// The prompts to take; empty: everything.
    pub prompts: &'r [PromptId],
    /// Why.
    pub reason: Option<String>,
    /// The time.
    pub now: Timestamp,
}

/// What people said about a snapshot, and who they must not be.
#[derive(Debug, Clone, Default)]
pub struct Voices {
    /// Attestations of the snapshot, by anybody.
    pub attestations: Vec<Vec<u8>>,
    /// The addresses of those whose own approval does not count.
    pub involved: BTreeSet<String>,
}

/// What a promotion would do.
pub struct PromotePlan {
    standing: Standing,
    files: Box<dyn FileTree>,
    edits: Edits,
    reason: Option<String>,
    manifest: Manifest,
    content: Content,
    fingerprints: BTreeMap<PromptId, Digest>,
    obstacles: Obstacles,
    trusted: Trusted,
    voices: Voices,
    /// Where the content comes from.
    pub source: Source,
    /// The policy in force.
    pub policy: Lane,
    /// Whether the policy comes from the source, because the lane has none yet.
    pub policy_is_new: bool,
    /// What would be live.
    pub snapshot: Snapshot,
    /// What would change.
    pub changes: Changes,
    /// What would change in how releases are let in; nothing where the lane has no records yet.
    pub gate_changes: GateChanges,
    /// Where a rollback would go.
    pub rollback_target: Option<RollbackTarget>,
    /// Why the record before cannot serve as the target of a rollback, if it cannot.
    pub rollback_problem: Option<String>,
}

/// Plans a promotion. `None`: everything asked for is live already.
pub fn plan(
    lanes: &dyn LaneStore,
    request: PromoteRequest<'_>,
) -> Result<Option<PromotePlan>, ReleaseError> {
    let PromoteRequest {
        standing,
        files,
        source,
        prompts,
        reason,
        now,
    } = request;
    let (policy, policy_is_new) = policy_in_force(&standing, files.as_ref())?;
    let trusted = if policy_is_new {
        Trusted::of(files.as_ref(), &policy)?
    } else {
        Trusted::of(standing.tree(), &policy)?
    };
    let edits = edits(&standing, files.as_ref(), prompts)?;
    if edits.is_empty() {
        return Ok(None);
    }
    check_entries(edits.values().filter_map(|change| change.new.as_ref()))?;
    let candidate = Candidate::new(&standing, files.as_ref(), &edits);
    let changes = prompt_changes(standing.tree(), &candidate, &edits)?;
    check_files(&candidate, &changes)?;
    let fingerprints = to_test(&standing, &candidate, &changes, &edits)?;
    let manifest = Manifest::of_candidate(&standing, files.as_ref(), &edits)?;
    let coming = Coming {
        candidate: &candidate,
        edits: &edits,
        changes: &changes,
        manifest: &manifest,
        source: &source,
        policy: &policy,
        now,
    };
    let obstacles = obstacles(lanes, &standing, &coming)?;
    let content = Content {
        base: standing.current.as_ref().map(|record| record.id.clone()),
        edits: blobs(&edits)?,
    };
    let snapshot = Snapshot {
        sha256: manifest.digest(),
        git_tree: lanes.git_tree(&content)?,
    };
    let gate_changes = gate_changes_of(&standing, &candidate, &edits)?;
    let (rollback_target, rollback_problem) = rollback_target(&standing, &changes);
    Ok(Some(PromotePlan {
        standing,
        files,
        edits,
        reason,
        manifest,
        content,
        fingerprints,
        obstacles,
        trusted,
        voices: Voices::default(),
        source,
        policy,
        policy_is_new,
        snapshot,
        changes,
        gate_changes,
        rollback_target,
        rollback_problem,
    }))
}

impl PromotePlan {
    /// Where the lane stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The files as they would be live.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate::new(&self.standing, self.files.as_ref(), &self.edits)
    }

    /// The prompts that the gate must see evaluated: their closures, or what tests them, would be
    /// others. Empty where the lane has no gate.
    pub fn prompts_to_test(&self) -> Vec<PromptId> {
        match self.policy.gate {
            Some(_) => self.fingerprints.keys().cloned().collect(),
            None => Vec::new(),
        }
    }

    /// Listens to what people said about the snapshot.
    pub fn hear(&mut self, voices: Voices) {
        self.voices = voices;
    }

    /// Listens to one more attestation. Returns why it is no approval that counts, if it is none.
    pub fn hear_another(&mut self, attestation: &[u8], now: Timestamp) -> Option<String> {
        let alone = Voices {
            attestations: vec![attestation.to_vec()],
            involved: self.voices.involved.clone(),
        };
        let others = std::mem::replace(&mut self.voices, alone).attestations;
        let not_counted = self.approvals(now).not_counted.pop();
        self.voices.attestations.extend(others);
        not_counted.map(|it| it.why)
    }

    /// The approvals that count for this promotion, and those that do not.
    pub fn approvals(&self, now: Timestamp) -> Approvals {
        let Some(signers) = &self.trusted.approvers else {
            return Approvals::default();
        };
        let gate = self.policy.gate.as_ref();
        let question = Question {
            lane: &self.standing.lane,
            base: self.standing.current.as_ref().map(|record| &record.id),
            snapshot: &self.snapshot,
            signers,
            max_age: gate.and_then(|gate| gate.evidence_max_age),
            involved: &self.voices.involved,
            now,
        };
        Approvals::count(&question, &self.voices.attestations)
    }

    /// Who wrote what comes in, by address.
    pub fn authors(
        &self,
        history: &dyn SourceHistory,
        lanes: &dyn LaneStore,
    ) -> Result<BTreeSet<String>, ReleaseError> {
        let paths = self.edits.keys().cloned().collect();
        authors(history, lanes, &self.standing, &self.source, &paths)
    }

    /// Asks, before an evaluation is paid for, whether anything else stands in the way.
    pub fn check(&self, signer: Option<&dyn Signer>, now: Timestamp) -> Result<(), Vec<Refusal>> {
        self.ask(Shown::NotYet, self.signing(signer), now)
            .map(|_| ())
    }

    /// Asks whether the promotion may happen. Without an evaluation it may only where none is
    /// needed.
    pub fn authorize(
        &self,
        evaluation: Option<&Evaluation>,
        signer: Option<&dyn Signer>,
        now: Timestamp,
    ) -> Result<Authorized, Vec<Refusal>> {
        let empty = Evaluation::nothing();
        let shown = self.shown(evaluation.unwrap_or(&empty));
        self.ask(shown, self.signing(signer), now)
    }

    /// Asks again, for a record of the past, whether it was right to let it in. Its signature is
    /// looked at elsewhere.
    pub(super) fn was_right(
        &self,
        evaluation: Option<&Evaluation>,
        then: Timestamp,
    ) -> Result<(), Vec<Refusal>> {
        let empty = Evaluation::nothing();
        let shown = self.shown(evaluation.unwrap_or(&empty));
        self.ask(shown, Signing::default(), then).map(|_| ())
    }

    /// What the gate has to judge.
    fn shown<'e>(&'e self, evaluation: &'e Evaluation) -> Shown<'e> {
        if self.prompts_to_test().is_empty() {
            Shown::NotNeeded
        } else {
            Shown::Evaluation(evaluation, &self.fingerprints)
        }
    }

    fn signing(&self, signer: Option<&dyn Signer>) -> Signing<'_> {
        Signing::new(self.trusted.record_signers.as_ref(), signer)
    }

    fn ask(
        &self,
        shown: Shown<'_>,
        signing: Signing<'_>,
        now: Timestamp,
    ) -> Result<Authorized, Vec<Refusal>> {
        authorize(&Move {
            lane: &self.standing.lane,
            current: self.standing.current.as_ref(),
            kind: DeployKind::Promote,
            snapshot: self.snapshot.sha256,
            source: &self.source,
            policy: Some(&self.policy),
            obstacles: &self.obstacles,
            shown,
            approvals: &self.approvals(now),
            signing,
            now,
        })
    }

    /// Moves the lane.
    pub fn execute(
        self,
        lanes: &dyn LaneStore,
        permission: &Authorized,
        evaluation: Option<&Evaluation>,
        signer: Option<&dyn Signer>,
        now: Timestamp,
    ) -> Result<LaneRecord, ReleaseError> {
        let mut evidence: Vec<_> = self.approvals(now).evidence().collect();
        if let Some(evaluation) = evaluation {
            let statement = statement(&self.standing.lane, &self.snapshot, evaluation);
            evidence.insert(0, evidence_file(&statement, signer)?);
        }
        let new = NewRecord {
            kind: DeployKind::Promote,
            summary: summary(&self.changes),
            reason: self.reason,
            source: self.source,
            snapshot: self.snapshot,
            manifest: self.manifest,
            content: self.content,
            rollback_target: self.rollback_target,
            holds: self.standing.holds().to_vec(),
            changes: self.changes,
            evidence,
            watch: self.policy.watch,
        };
        append(lanes, &self.standing, permission, new, signer, now)
    }
}

/// The policy in force: the lane's own, or before its first record the source's.
fn policy_in_force(
    standing: &Standing,
    files: &dyn FileTree,
) -> Result<(Lane, bool), ReleaseError> {
    if let Some(policy) = standing.policy()? {
        return Ok((policy, false));
    }
    match policy_in(files, &standing.lane)? {
        Some(policy) => Ok((policy, true)),
        None => Ok((Workspace::new(files).lane(&standing.lane)?, true)),
    }
}

/// What would change in how releases are let in; nothing where the lane has no records yet.
fn gate_changes_of(
    standing: &Standing,
    candidate: &Candidate<'_>,
    edits: &Edits,
) -> Result<GateChanges, ReleaseError> {
    match standing.current {
        Some(_) => Ok(gate_changes(standing.tree(), candidate, edits)?),
        None => Ok(GateChanges::default()),
    }
}

/// Where a rollback would go: the record before, if the prompts that change now still render there;
/// else where that one would have gone.
fn rollback_target(
    standing: &Standing,
    changes: &Changes,
) -> (Option<RollbackTarget>, Option<String>) {
    let Some(current) = &standing.current else {
        return (None, None);
    };
    let workspace = Workspace::new(standing.tree());
    let broken = changes
        .changed
        .iter()
        .chain(&changes.removed)
        .find(|id| workspace.closure(id).is_err());
    match broken {
        None => (Some(target_of(current)), None),
        Some(id) => {
            let target = current.deployment.rollback_target.clone();
            let sequence = current.deployment.sequence;
            let problem =
                format!("#{sequence} cannot be gone back to: `{id}` does not render there");
            (target, Some(problem))
        }
    }
}

/// A record as the target of a rollback.
pub(super) fn target_of(record: &LaneRecord) -> RollbackTarget {
    RollbackTarget {
        sequence: record.deployment.sequence,
        record: record.id.clone(),
        snapshot: record.deployment.snapshot.clone(),
    }
}

/// What a promotion does, for the subject of its commit.
fn summary(changes: &Changes) -> String {
    const NAMED: usize = 3;
    let added = changes.added.iter().map(|id| format!("add {id}"));
    let edited = changes.changed.iter().map(PromptId::to_string);
    let removed = changes.removed.iter().map(|id| format!("remove {id}"));
    let mut names: Vec<String> = added.chain(edited).chain(removed).collect();
    if names.is_empty() {
        names.clone_from(&changes.files);
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let text = names.join(", ");
    match more {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// The source that a record of a lane is for the next lane.
pub fn source_of(record: &LaneRecord) -> Source {
    Source {
        commit: record.deployment.source.commit.clone(),
        lane: Some(record.deployment.lane.clone()),
        record: Some(record.id.clone()),
    }
}

/// The source that a commit is.
pub fn source_commit(commit: ObjectId) -> Source {
    Source {
        commit,
        lane: None,
        record: None,
    }
}
