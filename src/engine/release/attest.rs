//! Making attestations: a statement is signed and put into its envelope.

use serde_json::json;

use crate::domain::attestation::{
    AllowedSigners, Envelope, KeyId, Statement, Subject, VERIFICATION_SUMMARY,
};
use crate::domain::deployment::{Deployment, RECORD_PATH};
use crate::domain::digest::Digest;
use crate::engine::ports::{SignError, Signer};

/// Where a signed record carries the attestation of whoever signed it.
pub const RECORD_ATTESTATION_PATH: &str = ".lane/deployment.intoto.jsonl";

/// Signs a statement.
pub fn attest(statement: &Statement, signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
    let payload = statement.bytes();
    let signature = signer.sign(&Envelope::message(&payload))?;
    let envelope = Envelope::new(payload, signer.key(), signature);
    Ok(envelope.line().into_bytes())
}

/// What whoever signs a record says of it: that the policy in force was met. A verification summary
/// in the words of SLSA, about the snapshot and about the record itself, byte for byte (`record` is
/// its digest).
pub(super) fn record_statement(
    deployment: &Deployment,
    record: Digest,
    policy: Option<Digest>,
) -> Statement {
    let lane = &deployment.lane;
    let record = Subject {
        name: RECORD_PATH.to_owned(),
        digest: [("sha256".to_owned(), record.to_string())].into(),
    };
    let evidence = deployment.evidence.iter();
    let evidence: Vec<_> = evidence
        .map(|link| json!({"uri": link.path, "digest": {"sha256": link.sha256}}))
        .collect();
    let mut policy_in_force = json!({"uri": lane.path()});
    if let Some(digest) = policy {
        policy_in_force["digest"] = json!({"sha256": digest});
    }
    let predicate = json!({
        "verifier": {
            "id": "urn:pointsman",
            "version": {"pointsman": env!("CARGO_PKG_VERSION")},
        },
        "timeVerified": deployment.recorded_at,
        "resourceUri": lane.ref_name(),
        "policy": policy_in_force,
        "inputAttestations": evidence,
        "verificationResult": "PASSED",
        "verifiedLevels": [format!("POINTSMAN_{}", deployment.kind.name().to_uppercase())],
    });
    let subject = vec![Subject::snapshot(lane, &deployment.snapshot), record];
    Statement::new(subject, VERIFICATION_SUMMARY, predicate)
}

/// Whose keys may sign the records of a lane, and whose signs this one.
#[derive(Debug, Clone, Default)]
pub struct Signing<'s> {
    /// The keys that the policy in force allows; absent: records need no signature.
    pub allowed: Option<&'s AllowedSigners>,
    /// The key that signs; absent: the record would not be signed.
    pub key: Option<KeyId>,
}

impl<'s> Signing<'s> {
    /// What is asked, and who signs.
    pub fn new(allowed: Option<&'s AllowedSigners>, signer: Option<&dyn Signer>) -> Self {
        let key = signer.map(|signer| signer.key().id());
        Self { allowed, key }
    }
}
