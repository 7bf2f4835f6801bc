//! What an evaluation could show, for people.

use std::fmt::Write as _;

use crate::domain::untrusted::Untrusted;
use crate::engine::evaluate::flaky::FlakyRow;
use crate::engine::evaluate::plan::PlannedSuite;
use crate::engine::evaluate::preview::SuitePreview;
use crate::engine::evaluate::prospect::{Chance, Prospect};

use super::table::TextTable;

/// How many flaky rows are shown.
const SHOWN_FLAKY: usize = 20;

/// One suite of a plan.
pub struct PlanLine<'p> {
    /// What would be tested.
    pub planned: &'p PlannedSuite,
    /// What it would ask for.
    pub preview: SuitePreview,
    /// What it could show.
    pub prospect: Prospect,
    /// Rows whose grade changed although nothing did.
    pub flaky: Vec<FlakyRow>,
}

/// Renders what each suite could show.
pub fn render_plan(lines: &[PlanLine<'_>]) -> String {
    let titles = [
        "PROMPT", "DATASET", "ROWS", "REPEATS", "CALLS", "KNOWN", "AT BEST", "EXPECTED",
    ];
    let mut table = TextTable::new(&titles);
    for column in 2..titles.len() {
        table = table.align_right(column);
    }
    for line in lines {
        let prospect = &line.prospect;
        table.row([
            line.planned.suite.prompt.to_string(),
            line.planned.suite.dataset.to_string(),
            prospect.rows.to_string(),
            prospect.repeats.to_string(),
            line.preview.calls.to_string(),
            line.preview.known_answers.to_string(),
            points(prospect.at_best),
            points(prospect.expected),
        ]);
    }
    let mut text = table.render();
    text.push_str(
        "\nthe smallest loss of pass rate, in points, that the rows can rule out: if no row changes, and expected\n",
    );
    for line in lines {
        if let Some(remark) = remark(line) {
            let _ = writeln!(text, "{}: {remark}", name(line));
        }
    }
    render_flaky(lines, &mut text);
    text
}

fn render_flaky(lines: &[PlanLine<'_>], text: &mut String) {
    let rows = || {
        lines
            .iter()
            .flat_map(|line| line.flaky.iter().map(move |row| (line, row)))
    };
    let count = rows().count();
    if count == 0 {
        return;
    }
    let shown = count.min(SHOWN_FLAKY);
    let _ = writeln!(
        text,
        "\nflaky, with the same prompt ({shown} of {count} shown):"
    );
    for (line, row) in rows().take(SHOWN_FLAKY) {
        let critical = if row.critical { " (critical)" } else { "" };
        let _ = writeln!(
            text,
            "  {}, row {}{critical}: {} passed {} of {}",
            name(line),
            Untrusted(&row.row),
            row.evaluator,
            row.passed,
            row.total
        );
    }
}

/// What stands behind the figures of a suite.
fn remark(line: &PlanLine<'_>) -> Option<String> {
    let mut remarks = Vec::new();
    if let Some(clusters) = line.prospect.clusters {
        remarks.push(format!("the rows fall into {clusters} clusters"));
    }
    match line.prospect.chance {
        Chance::None => {}
        Chance::Measured => remarks.push("chance as in the repeats of an earlier run".to_owned()),
        Chance::Assumed => {
            remarks.push("chance is assumed: nine rows in ten are stable".to_owned());
        }
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

/// One warning for each suite that cannot be expected to show the policy's margin, and for each
/// critical row that is too flaky to be one.
pub fn warnings(lines: &[PlanLine<'_>]) -> Vec<String> {
    let mut warnings = margin_warnings(lines);
    for line in lines {
        let barred = line.flaky.iter().filter(|row| row.is_barred());
        warnings.extend(barred.map(|row| format!("{}: {}", name(line), row.reason())));
    }
    warnings
}

fn margin_warnings(lines: &[PlanLine<'_>]) -> Vec<String> {
    let short = lines
        .iter()
        .filter(|line| line.prospect.shows_margin() == Some(false));
    short
        .filter_map(|line| {
            let wanted = line.prospect.wanted?;
            let rows = match wanted.rows {
                Some(rows) if line.prospect.clusters.is_some() => format!("{rows} clusters"),
                Some(rows) => format!("{rows} rows"),
                None => "more rows than anybody has".to_owned(),
            };
            let repeats = match wanted.repeats {
                Some(repeats) => format!(", or {repeats} repeats"),
                None => String::new(),
            };
            Some(format!(
                "{}: a margin of {} points takes {rows}{repeats}; with {} rows and {} repeat(s) the gate will mostly be inconclusive",
                name(line),
                points(wanted.margin),
                line.prospect.rows,
                line.prospect.repeats,
            ))
        })
        .collect()
}

fn name(line: &PlanLine<'_>) -> String {
    let suite = &line.planned.suite;
    format!("{} on {}", suite.prompt, suite.dataset)
}

fn points(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}
