//! A run as a page: what each evaluator said, then case by case what was answered.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::domain::digest::Digest;
use crate::domain::evaluator::Grade;
use crate::domain::gate::Verdict;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::media::Media;
use crate::domain::run::CaseResult;
use crate::domain::untrusted::{Untrusted, UntrustedBlock, shorten};
use crate::engine::evaluate::summary::{EvaluatorSummary, SuiteSummary};

use crate::report::eval::{EvalReport, percent, render_check, share};

use super::blocks::{Block, Cell, LONGEST_TEXT, Page, Table, Tone};
use super::link;
use super::sheet::Setting;

/// How many cases a page shows that stands alone: a browser must be able to open it.
const SHOWN_CASES: usize = 1_000;

/// What came of a case.
#[derive(Debug, Serialize)]
pub struct CaseView {
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
    /// The span that the row comes from.
    span: Option<Cell>,
}

#[derive(Debug, Serialize)]
struct GradeView {
    evaluator: String,
    grade: &'static str,
    reason: String,
}

/// The spans that rows come from: trace and span, by dataset and row.
pub type Origins = BTreeMap<(DatasetId, String), (String, String)>;

/// The cases of a run, of which a stretch is shown; those that did not pass come first.
#[derive(Debug)]
pub struct Cases<'c> {
    ordered: Vec<(&'c SuiteSummary, &'c CaseResult)>,
    failed: usize,
}

impl<'c> Cases<'c> {
    /// The cases of these suites.
    pub fn new(suites: &'c [SuiteSummary], cases: &'c [CaseResult]) -> Self {
        let mut ordered = Vec::with_capacity(cases.len());
        for suite in suites {
            let digest: Digest = suite.suite.digest();
            let own = cases.iter().filter(|case| case.key.suite == digest);
            ordered.extend(own.map(|case| (suite, case)));
        }
        let (passed, mut first): (Vec<_>, Vec<_>) = ordered
            .into_iter()
            .partition(|(suite, case)| passed(suite, case));
        let failed = first.len();
        first.extend(passed);
        Self {
            ordered: first,
            failed,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ordered.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ordered.is_empty()
    }

    /// A stretch of them.
    pub fn stretch(&self, from: usize, count: usize) -> &[(&'c SuiteSummary, &'c CaseResult)] {
        let from = from.min(self.ordered.len());
        let until = from.saturating_add(count).min(self.ordered.len());
        &self.ordered[from..until]
    }
}

/// Renders a run as a page that needs nothing else.
pub fn render_html(report: &EvalReport<'_>, cases: &[CaseResult]) -> String {
    let cases = Cases::new(report.suites, cases);
    let mut page = run_page(report);
    let shown = cases.stretch(0, SHOWN_CASES);
    page.heading("Cases");
    page.note(&counted(&cases, 0, shown.len()));
    page.add(cases_block(shown, &Origins::new()));
    page.render(Setting::Alone)
}

/// How many cases are shown of how many.
pub fn counted(cases: &Cases<'_>, from: usize, count: usize) -> String {
    let stretch = if from == 0 {
        format!("{count} of {} shown", cases.len())
    } else {
        format!("{} to {} of {} shown", from + 1, from + count, cases.len())
    };
    format!(
        "{stretch}, those that did not pass ({}) first.",
        cases.failed
    )
}

/// What came of cases, with the spans that their rows come from.
pub fn cases_block(shown: &[(&SuiteSummary, &CaseResult)], origins: &Origins) -> Block {
    let view = |(suite, case): &(&SuiteSummary, &CaseResult)| {
        let row = (suite.suite.dataset.clone(), case.key.row.clone());
        let span = origins.get(&row).map(|(trace, span)| {
            let name = format!("trace {trace}, span {span}");
            Cell::link(name, link::span(trace, span))
        });
        case_view(suite, case, span)
    };
    Block::Cases {
        cases: shown.iter().map(view).collect(),
    }
}

/// A run without its cases.
pub fn run_page(report: &EvalReport<'_>) -> Page {
    let title = match report.gate {
        Some(lane) => format!("Gate of lane {lane}"),
        None => "Evaluation".to_owned(),
    };
    let passed = report.complete && report.decision.verdict == Verdict::Pass;
    let tone = if passed { Tone::Good } else { Tone::Bad };
    let lead = format!("Run {} of {}", report.run, report.source);
    let mut page = Page::new(&title)
        .badge(Cell::badge(verdict(report), tone))
        .lead([Cell::new(lead)]);
    let checks = checks(report);
    if !checks.is_empty() {
        page.add(Block::list(checks));
    }
    page.heading("Evaluators");
    let mut rates = rate_table("the rate of each evaluator", "Remark");
    for suite in report.suites {
        for (name, summary) in &suite.evaluators {
            rates.row(rate_row(
                &suite.suite.prompt,
                &suite.suite.dataset,
                name,
                &remark(suite.blocking.contains(name), summary),
                [summary.passed, summary.total()],
            ));
        }
    }
    page.add(rates);
    if !report.slices.is_empty() {
        page.heading("Slices");
        let mut rates = rate_table("the rates of parts of the cases", "Slice");
        for slice in report.slices {
            let value = slice.value.as_deref().unwrap_or("(none)");
            rates.row(rate_row(
                &slice.prompt,
                &slice.dataset,
                &slice.evaluator,
                &format!("{}: {value}", slice.by),
                [slice.passed, slice.total],
            ));
        }
        page.add(rates);
    }
    page
}

fn verdict(report: &EvalReport<'_>) -> &'static str {
    match report.decision.verdict {
        _ if !report.complete => "no verdict: cases have no answer",
        verdict => verdict.in_words(),
    }
}

fn rate_table(caption: &str, remark: &str) -> Table {
    let titles = [
        "Evaluator",
        "Prompt",
        "Dataset",
        remark,
        "#Passed",
        "#Rate",
        "",
    ];
    Table::new(caption, &titles)
}

fn rate_row(
    prompt: &PromptId,
    dataset: &DatasetId,
    evaluator: &EvaluatorId,
    remark: &str,
    [passed, total]: [u64; 2],
) -> [Cell; 7] {
    let rate = if total == 0 {
        0.0
    } else {
        share(passed, total)
    };
    [
        Cell::new(evaluator.as_str()),
        Cell::new(prompt.as_str()),
        Cell::new(dataset.as_str()),
        Cell::soft(remark),
        Cell::new(format!("{passed}/{total}")),
        Cell::new(percent(rate)),
        Cell::bar(rate),
    ]
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

/// Whether a case has an answer that every blocking evaluator lets pass.
fn passed(suite: &SuiteSummary, case: &CaseResult) -> bool {
    let mut grades = case.grades.iter();
    case.answer.is_ok()
        && grades
            .all(|(name, graded)| graded.grade == Grade::Pass || !suite.blocking.contains(name))
}

fn case_view(suite: &SuiteSummary, case: &CaseResult, span: Option<Cell>) -> CaseView {
    let grades: Vec<GradeView> = case
        .grades
        .iter()
        .map(|(name, graded)| GradeView {
            evaluator: name.to_string(),
            grade: graded.grade.name(),
            reason: UntrustedBlock(&graded.reason).to_string(),
        })
        .collect();
    CaseView {
        prompt: suite.suite.prompt.to_string(),
        dataset: suite.suite.dataset.to_string(),
        row: Untrusted(&case.key.row).to_string(),
        repeat: (suite.suite.repeats > 1).then_some(case.key.repeat + 1),
        critical: case.critical,
        gates: case.gates,
        passed: passed(suite, case),
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
            let output = shorten(&answer.output, LONGEST_TEXT);
            UntrustedBlock(&output).to_string()
        }),
        error: case
            .answer
            .as_ref()
            .err()
            .map(|error| UntrustedBlock(&error.message).to_string()),
        grades,
        facts: facts(case),
        span,
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
