//! What a search leaves open, and what does not fit its picture of one change.

use std::fmt::Write as _;

use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::bisect::line::Origin;
use crate::engine::bisect::steps::{Bisection, Call, Step};

use super::BisectReport;
use super::text::{SHOWN_TEXT, name, points};

/// How many commits of an open range are shown.
const SHOWN_COMMITS: usize = 20;

/// The versions of which any may have made it worse, and what would decide it.
pub(super) fn open(report: &BisectReport<'_>, [first, last]: [usize; 2], text: &mut String) {
    let count = 1 + last - first;
    let _ = match count {
        1 => writeln!(text, "cannot tell whether this version made it worse"),
        _ => writeln!(
            text,
            "cannot tell: any of {count} versions may have made it worse"
        ),
    };
    for version in (first..=last).take(SHOWN_COMMITS) {
        let line = match &report.versions[version].origin {
            Origin::Commit(commit) => format!(
                "{} {} {}: {}",
                commit.id.short(),
                commit.written_at.strftime("%Y-%m-%d"),
                commit.author,
                shorten(&commit.subject, SHOWN_TEXT)
            ),
            _ => name(version, report.versions),
        };
        let _ = writeln!(text, "  {version:>3}  {}", Untrusted(&line));
    }
    if count > SHOWN_COMMITS {
        let _ = writeln!(text, "       and {} more", count - SHOWN_COMMITS);
    }
    let Some(bisection) = &report.bisection else {
        return;
    };
    text.push_str("what would decide it\n");
    let within = |step: &&Step| (first..=last).contains(&step.version);
    let steps = || bisection.steps.iter().filter(within);
    for line in steps().filter_map(|step| wanted(report, step)) {
        let _ = writeln!(text, "  {}", Untrusted(&line));
    }
    let missing = |step: &Step| step.looked_at.iter().any(|count| count.missing > 0);
    match report.calls_to_ask {
        Some(calls) => {
            let _ = writeln!(
                text,
                "  ask for what is not known: `--yes`, at most {calls} call(s)"
            );
        }
        None if steps().any(missing) => text.push_str(
            "  answers are recorded with `pointsman eval --record <provider>`, on a checkout of the commit\n",
        ),
        None => {}
    }
    recoveries(report, bisection, text);
}

/// What would call a version that was left open; `None`: it is called.
fn wanted(report: &BisectReport<'_>, step: &Step) -> Option<String> {
    if let Some((version, problem)) = &step.problem {
        let whose = name(*version, report.versions);
        return Some(format!("{whose}: {}", shorten(problem, SHOWN_TEXT)));
    }
    if !matches!(step.call, Call::Undecided | Call::Untested) {
        return None;
    }
    let mut wanted = Vec::new();
    for (version, count) in [step.before, step.version].into_iter().zip(step.looked_at) {
        if count.missing > 0 {
            let whose = name(version, report.versions);
            wanted.push(format!(
                "answers of {whose} to {} of {} rows",
                count.missing, count.all
            ));
        }
    }
    if let Some(compared) = &step.compared {
        let sort = match compared.clusters {
            Some(_) => "clusters",
            None => "rows",
        };
        let called = name(step.version, report.versions);
        wanted.push(match step.needs {
            Some(rows) => format!("about {rows} {sort} like these to call {called}"),
            None => {
                format!("more {sort} than anybody has to call {called}, if they are like these")
            }
        });
    }
    Some(wanted.join("; or "))
}

/// The search takes it that what is worse once stays so.
pub(super) fn recoveries(report: &BisectReport<'_>, bisection: &Bisection, text: &mut String) {
    for step in &bisection.recoveries {
        let Some(compared) = &step.compared else {
            continue;
        };
        let _ = writeln!(
            text,
            "  but      {} is better than {} by {} points: it does not only get worse, and another commit may have made it worse, too",
            name(step.version, report.versions),
            name(step.before, report.versions),
            points(compared.shown.mean)
        );
    }
}
