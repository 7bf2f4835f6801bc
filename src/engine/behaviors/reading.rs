//! Reads traces in bounded memory: of very many, those that a lot falls on which is the same every
//! time, whatever the order in which a store gives their spans.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::domain::digest::Digest;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::selection::Selection;
use crate::domain::trace::span::{Operation, Span};
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceStore, TraceStoreError};

use super::formats::Formats;
use super::note::{Call, SpanNote};

/// How many traces are looked at.
const MOST_TRACES: usize = 10_000;

/// How many spans of one trace are looked at: the first.
const MOST_OF_TRACE: usize = 100;

/// How many spans are looked at in all.
const MOST_SPANS: usize = 200_000;

/// The traces that are looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Reading {
    /// In the order of their lots, which depends on nothing but their ids.
    pub(super) traces: Vec<TraceNotes>,
    /// Whether these are all.
    pub(super) complete: bool,
}

/// What is kept of a trace.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TraceNotes {
    pub(super) id: String,
    pub(super) started_at: Timestamp,
    /// By start and id.
    pub(super) spans: Vec<SpanNote>,
}

impl Reading {
    /// Reads what is meant.
    pub(super) fn of(
        store: &dyn TraceStore,
        selection: &Selection,
        formats: &Formats,
    ) -> Result<Self, TraceStoreError> {
        let mut draw = Draw::new(MOST_TRACES, MOST_SPANS);
        let request = SpanRequest {
            range: selection.range,
            filter: selection.filter.clone(),
            content: true,
            order: SpanOrder::Stored,
            limit: None,
        };
        store.spans(&request, &mut |span| {
            draw.add(&span, |span| SpanNote::of(span, formats));
            ControlFlow::Continue(())
        })?;
        Ok(draw.finish())
    }

    /// The traces that began within a stretch of time, by their place.
    pub(super) fn within(&self, range: TimeRange) -> impl Iterator<Item = usize> + '_ {
        let traces = self.traces.iter().enumerate();
        traces
            .filter(move |(_, trace)| range.contains(trace.started_at))
            .map(|(place, _)| place)
    }
}

impl TraceNotes {
    /// Its lane: that of the first span that names one.
    pub(super) fn lane(&self) -> Option<&str> {
        self.spans.iter().find_map(|span| span.lane.as_deref())
    }

    /// Whether it failed: as its root says, or where there is none, any of its spans.
    pub(super) fn failed(&self) -> bool {
        let mut roots = self.spans.iter().filter(|span| span.parent.is_none());
        match roots.next() {
            Some(root) => root.failed || roots.any(|root| root.failed),
            None => self.spans.iter().any(|span| span.failed),
        }
    }

    /// What it is a trace of: the name of its root, or of its first span.
    pub(super) fn entry(&self) -> &str {
        let root = self.spans.iter().find(|span| span.parent.is_none());
        let first = root.or(self.spans.first());
        first.map_or("", |span| &span.name)
    }

    /// The calls of tools in their order, each with its span: those that ran, or where nothing tells of
    /// these, those that models asked for.
    pub(super) fn calls(&self) -> impl Iterator<Item = (&SpanNote, &Call)> {
        let is_run = |span: &&SpanNote| span.operation == Operation::ExecuteTool;
        let ran = self.spans.iter().any(|span| is_run(&span));
        let spans = self.spans.iter().filter(move |span| !ran || is_run(span));
        spans.flat_map(|span| span.calls.iter().map(move |call| (span, call)))
    }
}

/// The lottery while it goes on.
struct Draw {
    most_traces: usize,
    most_spans: usize,
    kept: BTreeMap<Place, Kept>,
    spans: usize,
    /// The lowest place that fell out. What lies there or above never comes back, so that what is in at
    /// the end are the first traces of all that fit.
    bound: Option<Place>,
}

type Place = (u64, String);
type Kept = BTreeMap<(Timestamp, String), SpanNote>;

impl Draw {
    fn new(most_traces: usize, most_spans: usize) -> Self {
        Self {
            most_traces,
            most_spans,
            kept: BTreeMap::new(),
            spans: 0,
            bound: None,
        }
    }

    fn add(&mut self, span: &Span, note: impl FnOnce(&Span) -> SpanNote) {
        let place = (
            Digest::of(span.trace_id.as_bytes()).lot(),
            span.trace_id.clone(),
        );
        if self.bound.as_ref().is_some_and(|bound| place >= *bound) {
            return;
        }
        let kept = self.kept.entry(place).or_default();
        let key = (span.started_at, span.span_id.clone());
        let is_full = kept.len() >= MOST_OF_TRACE;
        if is_full && kept.last_key_value().is_some_and(|(last, _)| key >= *last) {
            return;
        }
        if kept.insert(key, note(span)).is_none() {
            if is_full {
                kept.pop_last();
            } else {
                self.spans += 1;
            }
        }
        while self.kept.len() > self.most_traces || self.spans > self.most_spans {
            let Some((place, fallen)) = self.kept.pop_last() else {
                return;
            };
            self.spans -= fallen.len();
            self.bound = Some(place);
        }
    }

    fn finish(self) -> Reading {
        let traces = self.kept.into_iter().filter_map(|((_, id), spans)| {
            let ((started_at, _), _) = spans.first_key_value()?;
            Some(TraceNotes {
                id,
                started_at: *started_at,
                spans: spans.into_values().collect(),
            })
        });
        Reading {
            traces: traces.collect(),
            complete: self.bound.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(trace: usize, second: i64) -> Span {
        Span {
            trace_id: format!("trace-{trace}"),
            span_id: format!("span-{second:03}"),
            started_at: Timestamp::from_second(second).unwrap(),
            ..Span::default()
        }
    }

    fn drawn(limits: (usize, usize), spans: impl Iterator<Item = Span>) -> Reading {
        let mut draw = Draw::new(limits.0, limits.1);
        for span in spans {
            draw.add(&span, |span| SpanNote::of(span, &Formats::default()));
        }
        draw.finish()
    }

    #[test]
    fn the_same_traces_are_drawn_whatever_the_order_of_their_spans() {
        let spans: Vec<Span> = (0..200)
            .flat_map(|trace| (0..=trace % 7).map(move |second| (trace, second)))
            .map(|(trace, second)| span(trace, i64::try_from(second).unwrap()))
            .collect();
        for limits in [(50, 10_000), (1_000, 90), (50, 90)] {
            let forth = drawn(limits, spans.iter().cloned());
            let back = drawn(limits, spans.iter().rev().cloned());
            let half = spans.len() / 2;
            let mixed = spans[half..].iter().chain(&spans[..half]);
            assert_eq!(forth, back);
            assert_eq!(forth, drawn(limits, mixed.cloned()));
            assert!(!forth.complete && forth.traces.len() <= limits.0);
            let count: usize = forth.traces.iter().map(|trace| trace.spans.len()).sum();
            assert!(count <= limits.1, "{count}");
        }
        assert!(drawn((200, 10_000), spans.into_iter()).complete);
    }

    #[test]
    fn of_a_trace_without_end_the_first_spans_count() {
        let spans = (0..500).rev().map(|second| span(1, second));
        let reading = drawn((10, 10_000), spans);
        let trace = &reading.traces[0];
        assert_eq!(trace.spans.len(), MOST_OF_TRACE);
        assert_eq!(trace.started_at, Timestamp::from_second(0).unwrap());
    }

    #[test]
    fn a_trace_fails_as_its_root_says() {
        let trace = |failed: &[(bool, bool)]| {
            let spans = failed.iter().zip(0..).map(|((is_root, failed), second)| {
                let mut span = span(1, second);
                span.parent_span_id = (!is_root).then(|| "above".to_owned());
                if *failed {
                    span.status = crate::domain::trace::span::SpanStatus::Error;
                }
                span
            });
            drawn((1, 100), spans).traces.remove(0)
        };
        assert!(!trace(&[(true, false), (false, true)]).failed());
        assert!(trace(&[(true, true), (false, false)]).failed());
        assert!(trace(&[(false, false), (false, true)]).failed());
    }
}
