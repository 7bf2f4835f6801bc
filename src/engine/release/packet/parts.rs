//! The parts of a packet.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::behavior::{Behavior, BehaviorKind, BehaviorState};
use crate::domain::gate::{Evaluation, FloorCheck, Verdict};
use crate::domain::id::{BehaviorId, DatasetId};
use crate::domain::monitor::MonitorChange;
use crate::domain::trace::filter::TimeRange;
use crate::engine::release::approval::Approval;

use super::cycles::RecordedAttempt;

/// What production showed, which whoever builds a packet looks up.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The time before and after a release, and what changed in it.
    pub monitor: Part<MonitorChange>,
    /// The traces that this was read from.
    pub trace_view: Part<TraceView>,
    /// The behaviors that were written down, whatever they are about.
    pub behaviors: Vec<Behavior>,
    /// The attempts to improve prompts, whatever became of them.
    pub attempts: Vec<RecordedAttempt>,
}

/// Which traces were looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceView {
    /// When they began.
    pub range: TimeRange,
    /// Which of them, as filters are written.
    pub filter: String,
    /// How many there are.
    pub traces: u64,
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
    /// It is not known, for this reason.
    pub fn absent(why: &str) -> Self {
        Self::Absent {
            why: why.to_owned(),
        }
    }

    /// Why it is not known; `None`: it is.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Present { .. } => None,
            Self::Absent { why } => Some(why),
        }
    }

    pub(super) fn of(value: Option<T>, why: &str) -> Self {
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

/// A behavior that a release is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BehaviorLink {
    /// The behavior.
    pub id: BehaviorId,
    /// Whether it is an issue.
    pub kind: BehaviorKind,
    /// What the last scan said of it.
    pub state: BehaviorState,
    /// What its traces have in common.
    pub signature: String,
    /// Why it was written down.
    pub rationale: String,
}

/// A row whose failure was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcceptedFailure {
    /// The dataset.
    pub dataset: DatasetId,
    /// The row.
    pub row: String,
    /// Why, as far as the row says it.
    pub note: Option<String>,
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
    pub(super) fn new(by: String, approval: &Approval) -> Self {
        Self {
            by,
            approved_at: approval.approved_at,
            verdict: approval.verdict,
            reason: approval.reason.clone(),
        }
    }
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
