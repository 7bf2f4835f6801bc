//! The one question that every move of a lane must answer: may it?
//!
//! All unmet conditions are told at once, each with the next command. What is handed out on success
//! is the only key to `super::record::append`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::attestation::KeyId;
use crate::domain::deployment::{DeployKind, Source};
use crate::domain::digest::Digest;
use crate::domain::gate::Evaluation;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::lane::Lane;
use crate::engine::ports::LaneRecord;

use super::approval::Approvals;
use super::attest::Signing;
use super::conditions::{approval, freeze, gate, hold, order, signature, soak, tests_kept};
use super::obstacles::Obstacles;

/// A move that wants to happen.
pub struct Move<'m> {
    /// The lane.
    pub lane: &'m LaneName,
    /// Its newest record.
    pub current: Option<&'m LaneRecord>,
    /// What sort of move it is.
    pub kind: DeployKind,
    /// What would be live.
    pub snapshot: Digest,
    /// Where it would come from.
    pub source: &'m Source,
    /// The policy in force.
    pub policy: Option<&'m Lane>,
    /// What was found out about it.
    pub obstacles: &'m Obstacles,
    /// What the policy's gate has seen.
    pub shown: Shown<'m>,
    /// Who approved of it.
    pub approvals: &'m Approvals,
    /// Whose keys may sign the record, and whose does.
    pub signing: Signing<'m>,
    /// The time.
    pub now: Timestamp,
}

/// What a gate has seen.
pub enum Shown<'m> {
    /// Nothing yet: the other conditions are asked about first, before an evaluation is paid for.
    NotYet,
    /// Nothing, and nothing is needed: the lane has no gate, or nothing that it tests has changed.
    NotNeeded,
    /// An evaluation, which must cover these prompts by the fingerprints of their closures.
    Evaluation(&'m Evaluation, &'m BTreeMap<PromptId, Digest>),
}

/// The permission to append one record. Only [`authorize`] makes it.
#[derive(Debug)]
pub struct Authorized {
    pub(super) lane: LaneName,
    pub(super) snapshot: Digest,
    /// The key that signs the record; absent: it is not signed.
    pub(super) signed_by: Option<KeyId>,
}

/// A condition that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What sort of condition.
    pub condition: Condition,
    /// What is not met.
    pub message: String,
    /// What to do next.
    pub next: String,
}

/// The sorts of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Neither the snapshot nor a prompt in it may be under a hold.
    Hold,
    /// It must come from the lane before this one.
    Order,
    /// Nothing comes in while the lane is frozen.
    Freeze,
    /// It must have been live in the lane before for long enough.
    Soak,
    /// What the policy has a floor for must go on being tested.
    Tests,
    /// Its evaluation must not be too old.
    Age,
    /// The gate must pass.
    Gate,
    /// It must be shown that the candidate is no worse than the version that is live.
    Inconclusive,
    /// The candidate and the version that is live must be tested alike.
    Comparable,
    /// Something must have been evaluated, and it must be what would be live.
    Evaluated,
    /// There must be somewhere to go back to.
    Target,
    /// People must have approved of it.
    Approval,
    /// Its record must be signed by somebody whom the lane trusts.
    Signature,
}

impl Condition {
    /// Whether the condition is about what an evaluation showed, not about anything else.
    pub fn is_about_results(self) -> bool {
        matches!(
            self,
            Self::Gate | Self::Inconclusive | Self::Comparable | Self::Evaluated
        )
    }
}

/// Asks whether a move may happen.
pub fn authorize(wanted: &Move<'_>) -> Result<Authorized, Vec<Refusal>> {
    let mut refusals = Vec::new();
    hold::check(wanted, &mut refusals);
    signature::check(wanted, &mut refusals);
    if wanted.kind == DeployKind::Promote {
        order::check(wanted, &mut refusals);
        freeze::check(wanted, &mut refusals);
        soak::check(wanted, &mut refusals);
        tests_kept::check(wanted, &mut refusals);
        gate::check(wanted, &mut refusals);
        approval::check(wanted, &mut refusals);
    }
    if refusals.is_empty() {
        Ok(Authorized {
            lane: wanted.lane.clone(),
            snapshot: wanted.snapshot,
            signed_by: wanted.signing.key.clone(),
        })
    } else {
        Err(refusals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::ObjectId;
    use crate::domain::finding::Span;
    use crate::domain::gate::{CriticalFailure, EvaluatedSuite, FloorCheck, Verdict};
    use crate::domain::id::{DatasetId, EvaluatorId};
    use crate::domain::lane::{FreezePolicy, GatePolicy};
    use crate::domain::period::Period;
    use crate::domain::prompt::ModelRef;
    use crate::domain::run::{RunId, Suite};

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn lane(name: &str) -> LaneName {
        LaneName::new(name).unwrap()
    }

    fn triage() -> PromptId {
        PromptId::new("triage").unwrap()
    }

    fn policy(from: Option<&str>) -> Lane {
        Lane {
            name: lane("production"),
            description: None,
            order: 1,
            from: from.map(|from| (lane(from), Span::default())),
            gate: Some(GatePolicy {
                evidence_max_age: Some(Period { seconds: 3_600 }),
                ..GatePolicy::default()
            }),
            webhooks: Vec::new(),
            approval: None,
            signing: None,
            freeze: FreezePolicy::default(),
            watch: None,
        }
    }

    /// An evaluation of `triage`, with a check that passes or not.
    fn evaluation(verdict: Verdict, met: bool) -> Evaluation {
        let dataset = DatasetId::new("tickets").unwrap();
        let suite = Suite {
            prompt: triage(),
            dataset: dataset.clone(),
            model: ModelRef::try_from("echo/echo".to_owned()).unwrap(),
            fingerprint: Digest::of(b"new"),
            dataset_digest: Digest::of(b"rows"),
            answerer: None,
            evaluators: BTreeMap::new(),
            repeats: 1,
        };
        let finished_at = time("2026-03-02T09:00:00Z");
        let mut evaluation = Evaluation::nothing();
        evaluation.decision.verdict = verdict;
        evaluation.decision.checks.push(FloorCheck {
            prompt: triage(),
            dataset,
            evaluator: EvaluatorId::new("queue").unwrap(),
            passed: 8,
            total: 10,
            floor: Some(0.9),
            met,
        });
        evaluation.suites.push(EvaluatedSuite {
            run: RunId::new(finished_at, suite.digest()),
            suite,
            finished_at,
            cases: 10,
            results: Digest::of(b"results"),
        });
        evaluation
    }

    /// Asks for a promotion of the prompt's version `closure` from `staging`.
    fn ask(
        policy: &Lane,
        evaluation: &Evaluation,
        closure: &[u8],
        now: &str,
    ) -> Vec<(Condition, String)> {
        let source = Source {
            commit: ObjectId::new("0".repeat(40)).unwrap(),
            lane: Some(lane("staging")),
            record: None,
        };
        let fingerprints = BTreeMap::from([(triage(), Digest::of(closure))]);
        let asked = authorize(&Move {
            lane: &policy.name,
            current: None,
            kind: DeployKind::Promote,
            snapshot: Digest::of(b"snapshot"),
            source: &source,
            policy: Some(policy),
            obstacles: &Obstacles::default(),
            shown: Shown::Evaluation(evaluation, &fingerprints),
            approvals: &Approvals::default(),
            signing: Signing::default(),
            now: time(now),
        });
        let refusals = asked.err().unwrap_or_default();
        let pair = |refusal: Refusal| (refusal.condition, refusal.message);
        refusals.into_iter().map(pair).collect()
    }

    const SOON: &str = "2026-03-02T09:30:00Z";

    #[test]
    fn an_evaluation_of_these_bytes_that_passed_lets_the_release_in() {
        let passed = evaluation(Verdict::Pass, true);
        assert_eq!(ask(&policy(Some("staging")), &passed, b"new", SOON), []);
        assert_eq!(ask(&policy(None), &passed, b"new", SOON), []);
    }

    #[test]
    fn an_evaluation_of_other_bytes_lets_nothing_in() {
        let passed = evaluation(Verdict::Pass, true);
        let refusals = ask(&policy(None), &passed, b"newer", SOON);
        assert_eq!(refusals[0].0, Condition::Evaluated);
        assert!(refusals[0].1.contains("`triage`"), "{refusals:?}");
    }

    #[test]
    fn a_failed_gate_names_each_floor_and_each_critical_row() {
        let mut failed = evaluation(Verdict::Fail, false);
        failed.decision.critical_failures.push(CriticalFailure {
            prompt: triage(),
            dataset: DatasetId::new("tickets").unwrap(),
            row: "refund".to_owned(),
            evaluator: EvaluatorId::new("queue").unwrap(),
            reason: "said bug".to_owned(),
        });
        let refusals = ask(&policy(None), &failed, b"new", SOON);
        assert_eq!(
            refusals,
            [
                (
                    Condition::Gate,
                    "`triage` on `tickets`: `queue` passed 8 of 10, and the floor is 0.9"
                        .to_owned()
                ),
                (
                    Condition::Gate,
                    "`triage` on `tickets`: `queue` failed critical row(s) `refund`: said bug"
                        .to_owned()
                ),
            ]
        );
    }

    #[test]
    fn a_verdict_of_failure_without_reasons_is_no_pass() {
        let failed = evaluation(Verdict::Fail, true);
        assert_eq!(
            ask(&policy(None), &failed, b"new", SOON)[0].0,
            Condition::Gate
        );
        let nothing = Evaluation::nothing();
        let conditions = ask(&policy(None), &nothing, b"new", SOON);
        assert!(
            conditions
                .iter()
                .all(|(condition, _)| *condition == Condition::Evaluated)
        );
        assert_eq!(conditions.len(), 2);
    }

    #[test]
    fn all_conditions_that_are_not_met_are_told_at_once() {
        let failed = evaluation(Verdict::Fail, false);
        let late = "2026-03-02T10:00:01Z";
        let refusals = ask(&policy(Some("canary")), &failed, b"newer", late);
        let conditions: Vec<Condition> = refusals.iter().map(|(condition, _)| *condition).collect();
        assert_eq!(
            conditions,
            [
                Condition::Order,
                Condition::Gate,
                Condition::Evaluated,
                Condition::Age
            ]
        );
    }
}
