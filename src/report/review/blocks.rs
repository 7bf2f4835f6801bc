//! What data says in a review, in Markdown, each with the command that shows it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::behavior::Behavior;
use crate::domain::deployment::Changes;
use crate::domain::id::{DatasetId, PromptId, ViewId};
use crate::domain::improve::Attempt;
use crate::domain::incident::{Incident, Layer};
use crate::domain::trace::filter::TimeRange;
use crate::domain::untrusted::shorten;
use crate::domain::webhook::delivery::{Delivery, State};
use crate::engine::incidents::representatives::Representative;
use crate::engine::monitor::compare::{CompareRequest, Compared};
use crate::engine::ports::LaneRecord;
use crate::engine::reviews::normal::NormalTrace;
use crate::engine::reviews::releases::ReleaseSeen;
use crate::engine::reviews::rows::RowsSeen;
use crate::engine::reviews::runs::SuiteRun;
use crate::engine::reviews::unused::Unused;
use crate::engine::traces::versions::{Standing, Versions};
use crate::report::markdown::code;
use crate::report::monitor::markdown::changes_markdown;
use crate::report::quantity::duration;
use crate::report::release::seconds;

/// How much of a text is shown, in characters.
const SHOWN: usize = 120;

/// A text with the commands that show it again.
pub fn with_commands(text: &str, commands: &[String]) -> String {
    let mut text = format!("{}\n\n", text.trim_end());
    for command in commands {
        let _ = writeln!(text, "- {}", code(command));
    }
    text
}

/// How the numbers moved.
pub fn numbers(request: &CompareRequest, compared: &Compared) -> String {
    let [before, after] = [request.before, request.after]
        .map(|TimeRange { from, until }| format!("{} to {}", seconds(from), seconds(until)));
    let [traces_before, traces_after] = compared.items;
    format!(
        "{traces_after} traces from {after}, against {traces_before} from {before}: {}.\n\n{}",
        compared.outcome.in_words(),
        changes_markdown(compared.deciding())
    )
}

/// Traces as they usually are.
pub fn normal(traces: &[NormalTrace]) -> String {
    if traces.is_empty() {
        return "No trace of this time is kept.\n".to_owned();
    }
    let mut text = String::from("| trace | route | took |\n|---|---|---:|\n");
    for it in traces {
        let route = it.route.as_deref().map(|it| code(&shorten(it, SHOWN)));
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            code(&it.trace),
            route.unwrap_or_default(),
            duration(it.duration_ns)
        );
    }
    text
}

/// Traces that failed, were slow, or were graded low.
pub fn failures(found: &[Representative]) -> String {
    if found.is_empty() {
        return "No trace of this time is kept.\n".to_owned();
    }
    let mut text =
        String::from("| why | trace | prompt | error | lowest score |\n|---|---|---|---|---:|\n");
    for it in found {
        let said = |text: Option<&str>| {
            let text = text.map(|it| code(&shorten(it, SHOWN)));
            text.unwrap_or_default()
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            it.evidence.why.name().replace('-', " "),
            code(&it.evidence.trace_id),
            said(it.prompt.as_deref()),
            said(it.error_type.as_deref()),
            it.score
                .map(|score| format!("{score:.3}"))
                .unwrap_or_default()
        );
    }
    text
}

/// How often each value stands in traces.
pub fn counted(what: &str, counts: &[(Option<String>, f64)]) -> String {
    if counts.is_empty() {
        return format!("No {what} stands in the traces of this time.\n");
    }
    let mut text = format!("| {what} | traces |\n|---|---:|\n");
    for (value, count) in counts {
        let value = value.as_deref().unwrap_or("(none)");
        let _ = writeln!(text, "| {} | {count:.0} |", code(&shorten(value, SHOWN)));
    }
    text
}

/// Which versions answer, by prompt.
pub fn runtime(lane: &str, versions: &Versions) -> String {
    if versions.is_empty() {
        return format!("No call of this time names the lane {}.\n", code(lane));
    }
    let mut text = String::from("| prompt | calls | of what was live | |\n|---|---:|---:|---|\n");
    for (prompt, shown) in versions {
        let count = |standing: &[Standing]| -> u64 {
            let such = shown.iter().filter(|one| standing.contains(&one.standing));
            such.map(|one| one.calls).sum()
        };
        let all: u64 = shown.iter().map(|one| one.calls).sum();
        let live = count(&[Standing::Live, Standing::Newer]);
        let wrong = shown.iter().filter(|one| one.is_wrong()).count();
        let said = match (wrong, count(&[Standing::Unsaid])) {
            (0, 0) => String::new(),
            (0, unsaid) => format!("{unsaid} do not say which version they used"),
            (wrong, _) => format!("{wrong} caller(s) use another version"),
        };
        let _ = writeln!(text, "| {} | {all} | {live} | {said} |", code(prompt));
    }
    text
}

/// Where a rollback would go.
pub fn way_back(record: &LaneRecord, is_live: bool) -> String {
    let deployment = &record.deployment;
    let (lane, sequence) = (&deployment.lane, deployment.sequence);
    let target = match &deployment.rollback_target {
        Some(target) => format!(
            "{lane}#{sequence} would go back to #{} (`{}`), which was shown to render.\n",
            target.sequence,
            target.record.short()
        ),
        None => format!("{lane}#{sequence} has nothing to go back to.\n"),
    };
    if is_live {
        return target;
    }
    format!("{target}\n{lane}#{sequence} is not live any more.\n")
}

/// Prompts that are other than what is live.
pub fn edits(changes: &Changes) -> String {
    let list = |prompts: &[PromptId]| {
        let prompts: Vec<String> = prompts.iter().map(|id| code(id.as_str())).collect();
        prompts.join(", ")
    };
    let mut text = String::new();
    for (what, prompts) in [
        ("changed", &changes.changed),
        ("new", &changes.added),
        ("gone", &changes.removed),
    ] {
        if !prompts.is_empty() {
            let _ = writeln!(
                text,
                "- {what} here against what is live: {}",
                list(prompts)
            );
        }
    }
    if text.is_empty() {
        text.push_str("No prompt here is another than the one that is live.\n");
    }
    text
}

/// Rows that came from production, and those that wait.
pub fn rows(seen: &BTreeMap<DatasetId, RowsSeen>) -> String {
    if seen.is_empty() {
        return "No row came from production within this time, and none waits for a review.\n"
            .to_owned();
    }
    let mut text =
        String::from("| dataset | from production | rows | pending |\n|---|---:|---|---:|\n");
    for (id, seen) in seen {
        let mut named: Vec<String> = seen.named.iter().map(|row| code(row)).collect();
        let more = seen.from_production - seen.named.len() as u64;
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            code(id.as_str()),
            seen.from_production,
            named.join(", "),
            seen.pending
        );
    }
    text
}

/// When each suite was run last.
pub fn runs(suites: &[SuiteRun]) -> String {
    if suites.is_empty() {
        return "No prompt is tested on a golden or a regression dataset.\n".to_owned();
    }
    let mut text = String::from("| prompt | dataset | kind | last run |\n|---|---|---|---|\n");
    for it in suites {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            code(it.prompt.as_str()),
            code(it.dataset.as_str()),
            it.kind,
            it.last
                .map_or_else(|| "none within this time".to_owned(), seconds)
        );
    }
    text
}

/// The releases of the time, and what their numbers say.
pub fn releases(seen: &[ReleaseSeen]) -> String {
    if seen.is_empty() {
        return "No lane moved within this time.\n".to_owned();
    }
    let mut text =
        String::from("| release | when | prompts | why | numbers |\n|---|---|---|---|---|\n");
    for ReleaseSeen { record, outcome } in seen {
        let deployment = &record.deployment;
        let changes = &deployment.changes;
        let all = [&changes.added, &changes.changed, &changes.removed];
        let prompts: Vec<String> = all
            .into_iter()
            .flatten()
            .map(|id| code(id.as_str()))
            .collect();
        let why = deployment.reason.as_deref();
        let _ = writeln!(
            text,
            "| {}#{} ({}) | {} | {} | {} | {} |",
            deployment.lane,
            deployment.sequence,
            deployment.kind.name(),
            seconds(deployment.recorded_at),
            prompts.join(", "),
            why.map(|it| code(&shorten(it, SHOWN))).unwrap_or_default(),
            outcome.in_words()
        );
    }
    text
}

/// How many spans each view means.
pub fn views(seen: &[(ViewId, u64)]) -> String {
    if seen.is_empty() {
        return "There is no saved view.\n".to_owned();
    }
    let mut text = String::from("| view | spans within this time |\n|---|---:|\n");
    for (id, count) in seen {
        let _ = writeln!(text, "| {} | {count} |", code(id.as_str()));
    }
    text
}

/// What nobody names, and views that mean nothing.
pub fn unused(unused: &Unused, views: &[(ViewId, u64)]) -> String {
    let mut text = String::new();
    let mut list = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            let _ = writeln!(text, "- {what}: {}", names.join(", "));
        }
    };
    let datasets = unused.datasets.iter().map(|id| code(id.as_str()));
    list("datasets that no prompt is tested on", datasets.collect());
    let evaluators = unused.evaluators.iter().map(|id| code(id.as_str()));
    list("evaluators that nothing names", evaluators.collect());
    let empty = views.iter().filter(|(_, count)| *count == 0);
    let empty = empty.map(|(id, _)| code(id.as_str()));
    list("views that meant nothing within this time", empty.collect());
    if text.is_empty() {
        text.push_str("Every dataset, evaluator and view is used.\n");
    }
    text
}

/// What receivers were told of a release.
pub fn deliveries(found: &[Delivery]) -> String {
    if found.is_empty() {
        return "No message about this release was sent from this machine: its lane has no webhook, or \
                somebody else moved it.\n"
            .to_owned();
    }
    let mut text = String::from("| receiver | what | state | tries |\n|---|---|---|---:|\n");
    for delivery in found {
        let state = match delivery.state {
            State::Delivered => "delivered".to_owned(),
            State::GivenUp => "given up".to_owned(),
            State::Waiting { next_try_at } => format!("waits until {}", seconds(next_try_at)),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {state} | {} |",
            code(&delivery.webhook.url_env),
            code(&delivery.event),
            delivery.attempts.len()
        );
    }
    text
}

/// Incidents with what became of them.
pub fn incidents(found: &[Incident]) -> String {
    if found.is_empty() {
        return "No incident is open, and none was opened within this time.\n".to_owned();
    }
    let mut text =
        String::from("| incident | state | layer | leaves behind |\n|---|---|---|---|\n");
    for incident in found {
        let left = incident.closed.iter().flat_map(|closed| &closed.left);
        let left: Vec<String> = left.map(|left| code(&left.name())).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            code(incident.id.as_str()),
            incident.state().name(),
            incident.layer.map_or("", Layer::name),
            left.join(", ")
        );
    }
    text
}

/// A lane and the one that it is promoted from.
pub fn lanes_compared(source: &LaneRecord, live: &LaneRecord) -> String {
    let [source, live] = [source, live].map(|record| &record.deployment);
    let said = if source.snapshot.sha256 == live.snapshot.sha256 {
        "the same snapshot"
    } else {
        "another snapshot"
    };
    format!(
        "- {}#{} and {}#{}: {said}\n",
        source.lane, source.sequence, live.lane, live.sequence
    )
}

/// How many there are of something.
pub fn counts(counts: &[(&str, usize)]) -> String {
    let counts = counts
        .iter()
        .map(|(what, count)| format!("{count} of {what}"));
    let counts: Vec<String> = counts.collect();
    format!("Here now: {}.\n", counts.join(", "))
}

/// Candidates and what became of them.
pub fn candidates(found: &[Attempt]) -> String {
    if found.is_empty() {
        return "No candidate is open, and none was decided within this time.\n".to_owned();
    }
    let mut text = String::from("| candidate | state | decided by | why |\n|---|---|---|---|\n");
    for it in found {
        let decision = it.decision.as_ref();
        let by = decision.map(|decision| code(decision.by.split(" <").next().unwrap_or_default()));
        let why = decision.and_then(|decision| decision.reason.as_deref());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            code(&it.id.to_string()),
            it.state().name(),
            by.unwrap_or_default(),
            why.map(|why| code(&shorten(why, SHOWN)))
                .unwrap_or_default()
        );
    }
    text
}

/// Behaviors with what the last scan says of them, the most urgent first.
pub fn behaviors(found: &[Behavior]) -> String {
    if found.is_empty() {
        return "No behavior is written down; a scan finds them once there are enough traces.\n"
            .to_owned();
    }
    let mut text = String::from(
        "| behavior | state | kind | role | traces now | before | what |\n|---|---|---|---|---:|---:|---|\n",
    );
    for it in found {
        let rate = |[hits, of]: [u64; 2]| format!("{hits} of {of}");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            code(it.id.as_str()),
            it.state().name(),
            it.kind().name(),
            it.pattern.role.name(),
            rate(it.seen.now),
            rate(it.seen.before),
            code(&shorten(it.title(), SHOWN))
        );
    }
    text
}
