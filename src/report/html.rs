//! A run as one HTML page that needs nothing else: no script, no style sheet, no image from
//! anywhere. The template escapes whatever it prints, and the page's own policy forbids scripts
//! and connections, so that an answer stays text even where escaping should fail.

use serde::Serialize;
use serde_json::Value;

use crate::domain::digest::Digest;
use crate::domain::evaluator::Grade;
use crate::domain::gate::Verdict;
use crate::domain::media::Media;
use crate::domain::run::CaseResult;
use crate::domain::untrusted::{Untrusted, UntrustedBlock, shorten};
use crate::engine::evaluate::summary::{EvaluatorSummary, SuiteSummary};

use super::eval::{EvalReport, percent, render_check, share};
use super::page::render_page;

const TEMPLATE: &str = include_str!("html.jinja");

/// How many cases are shown: a browser must be able to open the page.
const SHOWN_CASES: usize = 1_000;

/// How much of an answer is shown, in characters.
const SHOWN_OUTPUT: usize = 20_000;

/// How wide a bar is, in the units of its drawing.
const BAR_WIDTH: f64 = 120.0;

#[derive(Serialize)]
struct Page {
    title: String,
    verdict: &'static str,
    passed: bool,
    run: String,
    source: String,
    version: &'static str,
    checks: Vec<String>,
    tables: Vec<RateTable>,
    cases: Vec<CaseView>,
    shown: usize,
    total: usize,
}

/// Rates under a title.
#[derive(Serialize)]
struct RateTable {
    title: &'static str,
    remark: &'static str,
    lines: Vec<RateLine>,
}

/// A rate with its bar.
#[derive(Serialize)]
struct RateLine {
    prompt: String,
    dataset: String,
    evaluator: String,
    remark: String,
    passed: u64,
    total: u64,
    rate: String,
    bar: String,
}

#[derive(Serialize)]
struct CaseView {
    prompt: String,
    dataset: String,
    row: String,
    repeat: Option<u32>,
    critical: bool,
    gates: bool,
    passed: bool,
    tags: Vec<String>,
    shown: Vec<String>,
    expected: Option<String>,
    output: Option<String>,
    error: Option<String>,
    grades: Vec<GradeView>,
    facts: String,
}

#[derive(Serialize)]
struct GradeView {
    evaluator: String,
    grade: &'static str,
    reason: String,
}

/// Renders a run.
pub fn render_html(report: &EvalReport<'_>, cases: &[CaseResult]) -> String {
    let mut views: Vec<CaseView> = Vec::new();
    for suite in report.suites {
        let digest: Digest = suite.suite.digest();
        let own = cases.iter().filter(|case| case.key.suite == digest);
        views.extend(own.map(|case| case_view(suite, case)));
    }
    views.sort_by_key(|view| view.passed);
    let total = views.len();
    views.truncate(SHOWN_CASES);
    let page = Page {
        title: match report.gate {
            Some(lane) => format!("gate of lane {lane}"),
            None => "evaluation".to_owned(),
        },
        verdict: verdict(report),
        passed: report.complete && report.decision.verdict == Verdict::Pass,
        run: report.run.to_string(),
        source: Untrusted(report.source).to_string(),
        version: env!("CARGO_PKG_VERSION"),
        checks: checks(report),
        tables: tables(report),
        shown: views.len(),
        total,
        cases: views,
    };
    render_page(TEMPLATE, &page)
}

fn verdict(report: &EvalReport<'_>) -> &'static str {
    match report.decision.verdict {
        _ if !report.complete => "no verdict: cases have no answer",
        verdict => verdict.in_words(),
    }
}

fn tables(report: &EvalReport<'_>) -> Vec<RateTable> {
    let mut tables = vec![RateTable {
        title: "Evaluators",
        remark: "Remark",
        lines: report.suites.iter().flat_map(rate_lines).collect(),
    }];
    if !report.slices.is_empty() {
        tables.push(RateTable {
            title: "Slices",
            remark: "Slice",
            lines: slice_lines(report),
        });
    }
    tables
}

fn rate_lines(suite: &SuiteSummary) -> impl Iterator<Item = RateLine> {
    let evaluators = suite.evaluators.iter();
    evaluators.map(|(name, summary)| RateLine {
        remark: remark(suite.blocking.contains(name), summary),
        ..rate_line(
            [
                suite.suite.prompt.to_string(),
                suite.suite.dataset.to_string(),
                name.to_string(),
            ],
            summary.passed,
            summary.total(),
        )
    })
}

fn rate_line([prompt, dataset, evaluator]: [String; 3], passed: u64, total: u64) -> RateLine {
    let rate = if total == 0 {
        0.0
    } else {
        share(passed, total)
    };
    RateLine {
        prompt,
        dataset,
        evaluator,
        remark: String::new(),
        passed,
        total,
        rate: percent(rate),
        bar: format!("{:.1}", rate * BAR_WIDTH),
    }
}

fn remark(blocking: bool, summary: &EvaluatorSummary) -> String {
    let mut remarks = Vec::new();
    if !blocking {
        remarks.push("advisory".to_owned());
    }
    for (count, word) in [(summary.unknown, "unknown"), (summary.errors, "not graded")] {
        if count > 0 {
            remarks.push(format!("{count} {word}"));
        }
    }
    remarks.join(", ")
}

fn slice_lines(report: &EvalReport<'_>) -> Vec<RateLine> {
    let slices = report.slices.iter().map(|slice| {
        let value = slice.value.as_deref().unwrap_or("(none)");
        let names = [
            slice.prompt.to_string(),
            slice.dataset.to_string(),
            slice.evaluator.to_string(),
        ];
        RateLine {
            remark: format!("{}: {}", Untrusted(&slice.by.to_string()), Untrusted(value)),
            ..rate_line(names, slice.passed, slice.total)
        }
    });
    slices.collect()
}

fn checks(report: &EvalReport<'_>) -> Vec<String> {
    if !report.complete {
        return Vec::new();
    }
    let checks = report.decision.checks.iter().filter(|check| !check.met);
    let mut lines: Vec<String> = checks.map(render_check).collect();
    for failure in &report.decision.critical_failures {
        lines.push(format!(
            "{} on {}: critical row {} must pass {}",
            failure.prompt,
            failure.dataset,
            Untrusted(&failure.row),
            failure.evaluator
        ));
    }
    lines
}

fn case_view(suite: &SuiteSummary, case: &CaseResult) -> CaseView {
    let grades: Vec<GradeView> = case
        .grades
        .iter()
        .map(|(name, graded)| GradeView {
            evaluator: name.to_string(),
            grade: graded.grade.name(),
            reason: UntrustedBlock(&graded.reason).to_string(),
        })
        .collect();
    let blocking = || {
        case.grades
            .iter()
            .filter(|(name, _)| suite.blocking.contains(*name))
    };
    CaseView {
        prompt: suite.suite.prompt.to_string(),
        dataset: suite.suite.dataset.to_string(),
        row: Untrusted(&case.key.row).to_string(),
        repeat: (suite.suite.repeats > 1).then_some(case.key.repeat + 1),
        critical: case.critical,
        gates: case.gates,
        passed: case.answer.is_ok() && blocking().all(|(_, graded)| graded.grade == Grade::Pass),
        tags: case
            .tags
            .iter()
            .map(|tag| Untrusted(tag).to_string())
            .collect(),
        shown: case.shown.iter().map(Media::to_string).collect(),
        expected: case.expected.as_ref().map(|expected| match expected {
            Value::String(text) => UntrustedBlock(text).to_string(),
            other => Untrusted(&other.to_string()).to_string(),
        }),
        output: case.answer.as_ref().ok().map(|answer| {
            let output = shorten(&answer.output, SHOWN_OUTPUT);
            UntrustedBlock(&output).to_string()
        }),
        error: case
            .answer
            .as_ref()
            .err()
            .map(|error| UntrustedBlock(&error.message).to_string()),
        grades,
        facts: facts(case),
    }
}

/// What the call took.
fn facts(case: &CaseResult) -> String {
    let Ok(answer) = &case.answer else {
        return String::new();
    };
    let mut facts = Vec::new();
    if let Some(latency_ms) = answer.latency_ms {
        facts.push(format!("{latency_ms:.0} ms"));
    }
    if let (Some(input), Some(output)) = (answer.input_tokens, answer.output_tokens) {
        facts.push(format!("{input} tokens in, {output} out"));
    }
    if let Some(cost) = answer.cost_usd {
        facts.push(format!("${cost:.6}"));
    }
    if case.reused {
        facts.push("known before".to_owned());
    }
    facts.join(", ")
}
