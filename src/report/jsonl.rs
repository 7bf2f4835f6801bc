//! The cases of a run as JSON, one a line, version 1: for other programs and for spreadsheets. The
//! shape is frozen: fields may be added, and nothing else changes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::domain::digest::Digest;
use crate::domain::media::Media;
use crate::domain::run::{CaseErrorKind, CaseResult};
use crate::engine::evaluate::summary::SuiteSummary;

use super::eval::EvalReport;
use super::json;

const SCHEMA: &str = "pointsman/case/v1";

#[derive(Serialize)]
struct CaseV1<'r> {
    schema: &'static str,
    run: &'r str,
    prompt: &'r str,
    dataset: &'r str,
    model: String,
    row: &'r str,
    repeat: u32,
    tags: &'r [String],
    critical: bool,
    gates: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    shown: &'r [Media],
    output: Option<&'r str>,
    error: Option<ErrorV1<'r>>,
    expected: Option<&'r Value>,
    reused: bool,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    latency_ms: Option<f64>,
    cost_usd: Option<f64>,
    grades: Vec<GradeV1<'r>>,
}

#[derive(Serialize)]
struct ErrorV1<'r> {
    kind: CaseErrorKind,
    message: &'r str,
}

#[derive(Serialize)]
struct GradeV1<'r> {
    evaluator: &'r str,
    blocking: bool,
    grade: &'static str,
    score: f64,
    reason: &'r str,
}

/// Renders the cases of a run, one a line.
pub fn render_jsonl(report: &EvalReport<'_>, cases: &[CaseResult]) -> String {
    let suites: BTreeMap<Digest, &SuiteSummary> = report
        .suites
        .iter()
        .map(|suite| (suite.suite.digest(), suite))
        .collect();
    let mut text = String::new();
    for case in cases {
        let Some(suite) = suites.get(&case.key.suite) else {
            continue;
        };
        text.push_str(&json::line(&line(report, suite, case)));
    }
    text
}

fn line<'r>(report: &EvalReport<'r>, suite: &'r SuiteSummary, case: &'r CaseResult) -> CaseV1<'r> {
    let answer = case.answer.as_ref().ok();
    let grades = case.grades.iter().map(|(name, graded)| GradeV1 {
        evaluator: name.as_str(),
        blocking: suite.blocking.contains(name),
        grade: graded.grade.name(),
        score: graded.score,
        reason: &graded.reason,
    });
    CaseV1 {
        schema: SCHEMA,
        run: report.run.as_str(),
        prompt: suite.suite.prompt.as_str(),
        dataset: suite.suite.dataset.as_str(),
        model: suite.suite.model.to_string(),
        row: &case.key.row,
        repeat: case.key.repeat,
        tags: &case.tags,
        critical: case.critical,
        gates: case.gates,
        shown: &case.shown,
        output: answer.map(|answer| answer.output.as_str()),
        error: case.answer.as_ref().err().map(|error| ErrorV1 {
            kind: error.kind,
            message: &error.message,
        }),
        expected: case.expected.as_ref(),
        reused: case.reused,
        input_tokens: answer.and_then(|answer| answer.input_tokens),
        output_tokens: answer.and_then(|answer| answer.output_tokens),
        latency_ms: answer.and_then(|answer| answer.latency_ms),
        cost_usd: answer.and_then(|answer| answer.cost_usd),
        grades: grades.collect(),
    }
}
