//! The review of a candidate: seven sections, each with what must stop the reader.

use std::fmt::Write as _;

use crate::domain::improve::{Attempt, Author, CheckedUsage, DecisionKind};
use crate::domain::run::RunId;
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::improve::{LiveStanding, SECTIONS, Traffic, stops};
use crate::report::diff::prompt_text;
use crate::report::monitor::number::{percent, whole};
use crate::report::quantity::{duration, money};
use crate::report::release::seconds;
use crate::report::table::TextTable;

use super::Review;
use super::check::{flips, rates, sides, usage};
use super::start::failing;

/// How many failing rows are named.
const SHOWN_ROWS: usize = 5;

/// How much of a rationale is shown, in characters.
const SHOWN_RATIONALE: usize = 1_000;

/// Renders a review.
pub fn render_review(review: &Review<'_>, color: bool) -> String {
    let attempt = review.attempt;
    let mut text = format!("candidate {}: {}\n", attempt.id, attempt.state().name());
    let facts = facts(review, color);
    let stops = stops(attempt, &review.situation);
    for (index, ((title, stop_if), (facts, stops))) in
        SECTIONS.iter().zip(facts.iter().zip(&stops)).enumerate()
    {
        let _ = write!(text, "\n{}. {title}\n", index + 1);
        for line in facts.lines() {
            let _ = match line {
                "" => writeln!(text),
                line => writeln!(text, "   {line}"),
            };
        }
        let _ = writeln!(text, "   Stop if {stop_if}.");
        for stop in stops {
            let _ = writeln!(text, "   STOP: {}", Untrusted(stop));
        }
    }
    decision(attempt, &mut text);
    text
}

/// What is known, section by section, as lines.
fn facts(review: &Review<'_>, color: bool) -> [String; 7] {
    [
        diagnosis(review.attempt),
        candidate(review.attempt),
        match &review.diff {
            Some(diff) => prompt_text(diff, color),
            None => "there is no candidate\n".to_owned(),
        },
        traffic(review),
        regressions(review.attempt),
        match review.attempt.checks.last() {
            Some(check) => usage(check),
            None => "not known before a check\n".to_owned(),
        },
        target(review),
    ]
}

fn field(text: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{name:<10} {value}");
}

fn diagnosis(attempt: &Attempt) -> String {
    let mut text = String::new();
    let found = &attempt.diagnosis;
    if found.runs.is_empty() {
        field(
            &mut text,
            "failing",
            "nobody looked before the candidate was written",
        );
    } else {
        field(&mut text, "failing", failing(found));
        let runs: Vec<&str> = found.runs.iter().map(RunId::as_str).collect();
        field(&mut text, "shown by", format!("run {}", runs.join(", ")));
    }
    if let Some(focus) = &attempt.focus {
        field(&mut text, "focus", Untrusted(focus));
    }
    for row in found.shown.iter().take(SHOWN_ROWS) {
        field(
            &mut text,
            "row",
            format!(
                "{} on {}: {} says {}",
                Untrusted(&row.at.row),
                row.at.dataset,
                row.evaluator,
                Untrusted(&row.reason)
            ),
        );
    }
    if !attempt.rationale.is_empty() {
        let rationale = shorten(&attempt.rationale, SHOWN_RATIONALE);
        field(&mut text, "the author", "says:");
        for line in rationale.lines() {
            let _ = writeln!(text, "  | {}", Untrusted(line));
        }
    }
    text
}

fn candidate(attempt: &Attempt) -> String {
    let mut text = String::new();
    if let Some(candidate) = &attempt.candidate {
        let branch = attempt.id.branch();
        let commit = format!("{} on branch {branch}", candidate.commit.short());
        field(&mut text, "commit", commit);
        let path = attempt.id.prompt.path();
        let file = format!("{path} (blob {})", candidate.blob.short());
        field(&mut text, "file", file);
        field(&mut text, "prompt", candidate.fingerprint.short());
    }
    for reason in &attempt.refused {
        field(&mut text, "refused", Untrusted(reason));
    }
    let (base, prompt) = (attempt.base.short(), attempt.base_fingerprint.short());
    let made_from = format!("commit {base} (prompt {prompt})");
    field(&mut text, "made from", made_from);
    field(&mut text, "written by", written_by(&attempt.author));
    let by = Untrusted(&attempt.started_by);
    let started = format!("{} by {by}", seconds(attempt.started_at));
    field(&mut text, "started", started);
    if let Some(check) = attempt.checks.last() {
        let checked = format!(
            "{} by {}, with the tests of commit {}",
            seconds(check.at),
            Untrusted(&check.by),
            check.base.short()
        );
        field(&mut text, "checked", checked);
    }
    text
}

fn written_by(author: &Author) -> String {
    match author {
        Author::Model {
            model, proposer, ..
        } => format!("{}, asked by {proposer}", Untrusted(&model.to_string())),
        Author::Person { edited: None } => "a person".to_owned(),
        Author::Person { edited: Some(id) } => format!("a person, from candidate {id}"),
    }
}

fn traffic(review: &Review<'_>) -> String {
    let mut text = String::new();
    let candidate = "no traffic has seen it: what it does to real requests shows after a release";
    field(&mut text, "candidate", candidate);
    match review.situation.from_production {
        None => field(
            &mut text,
            "rows",
            "the prompt is not in the commit that is checked out",
        ),
        Some(0) => field(
            &mut text,
            "rows",
            "none of those that test it comes from production",
        ),
        Some(count) => field(
            &mut text,
            "rows",
            format!("{count} of those that test it come from production"),
        ),
    }
    let prompt = &review.attempt.id.prompt;
    match &review.situation.production {
        None => field(&mut text, "traces", "they cannot be read"),
        Some(Traffic {
            calls: 0, range, ..
        }) => {
            let none = format!("no call of `{prompt}` since {}", seconds(range.from));
            field(&mut text, "traces", none);
        }
        Some(traffic) => production(&mut text, traffic, review.attempt),
    }
    let filter = format!("pointsman monitor --where 'prompt = \"{prompt}\"'");
    field(&mut text, "see", filter);
    text
}

/// Calls of production beside the cases of the check.
fn production(text: &mut String, traffic: &Traffic, attempt: &Attempt) {
    let calls = format!(
        "{} calls since {}, {} of them of the version that it was made from",
        whole(traffic.calls),
        seconds(traffic.range.from),
        whole(traffic.of_base)
    );
    field(text, "traces", calls);
    let check = attempt.checks.last();
    let mut table = TextTable::new(&["A CALL", "PRODUCTION", "ROWS BEFORE", "ROWS AFTER"])
        .align_right(1)
        .align_right(2)
        .align_right(3);
    let mut row =
        |name: &str, live: Option<String>, of: &dyn Fn(&CheckedUsage) -> Option<String>| {
            let [before, after] = [0, 1].map(|side| check.and_then(|it| of(&it.usage[side])));
            let shown = |text: Option<String>| text.unwrap_or_else(|| "not known".to_owned());
            table.row([name.to_owned(), shown(live), shown(before), shown(after)]);
        };
    let tokens = |mean: Option<f64>| mean.map(|it| format!("{it:.0}"));
    row("input tokens", tokens(traffic.input_tokens.mean), &|it| {
        tokens(it.input_tokens_a_case())
    });
    row("output tokens", tokens(traffic.output_tokens.mean), &|it| {
        tokens(it.output_tokens_a_case())
    });
    row("cost", traffic.cost.mean.map(money), &|it| {
        it.cost_a_case().map(money)
    });
    row("p95 latency", traffic.latency.p95.map(duration), &|it| {
        it.latency_p95_ms.map(|ms| duration(ms * 1e6))
    });
    row("failed", traffic.errors.mean.map(percent), &|_| None);
    text.push_str(&table.render());
}

fn regressions(attempt: &Attempt) -> String {
    let Some(check) = attempt.checks.last() else {
        return "not known before a check\n".to_owned();
    };
    let mut text = sides(check);
    let _ = write!(text, "\n{}", rates(check));
    let count = check.regression_count;
    text.push_str(&flips("does not pass any more", &check.regressions, count));
    let recovered = check.recovered.len() as u64;
    text.push_str(&flips("passes now", &check.recovered, recovered));
    text.push('\n');
    text
}

fn target(review: &Review<'_>) -> String {
    let mut text = String::new();
    for LiveStanding {
        lane,
        sequence,
        fingerprint,
    } in &review.situation.lanes
    {
        let attempt = review.attempt;
        let merged = attempt.candidate.as_ref().map(|it| it.fingerprint);
        let what = match fingerprint {
            None => "has no such prompt".to_owned(),
            Some(live) if *live == attempt.base_fingerprint => {
                "has the prompt that it was made from".to_owned()
            }
            Some(live) if Some(*live) == merged => "has the candidate".to_owned(),
            Some(live) => format!("has another version ({})", live.short()),
        };
        field(&mut text, "lane", format!("{lane} #{sequence} {what}"));
    }
    if review.situation.lanes.is_empty() {
        field(&mut text, "lane", "none has a record");
    }
    field(
        &mut text,
        "next",
        "approving merges and deploys nothing; `pointsman promote <lane>` releases, by the lane's policy",
    );
    text
}

fn decision(attempt: &Attempt, text: &mut String) {
    let Some(decision) = &attempt.decision else {
        let next = super::next(attempt);
        if !next.is_empty() {
            let id = &attempt.id;
            let _ = writeln!(
                text,
                "\ndecide with `pointsman improve check|approve|edit|reject {id}`"
            );
        }
        return;
    };
    let what = match &decision.kind {
        DecisionKind::Approved { branch, commit } => {
            format!(
                "merged into {} as commit {}",
                Untrusted(branch),
                commit.short()
            )
        }
        DecisionKind::Edited { into } => format!("edited: see candidate {into}"),
        DecisionKind::Rejected => "rejected".to_owned(),
    };
    let _ = write!(
        text,
        "\n{what}, {} by {}",
        seconds(decision.at),
        Untrusted(&decision.by)
    );
    if let Some(reason) = &decision.reason {
        let _ = write!(text, ": {}", Untrusted(reason));
    }
    text.push('\n');
}
