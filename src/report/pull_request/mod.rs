//! The verdict on a pull request, for a reviewer with one minute: what it is, why, what changed in
//! the answers, and what to do next.

mod json;
mod junit;
mod markdown;
mod page;
mod text;

use std::collections::BTreeSet;

use crate::domain::finding::Finding;
use crate::domain::gate::{Decision, Verdict};
use crate::domain::id::{DatasetId, LaneName, PromptId};
use crate::engine::evaluate::compare::ComparedSuite;
use crate::engine::evaluate::summary::SuiteSummary;
use crate::engine::gate::Scope;

pub use json::PullRequestV1;
pub use junit::render_junit;
pub use markdown::render_markdown;
pub use text::render_text;

/// What there is to report of a pull request.
#[derive(Debug)]
pub struct PullRequestReport<'r> {
    /// The base, whose rules hold.
    pub base: String,
    /// What is proposed.
    pub head: String,
    /// The lane of the base whose policy decides.
    pub lane: &'r LaneName,
    /// The verdict.
    pub verdict: Verdict,
    /// The prompts that change.
    pub scope: &'r Scope,
    /// What speaks against the pull request: errors in its files, and rules that it bends.
    pub against: Vec<Finding>,
    /// Changes of rules that decide about nothing yet.
    pub proposed: Vec<Finding>,
    /// What the tests of the head showed.
    pub suites: &'r [SuiteSummary],
    /// What that means; absent: nothing had to be tested.
    pub decision: Option<&'r Decision>,
    /// Base and head, case by case.
    pub compared: Vec<ComparedSuite>,
    /// What both take.
    pub usage: Vec<UsageLine>,
    /// Recordings of the head that were taken at their word.
    pub claimed: &'r BTreeSet<String>,
    /// Prompts that nothing in the base tests.
    pub untested: &'r BTreeSet<PromptId>,
    /// What would make an inconclusive result conclusive.
    pub takes: Vec<String>,
    /// What the head's own tests show.
    pub beside: &'r [SuiteSummary],
    /// Prompts whose own tests were not run, because they would ask or run something else.
    pub left_out: &'r BTreeSet<PromptId>,
}

/// What one suite takes in time and money: the base's version, then the head's.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageLine {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// US dollars in all; absent: not known.
    pub cost_usd: [Option<f64>; 2],
    /// The 95th percentile of the latency in milliseconds; absent: not known.
    pub latency_p95_ms: [Option<f64>; 2],
}

impl PullRequestReport<'_> {
    /// Whether the pull request leaves prompts and rules as they are.
    pub fn is_about_nothing(&self) -> bool {
        *self.scope == Scope::default() && self.against.is_empty() && self.proposed.is_empty()
    }

    /// The verdict in a sentence of a few words.
    fn headline(&self) -> String {
        let what = match self.verdict {
            Verdict::Pass if self.is_about_nothing() => {
                "passed: no prompt and no rule changes".to_owned()
            }
            Verdict::Pass if self.decision.is_none() => {
                "passed: no prompt changes, only what judges them".to_owned()
            }
            Verdict::NotComparable => "not comparable".to_owned(),
            verdict => verdict.in_words().to_owned(),
        };
        format!("gate of lane {}: {what}", self.lane)
    }
}
