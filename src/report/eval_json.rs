//! The result of `eval` as JSON, version 1. These shapes are frozen: fields may be added, and
//! nothing else changes.

use serde::Serialize;

use crate::domain::gate::{CriticalFailure, FloorCheck};
use crate::engine::evaluate::plan::PlannedSuite;
use crate::engine::evaluate::preview::SuitePreview;
use crate::engine::evaluate::slices::SliceRate;
use crate::engine::evaluate::summary::{EvaluatorSummary, Failure, SuiteSummary};

use super::eval::EvalReport;
use super::gate_json::{ComparisonV1, JudgeCheckV1, NotComparableV1, RatioV1};

/// The version of these shapes.
const SCHEMA: &str = "pointsman/eval/v1";

/// The version of the shapes of `eval --plan`.
const PLAN_SCHEMA: &str = "pointsman/eval-plan/v1";

/// What came of an evaluation.
#[derive(Debug, Serialize)]
pub struct EvalV1 {
    schema: &'static str,
    source: String,
    run: String,
    complete: bool,
    gate: Option<String>,
    verdict: Option<&'static str>,
    suites: Vec<SuiteV1>,
    checks: Vec<CheckV1>,
    critical_failures: Vec<CriticalFailureV1>,
    comparisons: Vec<ComparisonV1>,
    ratios: Vec<RatioV1>,
    not_comparable: Vec<NotComparableV1>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    judges: Vec<JudgeCheckV1>,
    not_shown: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slices: Vec<SliceV1>,
}

#[derive(Debug, Serialize)]
struct SliceV1 {
    by: String,
    value: Option<String>,
    prompt: String,
    dataset: String,
    evaluator: String,
    passed: u64,
    total: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct CheckV1 {
    prompt: String,
    dataset: String,
    evaluator: String,
    passed: u64,
    total: u64,
    floor: Option<f64>,
    met: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct CriticalFailureV1 {
    prompt: String,
    dataset: String,
    row: String,
    evaluator: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct SuiteV1 {
    prompt: String,
    dataset: String,
    model: String,
    digest: String,
    repeats: u32,
    planned_cases: u64,
    cases: u64,
    evaluators: Vec<EvaluatorV1>,
    usage: UsageV1,
    latency_ms: LatencyV1,
    errors: ErrorsV1,
    failure_count: u64,
    failures: Vec<FailureV1>,
    /// Where they are suspiciously few texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_answers: Option<SameAnswersV1>,
}

/// So many long answers, of so many texts.
#[derive(Debug, Serialize)]
struct SameAnswersV1 {
    answers: u64,
    texts: u64,
}

#[derive(Debug, Serialize)]
struct EvaluatorV1 {
    evaluator: String,
    blocking: bool,
    passed: u64,
    failed: u64,
    unknown: u64,
    errors: u64,
    pass_rate: Option<f64>,
    mean_score: Option<f64>,
    gating_passed: u64,
    gating_total: u64,
}

#[derive(Debug, Serialize)]
struct UsageV1 {
    input_tokens: u64,
    cached_input_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    cost_usd: Option<f64>,
    unpriced_answers: u64,
    reused_answers: u64,
}

#[derive(Debug, Serialize)]
struct LatencyV1 {
    p50: Option<f64>,
    p95: Option<f64>,
}

#[derive(Debug, Serialize)]
struct ErrorsV1 {
    render: u64,
    provider: u64,
    not_recorded: u64,
}

#[derive(Debug, Serialize)]
struct FailureV1 {
    row: String,
    repeat: u32,
    evaluator: Option<String>,
    counts: bool,
    critical: bool,
    grade: &'static str,
    reason: String,
    output: Option<String>,
}

impl From<&EvalReport<'_>> for EvalV1 {
    fn from(report: &EvalReport<'_>) -> Self {
        let decision = report.decision;
        Self {
            schema: SCHEMA,
            source: report.source.to_owned(),
            run: report.run.to_string(),
            complete: report.complete,
            gate: report.gate.map(ToString::to_string),
            verdict: report.complete.then_some(report.decision.verdict.name()),
            suites: report.suites.iter().map(SuiteV1::from).collect(),
            checks: report.decision.checks.iter().map(CheckV1::from).collect(),
            critical_failures: report
                .decision
                .critical_failures
                .iter()
                .map(CriticalFailureV1::from)
                .collect(),
            comparisons: decision.comparisons.iter().map(Into::into).collect(),
            ratios: decision.ratios.iter().map(Into::into).collect(),
            not_comparable: decision.not_comparable.iter().map(Into::into).collect(),
            judges: decision.judges.iter().map(Into::into).collect(),
            not_shown: decision.not_shown.clone(),
            slices: report.slices.iter().map(SliceV1::from).collect(),
        }
    }
}

impl From<&SliceRate> for SliceV1 {
    fn from(slice: &SliceRate) -> Self {
        Self {
            by: slice.by.to_string(),
            value: slice.value.clone(),
            prompt: slice.prompt.to_string(),
            dataset: slice.dataset.to_string(),
            evaluator: slice.evaluator.to_string(),
            passed: slice.passed,
            total: slice.total,
        }
    }
}

impl From<&FloorCheck> for CheckV1 {
    fn from(check: &FloorCheck) -> Self {
        Self {
            prompt: check.prompt.to_string(),
            dataset: check.dataset.to_string(),
            evaluator: check.evaluator.to_string(),
            passed: check.passed,
            total: check.total,
            floor: check.floor,
            met: check.met,
        }
    }
}

impl From<&CriticalFailure> for CriticalFailureV1 {
    fn from(failure: &CriticalFailure) -> Self {
        Self {
            prompt: failure.prompt.to_string(),
            dataset: failure.dataset.to_string(),
            row: failure.row.clone(),
            evaluator: failure.evaluator.to_string(),
            reason: failure.reason.clone(),
        }
    }
}

impl From<&SuiteSummary> for SuiteV1 {
    fn from(summary: &SuiteSummary) -> Self {
        let evaluators = summary.evaluators.iter().map(|(name, evaluator)| {
            let blocking = summary.blocking.contains(name);
            EvaluatorV1::new(name.to_string(), blocking, evaluator)
        });
        let usage = &summary.usage;
        Self {
            prompt: summary.suite.prompt.to_string(),
            dataset: summary.suite.dataset.to_string(),
            model: summary.suite.model.to_string(),
            digest: summary.suite.digest().to_string(),
            repeats: summary.suite.repeats,
            planned_cases: summary.planned_cases,
            cases: summary.cases,
            evaluators: evaluators.collect(),
            usage: UsageV1 {
                input_tokens: usage.input_tokens,
                cached_input_tokens: usage.cached_input_tokens,
                output_tokens: usage.output_tokens,
                reasoning_tokens: usage.reasoning_tokens,
                cost_usd: usage.cost_usd(),
                unpriced_answers: usage.unpriced,
                reused_answers: usage.reused,
            },
            latency_ms: LatencyV1 {
                p50: summary.latency_ms(0.5),
                p95: summary.latency_ms(0.95),
            },
            errors: ErrorsV1 {
                render: summary.errors.render,
                provider: summary.errors.provider,
                not_recorded: summary.errors.not_recorded,
            },
            failure_count: summary.failure_count,
            failures: summary.failures().map(FailureV1::from).collect(),
            same_answers: summary.alike.is_odd().then(|| SameAnswersV1 {
                answers: summary.alike.answers,
                texts: summary.alike.texts(),
            }),
        }
    }
}

impl EvaluatorV1 {
    fn new(evaluator: String, blocking: bool, summary: &EvaluatorSummary) -> Self {
        Self {
            evaluator,
            blocking,
            passed: summary.passed,
            failed: summary.failed,
            unknown: summary.unknown,
            errors: summary.errors,
            pass_rate: summary.pass_rate(),
            mean_score: summary.mean_score(),
            gating_passed: summary.gating_passed,
            gating_total: summary.gating_total,
        }
    }
}

impl From<&Failure> for FailureV1 {
    fn from(failure: &Failure) -> Self {
        Self {
            row: failure.row.clone(),
            repeat: failure.repeat,
            evaluator: failure.evaluator.as_ref().map(ToString::to_string),
            counts: failure.counts,
            critical: failure.critical,
            grade: failure.grade.name(),
            reason: failure.reason.clone(),
            output: failure.output.clone(),
        }
    }
}

/// What an evaluation would do.
#[derive(Debug, Serialize)]
pub struct EvalPlanV1 {
    schema: &'static str,
    source: String,
    suites: Vec<PlannedSuiteV1>,
}

#[derive(Debug, Serialize)]
struct PlannedSuiteV1 {
    prompt: String,
    dataset: String,
    model: String,
    digest: String,
    rows: u64,
    repeats: u32,
    cases: u64,
    known_answers: u64,
    calls: u64,
    judge_calls_at_most: u64,
    render_errors: u64,
}

impl EvalPlanV1 {
    /// The plan of these suites, each with what is known of it.
    pub fn new(source: &str, suites: &[(&PlannedSuite, SuitePreview)]) -> Self {
        let suites = suites.iter().map(|(planned, preview)| PlannedSuiteV1 {
            prompt: planned.suite.prompt.to_string(),
            dataset: planned.suite.dataset.to_string(),
            model: planned.suite.model.to_string(),
            digest: planned.digest.to_string(),
            rows: planned.rows,
            repeats: planned.suite.repeats,
            cases: planned.cases(),
            known_answers: preview.known_answers,
            calls: preview.calls,
            judge_calls_at_most: preview.judge_calls_at_most,
            render_errors: preview.render_errors,
        });
        Self {
            schema: PLAN_SCHEMA,
            source: source.to_owned(),
            suites: suites.collect(),
        }
    }
}
