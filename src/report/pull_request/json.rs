//! The report about a pull request as JSON, version 1. These shapes are frozen: fields may be
//! added, and nothing else changes.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::domain::finding::Finding;
use crate::domain::gate::Decision;
use crate::domain::id::PromptId;
use crate::engine::evaluate::summary::SuiteSummary;
use crate::report::eval_json::{CheckV1, CriticalFailureV1};
use crate::report::gate_json::{ComparisonV1, JudgeCheckV1, NotComparableV1, RatioV1};
use crate::report::runs_json::ComparedSuiteV1;

use super::{PullRequestReport, UsageLine};

/// The verdict on a pull request with its reasons.
#[derive(Debug, Serialize)]
pub struct PullRequestV1<'r> {
    schema: &'static str,
    base: &'r str,
    head: &'r str,
    lane: String,
    verdict: &'static str,
    nothing_changed: bool,
    prompts: PromptsV1<'r>,
    against: &'r [Finding],
    proposed: &'r [Finding],
    decision: Option<DecisionV1<'r>>,
    compared: Vec<ComparedSuiteV1<'r>>,
    usage: Vec<UsageV1>,
    claimed_recordings: &'r BTreeSet<String>,
    untested: &'r BTreeSet<PromptId>,
    takes: &'r [String],
    beside: Vec<BesideV1>,
    not_run_beside: &'r BTreeSet<PromptId>,
}

/// What the tests showed.
#[derive(Debug, Serialize)]
struct DecisionV1<'r> {
    verdict: &'static str,
    checks: Vec<CheckV1>,
    critical_failures: Vec<CriticalFailureV1>,
    comparisons: Vec<ComparisonV1>,
    ratios: Vec<RatioV1>,
    not_comparable: Vec<NotComparableV1>,
    judges: Vec<JudgeCheckV1>,
    not_shown: &'r [String],
}

#[derive(Debug, Serialize)]
struct PromptsV1<'r> {
    changed: &'r BTreeSet<PromptId>,
    added: &'r BTreeSet<PromptId>,
    removed: &'r BTreeSet<PromptId>,
    reworded: &'r BTreeSet<PromptId>,
    judges: &'r BTreeSet<PromptId>,
    diverged: &'r BTreeSet<PromptId>,
}

/// What a suite takes, of the base and of the head; null where it is not known.
#[derive(Debug, Serialize)]
struct UsageV1 {
    prompt: String,
    dataset: String,
    cost_usd: [Option<f64>; 2],
    latency_p95_ms: [Option<f64>; 2],
}

/// What an evaluator shows in the head's own tests.
#[derive(Debug, Serialize)]
struct BesideV1 {
    prompt: String,
    dataset: String,
    evaluator: String,
    passed: u64,
    cases: u64,
}

impl<'r> From<&'r PullRequestReport<'_>> for PullRequestV1<'r> {
    fn from(report: &'r PullRequestReport<'_>) -> Self {
        let scope = report.scope;
        Self {
            schema: "pointsman/gate/v1",
            base: &report.base,
            head: &report.head,
            lane: report.lane.to_string(),
            verdict: report.verdict.name(),
            nothing_changed: report.is_about_nothing(),
            prompts: PromptsV1 {
                changed: &scope.changed,
                added: &scope.added,
                removed: &scope.removed,
                reworded: &scope.reworded,
                judges: &scope.judges,
                diverged: &scope.diverged,
            },
            against: &report.against,
            proposed: &report.proposed,
            decision: report.decision.map(DecisionV1::from),
            compared: report.compared.iter().map(ComparedSuiteV1::from).collect(),
            usage: report.usage.iter().map(UsageV1::from).collect(),
            claimed_recordings: report.claimed,
            untested: report.untested,
            takes: &report.takes,
            beside: report.beside.iter().flat_map(beside).collect(),
            not_run_beside: report.left_out,
        }
    }
}

impl<'r> From<&'r Decision> for DecisionV1<'r> {
    fn from(decision: &'r Decision) -> Self {
        Self {
            verdict: decision.verdict.name(),
            checks: decision.checks.iter().map(Into::into).collect(),
            critical_failures: decision.critical_failures.iter().map(Into::into).collect(),
            comparisons: decision.comparisons.iter().map(Into::into).collect(),
            ratios: decision.ratios.iter().map(Into::into).collect(),
            not_comparable: decision.not_comparable.iter().map(Into::into).collect(),
            judges: decision.judges.iter().map(Into::into).collect(),
            not_shown: &decision.not_shown,
        }
    }
}

impl From<&UsageLine> for UsageV1 {
    fn from(line: &UsageLine) -> Self {
        Self {
            prompt: line.prompt.to_string(),
            dataset: line.dataset.to_string(),
            cost_usd: line.cost_usd,
            latency_p95_ms: line.latency_p95_ms,
        }
    }
}

fn beside(summary: &SuiteSummary) -> Vec<BesideV1> {
    let evaluators = summary.evaluators.iter();
    let shown = evaluators.map(|(evaluator, counts)| BesideV1 {
        prompt: summary.suite.prompt.to_string(),
        dataset: summary.suite.dataset.to_string(),
        evaluator: evaluator.to_string(),
        passed: counts.passed,
        cases: summary.planned_cases,
    });
    shown.collect()
}
