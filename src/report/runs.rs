//! Runs for people: a list of them, and two side by side.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::evaluate::compare::{ComparedSuite, Comparison, Flip, FlipSide};
use crate::engine::evaluate::rates::ComparedRates;
use crate::engine::evaluate::stored::KeptRun;

use super::eval::{percent, share};
use super::table::TextTable;

/// How many flips of each direction are shown.
const SHOWN_FLIPS: usize = 10;

/// How much of a text is shown, in characters.
const SHOWN_TEXT: usize = 160;

/// One run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunLine {
    /// Its name.
    pub id: String,
    /// When it started.
    pub started_at: Timestamp,
    /// What was read.
    pub source: String,
    /// What was tested, as `<prompt> on <dataset>`.
    pub suites: Vec<String>,
    /// How many cases there should be.
    pub planned_cases: u64,
    /// How many cases have a result.
    pub cases: u64,
    /// How many of them passed.
    pub passed: u64,
    /// Whether every case has a verdict.
    pub finished: bool,
}

impl RunLine {
    /// The line of a run.
    pub fn new(kept: &KeptRun) -> Self {
        let manifest = &kept.run.manifest;
        let suites = manifest.suites.iter();
        Self {
            id: manifest.id.to_string(),
            started_at: manifest.started_at,
            source: manifest.source.clone(),
            suites: suites
                .map(|suite| format!("{} on {}", suite.prompt, suite.dataset))
                .collect(),
            planned_cases: manifest.cases,
            cases: kept.cases.len() as u64,
            passed: kept.passed(),
            finished: kept.run.finished_at.is_some(),
        }
    }
}

/// Renders a list of runs.
pub fn run_table(lines: &[RunLine]) -> String {
    let titles = [
        "RUN", "STARTED", "SOURCE", "SUITES", "PASSED", "RATE", "STATE",
    ];
    let mut table = TextTable::new(&titles).align_right(4).align_right(5);
    for line in lines {
        table.row([
            line.id.clone(),
            line.started_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            line.source.clone(),
            match line.suites.as_slice() {
                [only] => only.clone(),
                suites => format!("{} suites", suites.len()),
            },
            format!("{}/{}", line.passed, line.cases),
            match line.cases {
                0 => "-".to_owned(),
                cases => percent(share(line.passed, cases)),
            },
            match line.planned_cases.saturating_sub(line.cases) {
                _ if line.finished => "finished".to_owned(),
                0 => "resumable".to_owned(),
                left => format!("resumable, {left} cases left"),
            },
        ]);
    }
    table.render()
}

/// Renders two runs side by side.
pub fn render_comparison(comparison: &Comparison) -> String {
    let mut text = format!(
        "before: run {}\nafter:  run {}\n\n",
        comparison.before, comparison.after
    );
    text.push_str(&rates(&comparison.suites));
    if comparison.suites.iter().any(|it| !it.slices.is_empty()) {
        let _ = write!(text, "\n{}", slices(&comparison.suites));
    }
    for (only, side) in [
        (&comparison.only_before, "before"),
        (&comparison.only_after, "after"),
    ] {
        for (prompt, dataset) in only {
            let _ = writeln!(text, "\nonly in the run {side}: {prompt} on {dataset}");
        }
    }
    text.push_str(&flips(&comparison.suites));
    text
}

/// The cases whose grade changed, first those that do not pass any more.
pub(super) fn flips(suites: &[ComparedSuite]) -> String {
    let of = |passes_now: bool| -> Vec<(&ComparedSuite, &Flip)> {
        let suites = suites.iter();
        suites
            .flat_map(|suite| suite.flips.iter().map(move |flip| (suite, flip)))
            .filter(|(_, flip)| flip.passes_now == passes_now)
            .collect()
    };
    let (broken, fixed) = (of(false), of(true));
    let mut text = String::new();
    if broken.is_empty() && fixed.is_empty() {
        text.push_str("\nno case changed its grade\n");
    }
    render_flips("does not pass any more", &broken, &mut text);
    render_flips("passes now", &fixed, &mut text);
    text
}

fn rates(suites: &[ComparedSuite]) -> String {
    let titles = [
        "PROMPT",
        "DATASET",
        "EVALUATOR",
        "BEFORE",
        "AFTER",
        "CHANGE",
        "BETWEEN",
    ];
    let mut table = TextTable::new(&titles)
        .align_right(3)
        .align_right(4)
        .align_right(5);
    for suite in suites {
        for (name, rates) in &suite.evaluators {
            let names = [
                suite.prompt.to_string(),
                suite.dataset.to_string(),
                name.to_string(),
            ];
            table.row(names.into_iter().chain(figures(rates)));
        }
    }
    table.render()
}

fn slices(suites: &[ComparedSuite]) -> String {
    let titles = [
        "SLICE",
        "VALUE",
        "PROMPT",
        "DATASET",
        "EVALUATOR",
        "BEFORE",
        "AFTER",
        "CHANGE",
        "BETWEEN",
    ];
    let mut table = TextTable::new(&titles)
        .align_right(5)
        .align_right(6)
        .align_right(7);
    for suite in suites {
        for slice in &suite.slices {
            let names = [
                slice.by.to_string(),
                slice.value.clone().unwrap_or_else(|| "-".to_owned()),
                suite.prompt.to_string(),
                suite.dataset.to_string(),
                slice.evaluator.to_string(),
            ];
            table.row(names.into_iter().chain(figures(&slice.rates)));
        }
    }
    table.render()
}

/// The rates before and after, the change, and between which ends it lies.
pub(super) fn figures(rates: &ComparedRates) -> [String; 4] {
    let [before, after] = rates.passed;
    [
        rate(before, rates.total),
        rate(after, rates.total),
        change(before, after, rates.total),
        rates.interval.map_or("-".to_owned(), |interval| {
            let [lower, upper] = [interval.lower, interval.upper].map(|end| end * 100.0);
            format!("{lower:+.1} and {upper:+.1}")
        }),
    ]
}

fn rate(passed: u64, total: u64) -> String {
    match total {
        0 => "-".to_owned(),
        total => format!("{passed}/{total} {:>6}", percent(share(passed, total))),
    }
}

/// The change of a rate in percentage points.
fn change(before: u64, after: u64, total: u64) -> String {
    match total {
        0 => "-".to_owned(),
        total => format!(
            "{:+.1}",
            (share(after, total) - share(before, total)) * 100.0
        ),
    }
}

fn render_flips(title: &str, flips: &[(&ComparedSuite, &Flip)], text: &mut String) {
    if flips.is_empty() {
        return;
    }
    let shown = flips.len().min(SHOWN_FLIPS);
    let _ = writeln!(text, "\n{title} ({shown} of {} shown):", flips.len());
    for (suite, flip) in flips.iter().take(SHOWN_FLIPS) {
        let critical = if flip.critical { " (critical)" } else { "" };
        let _ = writeln!(
            text,
            "  {} on {}, row {}{critical}, {}",
            suite.prompt,
            suite.dataset,
            Untrusted(&flip.row),
            flip.evaluator
        );
        for (name, side) in ["before", "after "].iter().zip(&flip.sides) {
            render_side(name, side, text);
        }
    }
}

fn render_side(name: &str, side: &FlipSide, text: &mut String) {
    let _ = writeln!(
        text,
        "    {name} {}: {}",
        side.grade.name(),
        Untrusted(&shorten(&side.reason, SHOWN_TEXT))
    );
    if let Some(output) = &side.output {
        let output = shorten(output, SHOWN_TEXT);
        let _ = writeln!(text, "           answer: {}", Untrusted(&output));
    }
}
