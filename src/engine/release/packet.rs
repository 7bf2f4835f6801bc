//! The evidence packet: everything that speaks for or against one move, in one document. A planned
//! move has one, and so has every record. What is not known is said to be absent, with the reason.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::attestation::{APPROVAL, PACKET, Statement, Subject, TEST_RESULT};
use crate::domain::deployment::{
    Changes, DeployKind, EvidenceLink, ObjectId, RollbackTarget, Snapshot, Source,
};
use crate::domain::gate::{Evaluation, FloorCheck, Verdict};
use crate::domain::id::{DatasetId, LaneName};
use crate::domain::monitor::MonitorChange;
use crate::domain::watch::WatchPlan;
use crate::engine::diff::{DatasetDiff, compare};
use crate::engine::ports::{FileTree, LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::approval::{Approval, Approvals};
use super::evidence::{STATEMENT_LIMIT, read_statement};
use super::promote::PromotePlan;
use super::standing::{Standing, Trusted, policy_in};

/// Why nothing is known of production where nobody asked.
const NOT_ASKED: &str = "nobody looked into the traces";

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
    /// How the numbers of production moved: the time before, the time after, and what changed.
    pub monitor: Part<MonitorChange>,
    /// The filter by which the traces of both times are found again.
    pub trace_view: Part<String>,
    /// Traces and spans that rows which come in were taken from.
    pub traces: Part<Vec<TraceLink>>,
    /// The behavior that it is about, and why that is an issue.
    pub behavior: Part<String>,
    /// The rows of datasets that come in, change or go.
    pub rows: Part<Vec<RowsChange>>,
    /// What the evaluators said, of the version before and of this one.
    pub evaluation: Part<Results>,
    /// What differs from what was live.
    pub comparison: Part<Changes>,
    /// Where a rollback goes.
    pub rollback: Part<RollbackTarget>,
    /// How the release is watched.
    pub watch: Part<WatchPlan>,
    /// Failures that were accepted.
    pub accepted_failures: Part<String>,
    /// Who approved.
    pub approvals: Vec<PacketApproval>,
    /// The evidence that the record carries, by digest.
    pub evidence: Vec<EvidenceLink>,
}

/// A part of a packet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Part<T> {
    /// It is known.
    Present {
        /// What is known.
        value: T,
    },
    /// It is not.
    Absent {
        /// Why not.
        why: String,
    },
}

impl<T> Part<T> {
    /// A part that is not known.
    pub fn absent(why: &str) -> Self {
        Self::Absent {
            why: why.to_owned(),
        }
    }

    fn of(value: Option<T>, why: &str) -> Self {
        match value {
            Some(value) => Self::Present { value },
            None => Self::absent(why),
        }
    }
}

/// A row, and the trace that it was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceLink {
    /// The dataset.
    pub dataset: DatasetId,
    /// The row.
    pub row: String,
    /// The trace.
    pub trace_id: Option<String>,
    /// The span.
    pub span_id: Option<String>,
}

/// The rows of a dataset that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RowsChange {
    /// The dataset.
    pub dataset: DatasetId,
    /// Rows that come in.
    pub added: Vec<String>,
    /// Rows that test something else.
    pub changed: Vec<String>,
    /// Rows that go.
    pub removed: Vec<String>,
}

/// What the evaluators said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Results {
    /// The verdict of the gate.
    pub verdict: Verdict,
    /// By evaluator.
    pub rates: Vec<Rate>,
    /// The comparisons with the version before, in words.
    pub beside_live: Vec<String>,
}

/// How often an evaluator passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// Prompt, dataset and evaluator.
    pub test: String,
    /// The share of the version before; absent where it was not tested on the same rows.
    pub before: Option<f64>,
    /// Cases that passed.
    pub passed: u64,
    /// Cases in all.
    pub total: u64,
    /// The least share that the policy demands.
    pub floor: Option<f64>,
}

/// Who approved.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PacketApproval {
    /// The address, where the policy in force knows the key; else the key.
    pub by: String,
    /// When.
    pub approved_at: Timestamp,
    /// What the gate said, as far as that was known then.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: Option<String>,
}

impl PacketApproval {
    fn new(by: String, approval: &Approval) -> Self {
        Self {
            by,
            approved_at: approval.approved_at,
            verdict: approval.verdict,
            reason: approval.reason.clone(),
        }
    }
}

impl Packet {
    /// The packet of a planned promotion.
    pub fn of_plan(
        plan: &PromotePlan,
        evaluation: Option<&Evaluation>,
        approvals: &Approvals,
        reason: Option<&str>,
    ) -> Result<Self, ReleaseError> {
        let standing = plan.standing();
        let current = standing.current.as_ref();
        let candidate = plan.candidate();
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
            traces: content.traces(),
            rows: Part::of(Some(content.rows), ""),
            monitor: Part::absent(PLANNED),
            trace_view: Part::absent(PLANNED),
            behavior: Part::absent(NO_BEHAVIOR),
            accepted_failures: Part::absent(NONE_ACCEPTED),
        })
    }

    /// The packet of a record.
    pub fn of_record(lanes: &dyn LaneStore, record: &LaneRecord) -> Result<Self, ReleaseError> {
        let deployment = record.deployment.clone();
        let lane = deployment.lane;
        let previous = deployment.previous.as_ref();
        let previous = previous.map(|id| lanes.record(&lane, id)).transpose()?;
        let standing = Standing::at(lanes, &lane, previous)?;
        let tree = lanes.tree(record)?;
        let content = Differences::between(standing.tree(), tree.as_ref())?;
        let (evaluation, approvals) = statements(lanes, record, &standing)?;
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
            comparison: Part::of(Some(deployment.changes), ""),
            rollback: Part::of(deployment.rollback_target, NOWHERE),
            watch: Part::of(deployment.watch, NOT_WATCHED),
            approvals,
            evidence: deployment.evidence,
            traces: content.traces(),
            rows: Part::of(Some(content.rows), ""),
            monitor: Part::absent(NOT_ASKED),
            trace_view: Part::absent(NOT_ASKED),
            behavior: Part::absent(NO_BEHAVIOR),
            accepted_failures: Part::absent(NONE_ACCEPTED),
            lane,
        })
    }

    /// The statement that the packet is as shown, to be signed.
    pub fn statement(&self) -> Statement {
        let predicate = serde_json::to_value(self).expect("a packet has text keys only");
        let subject = vec![Subject::snapshot(&self.lane, &self.snapshot)];
        Statement::new(subject, PACKET, predicate)
    }
}

const SCHEMA: &str = "pointsman/evidence-packet/v1";
const PLANNED: &str = "the move is planned: production has not seen it";
const NO_BEHAVIOR: &str = "a packet links no behavior in this version";
const NOWHERE: &str = "there is nothing to go back to";
const NOT_WATCHED: &str = "the policy has no plan for watching it";
const NONE_ACCEPTED: &str = "no failure can be accepted by name in this version";

/// What differs between two trees, as far as a packet tells.
struct Differences {
    rows: Vec<RowsChange>,
    taken_from: Vec<TraceLink>,
}

impl Differences {
    fn between(old: &dyn FileTree, new: &dyn FileTree) -> Result<Self, ReleaseError> {
        let difference = compare(old, new)?;
        let workspace = Workspace::new(new);
        let mut taken_from = Vec::new();
        let mut rows = Vec::new();
        for DatasetDiff { id, rows: diff, .. } in difference.datasets {
            let Some(diff) = diff else {
                continue;
            };
            if let Ok(dataset) = workspace.dataset(&id) {
                for row in workspace.rows(&dataset)? {
                    let row = row?;
                    let comes = diff.added.contains(&row.id) || diff.changed.contains(&row.id);
                    let source = row.source.filter(|it| comes && it.trace_id.is_some());
                    taken_from.extend(source.map(|source| TraceLink {
                        dataset: id.clone(),
                        row: row.id,
                        trace_id: source.trace_id,
                        span_id: source.span_id,
                    }));
                }
            }
            rows.push(RowsChange {
                dataset: id,
                added: diff.added,
                changed: diff.changed,
                removed: diff.removed,
            });
        }
        Ok(Self { rows, taken_from })
    }

    fn traces(&self) -> Part<Vec<TraceLink>> {
        let known = Some(self.taken_from.clone()).filter(|it| !it.is_empty());
        Part::of(
            known,
            "no row that comes in says which trace it was taken from",
        )
    }
}

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

impl From<&Evaluation> for Results {
    fn from(evaluation: &Evaluation) -> Self {
        let decision = &evaluation.decision;
        let rate = |check: &FloorCheck| {
            let before = decision.comparisons.iter().find(|it| {
                it.prompt == check.prompt
                    && it.dataset == check.dataset
                    && it.evaluator == check.evaluator
            });
            Rate {
                test: format!("{} on {}: {}", check.prompt, check.dataset, check.evaluator),
                before: before.map(|it| it.baseline),
                passed: check.passed,
                total: check.total,
                floor: check.floor,
            }
        };
        Self {
            verdict: decision.verdict,
            rates: decision.checks.iter().map(rate).collect(),
            beside_live: decision.beside_live(),
        }
    }
}
