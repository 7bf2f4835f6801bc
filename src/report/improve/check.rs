//! What a check shows: rows on both sides, rates, and the cases that changed.

use std::fmt::Write as _;

use crate::domain::improve::{Attempt, Check, CheckedFlip, CheckedUsage, Side};
use crate::domain::untrusted::{Untrusted, shorten};
use crate::report::quantity::money;
use crate::report::table::TextTable;

/// How many flips of a sort are shown.
const SHOWN_FLIPS: usize = 10;

/// How much of a reason is shown, in characters.
const SHOWN_REASON: usize = 160;

/// Renders a check.
pub fn render_check(attempt: &Attempt, check: &Check) -> String {
    let id = &attempt.id;
    let verdict = if check.passes() {
        "nothing that passes today fails"
    } else {
        "it breaks what passes today"
    };
    let mut text = format!("candidate {id}: {verdict}\n\n");
    text.push_str(&sides(check));
    let _ = write!(text, "\n{}", rates(check));
    text.push_str(&flips(
        "does not pass any more",
        &check.regressions,
        check.regression_count,
    ));
    let recovered = check.recovered.len() as u64;
    text.push_str(&flips("passes now", &check.recovered, recovered));
    let _ = write!(text, "\n{}", usage(check));
    let next = super::next(attempt);
    let _ = writeln!(text, "\nnext: {next}");
    text
}

/// Rows that the author saw and rows that it did not, before and after.
pub(super) fn sides(check: &Check) -> String {
    let titles = ["ROWS", "COUNT", "BEFORE", "AFTER", "RECOVERED", "BROKEN"];
    let mut table = TextTable::new(&titles);
    for column in 1..6 {
        table = table.align_right(column);
    }
    let sides = [
        ("seen by the author", &check.train),
        ("not seen", &check.validation),
    ];
    for (name, side) in sides {
        let Side {
            rows,
            passing,
            recovered,
            regressed,
        } = side;
        table.row([
            name.to_owned(),
            rows.to_string(),
            passing[0].to_string(),
            passing[1].to_string(),
            recovered.to_string(),
            regressed.to_string(),
        ]);
    }
    table.render()
}

/// How each evaluator graded, with the interval of the difference.
pub(super) fn rates(check: &Check) -> String {
    let titles = [
        "DATASET",
        "EVALUATOR",
        "BEFORE",
        "AFTER",
        "CHANGE",
        "BETWEEN",
    ];
    let mut table = TextTable::new(&titles);
    for column in 2..5 {
        table = table.align_right(column);
    }
    for rate in &check.rates {
        let advisory = if rate.blocking { "" } else { " (advisory)" };
        table.row([
            rate.dataset.to_string(),
            format!("{}{advisory}", rate.evaluator),
            format!("{}/{}", rate.passed[0], rate.total),
            format!("{}/{}", rate.passed[1], rate.total),
            points(share(rate.passed[1], rate.total) - share(rate.passed[0], rate.total)),
            rate.between.map_or("-".to_owned(), |[lower, upper]| {
                format!("{} and {}", points(lower), points(upper))
            }),
        ]);
    }
    table.render()
}

fn share(passed: u64, total: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of cases are far below 2^52"
    )]
    let share = passed as f64 / total.max(1) as f64;
    share
}

fn points(share: f64) -> String {
    format!("{:+.1}", share * 100.0)
}

/// Cases whose grade changed.
pub(super) fn flips(title: &str, flips: &[CheckedFlip], total: u64) -> String {
    let mut text = String::new();
    if flips.is_empty() {
        return text;
    }
    let shown = flips.len().min(SHOWN_FLIPS);
    let _ = writeln!(text, "\n{title} ({shown} of {total} shown):");
    for flip in flips.iter().take(SHOWN_FLIPS) {
        let critical = if flip.critical { " (critical)" } else { "" };
        let seen = if flip.seen {
            ", seen by the author"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  {} on {}{critical}, {}{seen}",
            Untrusted(&flip.at.row),
            flip.at.dataset,
            flip.evaluator
        );
        for (name, reason) in ["before", "after "].iter().zip(&flip.reasons) {
            let _ = writeln!(
                text,
                "    {name} {}",
                Untrusted(&shorten(reason, SHOWN_REASON))
            );
        }
    }
    text
}

/// What both versions used.
pub(super) fn usage(check: &Check) -> String {
    let mut table = TextTable::new(&["USAGE", "BEFORE", "AFTER"])
        .align_right(1)
        .align_right(2);
    let [before, after] = &check.usage;
    let unknown = || "not known".to_owned();
    let mut row = |name: &str, of: &dyn Fn(&CheckedUsage) -> String| {
        table.row([name.to_owned(), of(before), of(after)]);
    };
    row("cost", &|it| it.cost_usd.map_or_else(unknown, money));
    row("input tokens", &|it| it.input_tokens.to_string());
    row("output tokens", &|it| it.output_tokens.to_string());
    row("p95 latency", &|it| {
        let latency = it.latency_p95_ms;
        latency.map_or_else(unknown, |ms| format!("{ms:.0} ms"))
    });
    table.render()
}

/// What approving would do, before it is done.
pub fn approval_plan(attempt: &Attempt, check: &Check, branch: &str) -> String {
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    let mut text = format!(
        "merge candidate {} into {}\n",
        attempt.id,
        Untrusted(branch)
    );
    let _ = writeln!(
        text,
        "  changes   {}, and no other file",
        attempt.id.prompt.path()
    );
    let _ = writeln!(
        text,
        "  checked   {}: {} row(s) recovered, none broken",
        check.at,
        check.recovered_rows()
    );
    text
}
