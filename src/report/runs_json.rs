//! Runs as JSON, version 1. These shapes are frozen: fields may be added, and nothing else changes.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::id::{DatasetId, PromptId};
use crate::engine::evaluate::compare::{ComparedSuite, Comparison, Flip, FlipSide};
use crate::engine::evaluate::rates::{ComparedRates, ComparedSlice};

use super::runs::RunLine;

const LIST_SCHEMA: &str = "pointsman/runs/v1";
const COMPARE_SCHEMA: &str = "pointsman/runs-compare/v1";

/// A list of runs.
#[derive(Debug, Serialize)]
pub struct RunsV1<'r> {
    schema: &'static str,
    runs: Vec<RunV1<'r>>,
}

#[derive(Debug, Serialize)]
struct RunV1<'r> {
    run: &'r str,
    started_at: Timestamp,
    source: &'r str,
    suites: &'r [String],
    planned_cases: u64,
    cases: u64,
    passed: u64,
    finished: bool,
}

impl<'r> RunsV1<'r> {
    /// The runs of a list.
    pub fn new(lines: &'r [RunLine]) -> Self {
        let runs = lines.iter().map(|line| RunV1 {
            run: &line.id,
            started_at: line.started_at,
            source: &line.source,
            suites: &line.suites,
            planned_cases: line.planned_cases,
            cases: line.cases,
            passed: line.passed,
            finished: line.finished,
        });
        Self {
            schema: LIST_SCHEMA,
            runs: runs.collect(),
        }
    }
}

/// Two runs side by side.
#[derive(Debug, Serialize)]
pub struct ComparisonV1<'r> {
    schema: &'static str,
    before: &'r str,
    after: &'r str,
    suites: Vec<ComparedSuiteV1<'r>>,
    only_before: Vec<SuiteNameV1<'r>>,
    only_after: Vec<SuiteNameV1<'r>>,
    slices: Vec<ComparedSliceV1<'r>>,
}

#[derive(Debug, Serialize)]
struct SuiteNameV1<'r> {
    prompt: &'r str,
    dataset: &'r str,
}

#[derive(Debug, Serialize)]
pub(super) struct ComparedSuiteV1<'r> {
    prompt: &'r str,
    dataset: &'r str,
    model_before: String,
    model_after: String,
    prompt_changed: bool,
    evaluators: Vec<ComparedRatesV1<'r>>,
    flips: Vec<FlipV1<'r>>,
}

#[derive(Debug, Serialize)]
struct ComparedRatesV1<'r> {
    evaluator: &'r str,
    passed_before: u64,
    passed_after: u64,
    total: u64,
    /// The difference of the rates lies between these; each is wrong in one of twenty.
    difference_lower: Option<f64>,
    difference_upper: Option<f64>,
    /// Groups of rows that are not independent, where there are any.
    clusters: Option<u64>,
}

#[derive(Debug, Serialize)]
struct FlipV1<'r> {
    row: &'r str,
    repeat: u32,
    evaluator: &'r str,
    critical: bool,
    gates: bool,
    before: FlipSideV1<'r>,
    after: FlipSideV1<'r>,
}

#[derive(Debug, Serialize)]
struct FlipSideV1<'r> {
    grade: &'static str,
    reason: &'r str,
    output: Option<&'r str>,
}

#[derive(Debug, Serialize)]
struct ComparedSliceV1<'r> {
    by: String,
    value: Option<&'r str>,
    prompt: &'r str,
    dataset: &'r str,
    evaluator: &'r str,
    passed_before: u64,
    passed_after: u64,
    total: u64,
    difference_lower: Option<f64>,
    difference_upper: Option<f64>,
    clusters: Option<u64>,
}

impl<'r> From<&'r Comparison> for ComparisonV1<'r> {
    fn from(comparison: &'r Comparison) -> Self {
        let suites = comparison.suites.iter();
        let slices = suites.flat_map(|suite| suite.slices.iter().map(move |it| (suite, it)));
        Self {
            schema: COMPARE_SCHEMA,
            before: comparison.before.as_str(),
            after: comparison.after.as_str(),
            suites: comparison.suites.iter().map(Into::into).collect(),
            only_before: names(&comparison.only_before),
            only_after: names(&comparison.only_after),
            slices: slices
                .map(|(suite, slice)| slice_of(suite, slice))
                .collect(),
        }
    }
}

fn names(suites: &[(PromptId, DatasetId)]) -> Vec<SuiteNameV1<'_>> {
    let names = suites.iter().map(|(prompt, dataset)| SuiteNameV1 {
        prompt: prompt.as_str(),
        dataset: dataset.as_str(),
    });
    names.collect()
}

impl<'r> From<&'r ComparedSuite> for ComparedSuiteV1<'r> {
    fn from(suite: &'r ComparedSuite) -> Self {
        let rates = suite.evaluators.iter();
        Self {
            prompt: suite.prompt.as_str(),
            dataset: suite.dataset.as_str(),
            model_before: suite.models[0].to_string(),
            model_after: suite.models[1].to_string(),
            prompt_changed: suite.fingerprints[0] != suite.fingerprints[1],
            evaluators: rates
                .map(|(name, rates)| rates_of(name.as_str(), rates))
                .collect(),
            flips: suite.flips.iter().map(Into::into).collect(),
        }
    }
}

impl<'r> From<&'r Flip> for FlipV1<'r> {
    fn from(flip: &'r Flip) -> Self {
        Self {
            row: &flip.row,
            repeat: flip.repeat,
            evaluator: flip.evaluator.as_str(),
            critical: flip.critical,
            gates: flip.gates,
            before: (&flip.sides[0]).into(),
            after: (&flip.sides[1]).into(),
        }
    }
}

impl<'r> From<&'r FlipSide> for FlipSideV1<'r> {
    fn from(side: &'r FlipSide) -> Self {
        Self {
            grade: side.grade.name(),
            reason: &side.reason,
            output: side.output.as_deref(),
        }
    }
}

fn rates_of<'r>(evaluator: &'r str, rates: &ComparedRates) -> ComparedRatesV1<'r> {
    ComparedRatesV1 {
        evaluator,
        passed_before: rates.passed[0],
        passed_after: rates.passed[1],
        total: rates.total,
        difference_lower: rates.interval.map(|interval| interval.lower),
        difference_upper: rates.interval.map(|interval| interval.upper),
        clusters: rates.clusters,
    }
}

fn slice_of<'r>(suite: &'r ComparedSuite, slice: &'r ComparedSlice) -> ComparedSliceV1<'r> {
    let rates = rates_of(slice.evaluator.as_str(), &slice.rates);
    ComparedSliceV1 {
        by: slice.by.to_string(),
        value: slice.value.as_deref(),
        prompt: suite.prompt.as_str(),
        dataset: suite.dataset.as_str(),
        evaluator: rates.evaluator,
        passed_before: rates.passed_before,
        passed_after: rates.passed_after,
        total: rates.total,
        difference_lower: rates.difference_lower,
        difference_upper: rates.difference_upper,
        clusters: rates.clusters,
    }
}
