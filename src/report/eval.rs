//! The result of an evaluation for people: what passed, what it took, and what failed.

use std::fmt::Write as _;

use crate::domain::gate::{Decision, FloorCheck};
use crate::domain::id::{EvaluatorId, LaneName};
use crate::domain::run::RunId;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::evaluate::plan::PlannedSuite;
use crate::engine::evaluate::preview::SuitePreview;
use crate::engine::evaluate::slices::SliceRate;
use crate::engine::evaluate::summary::{EvaluatorSummary, Failure, SuiteSummary, first_failures};

use super::table::TextTable;

/// How many failures are shown.
const SHOWN_FAILURES: usize = 10;

/// How much of a reason or an output is shown, in characters.
const SHOWN_TEXT: usize = 160;

/// What there is to report of an evaluation.
#[derive(Debug, Clone, Copy)]
pub struct EvalReport<'r> {
    /// What was read.
    pub source: &'r str,
    /// The run.
    pub run: &'r RunId,
    /// Whether every case has a verdict.
    pub complete: bool,
    /// The lane whose policy decides; absent: every blocking evaluator must pass.
    pub gate: Option<&'r LaneName>,
    /// What came of each suite.
    pub suites: &'r [SuiteSummary],
    /// What that means.
    pub decision: &'r Decision,
    /// How parts of the cases were graded, where that was asked for.
    pub slices: &'r [SliceRate],
}

/// Renders the whole report.
pub fn render_eval(report: &EvalReport<'_>) -> String {
    let mut text = render_rates(report.suites);
    text.push('\n');
    if !report.slices.is_empty() {
        let _ = writeln!(text, "{}", render_slices(report.slices));
    }
    for suite in report.suites {
        let _ = writeln!(text, "{}", render_usage(suite));
        if let Some(told) = render_alike(suite) {
            let _ = writeln!(text, "warning: {told}");
        }
    }
    render_failures(report.suites, &mut text);
    render_decision(report, &mut text);
    text
}

fn render_rates(suites: &[SuiteSummary]) -> String {
    let titles = [
        "PROMPT",
        "DATASET",
        "EVALUATOR",
        "PASSED",
        "RATE",
        "SCORE",
        "",
    ];
    let mut table = TextTable::new(&titles)
        .align_right(3)
        .align_right(4)
        .align_right(5);
    for suite in suites {
        for (name, summary) in &suite.evaluators {
            table.row([
                suite.suite.prompt.to_string(),
                suite.suite.dataset.to_string(),
                name.to_string(),
                format!("{}/{}", summary.passed, summary.total()),
                summary.pass_rate().map_or("-".to_owned(), percent),
                summary
                    .mean_score()
                    .map_or("-".to_owned(), |score| format!("{score:.3}")),
                remarks(suite, name, summary),
            ]);
        }
    }
    table.render()
}

fn render_slices(slices: &[SliceRate]) -> String {
    let titles = [
        "SLICE",
        "VALUE",
        "PROMPT",
        "DATASET",
        "EVALUATOR",
        "PASSED",
        "RATE",
    ];
    let mut table = TextTable::new(&titles).align_right(5).align_right(6);
    for slice in slices {
        table.row([
            slice.by.to_string(),
            slice.value.clone().unwrap_or_else(|| "-".to_owned()),
            slice.prompt.to_string(),
            slice.dataset.to_string(),
            slice.evaluator.to_string(),
            format!("{}/{}", slice.passed, slice.total),
            percent(share(slice.passed, slice.total)),
        ]);
    }
    table.render()
}

fn remarks(suite: &SuiteSummary, name: &EvaluatorId, summary: &EvaluatorSummary) -> String {
    let mut remarks = Vec::new();
    if !suite.blocking.contains(name) {
        remarks.push("advisory".to_owned());
    }
    for (count, word) in [(summary.unknown, "unknown"), (summary.errors, "not graded")] {
        if count > 0 {
            remarks.push(format!("{count} {word}"));
        }
    }
    remarks.join(", ")
}

/// That answers are the same whatever was asked, where they are.
pub(super) fn render_alike(suite: &SuiteSummary) -> Option<String> {
    let alike = &suite.alike;
    let texts = match alike.texts() {
        1 => "1 text".to_owned(),
        texts => format!("{texts} texts"),
    };
    alike.is_odd().then(|| {
        format!(
            "{} on {}: {} answers were given with {texts}: look whether they answer what was asked, \
             before you trust a judge's word for it",
            suite.suite.prompt, suite.suite.dataset, alike.answers
        )
    })
}

fn render_usage(suite: &SuiteSummary) -> String {
    let usage = &suite.usage;
    let mut parts = vec![format!("{} of {} cases", suite.cases, suite.planned_cases)];
    if usage.reused > 0 {
        parts.push(format!("{} answers known before", usage.reused));
    }
    if usage.input_tokens > 0 || usage.output_tokens > 0 {
        parts.push(format!(
            "{} tokens in, {} out",
            usage.input_tokens, usage.output_tokens
        ));
    }
    match usage.cost_usd() {
        Some(cost) if usage.unpriced > 0 => {
            parts.push(format!(
                "${cost:.6} and {} answers without a price",
                usage.unpriced
            ));
        }
        Some(cost) => parts.push(format!("${cost:.6}")),
        None => parts.push("cost not known".to_owned()),
    }
    if let (Some(p50), Some(p95)) = (suite.latency_ms(0.5), suite.latency_ms(0.95)) {
        parts.push(format!("latency p50 {p50:.0} ms, p95 {p95:.0} ms"));
    }
    format!(
        "{} on {}: {}",
        suite.suite.prompt,
        suite.suite.dataset,
        parts.join("; ")
    )
}

fn render_failures(suites: &[SuiteSummary], text: &mut String) {
    let (failures, total) = first_failures(suites, SHOWN_FAILURES);
    if total == 0 {
        return;
    }
    let shown = failures.len();
    let _ = writeln!(text, "\nnot passed ({shown} of {total} shown):");
    for (suite, failure) in failures {
        render_failure(suite, failure, text);
    }
}

fn render_failure(suite: &SuiteSummary, failure: &Failure, text: &mut String) {
    let what = match &failure.evaluator {
        Some(evaluator) => format!("{} {evaluator}", failure.grade.name()),
        None => "no answer".to_owned(),
    };
    let mark = if failure.critical { " (critical)" } else { "" };
    let _ = writeln!(
        text,
        "  {} on {}, row {}{mark}: {what}: {}",
        suite.suite.prompt,
        suite.suite.dataset,
        Untrusted(&failure.row),
        Untrusted(&shorten(&failure.reason, SHOWN_TEXT)),
    );
    if let Some(output) = &failure.output {
        let output = shorten(output, SHOWN_TEXT);
        let _ = writeln!(text, "    answer: {}", Untrusted(&output));
    }
}

fn render_decision(report: &EvalReport<'_>, text: &mut String) {
    let who = match report.gate {
        Some(lane) => format!("gate of lane `{lane}`"),
        None => "evaluation".to_owned(),
    };
    if !report.complete {
        let _ = writeln!(text, "\n{who}: no verdict, because cases have no answer");
        return;
    }
    let verdict = report.decision.verdict.in_words();
    let _ = writeln!(text, "\n{who}: {verdict}");
    for check in report.decision.checks.iter().filter(|check| !check.met) {
        let _ = writeln!(text, "  {}", render_check(check));
    }
    for failure in &report.decision.critical_failures {
        let _ = writeln!(
            text,
            "  {} on {}: critical row {} must pass {}",
            failure.prompt,
            failure.dataset,
            Untrusted(&failure.row),
            failure.evaluator
        );
    }
    for line in report.decision.beside_live() {
        let _ = writeln!(text, "  {}", Untrusted(&line));
    }
}

/// A check of a gate, in words.
pub(super) fn render_check(check: &FloorCheck) -> String {
    let floor = check.floor.map_or("-".to_owned(), percent);
    if check.total == 0 {
        return format!(
            "{} on {}: no case shows {}, which must reach {floor}",
            check.prompt, check.dataset, check.evaluator
        );
    }
    let rate = share(check.passed, check.total);
    format!(
        "{} on {}: {} passed {} of {} ({}), and must reach {floor}",
        check.prompt,
        check.dataset,
        check.evaluator,
        check.passed,
        check.total,
        percent(rate)
    )
}

/// The share of cases that passed.
pub(super) fn share(passed: u64, total: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of cases are far below 2^52"
    )]
    let share = passed as f64 / total as f64;
    share
}

/// A share as people read it.
pub(super) fn percent(rate: f64) -> String {
    format!("{:.1}%", rate * 100.0)
}

/// Renders what an evaluation would do.
pub fn render_plan(suites: &[(&PlannedSuite, SuitePreview)]) -> String {
    let titles = [
        "PROMPT",
        "DATASET",
        "MODEL",
        "ROWS",
        "REPEATS",
        "CASES",
        "KNOWN",
        "CALLS",
        "JUDGE CALLS",
    ];
    let mut table = TextTable::new(&titles);
    for column in 3..titles.len() {
        table = table.align_right(column);
    }
    for (planned, preview) in suites {
        table.row([
            planned.suite.prompt.to_string(),
            planned.suite.dataset.to_string(),
            planned.suite.model.to_string(),
            planned.rows.to_string(),
            planned.suite.repeats.to_string(),
            planned.cases().to_string(),
            preview.known_answers.to_string(),
            preview.calls.to_string(),
            match preview.judge_calls_at_most {
                0 => "0".to_owned(),
                most => format!("≤ {most}"),
            },
        ]);
    }
    let mut text = table.render();
    let calls: u64 = suites.iter().map(|(_, preview)| preview.calls).sum();
    let cases: u64 = suites.iter().map(|(planned, _)| planned.cases()).sum();
    let _ = writeln!(
        text,
        "\ncases: {cases}; calls that cost money or time: {calls}"
    );
    text
}
