//! The result of a search for people.

use std::fmt::Write as _;

use crate::domain::deployment::ObjectId;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::bisect::Verdict;
use crate::engine::bisect::line::{Origin, Version};
use crate::engine::bisect::steps::{Bisection, Step};
use crate::engine::ports::history::LineCommit;

use crate::report::diff::prompt_text;
use crate::report::eval::percent;
use crate::report::runs::flips;
use crate::report::table::TextTable;

use super::BisectReport;
use super::open::{open, recoveries};

/// How much of a reason is shown, in characters.
pub(super) const SHOWN_TEXT: usize = 300;

/// Renders the whole report.
pub fn render_bisect(report: &BisectReport<'_>, color: bool) -> String {
    let mut text = head(report);
    if let Some(bisection) = &report.bisection {
        let _ = write!(text, "\n{}", steps(report, bisection));
    }
    text.push('\n');
    match report.verdict() {
        Verdict::Found(version) => found(report, version, color, &mut text),
        Verdict::Elsewhere => elsewhere(report, &mut text),
        Verdict::NotWorse => not_worse(report, &mut text),
        Verdict::Open(range) => open(report, range, &mut text),
    }
    text
}

/// One comparison in a line, when it is made.
pub fn progress_line(step: &Step, versions: &[Version]) -> String {
    let rows = step.compared.as_ref().map_or(0, |compared| compared.rows);
    format!(
        "{} beside {}: {} on {rows} row(s)",
        name(step.version, versions),
        name(step.before, versions),
        step.call.name()
    )
}

/// A version for people.
pub(super) fn name(version: usize, versions: &[Version]) -> String {
    match &versions[version].origin {
        Origin::Good => "the good end".to_owned(),
        Origin::Fork(commit) => format!("commit {}", commit.short()),
        Origin::Commit(commit) => format!("commit {}", commit.id.short()),
        Origin::Bad => "the bad end".to_owned(),
    }
}

fn head(report: &BisectReport<'_>) -> String {
    let suite = report.suite;
    let mut text = format!(
        "{} by {} on {}\n",
        suite.prompt, report.evaluator, suite.dataset
    );
    let end = |(label, commit): &(String, ObjectId)| {
        let own = format!("commit {}", commit.short());
        if *label == own {
            own
        } else {
            format!("{label} ({own})")
        }
    };
    let repeats = match suite.repeats {
        1 => String::new(),
        repeats => format!(", each tested {repeats} times"),
    };
    let lines = [
        ("good", end(&report.ends[0])),
        ("bad", end(&report.ends[1])),
        (
            "tests",
            format!("of {}: {} rows{repeats}", report.tests, report.rows),
        ),
        (
            "history",
            format!(
                "{} commit(s), {} version(s) of the prompt",
                report.commits,
                report.versions.len()
            ),
        ),
    ];
    for (title, line) in lines {
        let _ = writeln!(text, "  {title:<8} {}", Untrusted(&line));
    }
    text
}

fn steps(report: &BisectReport<'_>, bisection: &Bisection) -> String {
    let titles = [
        "VERSION", "COMMIT", "BESIDE", "ROWS", "BEFORE", "AFTER", "CHANGE", "BETWEEN", "CALLED",
    ];
    let mut table = TextTable::new(&titles);
    for column in [0, 2, 3, 4, 5, 6] {
        table = table.align_right(column);
    }
    for step in &bisection.steps {
        let figures = match &step.compared {
            None => ["0", "-", "-", "-", "-"].map(str::to_owned),
            Some(compared) => {
                let interval = &compared.shown.interval;
                [
                    compared.rows.to_string(),
                    percent(compared.rates[0]),
                    percent(compared.rates[1]),
                    points(compared.shown.mean),
                    format!("{} and {}", points(interval.lower), points(interval.upper)),
                ]
            }
        };
        let [rows, before, after, change, between] = figures;
        table.row([
            step.version.to_string(),
            report.commit(step.version).short().to_owned(),
            step.before.to_string(),
            rows,
            before,
            after,
            change,
            between,
            step.call.name().to_owned(),
        ]);
    }
    table.render()
}

fn found(report: &BisectReport<'_>, version: usize, color: bool, text: &mut String) {
    let evaluator = report.evaluator;
    match &report.versions[version].origin {
        Origin::Commit(commit) => {
            let _ = writeln!(text, "found: commit {} makes {evaluator} worse", commit.id);
            described(commit, text);
        }
        _ => {
            let _ = writeln!(
                text,
                "found: what {} has and commit {} has not makes {evaluator} worse",
                report.ends[1].0,
                report.ends[1].1.short()
            );
        }
    }
    let naming = report
        .bisection
        .as_ref()
        .and_then(|bisection| bisection.naming(version));
    if let Some(compared) = naming.and_then(|step| step.compared.as_ref()) {
        let interval = &compared.shown.interval;
        let _ = writeln!(
            text,
            "  change   {} points, from {} to {} on {} rows; between {} and {}",
            points(compared.shown.mean),
            percent(compared.rates[0]),
            percent(compared.rates[1]),
            compared.rows,
            points(interval.lower),
            points(interval.upper),
        );
    }
    remarks(report, version, text);
    if let Some(found) = &report.found {
        let _ = write!(text, "\n{}", prompt_text(&found.diff, color));
        text.push_str(&flips(std::slice::from_ref(&found.cases)));
    }
}

fn described(commit: &LineCommit, text: &mut String) {
    let written_at = commit.written_at.strftime("%Y-%m-%d %H:%M UTC");
    let subject = shorten(&commit.subject, SHOWN_TEXT);
    let _ = writeln!(text, "  author   {}", Untrusted(&commit.author));
    let _ = writeln!(text, "  date     {written_at}");
    let _ = writeln!(text, "  subject  {}", Untrusted(&subject));
}

/// What does not fit the picture of one commit that made it worse, and how to look further.
fn remarks(report: &BisectReport<'_>, version: usize, text: &mut String) {
    let suite = report.suite;
    if let Origin::Commit(commit) = &report.versions[version].origin
        && let [first, second, ..] = commit.parents.as_slice()
    {
        let _ = writeln!(
            text,
            "  merge    look at what it brought: `pointsman bisect {} --evaluator {} --dataset {} --good {} --bad {}`",
            report.versions[version].name,
            report.evaluator,
            suite.dataset,
            first.short(),
            second.short(),
        );
    }
    let Some(bisection) = &report.bisection else {
        return;
    };
    let lost = |step: Option<&Step>| {
        let compared = step.and_then(|step| step.compared.as_ref());
        compared.map_or(0.0, |compared| compared.shown.mean)
    };
    let (own, all) = (
        lost(bisection.naming(version)),
        lost(bisection.steps.first()),
    );
    if own > all / 2.0 {
        let _ = writeln!(
            text,
            "  but      that is the smaller part of the {:.1} points that the bad end loses: other commits make it worse, too",
            all.abs() * 100.0
        );
    }
    recoveries(report, bisection, text);
}

fn elsewhere(report: &BisectReport<'_>, text: &mut String) {
    let _ = writeln!(
        text,
        "not in this history: {} is worse than the good end already\n  the good end is better by commits that the history of the bad end does not have",
        name(1, report.versions)
    );
}

fn not_worse(report: &BisectReport<'_>, text: &mut String) {
    if report.bisection.is_none() {
        text.push_str("not worse: the prompt is the same at both ends\n");
        return;
    }
    text.push_str("not worse: the bad end does not fall behind the good one\n");
}

/// A share in percentage points.
pub(super) fn points(share: f64) -> String {
    format!("{:+.1}", share * 100.0)
}
