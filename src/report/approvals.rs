//! Who approved of a move, and whose approval does not count: for people and for machines.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::deployment::{ObjectId, Snapshot};
use crate::domain::gate::Verdict;
use crate::domain::id::LaneName;
use crate::domain::lane::Lane;
use crate::domain::untrusted::Untrusted;
use crate::engine::release::approval::{Approvals, Counted, NotCounted};

use super::release::field;

/// What was heard of people, one a line; `None` where the policy does not ask.
pub fn approvals_heard(policy: &Lane, approvals: &Approvals) -> Option<String> {
    let asked = policy.approval.as_ref()?;
    let mut text = String::new();
    let count = approvals.counted.len();
    field(
        &mut text,
        "approved",
        format!("{count}, needed from {} person(s)", asked.required),
    );
    for Counted { by, approval, .. } in &approvals.counted {
        let reason = approval.reason.as_deref().unwrap_or_default();
        let line = format!("{} {}", Untrusted(by), Untrusted(reason));
        field(&mut text, "", format!("+ {}", line.trim_end()));
    }
    for NotCounted { by, why } in &approvals.not_counted {
        field(
            &mut text,
            "",
            format!("- {}: {}", Untrusted(by), Untrusted(why)),
        );
    }
    Some(text)
}

/// What people said about a move.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalsV1<'a> {
    required: u32,
    counted: Vec<CountedV1<'a>>,
    not_counted: Vec<NotCountedV1<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CountedV1<'a> {
    by: &'a str,
    approved_at: Timestamp,
    verdict: Option<Verdict>,
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NotCountedV1<'a> {
    by: &'a str,
    why: &'a str,
}

impl<'a> ApprovalsV1<'a> {
    /// What was heard of people; `None` where the policy does not ask.
    pub fn new(policy: &Lane, approvals: &'a Approvals) -> Option<Self> {
        let counted = |it: &'a Counted| CountedV1 {
            by: &it.by,
            approved_at: it.approval.approved_at,
            verdict: it.approval.verdict,
            reason: it.approval.reason.as_deref(),
        };
        let not_counted = |it: &'a NotCounted| NotCountedV1 {
            by: &it.by,
            why: &it.why,
        };
        Some(Self {
            required: policy.approval.as_ref()?.required,
            counted: approvals.counted.iter().map(counted).collect(),
            not_counted: approvals.not_counted.iter().map(not_counted).collect(),
        })
    }
}

/// What became of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApproveOutcome {
    /// It was given.
    Approved,
    /// It would be.
    Planned,
    /// There was nothing to approve of.
    AlreadyLive,
}

/// An approval that was given: `pointsman/approve/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApproveV1<'a> {
    schema: &'static str,
    outcome: ApproveOutcome,
    lane: &'a LaneName,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'a ObjectId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<&'a Snapshot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approvals: Option<ApprovalsV1<'a>>,
}

impl<'a> ApproveV1<'a> {
    /// What became of an approval of a move to `lane`.
    pub fn new(outcome: ApproveOutcome, lane: &'a LaneName) -> Self {
        Self {
            schema: "pointsman/approve/v1",
            outcome,
            lane,
            base: None,
            snapshot: None,
            verdict: None,
            approvals: None,
        }
    }

    /// With what was approved of.
    #[must_use]
    pub fn of(
        self,
        base: Option<&'a ObjectId>,
        snapshot: &'a Snapshot,
        verdict: Option<Verdict>,
    ) -> Self {
        Self {
            base,
            snapshot: Some(snapshot),
            verdict,
            ..self
        }
    }

    /// With all approvals that there are.
    #[must_use]
    pub fn with_approvals(self, approvals: Option<ApprovalsV1<'a>>) -> Self {
        Self { approvals, ..self }
    }
}
