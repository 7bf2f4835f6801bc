//! An incident as it is written down when it is opened: for people, who go on from there.

use std::fmt::Write as _;

use crate::domain::alert::WatchOutcome;
use crate::domain::incident::{Incident, Signed, Why};
use crate::domain::trace::filter::TimeRange;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::incidents::capture::Capture;
use crate::engine::incidents::representatives::Representative;
use crate::engine::monitor::alerts::AlertSeen;
use crate::engine::monitor::compare::Explanation;
use crate::engine::ports::LaneRecord;
use crate::report::markdown::code;
use crate::report::monitor::markdown::changes_markdown;
use crate::report::quantity::duration;
use crate::report::release::seconds;

/// The heading under which what happened is told, step by step.
pub const TIMELINE: &str = "## Timeline";

/// How much of a text is shown, in characters.
const SHOWN: usize = 120;

/// What an incident is written down from.
pub struct OpenedReport<'r> {
    /// The incident.
    pub incident: &'r Incident,
    /// What was kept of it.
    pub capture: &'r Capture,
    /// The rule that it was opened for, and what that saw.
    pub alert: Option<&'r AlertSeen>,
    /// The command that shows the numbers again.
    pub compare: &'r str,
}

/// The text below the settings of a new incident.
pub fn opened_document(report: &OpenedReport<'_>) -> String {
    let incident = report.incident;
    let mut text = format!("# {}\n\n", one_line(&incident.title));
    text.push_str("What production showed when this was opened. Correct it and add to it: commands change\nonly the settings above and the timeline below.\n");
    seen(&mut text, report);
    live(&mut text, report.capture);
    traces(&mut text, &report.capture.representatives);
    next(&mut text, incident, report.capture);
    text.push_str("\n## Cause\n\nWhat a person found out, and where it was mended.\n");
    let opened = timeline_line(&incident.opened, "opened");
    let _ = write!(text, "\n{TIMELINE}\n\n{opened}\n");
    text
}

/// A line of the timeline. Lines after the first of a text are indented, so that they belong to it.
pub fn timeline_line(signed: &Signed, text: &str) -> String {
    let text = text.trim().replace('\n', "\n  ");
    format!("- {} {}: {text}", seconds(signed.at), Untrusted(&signed.by))
}

/// A title on one line, without what would be read as HTML.
fn one_line(text: &str) -> String {
    let text = Untrusted(text).to_string();
    text.replace('<', "&lt;")
}

/// The numbers, and the alert.
fn seen(text: &mut String, report: &OpenedReport<'_>) {
    let request = &report.capture.request;
    let [before, after] = [request.before, request.after]
        .map(|TimeRange { from, until }| format!("{} to {}", seconds(from), seconds(until)));
    let [traces_before, traces_after] = report.capture.compared.items;
    let _ = write!(
        text,
        "\n## What was seen\n\n- window: {after}, {traces_after} traces\n\
         - held against: {before}, {traces_before} traces\n"
    );
    if !report.incident.filter.is_empty() {
        let _ = writeln!(text, "- where: {}", code(&report.incident.filter));
    }
    if let Some(seen) = report.alert {
        let rule = &seen.rule;
        let verb = match seen.outcome {
            WatchOutcome::Fires => "fired",
            WatchOutcome::Holds => "did not fire",
            WatchOutcome::TooLittleData => "had too little data to say",
        };
        let _ = write!(
            text,
            "- alert rule {}: {verb}\n- impact: {}\n- owner: {}, runbook {}\n",
            code(rule.id.as_str()),
            code(&shorten(&rule.user_impact, SHOWN)),
            code(&shorten(&rule.owner, SHOWN)),
            code(&shorten(&rule.runbook, SHOWN))
        );
    }
    let compared = &report.capture.compared;
    let _ = write!(
        text,
        "\n{}\nIn all: {}. Again: {}\n",
        changes_markdown(compared.deciding()),
        compared.outcome.in_words(),
        code(report.compare)
    );
    if let Some(explanation) = &compared.explanation {
        contrasts(text, explanation);
    }
}

/// What the bad ones have in common.
fn contrasts(text: &mut String, explanation: &Explanation) {
    let _ = writeln!(
        text,
        "\n{} traces are bad by {}, beside {} others. They have in common:\n",
        explanation.bad,
        code(&explanation.metric.name()),
        explanation.others
    );
    if explanation.contrasts.is_empty() {
        text.push_str("- nothing that the others have not as often\n");
    }
    for contrast in &explanation.contrasts {
        let share = |share: f64| format!("{:.0}%", share * 100.0);
        let _ = writeln!(
            text,
            "- {} is {}: {} of them, {} of the others",
            code(&contrast.column.name()),
            code(&shorten(&contrast.value, SHOWN)),
            share(contrast.bad),
            share(contrast.others)
        );
    }
}

/// What was live.
fn live(text: &mut String, capture: &Capture) {
    text.push_str("\n## What was live\n\n");
    if capture.live.is_empty() {
        text.push_str("No lane of this repository had a record then.\n");
        return;
    }
    text.push_str("| release | since | record | from commit | why |\n|---|---|---|---|---|\n");
    for LaneRecord { id, deployment } in &capture.live {
        let reason = deployment
            .reason
            .as_deref()
            .map(|it| code(&shorten(it, SHOWN)));
        let _ = writeln!(
            text,
            "| {}#{} ({}) | {} | `{}` | `{}` | {} |",
            deployment.lane,
            deployment.sequence,
            deployment.kind.name(),
            seconds(deployment.recorded_at),
            id.short(),
            deployment.source.commit.short(),
            reason.unwrap_or_default()
        );
    }
    if let Some(LaneRecord { deployment, .. }) = &capture.suspect {
        let _ = writeln!(
            text,
            "\nSince {}#{} a number is worse than before it. That coincides; counts cannot tell whether it \
             is the cause.",
            deployment.lane, deployment.sequence
        );
    }
}

/// The spans that show it.
fn traces(text: &mut String, representatives: &[Representative]) {
    text.push_str("\n## Traces\n\n");
    if representatives.is_empty() {
        text.push_str("No span of this window is kept.\n");
        return;
    }
    text.push_str(
        "| why | trace and span | step | prompt | trace took | |\n|---|---|---|---|---:|---|\n",
    );
    for it in representatives {
        let evidence = &it.evidence;
        let more = match (evidence.why, &it.error_type, it.score) {
            (Why::Error, Some(sort), _) => code(&shorten(sort, SHOWN)),
            (Why::LowestScore, _, Some(score)) => format!("score {score:.3}"),
            _ => String::new(),
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "a trace that takes longer than 104 days loses nanoseconds"
        )]
        let took = duration(it.trace_ns as f64);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {took} | {more} |",
            evidence.why.name().replace('-', " "),
            code(&format!("{}/{}", evidence.trace_id, evidence.span_id)),
            code(&shorten(&it.name, SHOWN)),
            it.prompt.as_deref().map(code).unwrap_or_default()
        );
    }
}

/// What is to be done, in this order.
fn next(text: &mut String, incident: &Incident, capture: &Capture) {
    let id = &incident.id;
    text.push_str("\n## To do\n\n");
    if incident.deployment.is_some() {
        let _ = writeln!(
            text,
            "- [ ] Contain it first, where the release brought it: `pointsman incident contain {id}`"
        );
    }
    let trace = capture.representatives.first();
    let trace = trace.map_or("<trace>", |it| it.evidence.trace_id.as_str());
    let steps = [
        (
            "Look at its traces as a tree and over time",
            format!("pointsman traces show {trace}"),
        ),
        (
            "Look for others alike: by what they say, not by their numbers",
            "pointsman traces search '<words>'".to_owned(),
        ),
        (
            "Keep its failed calls as rows, which wait for a review",
            format!("pointsman incident preserve {id} --to <dataset>"),
        ),
        (
            "Say where the fault lies",
            format!("pointsman incident classify {id} --layer <layer>"),
        ),
        (
            "Leave something behind: a row, an evaluator or a watch",
            format!("pointsman incident close {id} --row <dataset>:<row>"),
        ),
    ];
    for (what, command) in steps {
        let _ = writeln!(text, "- [ ] {what}: {}", code(&command));
    }
}
