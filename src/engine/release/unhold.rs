//! Letting a snapshot in again that a rollback had barred.

use jiff::Timestamp;

use crate::domain::attestation::AllowedSigners;
use crate::domain::deployment::{Changes, DeployKind, Hold};
use crate::engine::ports::{Content, LaneRecord, LaneStore, Signer};

use super::ReleaseError;
use super::approval::Approvals;
use super::attest::Signing;
use super::authorize::{Authorized, Move, Refusal, Shown, authorize};
use super::record::{NewRecord, append, evidence_of};
use super::snapshot::Manifest;
use super::standing::Standing;

/// What an unhold would do.
pub struct UnholdPlan {
    standing: Standing,
    record_signers: Option<AllowedSigners>,
    current: LaneRecord,
    reason: String,
    /// The holds that go.
    pub released: Vec<Hold>,
    /// The holds that stay.
    pub kept: Vec<Hold>,
}

/// Plans to release the holds on snapshots whose digests start with `snapshot` (absent: all).
/// `None`: there is no such hold.
pub fn plan(
    standing: Standing,
    snapshot: Option<&str>,
    reason: String,
) -> Result<Option<UnholdPlan>, ReleaseError> {
    let Some(current) = standing.current.clone() else {
        return Ok(None);
    };
    let prefix = snapshot.unwrap_or_default();
    let holds = current.deployment.holds.iter().cloned();
    let (released, kept): (Vec<Hold>, Vec<Hold>) =
        holds.partition(|hold| hold.snapshot.to_string().starts_with(prefix));
    if released.is_empty() {
        return Ok(None);
    }
    let record_signers = standing.record_signers()?;
    Ok(Some(UnholdPlan {
        standing,
        record_signers,
        current,
        reason,
        released,
        kept,
    }))
}

impl UnholdPlan {
    /// Asks whether the holds may go.
    pub fn authorize(
        &self,
        signer: Option<&dyn Signer>,
        now: Timestamp,
    ) -> Result<Authorized, Vec<Refusal>> {
        authorize(&Move {
            lane: &self.standing.lane,
            current: self.standing.current.as_ref(),
            kind: DeployKind::Unhold,
            snapshot: self.current.deployment.snapshot.sha256,
            source: &self.current.deployment.source,
            policy: None,
            dropped_tests: &[],
            shown: Shown::NotNeeded,
            approvals: &Approvals::default(),
            signing: Signing::new(self.record_signers.as_ref(), signer),
            now,
        })
    }

    /// Appends the record. What is live stays as it is.
    pub fn execute(
        self,
        lanes: &dyn LaneStore,
        permission: &Authorized,
        signer: Option<&dyn Signer>,
        now: Timestamp,
    ) -> Result<LaneRecord, ReleaseError> {
        let live = &self.current.deployment;
        let manifest = Manifest::of_record(self.standing.tree(), live.snapshot.sha256)?;
        let count = self.released.len();
        let new = NewRecord {
            kind: DeployKind::Unhold,
            summary: format!(
                "release {count} snapshot{}",
                if count == 1 { "" } else { "s" }
            ),
            reason: Some(self.reason),
            source: live.source.clone(),
            snapshot: live.snapshot.clone(),
            manifest,
            content: Content {
                base: Some(self.current.id.clone()),
                ..Content::default()
            },
            rollback_target: live.rollback_target.clone(),
            holds: self.kept,
            changes: Changes::default(),
            evidence: evidence_of(lanes, &self.current)?,
        };
        append(lanes, &self.standing, permission, new, signer, now)
    }
}
