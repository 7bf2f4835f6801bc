//! Approvals: signatures of people over exactly the snapshot that would be live, on top of exactly
//! the record that is. What counts is decided here, whoever asks: a promotion, a preview of one, or
//! somebody who verifies a lane years later.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::attestation::{
    APPROVAL, AllowedSigners, Attestation, Distrust, Person, Statement, Subject,
};
use crate::domain::deployment::{EvidenceLink, ObjectId, Snapshot, Source};
use crate::domain::digest::Digest;
use crate::domain::gate::Verdict;
use crate::domain::id::LaneName;
use crate::domain::period::Period;

use super::evidence::envelope_file;

/// How far the clocks of two machines may be apart.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What somebody signs who approves of a move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Approval {
    /// The lane.
    pub lane: LaneName,
    /// The record that the move was planned on top of; absent: the lane had none.
    pub base: Option<ObjectId>,
    /// Where the content comes from.
    pub source: Source,
    /// What the gate said of it, as far as that was known.
    pub verdict: Option<Verdict>,
    /// The digest of the results that the gate said it of.
    pub results: Option<Digest>,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub approved_at: Timestamp,
}

impl Approval {
    /// The statement to be signed.
    pub fn statement(&self, snapshot: &Snapshot) -> Statement {
        let predicate = serde_json::to_value(self).expect("an approval has text keys only");
        let subject = vec![Subject::snapshot(&self.lane, snapshot)];
        Statement::new(subject, APPROVAL, predicate)
    }

    /// Whether this was given in sight of an inconclusive verdict on these results.
    pub(super) fn saw_inconclusive(&self, results: Digest) -> bool {
        self.verdict == Some(Verdict::Inconclusive) && self.results == Some(results)
    }
}

/// What an approval must fit to count.
pub struct Question<'q> {
    /// The lane.
    pub lane: &'q LaneName,
    /// The record that the move goes on top of.
    pub base: Option<&'q ObjectId>,
    /// What would be live.
    pub snapshot: &'q Snapshot,
    /// Whose keys count.
    pub signers: &'q AllowedSigners,
    /// How old an approval may be; absent: any age.
    pub max_age: Option<Period>,
    /// The addresses of those who wrote what comes in, and who bring it in.
    pub involved: &'q BTreeSet<String>,
    /// The time.
    pub now: Timestamp,
}

/// An approval that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Who gave it.
    pub by: String,
    /// What was said.
    pub approval: Approval,
    person: Person,
    bytes: Vec<u8>,
}

/// An approval that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCounted {
    /// Who gave it, as far as that is known.
    pub by: String,
    /// Why it does not count.
    pub why: String,
}

/// The approvals of a move.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Approvals {
    /// Those that count, in the order of their digests.
    pub counted: Vec<Counted>,
    /// Those that do not.
    pub not_counted: Vec<NotCounted>,
}

impl Approvals {
    /// Looks which of the attestations of a snapshot are approvals that count.
    pub fn count(question: &Question<'_>, attestations: &[Vec<u8>]) -> Self {
        let mut approvals = Self::default();
        for bytes in attestations {
            let Ok(attestation) = Attestation::parse(bytes) else {
                continue;
            };
            if attestation.statement.predicate_type != APPROVAL {
                continue;
            }
            match judge(question, &attestation) {
                Ok((by, person, approval)) => approvals.counted.push(Counted {
                    by,
                    approval,
                    person,
                    bytes: bytes.clone(),
                }),
                Err(not_counted) => approvals.not_counted.push(not_counted),
            }
        }
        approvals
    }

    /// How many people gave an approval of a sort.
    pub(super) fn people(&self, wanted: impl Fn(&Approval) -> bool) -> usize {
        let counted = self.counted.iter().filter(|it| wanted(&it.approval));
        counted.map(|it| it.person).collect::<BTreeSet<_>>().len()
    }

    /// The approvals that count, as evidence for a record.
    pub(super) fn evidence(&self) -> impl Iterator<Item = (EvidenceLink, Vec<u8>)> {
        self.counted
            .iter()
            .map(|it| envelope_file(it.bytes.clone()))
    }
}

/// Whether an approval counts, and whose it is.
fn judge(
    question: &Question<'_>,
    attestation: &Attestation,
) -> Result<(String, Person, Approval), NotCounted> {
    let statement = &attestation.statement;
    let approval: Result<Approval, _> = serde_json::from_value(statement.predicate.clone());
    let claimed = || attestation.envelope.signatures()[0].key.to_string();
    let refuse = |by: String, why: String| Err(NotCounted { by, why });
    let Ok(approval) = approval else {
        return refuse(claimed(), "it does not read as an approval".to_owned());
    };
    let times = [approval.approved_at, question.now];
    let (person, signer) = match question.signers.verify(&attestation.envelope, &times) {
        Ok(found) => found,
        Err(why) => return refuse(claimed(), in_words(&why).to_owned()),
    };
    let by = signer.principals[0].clone();
    if let Some(why) = objection(question, statement, &approval) {
        return refuse(by, why);
    }
    let mut involved = question.involved.iter();
    if involved.any(|address| question.signers.is_address_of(person, address)) {
        let why = "approvals of those who wrote it or bring it in do not count here";
        return refuse(by, why.to_owned());
    }
    Ok((by, person, approval))
}

/// What a genuine approval has against being one of this move.
fn objection(question: &Question<'_>, statement: &Statement, it: &Approval) -> Option<String> {
    if it.lane != *question.lane || !statement.is_about(question.lane, question.snapshot) {
        return Some("it is of another snapshot or for another lane".to_owned());
    }
    if it.base.as_ref() != question.base {
        let base = it.base.as_ref().map_or("nothing", ObjectId::short);
        return Some(format!("it was given on top of {base}, which is not live"));
    }
    let age = question.now.duration_since(it.approved_at);
    let limit = question
        .max_age
        .map(|limit| SignedDuration::from_secs(limit.seconds));
    if limit.is_some_and(|limit| age > limit) {
        let when = it.approved_at;
        return Some(format!("it is of {when}, older than the policy allows"));
    }
    (age < -CLOCK_SKEW).then(|| format!("it is of {}, which is yet to come", it.approved_at))
}

fn in_words(distrust: &Distrust) -> &'static str {
    match distrust {
        Distrust::UnknownKey(_) => {
            "the key is not among the allowed signers of the policy in force"
        }
        Distrust::NotAllowed(..) => "the key is not allowed to sign here at this time",
        Distrust::Forged(_) => "the signature is forged",
    }
}
