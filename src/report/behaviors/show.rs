//! One behavior, for people.

use std::fmt::{Display, Write as _};

use crate::domain::behavior::{Behavior, Decision, Label};
use crate::domain::trace::span::{Span, SpanStatus};
use crate::domain::untrusted::{Untrusted, shorten};
use crate::engine::behaviors::examples::Example;
use crate::report::monitor::number::whole;
use crate::report::quantity::duration;
use crate::report::release::seconds;
use crate::report::table::TextTable;

use super::list::{rate, release, trend};

/// How much of a text is shown, in characters.
const SHOWN: usize = 240;

/// How many scans are shown: the last.
const SCANS: usize = 10;

/// A behavior with the spans that show it.
pub fn behavior_text(behavior: &Behavior, examples: &[Example]) -> String {
    let mut text = format!("{}\n", behavior.id);
    for (title, value) in facts(behavior) {
        field(&mut text, title, value);
    }
    lanes(&mut text, behavior);
    together(&mut text, behavior);
    history(&mut text, behavior);
    if !examples.is_empty() {
        text.push_str("\ntraces\n");
    }
    for example in examples {
        one(&mut text, example);
    }
    text
}

/// What a behavior is, and what was seen of it, as it is.
pub(in crate::report) fn facts(behavior: &Behavior) -> Facts {
    let mut facts = Vec::new();
    pattern(&mut facts, behavior);
    decided(&mut facts, behavior);
    seen(&mut facts, behavior);
    facts
}

/// Names with what each of them is.
type Facts = Vec<(&'static str, String)>;

fn add(facts: &mut Facts, name: &'static str, value: impl Display) {
    facts.push((name, value.to_string()));
}

fn pattern(facts: &mut Facts, behavior: &Behavior) {
    let pattern = &behavior.pattern;
    if let Some(title) = &behavior.decided.title {
        add(facts, "title", title);
    }
    if let Some(Label { text, by, .. }) = &behavior.decided.label {
        add(facts, "label", format!("{text} (says {by})"));
    }
    let watched = if behavior.decided.watched {
        ", watched"
    } else {
        ""
    };
    add(
        facts,
        "state",
        format!("{}{watched}", behavior.state().name()),
    );
    add(
        facts,
        "kind",
        format!(
            "{} of the {}, found by the detector `{}`",
            behavior.kind().name(),
            pattern.role.name(),
            pattern.detector.name()
        ),
    );
    add(facts, "pattern", &pattern.signature);
    add(facts, "because", &pattern.rationale);
    if !pattern.subjects.is_empty() {
        add(facts, "about", pattern.subjects.join(", "));
    }
    if !pattern.terms.is_empty() {
        let words: Vec<&str> = pattern.terms.iter().map(|it| it.word.as_str()).collect();
        add(facts, "words", words.join(", "));
    }
}

fn decided(facts: &mut Facts, behavior: &Behavior) {
    let decided = &behavior.decided;
    for (title, said) in [("owner", &decided.owner), ("note", &decided.note)] {
        if let Some(said) = said {
            add(facts, title, said);
        }
    }
    let decision = |it: &Decision| format!("{} by {}: {}", seconds(it.at), it.by, it.reason);
    for (title, said) in [
        ("dismissed", &decided.dismissed),
        ("resolved", &decided.resolved),
    ] {
        if let Some(said) = said {
            add(facts, title, decision(said));
        }
    }
}

fn seen(facts: &mut Facts, behavior: &Behavior) {
    let seen = &behavior.seen;
    add(
        facts,
        "seen",
        format!("{} to {}", seconds(seen.first), seconds(seen.last)),
    );
    add(
        facts,
        "window",
        format!("{} to {}", seconds(seen.from), seconds(seen.until)),
    );
    add(
        facts,
        "rate",
        format!("{} now, {} before", of_all(seen.now), of_all(seen.before)),
    );
    add(facts, "trend", trend(behavior));
    add(
        facts,
        "errors",
        format!(
            "{} of its traces fail, {} of the others",
            of_all(seen.failed),
            of_all(seen.others_failed)
        ),
    );
    for (index, it) in behavior.releases.iter().enumerate() {
        let title = if index == 0 { "releases" } else { "" };
        let line = format!(
            "{} at {}: {} of the traces before it, {} after it, {}",
            release(it),
            seconds(it.at),
            of_all(it.before),
            of_all(it.after),
            p_value(it.p)
        );
        add(facts, title, line);
    }
}

fn lanes(text: &mut String, behavior: &Behavior) {
    if behavior.lanes.is_empty() {
        return;
    }
    let mut table = TextTable::new(&["LANE", "STATE", "NOW", "BEFORE", "P", "SINCE"]);
    for lane in &behavior.lanes {
        let name = shorten(lane.lane.as_deref().unwrap_or("(none)"), SHOWN);
        table.row([
            name.as_ref(),
            lane.state.name(),
            &of_all(lane.now),
            &of_all(lane.before),
            &lane.p.map_or_else(|| "-".to_owned(), digits),
            &seconds(lane.first),
        ]);
    }
    let _ = write!(text, "\n{}", table.render());
}

fn together(text: &mut String, behavior: &Behavior) {
    if behavior.together.is_empty() {
        return;
    }
    let mut table = TextTable::new(&["TOGETHER WITH", "TRACES"]);
    for other in &behavior.together {
        let traces = format!("{} of {}", whole(other.both), whole(other.either));
        table.row([other.behavior.as_str(), &traces]);
    }
    let _ = write!(text, "\n{}", table.render());
}

fn history(text: &mut String, behavior: &Behavior) {
    if behavior.history.is_empty() {
        return;
    }
    let mut table = TextTable::new(&["SCANNED UP TO", "LANE", "RATE"]);
    for counted in behavior.history.iter().rev().take(SCANS) {
        let lane = shorten(counted.lane.as_deref().unwrap_or("(none)"), SHOWN);
        table.row([
            seconds(counted.until).as_str(),
            lane.as_ref(),
            &of_all([counted.hits, counted.traces]),
        ]);
    }
    let _ = write!(text, "\n{}", table.render());
}

fn one(text: &mut String, example: &Example) {
    let evidence = &example.evidence;
    let _ = writeln!(
        text,
        "  {}/{}  {}",
        Untrusted(&shorten(&evidence.trace_id, SHOWN)),
        Untrusted(&shorten(&evidence.span_id, SHOWN)),
        told(example)
    );
    for passage in &example.said {
        let said = shorten(passage.text.trim(), SHOWN);
        let _ = writeln!(text, "    {}: {}", passage.source.name(), Untrusted(&said));
    }
}

pub(in crate::report) fn told(example: &Example) -> String {
    let at = seconds(example.evidence.at);
    let Some(span) = &example.span else {
        return format!("{at}  is not kept here any more");
    };
    let name = shorten(&span.name, SHOWN).into_owned();
    format!("{at}  {}  {}", Untrusted(&name), how_it_went(span))
}

fn how_it_went(span: &Span) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "nanoseconds below 104 days are exact"
    )]
    let took = duration(span.duration_ns as f64);
    match span.status {
        SpanStatus::Error => format!("{took}  error"),
        SpanStatus::Unset | SpanStatus::Ok => took,
    }
}

pub(in crate::report) fn of_all([some, all]: [u64; 2]) -> String {
    format!("{} of {} ({})", whole(some), whole(all), rate([some, all]))
}

fn p_value(p: f64) -> String {
    format!("p = {}", digits(p))
}

/// Two digits of a probability.
pub(in crate::report) fn digits(p: f64) -> String {
    if p >= 0.001 {
        format!("{p:.3}")
    } else {
        format!("{p:.1e}")
    }
}

fn field(text: &mut String, title: &str, value: impl Display) {
    let value = value.to_string();
    let _ = writeln!(text, "  {title:<9} {}", Untrusted(&shorten(&value, SHOWN)));
}
