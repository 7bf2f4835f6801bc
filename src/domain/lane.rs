//! A lane: where a release goes, and the policy that lets it in.

use std::collections::BTreeMap;

use super::finding::Span;
use super::freeze::FreezeWindow;
use super::id::{EvaluatorId, LaneName};
use super::period::Period;
use super::watch::WatchPlan;
use super::webhook::Webhook;

/// A lane as its file says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Its name.
    pub name: LaneName,
    /// What the lane is for, for people.
    pub description: Option<String>,
    /// Where the lane stands among the others when they are listed.
    pub order: i64,
    /// The lane that promotions come from, and where it is named; absent: from any commit.
    pub from: Option<(LaneName, Span)>,
    /// What an evaluation must show before a release comes in; absent: nothing.
    pub gate: Option<GatePolicy>,
    /// Who is told when the lane moves.
    pub webhooks: Vec<Webhook>,
    /// Who must approve of a release before it comes in; absent: nobody.
    pub approval: Option<ApprovalPolicy>,
    /// Whose keys may sign the lane's records; absent: records need no signature.
    pub signing: Option<SignersFile>,
    /// When nothing comes in, and how long a release must have been live in the lane before.
    pub freeze: FreezePolicy,
    /// How a release is watched once it is live; absent: not.
    pub watch: Option<WatchPlan>,
}

/// Who must approve of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// How many people.
    pub required: u32,
    /// Whether those do not count who wrote what comes in, or who bring it in.
    pub not_author: bool,
    /// Whose keys count.
    pub allowed_signers: SignersFile,
}

/// A file of the workspace that lists keys, and where it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignersFile {
    /// The path, below `environments/`.
    pub path: String,
    /// Where the policy names it.
    pub span: Span,
}

/// When nothing comes in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FreezePolicy {
    /// Times in which nothing comes in.
    pub windows: Vec<FreezeWindow>,
    /// How long what comes in must have been live in the lane that it comes from, unchanged and
    /// without a break; absent: no time.
    pub soak: Option<Period>,
}

/// What an evaluation must show.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GatePolicy {
    /// The least pass rate by evaluator, from 0 to 1.
    pub floors: BTreeMap<EvaluatorId, Floor>,
    /// How often each row is tested.
    pub repeats: u32,
    /// How old an evaluation may be; absent: any age.
    pub evidence_max_age: Option<Period>,
    /// The loss of pass rate, beside the version that is live, that is let through; absent: the
    /// candidate is not compared.
    pub margin: Option<f64>,
    /// How sure the gate must be; absent: [`GatePolicy::CONFIDENCE`].
    pub confidence: Option<f64>,
    /// What is done where too little is shown.
    pub on_inconclusive: OnInconclusive,
    /// The agreement with people that a judge must show before it may block: the least lower bound
    /// of Cohen's kappa. Absent: none is demanded.
    pub judge_kappa: Option<f64>,
    /// The most that the 95th percentile of the latency may grow to, as a ratio.
    pub max_latency_p95_ratio: Option<f64>,
    /// The most that the mean cost of an answer may grow to, as a ratio.
    pub max_cost_ratio: Option<f64>,
}

impl GatePolicy {
    /// How sure a gate must be where its policy does not say.
    pub const CONFIDENCE: f64 = 0.95;

    /// How likely the gate may err: the share that `confidence` leaves.
    pub fn alpha(&self) -> f64 {
        1.0 - self.confidence.unwrap_or(Self::CONFIDENCE)
    }

    /// Whether the candidate is compared with the version that is live.
    pub fn compares(&self) -> bool {
        self.margin.is_some()
            || self.max_latency_p95_ratio.is_some()
            || self.max_cost_ratio.is_some()
    }
}

/// What a gate does where too little is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnInconclusive {
    /// The release does not come in.
    #[default]
    Block,
    /// The release comes in, and the report says what was not shown.
    Warn,
    /// The release comes in if people who saw this approved of it.
    Approve,
}

/// The least pass rate of one evaluator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floor {
    /// The rate, from 0 to 1.
    pub rate: f64,
    /// Where the evaluator is named.
    pub span: Span,
}
