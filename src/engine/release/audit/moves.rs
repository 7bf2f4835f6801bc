//! Whether a move was right: asked again, with what the record carries and at the time it names.

use std::collections::BTreeSet;

use crate::domain::attestation::{APPROVAL, TEST_RESULT};
use crate::domain::deployment::{Changes, DeployKind, address};
use crate::domain::gate::Evaluation;
use crate::domain::hold::Held;
use crate::domain::lane::GatePolicy;
use crate::engine::diff::changed_paths;
use crate::engine::ports::{FileTree, TreeEntry, TreeError};
use crate::engine::release::authorize::{Condition, Refusal};
use crate::engine::release::evidence::result;
use crate::engine::release::history::History;
use crate::engine::release::promote::{PromotePlan, PromoteRequest, Voices, plan};
use crate::engine::release::standing::Standing;

use super::as_of::AsOf;
use super::record::{Case, Evidence, predicate_evaluation};
use super::{Flaw, Link};

/// Verifies that a move was right.
pub(super) fn check(case: &Case<'_>, evidence: &[Evidence]) -> Result<(), Flaw> {
    match case.record.deployment.kind {
        DeployKind::Promote => promotion(case, evidence),
        DeployKind::Rollback => rollback(case),
        DeployKind::Hold | DeployKind::Unhold => holds(case),
    }
}

fn promotion(case: &Case<'_>, evidence: &[Evidence]) -> Result<(), Flaw> {
    let deployment = &case.record.deployment;
    check_source(case)?;
    let then = deployment.recorded_at;
    let lanes = AsOf {
        lanes: case.audit.archive.lanes,
        source: &deployment.source,
    };
    let current = case.standing.current.clone();
    let files = case.audit.archive.commits.commit(&case.record.id)?.files;
    let request = PromoteRequest {
        standing: Standing::at(&lanes, &case.standing.lane, current)?,
        files,
        source: deployment.source.clone(),
        prompts: &[],
        reason: None,
        now: then,
    };
    let plan = plan(&lanes, request)?;
    let mut plan = plan.ok_or_else(|| Flaw::new(Link::Record, "it brings nothing in"))?;
    check_says(case, &plan)?;
    let evaluation = evaluation(case, &plan, evidence)?;
    plan.hear(voices(case, &plan, evidence)?);
    let refused = plan.was_right(evaluation.as_ref(), then);
    refused.map_err(|refusals| first_flaw(&refusals))
}

/// The record of the lane before is one of that lane.
fn check_source(case: &Case<'_>) -> Result<(), Flaw> {
    let source = &case.record.deployment.source;
    let (Some(lane), Some(record)) = (&source.lane, &source.record) else {
        return Ok(());
    };
    let lanes = case.audit.archive.lanes;
    let message = match case.audit.once.has_record(lanes, lane, record)? {
        Some(true) => return Ok(()),
        Some(false) => format!("{} is no record of lane `{lane}`", record.short()),
        None => format!("lane `{lane}`, which it comes from, is not in this clone"),
    };
    Err(Flaw::new(Link::Order, message))
}

/// The record says what the move did.
fn check_says(case: &Case<'_>, plan: &PromotePlan) -> Result<(), Flaw> {
    let deployment = &case.record.deployment;
    let before = case.standing.current.as_ref();
    let before = before.map_or(&[][..], |record| &record.deployment.holds);
    let wrong = |link: Link, what: &str| {
        let message = format!("{what} are not what the move made them");
        Err(Flaw::new(link, message))
    };
    if plan.snapshot != deployment.snapshot {
        return wrong(Link::Manifest, "the digests of the snapshot");
    }
    if plan.changes != deployment.changes {
        return wrong(Link::Record, "the changes that it names");
    }
    if plan.rollback_target != deployment.rollback_target {
        return wrong(Link::Record, "the places to go back to that it names");
    }
    if before != deployment.holds {
        return wrong(Link::Hold, "the holds");
    }
    Ok(())
}

/// What the gate saw, where it had to see something.
fn evaluation(
    case: &Case<'_>,
    plan: &PromotePlan,
    evidence: &[Evidence],
) -> Result<Option<Evaluation>, Flaw> {
    let Some(gate) = &plan.policy.gate else {
        return Ok(None);
    };
    let deployment = &case.record.deployment;
    let mut results = evidence.iter().map(|it| &it.statement);
    let Some(statement) = results.find(|it| it.predicate_type == TEST_RESULT) else {
        return Ok(None);
    };
    if !statement.is_about(&deployment.lane, &deployment.snapshot) {
        let message = "what was tested is not what came in";
        return Err(Flaw::new(Link::Subject, message));
    }
    let evaluation = predicate_evaluation(statement)?;
    if statement.predicate["result"] != result(evaluation.decision.verdict) {
        let message = "the result is not the one of the evaluation";
        return Err(Flaw::new(Link::Result, message));
    }
    check_floors(gate, &evaluation)?;
    Ok(Some(evaluation))
}

/// The floors that were reached are those of the policy in force.
fn check_floors(gate: &GatePolicy, evaluation: &Evaluation) -> Result<(), Flaw> {
    for check in &evaluation.decision.checks {
        let Some(floor) = gate.floors.get(&check.evaluator) else {
            continue;
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "a run with 2^53 cases does not exist"
        )]
        let rate = check.passed as f64 / check.total.max(1) as f64;
        if check.met && (check.total == 0 || rate < floor.rate) {
            let message = format!(
                "`{}` passed {} of {}, and the floor in force is {}",
                check.evaluator, check.passed, check.total, floor.rate
            );
            return Err(Flaw::new(Link::Result, message));
        }
    }
    Ok(())
}

/// The approvals that the record carries, and whose do not count.
fn voices(case: &Case<'_>, plan: &PromotePlan, evidence: &[Evidence]) -> Result<Voices, Flaw> {
    let approvals = evidence
        .iter()
        .filter(|it| it.statement.predicate_type == APPROVAL);
    let mut voices = Voices {
        attestations: approvals.map(|it| it.bytes.clone()).collect(),
        involved: BTreeSet::new(),
    };
    let policy = plan.policy.approval.as_ref();
    if policy.is_some_and(|policy| policy.not_author) {
        let authors = plan.authors(case.audit.archive.history, case.audit.archive.lanes);
        voices.involved = authors.map_err(|error| {
            let message = format!("who wrote what came in cannot be known: {error}");
            Flaw::new(Link::Approval, message)
        })?;
        voices
            .involved
            .extend(address(&case.record.deployment.actor));
    }
    Ok(voices)
}

/// The first unmet condition as a link that does not hold.
fn first_flaw(refusals: &[Refusal]) -> Flaw {
    let first = refusals.first().expect("a refusal has at least one reason");
    let link = match first.condition {
        Condition::Hold => Link::Hold,
        Condition::Order | Condition::Target => Link::Order,
        Condition::Freeze => Link::Freeze,
        Condition::Soak => Link::Soak,
        Condition::Age => Link::Age,
        Condition::Approval => Link::Approval,
        Condition::Signature => Link::Signature,
        Condition::Tests
        | Condition::Gate
        | Condition::Inconclusive
        | Condition::Comparable
        | Condition::Evaluated => Link::Result,
    };
    Flaw::new(link, &first.message)
}

/// A rollback brings back only what was live in the lane before, and keeps every hold.
fn rollback(case: &Case<'_>) -> Result<(), Flaw> {
    let deployment = &case.record.deployment;
    let Some(current) = &case.standing.current else {
        return Err(Flaw::new(Link::Order, "there was nothing to go back to"));
    };
    let back = Held::Snapshot(deployment.snapshot.sha256);
    if current
        .deployment
        .holds
        .iter()
        .any(|hold| hold.held == back)
    {
        return Err(Flaw::new(Link::Hold, "it brought back what was held"));
    }
    let kept = |hold| deployment.holds.contains(hold);
    if !current.deployment.holds.iter().all(kept) {
        return Err(Flaw::new(Link::Hold, "a hold was lost"));
    }
    let files = case.commit.files.as_ref();
    let mut unknown: BTreeSet<String> = changed_paths(case.standing.tree(), files)?
        .into_keys()
        .collect();
    for earlier in History::from(case.audit.archive.lanes, current).skip(1) {
        let tree = case.audit.archive.lanes.tree(&earlier?)?;
        let mut still = BTreeSet::new();
        for path in unknown {
            if blob(tree.as_ref(), &path)? != blob(files, &path)? {
                still.insert(path);
            }
        }
        unknown = still;
        if unknown.is_empty() {
            break;
        }
    }
    match unknown.first() {
        None => Ok(()),
        Some(path) => {
            let message = format!("`{path}` was never live as it came back");
            Err(Flaw::new(Link::Order, message))
        }
    }
}

/// What stands at a path: the id of the blob, and whether it is a plain file.
fn blob(tree: &dyn FileTree, path: &str) -> Result<Option<TreeEntry>, TreeError> {
    let entries = tree.list(path)?;
    Ok(entries.into_iter().find(|entry| entry.path == *path))
}

/// Holds move no content.
fn holds(case: &Case<'_>) -> Result<(), Flaw> {
    let deployment = &case.record.deployment;
    let current = case.standing.current.as_ref();
    let same = current.is_some_and(|it| it.deployment.snapshot == deployment.snapshot);
    if !same || deployment.changes != Changes::default() {
        return Err(Flaw::new(Link::Order, "it changes what is live"));
    }
    let before = current.map_or(&[][..], |it| &it.deployment.holds);
    let sets = deployment.kind == DeployKind::Hold;
    if sets && !before.iter().all(|hold| deployment.holds.contains(hold)) {
        return Err(Flaw::new(Link::Hold, "a hold was lost"));
    }
    if !sets && !deployment.holds.iter().all(|hold| before.contains(hold)) {
        return Err(Flaw::new(Link::Hold, "there is a hold that nobody set"));
    }
    Ok(())
}
