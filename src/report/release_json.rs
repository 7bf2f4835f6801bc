//! Moves of lanes for machines. The shapes are frozen: what they mean is in their `schema`.

use serde::Serialize;

use crate::domain::deployment::{Changes, Deployment, RollbackTarget, Snapshot, Source};
use crate::domain::hold::Hold;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::watch::WatchPlan;
use crate::engine::ports::LaneRecord;
use crate::engine::release::promote::PromotePlan;
use crate::engine::release::rollback::RollbackPlan;

use super::approvals::ApprovalsV1;
use super::gate_changes_json::GateChangesV1;

/// A record with the commit that it is.
#[derive(Debug, Serialize)]
pub struct RecordV1<'a> {
    id: &'a str,
    deployment: &'a Deployment,
}

impl<'a> From<&'a LaneRecord> for RecordV1<'a> {
    fn from(record: &'a LaneRecord) -> Self {
        Self {
            id: record.id.as_str(),
            deployment: &record.deployment,
        }
    }
}

/// What became of a move.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It would happen.
    Planned,
    /// It happened.
    Moved,
    /// There was nothing to do.
    AlreadyLive,
}

/// A move of a lane: `pointsman/promote/v1`, `pointsman/rollback/v1`, `pointsman/hold/v1`,
/// `pointsman/unhold/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MoveV1<'a> {
    schema: &'static str,
    outcome: Outcome,
    lane: &'a LaneName,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanV1<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<RecordV1<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<TagV1>,
}

/// The tag that was asked for.
#[derive(Debug, Serialize)]
pub struct TagV1 {
    /// Its name.
    pub name: String,
    /// Why it is not there; absent: it is.
    pub problem: Option<String>,
}

impl<'a> MoveV1<'a> {
    /// Nothing was to be done.
    pub fn already_live(schema: &'static str, lane: &'a LaneName) -> Self {
        Self {
            schema,
            outcome: Outcome::AlreadyLive,
            lane,
            plan: None,
            record: None,
            tag: None,
        }
    }

    /// A plan that was not carried out.
    pub fn planned(schema: &'static str, lane: &'a LaneName, plan: PlanV1<'a>) -> Self {
        Self {
            schema,
            outcome: Outcome::Planned,
            lane,
            plan: Some(plan),
            record: None,
            tag: None,
        }
    }

    /// A plan that was not carried out and that has no more to say than that.
    pub fn planned_only(schema: &'static str, lane: &'a LaneName) -> Self {
        Self {
            outcome: Outcome::Planned,
            ..Self::already_live(schema, lane)
        }
    }

    /// The lane has moved.
    pub fn moved(schema: &'static str, record: &'a LaneRecord) -> Self {
        Self {
            schema,
            outcome: Outcome::Moved,
            lane: &record.deployment.lane,
            plan: None,
            record: Some(record.into()),
            tag: None,
        }
    }

    /// The same, with what became of the tag.
    #[must_use]
    pub fn with_tag(self, tag: Option<TagV1>) -> Self {
        Self { tag, ..self }
    }
}

/// What a move would do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanV1<'a> {
    previous: Option<&'a str>,
    source: &'a Source,
    snapshot: &'a Snapshot,
    changes: &'a Changes,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate_changes: Option<GateChangesV1>,
    evaluate: Vec<PromptId>,
    rollback_target: Option<&'a RollbackTarget>,
    holds: &'a [Hold],
    #[serde(skip_serializing_if = "Option::is_none")]
    watch: Option<&'a WatchPlan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approvals: Option<ApprovalsV1<'a>>,
}

impl<'a> PlanV1<'a> {
    /// The same, with what people said about it.
    #[must_use]
    pub fn with_approvals(self, approvals: Option<ApprovalsV1<'a>>) -> Self {
        Self { approvals, ..self }
    }
}

impl<'a> From<&'a PromotePlan> for PlanV1<'a> {
    fn from(plan: &'a PromotePlan) -> Self {
        let current = plan.standing().current.as_ref();
        Self {
            previous: current.map(|record| record.id.as_str()),
            source: &plan.source,
            snapshot: &plan.snapshot,
            changes: &plan.changes,
            gate_changes: Some((&plan.gate_changes).into()),
            evaluate: plan.prompts_to_test(),
            rollback_target: plan.rollback_target.as_ref(),
            holds: plan.standing().holds(),
            watch: plan.policy.watch.as_ref(),
            approvals: None,
        }
    }
}

impl<'a> From<&'a RollbackPlan> for PlanV1<'a> {
    fn from(plan: &'a RollbackPlan) -> Self {
        Self {
            previous: Some(plan.current.id.as_str()),
            source: plan.source(),
            snapshot: &plan.snapshot,
            changes: &plan.changes,
            gate_changes: None,
            evaluate: Vec::new(),
            rollback_target: plan.rollback_target.as_ref(),
            holds: &plan.holds,
            watch: plan.watch(),
            approvals: None,
        }
    }
}

/// The lanes: `pointsman/lanes/v1`.
#[derive(Debug, Serialize)]
pub struct LanesV1<'a> {
    schema: &'static str,
    lanes: Vec<LaneV1<'a>>,
}

/// One lane: declared in the workspace at hand, or existing, or both.
#[derive(Debug, Serialize)]
pub struct LaneV1<'a> {
    /// Its name.
    pub name: &'a LaneName,
    /// Whether the workspace at hand declares it.
    pub declared: bool,
    /// The lane that it takes releases from.
    pub from: Option<&'a LaneName>,
    /// Its newest record.
    pub current: Option<RecordV1<'a>>,
}

impl<'a> LanesV1<'a> {
    /// The lanes, in the order in which they are shown.
    pub fn new(lanes: Vec<LaneV1<'a>>) -> Self {
        Self {
            schema: "pointsman/lanes/v1",
            lanes,
        }
    }
}

/// The records of a lane, newest first: `pointsman/lane-log/v1`.
#[derive(Debug, Serialize)]
pub struct LaneLogV1<'a> {
    schema: &'static str,
    lane: &'a LaneName,
    records: Vec<RecordV1<'a>>,
}

impl<'a> LaneLogV1<'a> {
    /// Some records of a lane.
    pub fn new(lane: &'a LaneName, records: &'a [LaneRecord]) -> Self {
        Self {
            schema: "pointsman/lane-log/v1",
            lane,
            records: records.iter().map(RecordV1::from).collect(),
        }
    }
}

/// One lane in full: `pointsman/lane/v1`.
#[derive(Debug, Serialize)]
pub struct LaneShowV1<'a> {
    schema: &'static str,
    lane: &'a LaneName,
    current: RecordV1<'a>,
    prompts: &'a [PromptId],
}

impl<'a> LaneShowV1<'a> {
    /// A lane at its newest record.
    pub fn new(record: &'a LaneRecord, prompts: &'a [PromptId]) -> Self {
        Self {
            schema: "pointsman/lane/v1",
            lane: &record.deployment.lane,
            current: record.into(),
            prompts,
        }
    }
}
