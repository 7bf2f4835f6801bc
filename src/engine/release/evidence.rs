//! Evidence: an in-toto statement that this snapshot was tested, by what, and with which result.
//!
//! The bytes are canonical JSON: the same evaluation of the same snapshot gives the same file, and
//! the file's digest names it.

use serde_json::{Value, json};

use crate::domain::attestation::{
    Attestation, AttestationError, Envelope, Statement, Subject, TEST_RESULT,
};
use crate::domain::deployment::{EVIDENCE_FOLDER, EvidenceLink, Snapshot};
use crate::domain::digest::Digest;
use crate::domain::gate::{Evaluation, FloorCheck, Verdict};
use crate::domain::id::LaneName;
use crate::engine::ports::{LaneRecord, LaneStore, SignError, Signer};

use super::ReleaseError;
use super::attest::attest;

/// The result of a test that passed, as in-toto spells it.
const PASSED: &str = "PASSED";

/// How the name of a signed statement ends.
const SIGNED_ENDING: &str = ".intoto.jsonl";

/// The statement for a snapshot of a lane, with the path where it stands.
pub(super) fn statement(
    lane: &LaneName,
    snapshot: &Snapshot,
    evaluation: &Evaluation,
) -> Statement {
    let checks = &evaluation.decision.checks;
    let result = result(evaluation.decision.verdict);
    let configuration: Vec<Value> = evaluation
        .suites
        .iter()
        .map(|evaluated| {
            let suite = &evaluated.suite;
            json!({
                "name": format!("{} on {}", suite.prompt, suite.dataset),
                "digest": {"sha256": suite.digest()},
            })
        })
        .collect();
    let predicate = json!({
        "result": result,
        "configuration": configuration,
        "passedTests": names(checks.iter().filter(|check| check.met)),
        "failedTests": names(checks.iter().filter(|check| !check.met)),
        "evaluation": evaluation,
    });
    let subject = vec![Subject::snapshot(lane, snapshot)];
    Statement::new(subject, TEST_RESULT, predicate)
}

/// A statement as a file of evidence: signed, where somebody signs.
pub(super) fn evidence_file(
    statement: &Statement,
    signer: Option<&dyn Signer>,
) -> Result<(EvidenceLink, Vec<u8>), SignError> {
    if let Some(signer) = signer {
        return Ok(envelope_file(attest(statement, signer)?));
    }
    let bytes = statement.bytes();
    let sha256 = Digest::of(&bytes);
    let path = format!("{EVIDENCE_FOLDER}/{sha256}.json");
    Ok((EvidenceLink { path, sha256 }, bytes))
}

/// A signed envelope as a file of evidence.
pub(super) fn envelope_file(bytes: Vec<u8>) -> (EvidenceLink, Vec<u8>) {
    let sha256 = Digest::of(&bytes);
    let path = format!("{EVIDENCE_FOLDER}/{sha256}{SIGNED_ENDING}");
    (EvidenceLink { path, sha256 }, bytes)
}

fn names<'c>(checks: impl Iterator<Item = &'c FloorCheck>) -> Vec<String> {
    checks
        .map(|check| format!("{} on {}: {}", check.prompt, check.dataset, check.evaluator))
        .collect()
}

/// What a verdict is in the words of in-toto.
pub(super) fn result(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => PASSED,
        // It comes in only where the policy lets people decide, and they did.
        Verdict::Inconclusive => "WARNED",
        Verdict::Fail | Verdict::NotComparable | Verdict::NothingEvaluated => "FAILED",
    }
}

/// The statement in a file of evidence, with its envelope where it is signed.
pub(super) fn read_statement(
    link: &EvidenceLink,
    bytes: &[u8],
) -> Result<(Statement, Option<Envelope>), AttestationError> {
    if link.path.ends_with(SIGNED_ENDING) {
        let Attestation {
            envelope,
            statement,
        } = Attestation::parse(bytes)?;
        return Ok((statement, Some(envelope)));
    }
    Ok((Statement::parse(bytes)?, None))
}

/// The largest file of evidence that is read.
pub(super) const STATEMENT_LIMIT: u64 = 64 * 1024 * 1024;

/// Whether a record carries a statement that just its snapshot was tested and passed.
pub(super) fn shows_a_pass(
    lanes: &dyn LaneStore,
    record: &LaneRecord,
) -> Result<bool, ReleaseError> {
    let tree = lanes.tree(record)?;
    for link in &record.deployment.evidence {
        let bytes = tree.read(&link.path, STATEMENT_LIMIT)?.unwrap_or_default();
        if Digest::of(&bytes) != link.sha256 {
            continue;
        }
        let Ok((statement, _)) = read_statement(link, &bytes) else {
            continue;
        };
        let deployment = &record.deployment;
        let is_test = statement.predicate_type == TEST_RESULT;
        let of_this = statement.is_about(&deployment.lane, &deployment.snapshot);
        if is_test && of_this && statement.predicate["result"] == PASSED {
            return Ok(true);
        }
    }
    Ok(false)
}
