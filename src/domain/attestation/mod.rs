//! Attestations: signed statements about a snapshot. One form for all of them: an in-toto Statement
//! v1 in a DSSE envelope, so that tools which never heard of pointsman verify them too.
//!
//! What a statement is about is named by content: the SHA-256 of the snapshot's manifest and its
//! git tree. What it says is the predicate; its type says which sort of claim that is.

mod envelope;
mod key;
mod signers;
pub mod wire;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::canonical_json;
use super::deployment::Snapshot;
use super::id::LaneName;
use super::untrusted::shorten;

pub use envelope::{Envelope, EnvelopeError, EnvelopeSignature, pre_authentication_encoding};
pub use key::{KEY_TYPE, KeyError, KeyId, PublicKey, SIGNATURE_BYTES, SignatureBytes};
pub use signers::{AllowedSigner, AllowedSigners, Distrust, Person};

/// The namespace that a line of an `allowed_signers` file may confine a key to, to mean us.
pub const NAMESPACE: &str = "pointsman";

/// The sort of claim that approves of a move.
pub const APPROVAL: &str = "urn:pointsman:approval:v1";

/// The sort of claim that an evaluation gave these results.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// The sort of claim that a move was allowed, made by whoever recorded it.
pub const VERIFICATION_SUMMARY: &str = "https://slsa.dev/verification_summary/v1";

/// The sort of claim that an evidence packet is as shown.
pub const PACKET: &str = "urn:pointsman:evidence-packet:v1";

/// The sort of claim that a bundle is what was exported of a lane.
pub const BUNDLE: &str = "urn:pointsman:bundle:v1";

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// A claim about something that is named by digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    /// What the claim is about.
    pub subject: Vec<Subject>,
    /// The sort of claim.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// The claim.
    pub predicate: Value,
}

/// Something that a claim is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// A name, for people.
    pub name: String,
    /// The digests that name it for machines, by algorithm.
    pub digest: BTreeMap<String, String>,
}

impl Subject {
    /// A snapshot of a lane.
    pub fn snapshot(lane: &LaneName, snapshot: &Snapshot) -> Self {
        Self {
            name: format!("lanes/{lane}"),
            digest: BTreeMap::from([
                ("gitTree".to_owned(), snapshot.git_tree.to_string()),
                ("sha256".to_owned(), snapshot.sha256.to_string()),
            ]),
        }
    }
}

/// Bytes that are no attestation of the form that we write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// The envelope is wrong.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The statement inside is wrong.
    #[error("the statement in the envelope is not an in-toto Statement v1: {0}")]
    Statement(String),
}

impl Statement {
    /// A claim.
    pub fn new(subject: Vec<Subject>, predicate_type: &str, predicate: Value) -> Self {
        Self {
            kind: STATEMENT_TYPE.to_owned(),
            subject,
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// The canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let value = serde_json::to_value(self).expect("a statement has text keys only");
        canonical_json(&value).into_bytes()
    }

    /// Reads a statement. It has one spelling, so that a key which stands there twice does not say
    /// one thing to us and another to others.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestationError> {
        let statement: Self = serde_json::from_slice(bytes).map_err(|error| {
            AttestationError::Statement(shorten(&error.to_string(), 200).into_owned())
        })?;
        if statement.kind != STATEMENT_TYPE {
            let message = format!("its `_type` is not `{STATEMENT_TYPE}`");
            return Err(AttestationError::Statement(message));
        }
        if statement.bytes() != bytes {
            let message = "it is not in its one spelling: canonical JSON".to_owned();
            return Err(AttestationError::Statement(message));
        }
        Ok(statement)
    }

    /// Whether this is about a snapshot of a lane, by all of its digests.
    pub fn is_about(&self, lane: &LaneName, snapshot: &Snapshot) -> bool {
        self.subject.contains(&Subject::snapshot(lane, snapshot))
    }
}

/// A statement and the envelope that it came in. Nothing is known about who signed it before
/// [`AllowedSigners::verify`] has looked.
#[derive(Debug, Clone, PartialEq)]
pub struct Attestation {
    /// The envelope.
    pub envelope: Envelope,
    /// The statement inside.
    pub statement: Statement,
}

impl Attestation {
    /// Reads an attestation.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestationError> {
        let envelope = Envelope::parse(bytes)?;
        let statement = Statement::parse(envelope.payload())?;
        Ok(Self {
            envelope,
            statement,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::ObjectId;
    use crate::domain::digest::Digest;
    use serde_json::json;

    #[test]
    fn a_statement_reads_back_as_it_was_written() {
        let lane = LaneName::new("production").unwrap();
        let snapshot = Snapshot {
            sha256: Digest::of(b"manifest"),
            git_tree: ObjectId::new("1".repeat(40)).unwrap(),
        };
        let subject = vec![Subject::snapshot(&lane, &snapshot)];
        let statement = Statement::new(subject, APPROVAL, json!({"b": 1, "a": [true]}));
        let read = Statement::parse(&statement.bytes()).unwrap();
        assert_eq!(read, statement);
        assert!(read.is_about(&lane, &snapshot));
        let other = Snapshot {
            git_tree: ObjectId::new("2".repeat(40)).unwrap(),
            ..snapshot
        };
        assert!(!read.is_about(&lane, &other), "one digest alone is not it");
        let text = String::from_utf8(statement.bytes()).unwrap();
        for changed in [
            text.replace("\"b\":1", "\"b\":0,\"b\":1"),
            format!("{text}\n"),
        ] {
            let refused = Statement::parse(changed.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(refused.contains("one spelling"), "{refused}");
        }
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        for text in [
            "",
            "[]",
            r#"{"_type": "x", "subject": [], "predicateType": "p", "predicate": {}}"#,
            r#"{"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicate": {}}"#,
            r#"{"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": "p", "predicate": {}, "more": 1}"#,
            r#"{"_type": "https://in-toto.io/Statement/v1", "subject": [], "subject": [], "predicateType": "p", "predicate": {}}"#,
            &format!(
                r#"{{"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": "p", "predicate": {}"#,
                "[".repeat(1_000_000)
            ),
        ] {
            assert!(Statement::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
