//! Holding something back, and letting it in again. What is live stays as it is.

use jiff::Timestamp;

use crate::domain::attestation::AllowedSigners;
use crate::domain::deployment::{Changes, DeployKind};
use crate::domain::digest::Digest;
use crate::domain::hold::{Held, Hold};
use crate::domain::id::{LaneName, PromptId};
use crate::engine::ports::{Content, LaneRecord, LaneStore, Signer};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::approval::Approvals;
use super::attest::Signing;
use super::authorize::{Authorized, Move, Refusal, Shown, authorize};
use super::history::History;
use super::obstacles::Obstacles;
use super::record::{NewRecord, append, evidence_of};
use super::snapshot::Manifest;
use super::standing::Standing;

/// The fewest digits by which a snapshot is named.
const FEWEST_DIGITS: usize = 7;

/// What a hold or an unhold would do.
pub struct HoldsPlan {
    standing: Standing,
    record_signers: Option<AllowedSigners>,
    current: LaneRecord,
    kind: DeployKind,
    reason: String,
    /// The holds that would be set, or that would go.
    pub affected: Vec<Hold>,
    /// The holds that there would be.
    pub holds: Vec<Hold>,
}

/// Of what a hold is, or which holds are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'s> {
    /// To hold: what is live. To release: every hold.
    Whole,
    /// The snapshot whose digest starts like this.
    Snapshot(&'s str),
    /// To hold: the version of the prompt that is live. To release: every hold on the prompt.
    Prompt(&'s PromptId),
}

/// Plans to hold something back. `None`: it is held already.
pub fn plan_hold(
    lanes: &dyn LaneStore,
    standing: Standing,
    subject: Subject<'_>,
    reason: String,
) -> Result<Option<HoldsPlan>, ReleaseError> {
    let current = current_of(&standing)?;
    let subject = held(lanes, &standing, &current, subject)?;
    let mut holds = current.deployment.holds.clone();
    if holds.iter().any(|hold| hold.held == subject) {
        return Ok(None);
    }
    let hold = Hold {
        held: subject,
        set_by_sequence: current.deployment.sequence + 1,
        reason: reason.clone(),
    };
    holds.push(hold.clone());
    Ok(Some(HoldsPlan {
        record_signers: standing.record_signers()?,
        standing,
        current,
        kind: DeployKind::Hold,
        reason,
        affected: vec![hold],
        holds,
    }))
}

/// Plans to release holds. `None`: there is no such hold.
pub fn plan_unhold(
    standing: Standing,
    subject: Subject<'_>,
    reason: String,
) -> Result<Option<HoldsPlan>, ReleaseError> {
    let current = current_of(&standing)?;
    let meant = |hold: &Hold| match (subject, &hold.held) {
        (Subject::Whole, _) => true,
        (Subject::Snapshot(digits), Held::Snapshot(digest)) => {
            digest.to_string().starts_with(digits)
        }
        (Subject::Prompt(prompt), Held::Prompt { id, .. }) => id == prompt,
        _ => false,
    };
    let holds = current.deployment.holds.iter().cloned();
    let (affected, holds): (Vec<Hold>, Vec<Hold>) = holds.partition(meant);
    if affected.is_empty() {
        return Ok(None);
    }
    Ok(Some(HoldsPlan {
        record_signers: standing.record_signers()?,
        standing,
        current,
        kind: DeployKind::Unhold,
        reason,
        affected,
        holds,
    }))
}

fn current_of(standing: &Standing) -> Result<LaneRecord, ReleaseError> {
    standing.current.clone().ok_or_else(|| {
        let lane = &standing.lane;
        ReleaseError::invalid(
            format!("lane `{lane}` has no records yet"),
            format!("the first record comes with `pointsman promote {lane}`"),
        )
    })
}

fn held(
    lanes: &dyn LaneStore,
    standing: &Standing,
    current: &LaneRecord,
    subject: Subject<'_>,
) -> Result<Held, ReleaseError> {
    match subject {
        Subject::Whole => Ok(Held::Snapshot(current.deployment.snapshot.sha256)),
        Subject::Snapshot(digits) => snapshot_named(lanes, &standing.lane, digits),
        Subject::Prompt(id) => {
            let closure = Workspace::new(standing.tree()).closure(id)?;
            Ok(Held::Prompt {
                id: id.clone(),
                fingerprint: closure.fingerprint(),
            })
        }
    }
}

/// The snapshot with these first digits: of this lane, or of another that may bring it here.
fn snapshot_named(
    lanes: &dyn LaneStore,
    lane: &LaneName,
    digits: &str,
) -> Result<Held, ReleaseError> {
    if let Ok(digest) = digits.parse::<Digest>() {
        return Ok(Held::Snapshot(digest));
    }
    if digits.len() < FEWEST_DIGITS {
        return Err(ReleaseError::invalid(
            format!("`{digits}` is too short to name a snapshot"),
            format!("give at least {FEWEST_DIGITS} digits"),
        ));
    }
    let mut names: Vec<LaneName> = lanes.tips()?.into_keys().collect();
    names.sort_by_key(|name| name != lane);
    for name in names {
        let Some(newest) = lanes.tip(&name)? else {
            continue;
        };
        for record in History::from(lanes, &newest) {
            let snapshot = record?.deployment.snapshot.sha256;
            if snapshot.to_string().starts_with(digits) {
                return Ok(Held::Snapshot(snapshot));
            }
        }
    }
    Err(ReleaseError::invalid(
        format!("no record of any lane has a snapshot `{digits}`"),
        format!("`pointsman lanes show {lane}` names the one that is live"),
    ))
}

impl HoldsPlan {
    /// The lane.
    pub fn lane(&self) -> &LaneName {
        &self.standing.lane
    }

    /// Whether holds would be set or go.
    pub fn kind(&self) -> DeployKind {
        self.kind
    }

    /// Asks whether it may happen.
    pub fn authorize(
        &self,
        signer: Option<&dyn Signer>,
        now: Timestamp,
    ) -> Result<Authorized, Vec<Refusal>> {
        authorize(&Move {
            lane: &self.standing.lane,
            current: Some(&self.current),
            kind: self.kind,
            snapshot: self.current.deployment.snapshot.sha256,
            source: &self.current.deployment.source,
            policy: None,
            obstacles: &Obstacles::default(),
            shown: Shown::NotNeeded,
            approvals: &Approvals::default(),
            signing: Signing::new(self.record_signers.as_ref(), signer),
            now,
        })
    }

    /// Appends the record.
    pub fn execute(
        self,
        lanes: &dyn LaneStore,
        permission: &Authorized,
        signer: Option<&dyn Signer>,
        now: Timestamp,
    ) -> Result<LaneRecord, ReleaseError> {
        let live = &self.current.deployment;
        let manifest = Manifest::of_record(self.standing.tree(), live.snapshot.sha256)?;
        let new = NewRecord {
            kind: self.kind,
            summary: self.summary(),
            reason: Some(self.reason),
            source: live.source.clone(),
            snapshot: live.snapshot.clone(),
            manifest,
            content: Content {
                base: Some(self.current.id.clone()),
                ..Content::default()
            },
            rollback_target: live.rollback_target.clone(),
            holds: self.holds,
            changes: Changes::default(),
            evidence: evidence_of(lanes, &self.current)?,
            watch: None,
        };
        append(lanes, &self.standing, permission, new, signer, now)
    }

    /// What the record does, in a few words.
    fn summary(&self) -> String {
        let verb = match self.kind {
            DeployKind::Hold => "hold",
            _ => "release",
        };
        let snapshots = self.affected.iter();
        let snapshots = snapshots.filter(|hold| matches!(hold.held, Held::Snapshot(_)));
        let snapshots = snapshots.count();
        let counted = [
            (snapshots, "snapshot"),
            (self.affected.len() - snapshots, "prompt"),
        ];
        let counted = counted.iter().filter(|(count, _)| *count > 0);
        let counted = counted.map(|(count, noun)| {
            let plural = if *count == 1 { "" } else { "s" };
            format!("{count} {noun}{plural}")
        });
        format!("{verb} {}", counted.collect::<Vec<_>>().join(" and "))
    }
}
