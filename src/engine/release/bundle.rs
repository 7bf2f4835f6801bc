//! A static bundle: everything that an application needs of a lane, in one file.
//!
//! The file is one line of canonical JSON, so that one record gives one file, byte for byte, but for
//! the expiry that is asked for. Its number is the record's: a bundle may be replaced by a later one
//! of the same lane, and by no other. A signed bundle carries an attestation of its digest, and is
//! read like any other.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::attestation::{BUNDLE, Statement, Subject};
use crate::domain::canonical::canonical_json;
use crate::domain::deployment::{ObjectId, Snapshot};
use crate::domain::digest::Digest;
use crate::domain::id::LaneName;
use crate::engine::ports::{SignError, Signer};

use super::attest::attest;
use super::received::Received;
use super::runtime::LiveLane;

/// The shape's name and version.
pub const BUNDLE_SCHEMA: &str = "pointsman/bundle/v1";

/// Where a signed bundle carries its DSSE envelope.
pub const ATTESTATION: &str = "attestation";

/// A bundle.
pub struct Bundle {
    /// What it is of.
    pub head: BundleHead,
    /// SHA-256 of the canonical JSON of everything but the keys `digest` and `attestation`.
    pub digest: Digest,
    /// How many prompts it holds.
    pub prompts: usize,
    value: Value,
}

/// What a bundle is of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleHead {
    /// The lane.
    pub lane: LaneName,
    /// The record's number.
    pub sequence: u64,
    /// The record.
    pub record: ObjectId,
    /// From when on it must not be used; absent: never.
    pub expires_at: Option<Timestamp>,
    /// What the record released.
    pub snapshot: Snapshot,
}

/// Why a bundle must not take the place of what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplaceError {
    /// What is there is no bundle.
    #[error("what is there is not a bundle: {0}")]
    NotABundle(String),
    /// It is of another lane.
    #[error("what is there is a bundle of lane `{0}`")]
    OtherLane(LaneName),
    /// It is newer.
    #[error("what is there is #{there} already, and a bundle never goes back to #{new}")]
    Newer {
        /// The number of the bundle that is there.
        there: u64,
        /// The number of the one that was to be written.
        new: u64,
    },
    /// It has the same number and is of another record.
    #[error("what is there is #{sequence} of another history: its record is {record}")]
    OtherHistory {
        /// The number of both.
        sequence: u64,
        /// The record of the bundle that is there.
        record: ObjectId,
    },
}

impl Bundle {
    /// The bundle of what is live.
    pub fn of(live: &LiveLane, expires_at: Option<Timestamp>) -> Self {
        let deployment = &live.record.deployment;
        let head = BundleHead {
            lane: deployment.lane.clone(),
            sequence: deployment.sequence,
            record: live.record.id.clone(),
            expires_at,
            snapshot: deployment.snapshot.clone(),
        };
        let prompts: Map<String, Value> = live
            .prompts
            .iter()
            .map(|(id, prompt)| (id.to_string(), prompt.document.clone()))
            .collect();
        let mut value = json!({
            "schema": BUNDLE_SCHEMA,
            "lane": head.lane,
            "sequence": head.sequence,
            "record": head.record,
            "kind": deployment.kind,
            "recordedAt": deployment.recorded_at,
            "source": deployment.source,
            "snapshot": head.snapshot,
            "expiresAt": head.expires_at,
            "prompts": prompts,
        });
        let digest = Digest::of_json(&value);
        value["digest"] = json!(digest);
        Self {
            head,
            digest,
            prompts: live.prompts.len(),
            value,
        }
    }

    /// Signs the bundle: by its digest, its snapshot, and until when it may be used.
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<(), SignError> {
        let statement = self.head.statement(&self.digest);
        let line = attest(&statement, signer)?;
        let envelope: Value = serde_json::from_slice(&line).expect("an envelope is a line of JSON");
        self.value[ATTESTATION] = envelope;
        Ok(())
    }

    /// Whether the bundle is signed.
    pub fn is_signed(&self) -> bool {
        self.value.get(ATTESTATION).is_some()
    }

    /// The file: one line of canonical JSON.
    pub fn text(&self) -> String {
        let mut text = canonical_json(&self.value);
        let _ = writeln!(text);
        text
    }
}

impl BundleHead {
    /// Reads what a file is a bundle of. A bundle whose digest is wrong is none.
    pub fn read(text: &[u8]) -> Result<Self, ReplaceError> {
        let head = Received::read(text).and_then(|received| received.open());
        match head {
            Ok((head, _)) => Ok(head),
            Err(broken) => Err(ReplaceError::NotABundle(broken.message)),
        }
    }

    /// What whoever signs a bundle with this digest says of it.
    pub(super) fn statement(&self, digest: &Digest) -> Statement {
        let bundle = Subject {
            name: format!("{}.json", self.lane),
            digest: [("sha256".to_owned(), digest.to_string())].into(),
        };
        let predicate = json!({
            "lane": self.lane,
            "sequence": self.sequence,
            "record": self.record,
            "expiresAt": self.expires_at,
        });
        let subject = vec![bundle, Subject::snapshot(&self.lane, &self.snapshot)];
        Statement::new(subject, BUNDLE, predicate)
    }

    /// Makes sure that a bundle of `self` may take the place of `there`.
    pub fn may_replace(&self, there: &Self) -> Result<(), ReplaceError> {
        if there.lane != self.lane {
            return Err(ReplaceError::OtherLane(there.lane.clone()));
        }
        if there.sequence > self.sequence {
            return Err(ReplaceError::Newer {
                there: there.sequence,
                new: self.sequence,
            });
        }
        if there.sequence == self.sequence && there.record != self.record {
            return Err(ReplaceError::OtherHistory {
                sequence: there.sequence,
                record: there.record.clone(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lane: &str, sequence: u64, digit: &str) -> BundleHead {
        BundleHead {
            lane: LaneName::new(lane).unwrap(),
            sequence,
            record: ObjectId::new(digit.repeat(40)).unwrap(),
            expires_at: None,
            snapshot: Snapshot {
                sha256: Digest::of(b"manifest"),
                git_tree: ObjectId::new("1".repeat(40)).unwrap(),
            },
        }
    }

    #[test]
    fn a_bundle_goes_forwards_within_its_lane_and_its_history() {
        let there = head("production", 4, "a");
        assert_eq!(head("production", 4, "a").may_replace(&there), Ok(()));
        assert_eq!(head("production", 9, "b").may_replace(&there), Ok(()));
        let back = head("production", 3, "b").may_replace(&there);
        assert_eq!(back, Err(ReplaceError::Newer { there: 4, new: 3 }));
        let other = head("production", 4, "b").may_replace(&there);
        assert!(
            matches!(other, Err(ReplaceError::OtherHistory { .. })),
            "{other:?}"
        );
        let lane = head("staging", 9, "b").may_replace(&there);
        assert!(matches!(lane, Err(ReplaceError::OtherLane(_))), "{lane:?}");
    }

    #[test]
    fn what_was_changed_by_hand_is_no_bundle() {
        let head = head("production", 4, "a");
        let mut value = json!({
            "schema": BUNDLE_SCHEMA, "lane": "production", "sequence": 4,
            "record": head.record, "expiresAt": null, "snapshot": head.snapshot, "prompts": {},
        });
        value["digest"] = json!(Digest::of_json(&value));
        let text = format!("{}\n", canonical_json(&value));
        assert_eq!(BundleHead::read(text.as_bytes()), Ok(head));
        for changed in [
            text.replace(":4", ":3"),
            text.replace("bundle/v1", "bundle/v2"),
            text[..text.len() - 1].to_owned(),
            "{}".to_owned(),
            "[]".to_owned(),
        ] {
            let read = BundleHead::read(changed.as_bytes());
            assert!(
                matches!(read, Err(ReplaceError::NotABundle(_))),
                "{changed}"
            );
        }
    }
}
