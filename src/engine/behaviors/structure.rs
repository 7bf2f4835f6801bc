//! The structural detector: in which order tools are called, again and again or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::note::{Call, SpanNote};
use super::reading::{Reading, TraceNotes};
use super::sightings::{Sighting, Sightings, Sort};

/// How many calls of one tool in a row are a loop.
const LOOP: usize = 4;

/// How many calls in a row are looked at as one pattern.
const LONGEST: usize = 3;

/// The share of traces that must call a tool for it to be missed.
const USUAL: (usize, usize) = (9, 10);

/// What stands between the tools of a pattern.
pub(super) const THEN: &str = " > ";

/// What is said of a tool that is missing.
const NOT_CALLED: &str = " is not called";

/// Adds loops, retries and the orders of calls, those of tools that are called often enough to matter
/// or that are `known` from a behavior.
pub(super) fn add_calls(
    sightings: &mut Sightings,
    reading: &Reading,
    fewest: usize,
    known: &BTreeSet<String>,
) {
    let mut often: BTreeMap<&str, usize> = BTreeMap::new();
    for trace in &reading.traces {
        let tools: BTreeSet<&str> = trace.calls().map(|(_, call)| call.tool.as_str()).collect();
        for tool in tools {
            *often.entry(tool).or_default() += 1;
        }
    }
    let of_known = |tool: &str| known.iter().any(|it| it.split(THEN).any(|it| it == tool));
    let matters: BTreeSet<&str> = often
        .into_iter()
        .filter(|(tool, count)| *count >= fewest || of_known(tool))
        .map(|(tool, _)| tool)
        .collect();
    for (place, trace) in reading.traces.iter().enumerate() {
        let calls: Vec<(&SpanNote, &Call)> = trace.calls().collect();
        add_repeats(sightings, place, &calls);
        for length in 1..=LONGEST {
            for window in calls.windows(length) {
                let tools = window.iter().map(|(_, call)| call.tool.as_str());
                if !tools.clone().all(|tool| matters.contains(tool)) {
                    continue;
                }
                let (span, call) = window[length - 1];
                let signature = tools.collect::<Vec<_>>().join(THEN);
                sightings.add(Sort::Calls, signature, place, || shown(span, call));
            }
        }
    }
}

fn add_repeats(sightings: &mut Sightings, place: usize, calls: &[(&SpanNote, &Call)]) {
    let mut row = 0;
    for (index, (span, call)) in calls.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| calls[before].1);
        let same_tool = before.is_some_and(|before| before.tool == call.tool);
        row = if same_tool { row + 1 } else { 1 };
        if row == LOOP {
            let signature = format!("{}: called over and over", call.tool);
            sightings.add(Sort::Loop, signature, place, || shown(span, call));
        }
        let same_call =
            before.is_some_and(|before| same_tool && before.arguments == call.arguments);
        if same_call {
            let signature = format!("{}: called again with the same arguments", call.tool);
            sightings.add(Sort::Retry, signature, place, || shown(span, call));
        }
    }
}

fn shown(span: &SpanNote, call: &Call) -> Sighting {
    Sighting {
        span: span.id.clone(),
        subject: Some(call.tool.clone()),
    }
}

/// Adds traces that do not call a tool which is usual for what they are traces of: as the traces of the
/// window before say, or `known` behaviors.
pub(super) fn add_missing(
    sightings: &mut Sightings,
    reading: &Reading,
    before: &[usize],
    fewest: usize,
    known: &BTreeSet<String>,
) {
    let usual = usual(reading, before, fewest);
    let mut expected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (entry, tool) in &usual {
        expected.entry(entry).or_default().insert(tool);
    }
    for signature in known {
        let named = signature.strip_suffix(NOT_CALLED);
        if let Some((entry, tool)) = named.and_then(|named| named.rsplit_once(": ")) {
            expected.entry(entry).or_default().insert(tool);
        }
    }
    for (place, trace) in reading.traces.iter().enumerate() {
        // What failed may have had no time to call it.
        let Some(tools) = expected.get(trace.entry()).filter(|_| !trace.failed()) else {
            continue;
        };
        let called: BTreeSet<&str> = called(trace);
        for tool in tools.difference(&called) {
            let signature = format!("{}: {tool}{NOT_CALLED}", trace.entry());
            let root = trace.spans.iter().find(|span| span.parent.is_none());
            if let Some(span) = root.or(trace.spans.first()) {
                let sighting = || Sighting {
                    span: span.id.clone(),
                    subject: Some((*tool).to_owned()),
                };
                sightings.add(Sort::Missing, signature, place, sighting);
            }
        }
    }
}

fn called(trace: &TraceNotes) -> BTreeSet<&str> {
    trace.calls().map(|(_, call)| call.tool.as_str()).collect()
}

/// The tools that nearly every trace of one sort calls.
fn usual(reading: &Reading, before: &[usize], fewest: usize) -> BTreeSet<(String, String)> {
    let mut entries: BTreeMap<&str, (usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    for place in before {
        let trace = &reading.traces[*place];
        if trace.failed() {
            continue;
        }
        let (traces, tools) = entries.entry(trace.entry()).or_default();
        *traces += 1;
        for tool in called(trace) {
            *tools.entry(tool).or_default() += 1;
        }
    }
    let mut usual = BTreeSet::new();
    for (entry, (traces, tools)) in entries {
        for (tool, count) in tools {
            if count >= fewest && count * USUAL.1 >= traces * USUAL.0 {
                usual.insert((entry.to_owned(), tool.to_owned()));
            }
        }
    }
    usual
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::digest::Digest;
    use crate::domain::trace::span::{Operation, Span};
    use crate::engine::behaviors::formats::Formats;

    /// A trace that calls tools, each written as its name and its argument.
    fn trace(entry: &str, calls: &[&str]) -> TraceNotes {
        let root = Span {
            name: entry.to_owned(),
            span_id: "root".to_owned(),
            ..Span::default()
        };
        let mut spans = vec![SpanNote::of(&root, &Formats::default())];
        for (index, call) in calls.iter().enumerate() {
            let (tool, argument) = call.split_once('.').unwrap_or((call, ""));
            let span = Span {
                span_id: format!("call-{index}"),
                parent_span_id: Some("root".to_owned()),
                operation: Operation::ExecuteTool,
                ..Span::default()
            };
            let mut note = SpanNote::of(&span, &Formats::default());
            note.calls[0].tool = tool.to_owned();
            note.calls[0].arguments = Digest::of(argument.as_bytes()).shortened();
            spans.push(note);
        }
        TraceNotes {
            id: entry.to_owned(),
            started_at: Timestamp::UNIX_EPOCH,
            spans,
        }
    }

    fn seen(sightings: &Sightings, sort: Sort) -> Vec<(&str, Vec<usize>)> {
        let of_sort = sightings.0.iter().filter(|(key, _)| key.sort == sort);
        of_sort
            .map(|(key, traces)| (key.signature.as_str(), traces.keys().copied().collect()))
            .collect()
    }

    fn calls(traces: &[&[&str]], fewest: usize) -> Sightings {
        let reading = Reading {
            traces: traces.iter().map(|calls| trace("entry", calls)).collect(),
            complete: true,
        };
        let mut sightings = Sightings::default();
        add_calls(&mut sightings, &reading, fewest, &BTreeSet::new());
        sightings
    }

    #[test]
    fn a_tool_called_four_times_in_a_row_is_a_loop() {
        let sightings = calls(
            &[
                &["a.1", "a.2", "a.3", "a.4", "a.5"],
                &["a.1", "a.2", "b", "a.3", "a.4"],
            ],
            1,
        );
        assert_eq!(
            seen(&sightings, Sort::Loop),
            [("a: called over and over", vec![0])]
        );
        assert_eq!(seen(&sightings, Sort::Retry), []);
    }

    #[test]
    fn the_same_call_twice_in_a_row_is_a_retry() {
        let sightings = calls(&[&["a.1", "a.1"], &["a.1", "b.1", "a.1"]], 1);
        assert_eq!(
            seen(&sightings, Sort::Retry),
            [("a: called again with the same arguments", vec![0])]
        );
    }

    #[test]
    fn orders_of_tools_that_are_called_often_are_patterns() {
        let sightings = calls(&[&["a", "b", "c"], &["a", "b"], &["rare", "a"]], 2);
        assert_eq!(
            seen(&sightings, Sort::Calls),
            [
                ("a", vec![0, 1, 2]),
                ("a > b", vec![0, 1]),
                ("b", vec![0, 1])
            ]
        );
    }

    #[test]
    fn a_tool_that_was_usual_before_is_missed_after() {
        let mut traces: Vec<TraceNotes> = (0..10).map(|_| trace("GET /x", &["find"])).collect();
        traces.push(trace("GET /x", &["guess"]));
        traces.push(trace("GET /y", &["guess"]));
        let reading = Reading {
            traces,
            complete: true,
        };
        let before: Vec<usize> = (0..10).collect();
        let missing = |before: &[usize], known: &BTreeSet<String>| {
            let mut sightings = Sightings::default();
            add_missing(&mut sightings, &reading, before, 5, known);
            let seen = seen(&sightings, Sort::Missing);
            seen.into_iter()
                .map(|(signature, traces)| (signature.to_owned(), traces))
                .collect::<Vec<_>>()
        };
        let expected = [("GET /x: find is not called".to_owned(), vec![10])];
        assert_eq!(missing(&before, &BTreeSet::new()), expected);
        assert_eq!(missing(&[], &BTreeSet::new()), []);
        let known = BTreeSet::from(["GET /x: find is not called".to_owned()]);
        assert_eq!(missing(&[], &known), expected);
    }
}
