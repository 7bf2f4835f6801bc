//! What stands in a report about a pull request, in its order, whatever it is rendered to.

use crate::domain::finding::Finding;
use crate::domain::gate::{Comparison, Decision};
use crate::domain::id::EvaluatorId;
use crate::domain::untrusted::shorten;
use crate::engine::evaluate::compare::{ComparedSuite, Flip};
use crate::engine::evaluate::rates::ComparedRates;

use super::PullRequestReport;
use crate::report::eval::{percent, render_check, share};

/// How many findings, and how many flips of each direction, are shown: hosts cut off what is long.
const SHOWN: usize = 10;

/// The title of the section that is always shown.
pub(super) const NEXT: &str = "What to do next";

/// How much of a text is shown, in characters.
const SHOWN_TEXT: usize = 400;

/// A report: its verdict, then its sections.
pub(super) struct Page {
    pub(super) headline: String,
    pub(super) sections: Vec<Section>,
}

/// A part of a report with its title.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// A piece of a section. All of its text may come from outside.
pub(super) enum Block {
    /// A line.
    Line(String),
    /// A table.
    Table(&'static [&'static str], Vec<Vec<String>>),
    /// What a model said, with a word before it.
    Output(&'static str, String),
}

impl Page {
    pub(super) fn new(report: &PullRequestReport<'_>) -> Self {
        let sections = [
            ("What was judged", judged(report)),
            ("Against it", findings(&report.against)),
            ("What is missing", missing(report)),
            ("Base and head", rates(report)),
            ("Does not pass any more", flips(&report.compared, false)),
            ("Passes now", flips(&report.compared, true)),
            ("Cost and latency", usage(report)),
            ("Proposed, and not counted", proposed(report)),
            (NEXT, next(report)),
        ];
        let sections = sections.into_iter();
        let sections = sections.filter(|(_, blocks)| !blocks.is_empty());
        Self {
            headline: report.headline(),
            sections: sections
                .map(|(title, blocks)| Section { title, blocks })
                .collect(),
        }
    }
}

fn judged(report: &PullRequestReport<'_>) -> Vec<Block> {
    let mut lines = vec![format!("{} by the rules of {}", report.head, report.base)];
    let scope = report.scope;
    let parts = [
        (&scope.changed, "changed"),
        (&scope.added, "new"),
        (&scope.removed, "removed"),
        (&scope.reworded, "with other words or tests only"),
    ];
    for (prompts, what) in parts.into_iter().filter(|(prompts, _)| !prompts.is_empty()) {
        let names: Vec<String> = prompts.iter().map(ToString::to_string).collect();
        lines.push(format!("{what}: {}", names.join(", ")));
    }
    for path in report.claimed {
        lines.push(format!(
            "the author recorded answers in {path}: they are a claim, not a measurement"
        ));
    }
    lines.into_iter().map(Block::Line).collect()
}

fn findings(findings: &[Finding]) -> Vec<Block> {
    let line = |finding: &Finding| {
        let place = match finding.place.span {
            Some(span) => format!("{}:{}:{}", finding.place.path, span.line, span.column),
            None => finding.place.path.clone(),
        };
        let message = shorten(&finding.message, SHOWN_TEXT);
        format!("{}: {message} ({place})", finding.ident)
    };
    capped(findings.iter().map(line).collect())
}

fn capped(mut lines: Vec<String>) -> Vec<Block> {
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.into_iter().map(Block::Line).collect()
}

fn missing(report: &PullRequestReport<'_>) -> Vec<Block> {
    let mut lines = Vec::new();
    if let Some(decision) = report.decision {
        let unmet = decision.checks.iter().filter(|check| !check.met);
        lines.extend(unmet.map(render_check));
        lines.extend(decision.critical_failures.iter().map(|failure| {
            format!(
                "{} on {}: critical row {} must pass {}",
                failure.prompt, failure.dataset, failure.row, failure.evaluator
            )
        }));
        lines.extend(decision.not_comparable.iter().map(|different| {
            format!(
                "{} on {}: {}",
                different.prompt, different.dataset, different.reason
            )
        }));
        lines.extend(decision.not_shown.iter().cloned());
        let ratios = decision.ratios.iter();
        let ratios = ratios.filter(|ratio| !ratio.outcome.lets_in());
        lines.extend(ratios.map(|ratio| format!("{ratio}: {}", ratio.outcome.name())));
    }
    for id in &report.scope.diverged {
        lines.push(format!(
            "{id} was changed in the base, too, after the head left it"
        ));
    }
    for id in report.untested {
        lines.push(format!("nothing in the base tests {id}"));
    }
    capped(lines)
}

fn rates(report: &PullRequestReport<'_>) -> Vec<Block> {
    const TITLES: &[&str] = &[
        "PROMPT",
        "DATASET",
        "EVALUATOR",
        "BASE",
        "HEAD",
        "CHANGE",
        "BETWEEN",
        "SHOWN",
    ];
    let mut rows = Vec::new();
    for suite in &report.compared {
        for (evaluator, rates) in &suite.evaluators {
            rows.push(row(report.decision, suite, evaluator, rates));
        }
    }
    let compared = |prompt: &_, dataset: &_| {
        let mut suites = report.compared.iter();
        suites.any(|suite| suite.prompt == *prompt && suite.dataset == *dataset)
    };
    for summary in report.suites {
        let suite = &summary.suite;
        if compared(&suite.prompt, &suite.dataset) {
            continue;
        }
        for (evaluator, counts) in &summary.evaluators {
            let after = rate(counts.passed, counts.total());
            let none = "-".to_owned();
            rows.push(vec![
                suite.prompt.to_string(),
                suite.dataset.to_string(),
                evaluator.to_string(),
                none.clone(),
                after,
                none.clone(),
                none.clone(),
                none,
            ]);
        }
    }
    if rows.is_empty() {
        return Vec::new();
    }
    vec![Block::Table(TITLES, rows)]
}

/// One evaluator: by the gate's own comparison where there is one, over all cases where not.
fn row(
    decision: Option<&Decision>,
    suite: &ComparedSuite,
    evaluator: &EvaluatorId,
    rates: &ComparedRates,
) -> Vec<String> {
    let same = |it: &&Comparison| {
        it.prompt == suite.prompt && it.dataset == suite.dataset && it.evaluator == *evaluator
    };
    let comparison = decision.and_then(|decision| decision.comparisons.iter().find(same));
    let points = |share: f64| format!("{:+.1}", share * 100.0);
    let between = |lower, upper| format!("{} and {}", points(lower), points(upper));
    let figures = if let Some(it) = comparison {
        let advisory = if it.blocking { "" } else { ", advisory" };
        [
            percent(it.baseline),
            percent(it.candidate),
            points(it.difference),
            between(it.lower, it.upper),
            format!("{}{advisory}", it.outcome.name()),
        ]
    } else {
        let [before, after] = rates.passed;
        let change = share(after, rates.total) - share(before, rates.total);
        let interval = rates.interval.map(|it| between(it.lower, it.upper));
        [
            rate(before, rates.total),
            rate(after, rates.total),
            points(change),
            interval.unwrap_or_else(|| "-".to_owned()),
            "-".to_owned(),
        ]
    };
    let names = [
        suite.prompt.to_string(),
        suite.dataset.to_string(),
        evaluator.to_string(),
    ];
    names.into_iter().chain(figures).collect()
}

fn rate(passed: u64, total: u64) -> String {
    match total {
        0 => "-".to_owned(),
        total => format!("{passed}/{total}"),
    }
}

fn flips(suites: &[ComparedSuite], passes_now: bool) -> Vec<Block> {
    let all: Vec<(&ComparedSuite, &Flip)> = suites
        .iter()
        .flat_map(|suite| suite.flips.iter().map(move |flip| (suite, flip)))
        .filter(|(_, flip)| flip.passes_now == passes_now)
        .collect();
    let mut blocks = Vec::new();
    for (suite, flip) in all.iter().take(SHOWN) {
        let critical = if flip.critical { " (critical)" } else { "" };
        blocks.push(Block::Line(format!(
            "{} on {}, row {}{critical}, {}: {}",
            suite.prompt,
            suite.dataset,
            flip.row,
            flip.evaluator,
            shorten(&flip.sides[1].reason, SHOWN_TEXT),
        )));
        for (name, side) in ["base", "head"].into_iter().zip(&flip.sides) {
            let said = side.output.as_deref().unwrap_or("(no answer)");
            blocks.push(Block::Output(name, shorten(said, SHOWN_TEXT).into_owned()));
        }
    }
    if all.len() > SHOWN {
        blocks.push(Block::Line(format!("and {} more", all.len() - SHOWN)));
    }
    blocks
}

fn usage(report: &PullRequestReport<'_>) -> Vec<Block> {
    const TITLES: &[&str] = &["PROMPT", "DATASET", "COST", "LATENCY P95"];
    let cost = |cost: Option<f64>| cost.map_or("unknown".to_owned(), |usd| format!("${usd:.4}"));
    let time = |time: Option<f64>| time.map_or("unknown".to_owned(), |ms| format!("{ms:.0} ms"));
    let row = |line: &super::UsageLine| {
        let [before, after] = line.cost_usd.map(cost);
        let [slow, fast] = line.latency_p95_ms.map(time);
        vec![
            line.prompt.to_string(),
            line.dataset.to_string(),
            format!("{before} → {after}"),
            format!("{slow} → {fast}"),
        ]
    };
    if report.usage.is_empty() {
        return Vec::new();
    }
    vec![Block::Table(TITLES, report.usage.iter().map(row).collect())]
}

fn proposed(report: &PullRequestReport<'_>) -> Vec<Block> {
    let mut blocks = findings(&report.proposed);
    for summary in report.beside {
        let suite = &summary.suite;
        for (evaluator, counts) in &summary.evaluators {
            blocks.push(Block::Line(format!(
                "by the head's own tests: {} on {}, {evaluator}: {} of {} passed",
                suite.prompt, suite.dataset, counts.passed, summary.planned_cases,
            )));
        }
    }
    if !blocks.is_empty() {
        for id in report.left_out {
            let line = format!(
                "the head's own tests of {id} were not run: they would ask or run more than its answers"
            );
            blocks.push(Block::Line(line));
        }
    }
    blocks
}

fn next(report: &PullRequestReport<'_>) -> Vec<Block> {
    let mut lines: Vec<String> = Vec::new();
    for help in report.against.iter().filter_map(|it| it.help.clone()) {
        if !lines.contains(&help) {
            lines.push(help);
        }
    }
    if !report.scope.diverged.is_empty() {
        lines.push("merge the base into the head, and run the gate again".to_owned());
    }
    if !report.untested.is_empty() {
        lines.push(
            "bring datasets and evaluators in first, with a pull request of their own".to_owned(),
        );
    }
    lines.extend(report.takes.iter().cloned());
    capped(lines)
}
