//! Going back: a new record that goes forward to an old snapshot, and a hold on what it leaves.

use jiff::Timestamp;

use crate::domain::attestation::AllowedSigners;
use crate::domain::deployment::{Changes, DeployKind, Hold};
use crate::engine::diff::{changed_paths, prompt_changes};
use crate::engine::ports::{Content, FileTree, LaneRecord, LaneStore, Signer};

use super::ReleaseError;
use super::approval::Approvals;
use super::attest::Signing;
use super::authorize::{Authorized, Condition, Move, Refusal, Shown, authorize};
use super::history::History;
use super::record::{NewRecord, append, evidence_of};
use super::snapshot::Manifest;
use super::standing::Standing;

/// What a rollback would do.
pub struct RollbackPlan {
    standing: Standing,
    record_signers: Option<AllowedSigners>,
    files: Box<dyn FileTree>,
    reason: String,
    /// The record that is live.
    pub current: LaneRecord,
    /// The record whose snapshot comes back.
    pub target: LaneRecord,
    /// The records whose snapshots are left, newest first, up to the target.
    pub bypassed: Vec<LaneRecord>,
    /// The holds that the new record would have.
    pub holds: Vec<Hold>,
    /// What would change.
    pub changes: Changes,
}

/// Plans a rollback to the recorded target, or to the record that `to` names by its sequence number
/// or the first digits of its id. `None`: the snapshot to go to is live already.
pub fn plan(
    lanes: &dyn LaneStore,
    standing: Standing,
    to: Option<&str>,
    reason: String,
) -> Result<Option<RollbackPlan>, ReleaseError> {
    let lane = &standing.lane;
    let Some(current) = standing.current.clone() else {
        return Err(nowhere(
            format!("lane `{lane}` has no records yet"),
            lane.as_str(),
        ));
    };
    let wanted = wanted_target(&current, to)?;
    let mut bypassed = Vec::new();
    let mut target = None;
    for record in History::from(lanes, &current) {
        let record = record?;
        if wanted.names(&record) {
            target = Some(record);
            break;
        }
        bypassed.push(record);
    }
    let Some(target) = target else {
        let to = to.unwrap_or_default();
        return Err(ReleaseError::invalid(
            format!("lane `{lane}` has no record `{to}`"),
            format!("`pointsman lanes log {lane}` shows the records and their numbers"),
        ));
    };
    if target.deployment.snapshot.sha256 == current.deployment.snapshot.sha256 {
        return Ok(None);
    }
    let files = lanes.tree(&target)?;
    let edits = changed_paths(standing.tree(), files.as_ref())?;
    let changes = prompt_changes(standing.tree(), files.as_ref(), &edits)?;
    let holds = holds(&current, &target, &bypassed, &reason);
    let record_signers = standing.record_signers()?;
    Ok(Some(RollbackPlan {
        standing,
        record_signers,
        files,
        reason,
        current,
        target,
        bypassed,
        holds,
        changes,
    }))
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
            snapshot: self.target.deployment.snapshot.sha256,
            source: &self.target.deployment.source,
            policy: None,
            dropped_tests: &[],
            shown: Shown::NotNeeded,
            approvals: &Approvals::default(),
            signing: Signing::new(self.record_signers.as_ref(), signer),
            now,
        })
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
        let manifest = Manifest::of_record(self.files.as_ref(), target.snapshot.sha256)?;
        let new = NewRecord {
            kind: DeployKind::Rollback,
            summary: format!("back to #{}", target.sequence),
            reason: Some(self.reason),
            source: target.source.clone(),
            snapshot: target.snapshot.clone(),
            manifest,
            content: Content {
                base: Some(self.target.id.clone()),
                ..Content::default()
            },
            rollback_target: target.rollback_target.clone(),
            holds: self.holds,
            changes: self.changes,
            evidence: evidence_of(lanes, &self.target)?,
        };
        append(lanes, &self.standing, permission, new, signer, now)
    }
}

/// Which record of a lane is meant.
enum Wanted<'w> {
    Sequence(u64),
    Id(&'w str),
}

impl Wanted<'_> {
    fn names(&self, record: &LaneRecord) -> bool {
        match self {
            Self::Sequence(sequence) => record.deployment.sequence == *sequence,
            Self::Id(digits) => record.id.as_str().starts_with(digits),
        }
    }
}

fn wanted_target<'w>(
    current: &'w LaneRecord,
    to: Option<&'w str>,
) -> Result<Wanted<'w>, ReleaseError> {
    const FEWEST_DIGITS: usize = 7;
    let lane = &current.deployment.lane;
    let Some(to) = to else {
        let target = current.deployment.rollback_target.as_ref();
        return match target {
            Some(target) => Ok(Wanted::Id(target.record.as_str())),
            None => Err(nowhere(
                format!(
                    "lane `{lane}` has nothing to go back to from #{}",
                    current.deployment.sequence
                ),
                lane.as_str(),
            )),
        };
    };
    let number = to.strip_prefix('#').unwrap_or(to);
    let is_id = to.len() >= FEWEST_DIGITS && to.bytes().all(|byte| byte.is_ascii_hexdigit());
    match number.parse() {
        Ok(sequence) if number.len() < FEWEST_DIGITS => Ok(Wanted::Sequence(sequence)),
        _ if is_id => Ok(Wanted::Id(to)),
        _ => Err(ReleaseError::invalid(
            format!("`{to}` does not name a record"),
            "give a sequence number, or at least seven digits of a record's id",
        )),
    }
}

fn nowhere(message: String, lane: &str) -> ReleaseError {
    ReleaseError::Refused(vec![Refusal {
        condition: Condition::Target,
        message,
        next: format!("`pointsman lanes log {lane}` shows the records; name one with `--to`"),
    }])
}

/// The holds so far, and one on each snapshot that is left.
fn holds(
    current: &LaneRecord,
    target: &LaneRecord,
    bypassed: &[LaneRecord],
    reason: &str,
) -> Vec<Hold> {
    let mut holds = current.deployment.holds.clone();
    for record in bypassed {
        let snapshot = record.deployment.snapshot.sha256;
        let known = holds.iter().any(|hold| hold.snapshot == snapshot);
        if !known && snapshot != target.deployment.snapshot.sha256 {
            holds.push(Hold {
                snapshot,
                set_by_sequence: current.deployment.sequence + 1,
                reason: reason.to_owned(),
            });
        }
    }
    holds
}
