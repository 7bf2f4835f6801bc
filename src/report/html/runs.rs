//! Runs as pages: a list of them, one, and two side by side.

use jiff::Timestamp;

use crate::engine::evaluate::compare::{ComparedSuite, Comparison, Flip};
use crate::report::eval::{EvalReport, percent, share};
use crate::report::release::seconds;
use crate::report::runs::{RunLine, figures};

use super::blocks::{Block, Cell, Page, Table, Tone};
use super::form::Field;
use super::link;
use super::run::{Cases, Origins, cases_block, counted, run_page};

/// How much of an answer is shown beside another, in characters.
const SHOWN_ANSWER: usize = 2_000;

/// A stretch of the runs.
#[derive(Debug)]
pub struct RunsReport<'r> {
    /// The runs, the newest first.
    pub lines: &'r [RunLine],
    /// What is left out, and why.
    pub unreadable: &'r [String],
    /// How many runs come before.
    pub from: usize,
    /// How many stand on a page.
    pub count: usize,
    /// How many there are.
    pub all: usize,
}

/// A run with a stretch of its cases.
pub struct RunReport<'r> {
    /// What came of it.
    pub eval: &'r EvalReport<'r>,
    /// When it began.
    pub started_at: Timestamp,
    /// Its cases.
    pub cases: &'r Cases<'r>,
    /// How many cases come before.
    pub from: usize,
    /// How many stand on a page.
    pub count: usize,
    /// The spans that rows come from.
    pub origins: &'r Origins,
}

/// The list of runs.
pub fn runs_page(report: &RunsReport<'_>) -> Page {
    let mut page = Page::new("Runs");
    if report.all == 0 {
        page.note("There are no runs; `pointsman eval` makes one.");
        return page;
    }
    for line in report.unreadable {
        page.note(line);
    }
    if report.lines.len() > 1 {
        page.add(compared(report.lines));
    }
    let titles = [
        "-Run", "-Started", "Tested", "#Passed", "#Rate", "", "-State", "-Source",
    ];
    let mut table = Table::new("the runs", &titles);
    for line in report.lines {
        table.row(cells(line));
    }
    page.add(table);
    page.add(pages("/runs", &[], report.from, report.count, report.all));
    page
}

fn cells(line: &RunLine) -> [Cell; 8] {
    let rate = match line.cases {
        0 => None,
        cases => Some(share(line.passed, cases)),
    };
    let left = line.planned_cases.saturating_sub(line.cases);
    let state = match left {
        _ if line.finished => Cell::soft("finished"),
        0 => Cell::new("resumable").toned(Tone::Warn),
        left => Cell::new(format!("{left} cases left")).toned(Tone::Warn),
    };
    [
        Cell::link(&line.id, link::path(&["runs", &line.id])),
        Cell::new(line.started_at.strftime("%Y-%m-%d %H:%M UTC").to_string()),
        Cell::new(line.suites.join(", ")),
        Cell::new(format!("{}/{}", line.passed, line.cases)),
        Cell::new(rate.map_or_else(|| "-".to_owned(), percent)),
        rate.map_or_else(|| Cell::new(""), Cell::bar),
        state,
        Cell::soft(&line.source),
    ]
}

/// A form for the difference of two runs.
fn compared(lines: &[RunLine]) -> Block {
    let choices: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (line.id.as_str(), line.id.as_str()))
        .collect();
    Block::Form {
        action: "/runs/compare".to_owned(),
        fields: vec![
            Field::choice("before", "Before", choices[1].0, &choices),
            Field::choice("after", "After", choices[0].0, &choices),
        ],
        button: "Compare",
    }
}

/// One run.
pub fn kept_run_page(report: &RunReport<'_>) -> Page {
    let mut page = run_page(report.eval).below([Cell::link("Runs", "/runs".to_owned())]);
    page.heading("Cases");
    let shown = report.cases.stretch(report.from, report.count);
    page.note(&counted(report.cases, report.from, shown.len()));
    page.add(cases_block(shown, report.origins));
    let here = link::path(&["runs", report.eval.run.as_str()]);
    let all = report.cases.len();
    page.add(pages(&here, &[], report.from, report.count, all));
    page.note(&format!("Started at {}.", seconds(report.started_at)));
    page
}

/// Ways to the stretches before and after.
pub(super) fn pages(
    here: &str,
    pairs: &[(&str, &str)],
    from: usize,
    count: usize,
    all: usize,
) -> Block {
    let at = |from: usize| {
        let from = if from == 0 {
            String::new()
        } else {
            from.to_string()
        };
        let mut pairs = pairs.to_vec();
        pairs.push(("from", from.as_str()));
        link::query(here, &pairs)
    };
    Block::pager(
        (from > 0).then(|| ("Previous", at(from.saturating_sub(count)))),
        (from + count < all).then(|| ("Next", at(from + count))),
    )
}

/// Two runs side by side, with a stretch of the cases whose grade changed.
pub fn comparison_page(comparison: &Comparison, from: usize, count: usize) -> Page {
    let run = |id: &str| Cell::link(id, link::path(&["runs", id]));
    let (before, after) = (comparison.before.as_str(), comparison.after.as_str());
    let mut page = Page::new("Two runs")
        .below([Cell::link("Runs", "/runs".to_owned())])
        .lead([
            Cell::new("Before: "),
            run(before),
            Cell::new(", after: "),
            run(after),
        ]);
    let titles = [
        "Evaluator",
        "Prompt",
        "Dataset",
        "#Before",
        "#After",
        "#Change",
        "#Between",
    ];
    let mut table = Table::new("the rates before and after", &titles);
    for suite in &comparison.suites {
        for (name, rates) in &suite.evaluators {
            let names = [name.as_str(), suite.prompt.as_str(), suite.dataset.as_str()];
            let names = names.map(str::to_owned);
            table.row(names.into_iter().chain(figures(rates)));
        }
    }
    page.add(table);
    for (only, side) in [
        (&comparison.only_before, "before"),
        (&comparison.only_after, "after"),
    ] {
        for (prompt, dataset) in only {
            page.note(&format!("Only in the run {side}: {prompt} on {dataset}."));
        }
    }
    page.heading("Cases whose grade changed");
    let flips = in_order(&comparison.suites);
    if flips.is_empty() {
        page.note("None.");
    }
    for (suite, flip) in flips.iter().skip(from).take(count) {
        flip_blocks(suite, flip, &mut page);
    }
    let pairs = [("before", before), ("after", after)];
    page.add(pages("/runs/compare", &pairs, from, count, flips.len()));
    page
}

/// First those that do not pass any more.
fn in_order(suites: &[ComparedSuite]) -> Vec<(&ComparedSuite, &Flip)> {
    let all = suites
        .iter()
        .flat_map(|suite| suite.flips.iter().map(move |flip| (suite, flip)));
    let mut flips: Vec<(&ComparedSuite, &Flip)> = all.collect();
    flips.sort_by_key(|(_, flip)| flip.passes_now);
    flips
}

fn flip_blocks(suite: &ComparedSuite, flip: &Flip, page: &mut Page) {
    let (word, tone) = if flip.passes_now {
        ("passes now", Tone::Good)
    } else {
        ("does not pass any more", Tone::Bad)
    };
    let critical = if flip.critical { ", critical" } else { "" };
    let (prompt, dataset) = (&suite.prompt, &suite.dataset);
    page.notes(vec![
        Cell::badge(word, tone),
        Cell::new(format!(
            " {}: row {} of {dataset}, answered by {prompt}{critical}",
            flip.evaluator, flip.row
        )),
    ]);
    for (name, side) in ["before", "after"].iter().zip(&flip.sides) {
        let title = format!("{name}, {}: {}", side.grade.name(), side.reason);
        let answer = side.output.as_deref().unwrap_or("(no answer)");
        let answer = crate::domain::untrusted::shorten(answer, SHOWN_ANSWER);
        page.add(Block::said(&title, &[answer.into_owned()]));
    }
}
