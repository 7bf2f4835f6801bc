//! The one question that every move of a lane must answer: may it?
//!
//! All unmet conditions are told at once, each with the next command. What is handed out on success
//! is the only key to [`super::record::append`].

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::deployment::{DeployKind, Source};
use crate::domain::digest::Digest;
use crate::domain::gate::{Decision, Evaluation, Verdict};
use crate::domain::id::{LaneName, PromptId};
use crate::domain::lane::{GatePolicy, Lane};

use super::standing::Standing;

/// A move that wants to happen.
pub struct Move<'m> {
    /// Where the lane stands.
    pub standing: &'m Standing,
    /// What sort of move it is.
    pub kind: DeployKind,
    /// What would be live.
    pub snapshot: Digest,
    /// Where it would come from.
    pub source: &'m Source,
    /// The policy in force.
    pub policy: Option<&'m Lane>,
    /// What the policy's gate has seen.
    pub shown: Shown<'m>,
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
    /// The snapshot must not be under a hold.
    Hold,
    /// It must come from the lane before this one.
    Order,
    /// Its evaluation must not be too old.
    Age,
    /// The gate must pass.
    Gate,
    /// Something must have been evaluated, and it must be what would be live.
    Evaluated,
    /// There must be somewhere to go back to.
    Target,
}

/// Asks whether a move may happen.
pub fn authorize(wanted: &Move<'_>) -> Result<Authorized, Vec<Refusal>> {
    let mut refusals = Vec::new();
    check_hold(wanted, &mut refusals);
    if wanted.kind == DeployKind::Promote {
        check_order(wanted, &mut refusals);
        check_gate(wanted, &mut refusals);
    }
    if refusals.is_empty() {
        Ok(Authorized {
            lane: wanted.standing.lane.clone(),
            snapshot: wanted.snapshot,
        })
    } else {
        Err(refusals)
    }
}

fn check_hold(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    if wanted.kind == DeployKind::Unhold {
        return;
    }
    let lane = &wanted.standing.lane;
    let current = wanted.standing.current.as_ref();
    let holds = current.map_or(&[][..], |record| &record.deployment.holds);
    for hold in holds.iter().filter(|hold| hold.snapshot == wanted.snapshot) {
        refusals.push(Refusal {
            condition: Condition::Hold,
            message: format!(
                "snapshot {} is under a hold since #{}: {}",
                hold.snapshot.short(),
                hold.set_by_sequence,
                hold.reason
            ),
            next: format!("release it with `pointsman lanes unhold {lane} --reason \"…\"`"),
        });
    }
}

fn check_order(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    let from = wanted.policy.and_then(|policy| policy.from.as_ref());
    let Some((from, _)) = from else {
        return;
    };
    if wanted.source.lane.as_ref() != Some(from) {
        let lane = &wanted.standing.lane;
        refusals.push(Refusal {
            condition: Condition::Order,
            message: format!("lane `{lane}` takes releases from lane `{from}` only"),
            next: format!(
                "promote to `{from}` first, then run `pointsman promote {lane}` without `--from`"
            ),
        });
    }
}

fn check_gate(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    let gate = wanted.policy.and_then(|policy| policy.gate.as_ref());
    let (Some(gate), Shown::Evaluation(evaluation, fingerprints)) = (gate, &wanted.shown) else {
        return;
    };
    match evaluation.decision.verdict {
        Verdict::Pass => {}
        Verdict::Fail => refusals.extend(failures(&evaluation.decision)),
        Verdict::NothingEvaluated => refusals.push(nothing_evaluated(
            "the gate asks for an evaluation, and nothing was evaluated",
        )),
    }
    for (prompt, fingerprint) in *fingerprints {
        let mut suites = evaluation.suites.iter().map(|evaluated| &evaluated.suite);
        if !suites.any(|suite| suite.prompt == *prompt && suite.fingerprint == *fingerprint) {
            refusals.push(nothing_evaluated(&format!(
                "prompt `{prompt}` would change, and this version of it was not evaluated"
            )));
        }
    }
    check_age(gate, evaluation, wanted.now, refusals);
}

fn nothing_evaluated(message: &str) -> Refusal {
    Refusal {
        condition: Condition::Evaluated,
        message: message.to_owned(),
        next: "name a dataset and evaluators under `evals` of the prompt".to_owned(),
    }
}

fn failures(decision: &Decision) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let next = "look at the answers with `pointsman eval`, then change the prompt";
    for check in decision.checks.iter().filter(|check| !check.met) {
        refusals.push(Refusal {
            condition: Condition::Gate,
            message: format!(
                "`{}` on `{}`: `{}` passed {} of {}, and the floor is {}",
                check.prompt,
                check.dataset,
                check.evaluator,
                check.passed,
                check.total,
                check
                    .floor
                    .map_or("none".to_owned(), |floor| floor.to_string()),
            ),
            next: next.to_owned(),
        });
    }
    for failure in &decision.critical_failures {
        refusals.push(Refusal {
            condition: Condition::Gate,
            message: format!(
                "`{}` on `{}`: critical row `{}` failed `{}`: {}",
                failure.prompt, failure.dataset, failure.row, failure.evaluator, failure.reason
            ),
            next: next.to_owned(),
        });
    }
    if refusals.is_empty() {
        refusals.push(Refusal {
            condition: Condition::Gate,
            message: "the gate failed".to_owned(),
            next: next.to_owned(),
        });
    }
    refusals
}

fn check_age(
    gate: &GatePolicy,
    evaluation: &Evaluation,
    now: Timestamp,
    refusals: &mut Vec<Refusal>,
) {
    let Some(max_age) = gate.evidence_max_age else {
        return;
    };
    let limit = SignedDuration::from_secs(max_age.seconds);
    for evaluated in &evaluation.suites {
        if now.duration_since(evaluated.finished_at) > limit {
            refusals.push(Refusal {
                condition: Condition::Age,
                message: format!(
                    "the evaluation of `{}` on `{}` is of {}, older than the policy allows",
                    evaluated.suite.prompt, evaluated.suite.dataset, evaluated.finished_at
                ),
                next: "evaluate again with `pointsman eval`".to_owned(),
            });
        }
    }
}
