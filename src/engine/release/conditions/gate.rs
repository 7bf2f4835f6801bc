//! What the policy's gate has seen lets the move in, and is of these bytes and not too old.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::gate::{CriticalFailure, Decision, Evaluation, Outcome, Verdict};
use crate::domain::lane::{GatePolicy, OnInconclusive};
use crate::engine::release::authorize::{Condition, Move, Refusal, Shown};

use super::approval;
use super::live::{beside_live, not_comparable, not_shown};

pub(in crate::engine::release) fn check(wanted: &Move<'_>, refusals: &mut Vec<Refusal>) {
    let gate = wanted.policy.and_then(|policy| policy.gate.as_ref());
    let (Some(gate), Shown::Evaluation(evaluation, fingerprints)) = (gate, &wanted.shown) else {
        return;
    };
    match evaluation.decision.verdict {
        Verdict::Pass => {}
        Verdict::Fail => refusals.extend(failures(&evaluation.decision)),
        Verdict::Inconclusive => refusals.extend(inconclusive(wanted, gate, evaluation)),
        Verdict::NotComparable => {
            let reasons = not_comparable(&evaluation.decision);
            let nothing = "the gate could not compare";
            refusals.extend(or_at_least(reasons, Condition::Comparable, nothing));
        }
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

/// What was not shown, unless the policy lets people decide, and they did.
fn inconclusive(wanted: &Move<'_>, gate: &GatePolicy, evaluation: &Evaluation) -> Vec<Refusal> {
    let missing = match gate.on_inconclusive {
        OnInconclusive::Approve => match approval::check_undecided(wanted, evaluation) {
            Ok(()) => return Vec::new(),
            Err(missing) => Some(missing),
        },
        OnInconclusive::Block | OnInconclusive::Warn => None,
    };
    let reasons = not_shown(&evaluation.decision);
    let nothing = "the gate could not decide";
    let mut refusals = or_at_least(reasons, Condition::Inconclusive, nothing);
    refusals.extend(missing);
    refusals
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
    refusals.extend(critical_refusals(decision, next));
    refusals.extend(beside_live(decision, Outcome::Fail, Condition::Gate, next));
    or_at_least(refusals, Condition::Gate, "the gate failed")
}

/// A verdict that is no pass refuses, even where it does not say why.
fn or_at_least(reasons: Vec<Refusal>, condition: Condition, message: &str) -> Vec<Refusal> {
    if reasons.is_empty() {
        return vec![Refusal {
            condition,
            message: message.to_owned(),
            next: "look at the answers with `pointsman eval`".to_owned(),
        }];
    }
    reasons
}

/// One refusal for each evaluator that failed critical rows: the first rows by name, and how many
/// more there are.
fn critical_refusals(decision: &Decision, next: &str) -> Vec<Refusal> {
    const NAMED: usize = 3;
    let mut groups: BTreeMap<_, Vec<&CriticalFailure>> = BTreeMap::new();
    for failure in &decision.critical_failures {
        let group = (&failure.prompt, &failure.dataset, &failure.evaluator);
        groups.entry(group).or_default().push(failure);
    }
    let refusal = |((prompt, dataset, evaluator), failures): (_, Vec<&CriticalFailure>)| {
        let rows = failures.iter().take(NAMED);
        let rows: Vec<String> = rows.map(|failure| format!("`{}`", failure.row)).collect();
        let more = match failures.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let reason = &failures[0].reason;
        Refusal {
            condition: Condition::Gate,
            message: format!(
                "`{prompt}` on `{dataset}`: `{evaluator}` failed critical row(s) {}{more}: {reason}",
                rows.join(", ")
            ),
            next: next.to_owned(),
        }
    };
    groups.into_iter().map(refusal).collect()
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
