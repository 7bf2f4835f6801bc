//! The evidence packet: everything that speaks for or against one move, in one document. A planned
//! move has one, and so has every record. What is not known is said to be absent, with the reason.

pub mod cycles;
mod differences;
pub mod parts;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::attestation::{APPROVAL, PACKET, Statement, Subject, TEST_RESULT};
use crate::domain::deployment::{
    Changes, DeployKind, EvidenceLink, ObjectId, RollbackTarget, Snapshot, Source,
};
use crate::domain::gate::Evaluation;
use crate::domain::id::LaneName;
use crate::domain::monitor::MonitorChange;
use crate::domain::watch::WatchPlan;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::approval::{Approval, Approvals};
use super::evidence::{STATEMENT_LIMIT, read_statement};
use super::promote::PromotePlan;
use super::standing::{Standing, Trusted, policy_in};

use cycles::{AttemptLink, ProofLink, attempts_between};
use differences::{Differences, accepted};
use parts::{
    AcceptedFailure, BehaviorLink, Observed, PacketApproval, Part, Results, RowsChange, TraceLink,
    TraceView,
};

/// Everything that speaks for or against one move: `pointsman/evidence-packet/v1`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Packet {
    schema: &'static str,
    /// The lane that it goes to.
    pub lane: LaneName,
    /// The number that its record has, or would have.
    pub sequence: u64,
    /// What sort of move it is.
    pub kind: DeployKind,
    /// The record; absent: it is planned.
    pub record: Option<ObjectId>,
    /// The record that it follows.
    pub previous: Option<ObjectId>,
    /// When it was recorded.
    pub recorded_at: Option<Timestamp>,
    /// Who made it.
    pub actor: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where the content comes from.
    pub source: Source,
    /// What is, or would be, live.
    pub snapshot: Snapshot,
    /// The range of time that was monitored, and what changed in it.
    pub monitor: Part<MonitorChange>,
    /// The traces that were looked at.
    pub trace_view: Part<TraceView>,
    /// Traces and spans that rows which come in were taken from.
    pub traces: Part<Vec<TraceLink>>,
    /// The behaviors that it is about: new rows were taken from their traces, or their rate moved with
    /// the release that production showed.
    pub behavior: Part<Vec<BehaviorLink>>,
    /// The rows of datasets that come in, change or go.
    pub rows: Part<Vec<RowsChange>>,
    /// The attempts to improve a prompt that led to what it brings, and those that were given up on the
    /// way.
    pub attempts: Vec<AttemptLink>,
    /// Rows that come in and were proved: they failed with one version and pass with another.
    pub proofs: Vec<ProofLink>,
    /// What the evaluators said, of the version before and of this one.
    pub evaluation: Part<Results>,
    /// What differs from what was live.
    pub comparison: Part<Changes>,
    /// Where a rollback goes.
    pub rollback: Part<RollbackTarget>,
    /// How the release is watched.
    pub watch: Part<WatchPlan>,
    /// Rows that test what changed and whose failure was accepted.
    pub accepted_failures: Part<Vec<AcceptedFailure>>,
    /// Who approved.
    pub approvals: Vec<PacketApproval>,
    /// The evidence that the record carries, by digest.
    pub evidence: Vec<EvidenceLink>,
}

impl Packet {
    /// The packet of a planned promotion.
    pub fn of_plan(
        plan: &PromotePlan,
        evaluation: Option<&Evaluation>,
        approvals: &Approvals,
        reason: Option<&str>,
        observed: Observed,
    ) -> Result<Self, ReleaseError> {
        let standing = plan.standing();
        let current = standing.current.as_ref();
        let candidate = plan.candidate();
        let accepted = accepted(&Workspace::new(&candidate), &plan.changes)?;
        let content = Differences::between(standing.tree(), &candidate)?;
        let not_evaluated = if plan.prompts_to_test().is_empty() {
            "the policy asks for no evaluation of this"
        } else {
            "not all of this was evaluated yet"
        };
        let counted = approvals.counted.iter();
        Ok(Self {
            schema: SCHEMA,
            lane: standing.lane.clone(),
            sequence: current.map_or(1, |it| it.deployment.sequence + 1),
            kind: DeployKind::Promote,
            record: None,
            previous: current.map(|it| it.id.clone()),
            recorded_at: None,
            actor: None,
            reason: reason.map(str::to_owned),
            source: plan.source.clone(),
            snapshot: plan.snapshot.clone(),
            evaluation: Part::of(evaluation.map(Results::from), not_evaluated),
            comparison: Part::of(Some(plan.changes.clone()), ""),
            rollback: Part::of(plan.rollback_target.clone(), NOWHERE),
            watch: Part::of(plan.policy.watch.clone(), NOT_WATCHED),
            approvals: counted
                .map(|it| PacketApproval::new(it.by.clone(), &it.approval))
                .collect(),
            evidence: Vec::new(),
            attempts: attempts_between(
                standing.tree(),
                &candidate,
                &plan.changes,
                &observed.attempts,
            ),
            traces: content.traces(),
            behavior: content.behaviors(observed.behaviors, current),
            proofs: content.proofs,
            rows: Part::of(Some(content.rows), ""),
            monitor: observed.monitor,
            trace_view: observed.trace_view,
            accepted_failures: Part::of(accepted, NONE_ACCEPTED),
        })
    }

    /// The packet of a record.
    pub fn of_record(
        lanes: &dyn LaneStore,
        record: &LaneRecord,
        observed: Observed,
    ) -> Result<Self, ReleaseError> {
        let deployment = record.deployment.clone();
        let lane = deployment.lane;
        let previous = deployment.previous.as_ref();
        let previous = previous.map(|id| lanes.record(&lane, id)).transpose()?;
        let standing = Standing::at(lanes, &lane, previous)?;
        let tree = lanes.tree(record)?;
        let content = Differences::between(standing.tree(), tree.as_ref())?;
        let (evaluation, approvals) = statements(lanes, record, &standing)?;
        let accepted = accepted(&Workspace::new(tree.as_ref()), &deployment.changes)?;
        Ok(Self {
            schema: SCHEMA,
            sequence: deployment.sequence,
            kind: deployment.kind,
            record: Some(record.id.clone()),
            previous: deployment.previous,
            recorded_at: Some(deployment.recorded_at),
            actor: Some(deployment.actor),
            reason: deployment.reason,
            source: deployment.source,
            snapshot: deployment.snapshot,
            evaluation: Part::of(
                evaluation.as_ref().map(Results::from),
                "the record carries no evaluation",
            ),
            attempts: attempts_between(
                standing.tree(),
                tree.as_ref(),
                &deployment.changes,
                &observed.attempts,
            ),
            comparison: Part::of(Some(deployment.changes), ""),
            rollback: Part::of(deployment.rollback_target, NOWHERE),
            watch: Part::of(deployment.watch, NOT_WATCHED),
            approvals,
            evidence: deployment.evidence,
            traces: content.traces(),
            behavior: content.behaviors(observed.behaviors, Some(record)),
            proofs: content.proofs,
            rows: Part::of(Some(content.rows), ""),
            monitor: observed.monitor,
            trace_view: observed.trace_view,
            accepted_failures: Part::of(accepted, NONE_ACCEPTED),
            lane,
        })
    }

    /// The parts that are absent, by their names, with the reason.
    pub fn missing(&self) -> Vec<(&'static str, &str)> {
        let parts = [
            ("monitor range and metric change", self.monitor.why()),
            ("trace view", self.trace_view.why()),
            ("representative traces", self.traces.why()),
            ("behavior", self.behavior.why()),
            ("dataset rows", self.rows.why()),
            ("evaluator results", self.evaluation.why()),
            ("comparison with what is live", self.comparison.why()),
            ("rollback target", self.rollback.why()),
            ("watch plan", self.watch.why()),
        ];
        let named = parts.into_iter();
        named.filter_map(|(part, why)| Some((part, why?))).collect()
    }

    /// The statement that the packet is as shown, to be signed.
    pub fn statement(&self) -> Statement {
        let predicate = serde_json::to_value(self).expect("a packet has text keys only");
        let subject = vec![Subject::snapshot(&self.lane, &self.snapshot)];
        Statement::new(subject, PACKET, predicate)
    }
}

const SCHEMA: &str = "pointsman/evidence-packet/v1";
const NOWHERE: &str = "there is nothing to go back to";
const NOT_WATCHED: &str = "the policy has no plan for watching it";
const NONE_ACCEPTED: &str = "no row that tests what changed has the status accepted-risk";

/// The approvals that a record carries.
pub fn approvals_of(
    lanes: &dyn LaneStore,
    record: &LaneRecord,
) -> Result<Vec<PacketApproval>, ReleaseError> {
    let lane = &record.deployment.lane;
    let previous = record.deployment.previous.as_ref();
    let previous = previous.map(|id| lanes.record(lane, id)).transpose()?;
    let standing = Standing::at(lanes, lane, previous)?;
    Ok(statements(lanes, record, &standing)?.1)
}

/// The evaluation and the approvals that a record carries.
fn statements(
    lanes: &dyn LaneStore,
    record: &LaneRecord,
    standing: &Standing,
) -> Result<(Option<Evaluation>, Vec<PacketApproval>), ReleaseError> {
    let tree = lanes.tree(record)?;
    let in_force = match standing.policy()? {
        Some(policy) => Trusted::of(standing.tree(), &policy)?,
        None => match policy_in(tree.as_ref(), &standing.lane)? {
            Some(policy) => Trusted::of(tree.as_ref(), &policy)?,
            None => Trusted::default(),
        },
    };
    let (mut evaluation, mut approvals) = (None, Vec::new());
    for link in &record.deployment.evidence {
        let bytes = tree.read(&link.path, STATEMENT_LIMIT)?.unwrap_or_default();
        let Ok((statement, envelope)) = read_statement(link, &bytes) else {
            continue;
        };
        if statement.predicate_type == TEST_RESULT {
            let found = statement.predicate.get("evaluation").cloned();
            evaluation = found.and_then(|it| serde_json::from_value(it).ok());
        }
        let approval = serde_json::from_value::<Approval>(statement.predicate);
        if let (APPROVAL, Some(envelope), Ok(approval)) =
            (statement.predicate_type.as_str(), envelope, approval)
        {
            let signers = in_force.approvers.as_ref();
            let signer = signers.and_then(|it| it.verify(&envelope, &[]).ok());
            let by = match signer {
                Some((_, signer)) => signer.principals[0].clone(),
                None => envelope.signatures()[0].key.to_string(),
            };
            approvals.push(PacketApproval::new(by, &approval));
        }
    }
    Ok((evaluation, approvals))
}
