//! Writing a record: what it says to machines, and what it says to people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::deployment::{
    Changes, DeployKind, Deployment, EvidenceLink, RollbackTarget, Snapshot, Source,
};
use crate::domain::digest::Digest;
use crate::domain::hold::Hold;
use crate::domain::watch::WatchPlan;
use crate::engine::ports::{Content, LaneRecord, LaneStore, RecordDraft, Signer, TreeError};
use crate::engine::workspace::document::MAX_FILE_BYTES;

use super::ReleaseError;
use super::attest::{RECORD_ATTESTATION_PATH, attest, record_statement};
use super::authorize::Authorized;
use super::snapshot::{MANIFEST_PATH, Manifest};
use super::standing::Standing;

/// The largest file of evidence that is carried on.
const EVIDENCE_LIMIT: u64 = 64 * 1024 * 1024;

/// Everything about a new record that the lane itself does not know.
pub(super) struct NewRecord {
    pub(super) kind: DeployKind,
    pub(super) reason: Option<String>,
    pub(super) source: Source,
    pub(super) snapshot: Snapshot,
    pub(super) manifest: Manifest,
    pub(super) content: Content,
    pub(super) rollback_target: Option<RollbackTarget>,
    pub(super) holds: Vec<Hold>,
    pub(super) changes: Changes,
    pub(super) evidence: Vec<(EvidenceLink, Vec<u8>)>,
    pub(super) watch: Option<WatchPlan>,
    /// What the record does, in a few words.
    pub(super) summary: String,
}

/// Appends a record to a lane. The permission names the lane and the snapshot that it is for.
pub(super) fn append(
    lanes: &dyn LaneStore,
    standing: &Standing,
    permission: &Authorized,
    new: NewRecord,
    signer: Option<&dyn Signer>,
    now: Timestamp,
) -> Result<LaneRecord, ReleaseError> {
    assert!(
        permission.lane == standing.lane
            && permission.snapshot == new.snapshot.sha256
            && permission.signed_by == signer.map(|signer| signer.key().id()),
        "a permission is used for the move that it was given for"
    );
    let current = standing.current.as_ref();
    let deployment = Deployment {
        schema: Deployment::SCHEMA,
        lane: standing.lane.clone(),
        sequence: current.map_or(1, |record| record.deployment.sequence + 1),
        kind: new.kind,
        recorded_at: now,
        actor: lanes.actor()?,
        reason: new.reason,
        source: new.source,
        snapshot: new.snapshot,
        previous: current.map(|record| record.id.clone()),
        rollback_target: new.rollback_target,
        holds: new.holds,
        changes: new.changes,
        evidence: new.evidence.iter().map(|(link, _)| link.clone()).collect(),
        watch: new.watch,
    };
    let mut attachments: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    if let Some(signer) = signer {
        let policy = policy_digest(standing, &new.manifest)?;
        let record = Digest::of(&deployment.bytes());
        let attestation = attest(&record_statement(&deployment, record, policy), signer)?;
        attachments.insert(RECORD_ATTESTATION_PATH.to_owned(), attestation);
    }
    attachments.insert(MANIFEST_PATH.to_owned(), new.manifest.text().into_bytes());
    for (link, bytes) in new.evidence {
        attachments.insert(link.path, bytes);
    }
    let draft = RecordDraft {
        message: message(&deployment, &new.summary),
        deployment,
        content: new.content,
        attachments,
    };
    Ok(lanes.append(&draft)?)
}

/// The digest of the policy in force: the lane's own, or before its first record the one that comes.
fn policy_digest(standing: &Standing, coming: &Manifest) -> Result<Option<Digest>, TreeError> {
    let path = standing.lane.path();
    match standing.tree().read(&path, MAX_FILE_BYTES)? {
        Some(policy) => Ok(Some(Digest::of(&policy))),
        None => Ok(coming.digest_of(&path)),
    }
}

/// The evidence that a record carries, to be carried on by another record of the same snapshot.
pub(super) fn evidence_of(
    lanes: &dyn LaneStore,
    record: &LaneRecord,
) -> Result<Vec<(EvidenceLink, Vec<u8>)>, ReleaseError> {
    let tree = lanes.tree(record)?;
    let read = |link: &EvidenceLink| {
        let bytes = tree.read(&link.path, EVIDENCE_LIMIT)?;
        let bytes = bytes.ok_or_else(|| TreeError {
            path: link.path.clone(),
            message: format!("record {} has lost it", record.id.short()),
        })?;
        Ok((link.clone(), bytes))
    };
    record.deployment.evidence.iter().map(read).collect()
}

/// The commit message: a subject, the reason, and trailers that repeat the record for people.
fn message(deployment: &Deployment, summary: &str) -> String {
    let mut text = format!(
        "{} {} #{}: {}\n\n",
        deployment.kind.name(),
        deployment.lane,
        deployment.sequence,
        one_line(summary)
    );
    if let Some(reason) = &deployment.reason {
        let _ = write!(text, "{}\n\n", one_line(reason));
    }
    for line in trailers(deployment) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The parts of a record that its commit repeats for people, one a line.
pub(super) fn trailers(deployment: &Deployment) -> Vec<String> {
    let target = deployment.rollback_target.as_ref();
    let evidence = deployment
        .evidence
        .iter()
        .map(|link| link.sha256.to_string());
    let trailers = [
        ("Lane", Some(deployment.lane.to_string())),
        ("Deploy-Seq", Some(deployment.sequence.to_string())),
        ("Deploy-Kind", Some(deployment.kind.name().to_owned())),
        ("Source-Commit", Some(deployment.source.commit.to_string())),
        ("Snapshot", Some(deployment.snapshot.sha256.to_string())),
        (
            "Rollback-Target",
            target.map(|target| target.record.to_string()),
        ),
        ("Reason", deployment.reason.clone()),
        ("Evidence", Some(evidence.collect::<Vec<_>>().join(" "))),
        ("Actor", Some(deployment.actor.clone())),
    ];
    let line = |(name, value): (&str, Option<String>)| {
        let value = value.map(|value| one_line(&value)).unwrap_or_default();
        (!value.is_empty()).then(|| format!("{name}: {value}"))
    };
    trailers.into_iter().filter_map(line).collect()
}

/// A text on one line, so that nobody's words can pass for a trailer of ours.
fn one_line(text: &str) -> String {
    let visible = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    let text: String = text.chars().map(visible).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_cannot_pass_for_a_trailer() {
        assert_eq!(
            one_line("tone\nLane: other\r\n\u{1b}[31mx  y"),
            "tone Lane: other [31mx y"
        );
    }
}
