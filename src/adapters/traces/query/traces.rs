//! Traces, put together from their spans that pass.
//!
//! The spans of a trace may be in many files, so that all traces are in memory at the same time. Where
//! there are too many of them, only a part of the traces is looked at, and the files are read again for
//! each other part.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::adapters::traces::schema::MOST_ROWS;
use crate::domain::trace::column::Column;
use crate::engine::ports::traces::TraceStoreError;

use super::groups::too_much;
use super::in_order::in_order;
use super::items::{Interner, Items, TextLists};
use super::plan::Wanted;
use super::scan::{Each, Scan};
use super::scores::ScoreIndex;
use super::source::{Overlap, Source};
use super::trace_state::{TraceReader, TraceState};

/// The most traces that are in memory at the same time.
const MOST_TRACES: usize = 1_000_000;

/// The most parts that traces are divided into.
const MOST_PARTS: u64 = 1 << 12;

/// A part of all traces: those whose hash leaves this rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    parts: u64,
    rest: u64,
}

impl Part {
    /// Whether a trace is in it.
    pub(super) fn has(self, trace: &str) -> bool {
        if self.parts == 1 {
            return true;
        }
        let mut hasher = DefaultHasher::new();
        trace.hash(&mut hasher);
        hasher.finish() % self.parts == self.rest
    }
}

/// Some traces, by their ids.
#[derive(Default)]
pub(super) struct Traces {
    pub(super) places: HashMap<Arc<str>, usize>,
    pub(super) ids: Vec<Arc<str>>,
    pub(super) states: Vec<TraceState>,
    pub(super) interner: Interner,
}

impl Traces {
    /// The state of a trace, which begins with its first span.
    pub(super) fn place(&mut self, trace: &str, create: impl FnOnce() -> TraceState) -> usize {
        if let Some(place) = self.places.get(trace) {
            return *place;
        }
        let trace: Arc<str> = trace.into();
        self.ids.push(Arc::clone(&trace));
        self.states.push(create());
        self.places.insert(trace, self.ids.len() - 1);
        self.ids.len() - 1
    }

    /// Takes in what others found of traces, as far as they are in a part.
    fn merge(&mut self, other: Self, part: Part) {
        let numbers = self.interner.renumber(&other.interner);
        for (trace, mut state) in other.ids.into_iter().zip(other.states) {
            if !part.has(&trace) {
                continue;
            }
            state.renumber(&numbers);
            if let Some(place) = self.places.get(&trace) {
                self.states[*place].merge(state);
            } else {
                self.ids.push(Arc::clone(&trace));
                self.states.push(state);
                self.places.insert(trace, self.ids.len() - 1);
            }
        }
    }

    /// Leaves the traces of a part.
    fn retain(&mut self, part: Part) {
        let ids = std::mem::take(&mut self.ids);
        let states = std::mem::take(&mut self.states);
        self.places.clear();
        for (trace, state) in ids.into_iter().zip(states) {
            if part.has(&trace) {
                self.ids.push(Arc::clone(&trace));
                self.states.push(state);
                self.places.insert(trace, self.ids.len() - 1);
            }
        }
    }
}

/// Hands over what comes of all traces, part by part, and within a part by id.
pub(super) fn items<T: Send>(
    scan: &Scan<'_>,
    work: &(dyn Fn(Items) -> T + Sync),
    each: &mut Each<'_, T>,
) -> Result<(), TraceStoreError> {
    items_within(scan, work, each, MOST_TRACES)
}

fn items_within<T: Send>(
    scan: &Scan<'_>,
    work: &(dyn Fn(Items) -> T + Sync),
    each: &mut Each<'_, T>,
    most_traces: usize,
) -> Result<(), TraceStoreError> {
    let mut parts = vec![Part { parts: 1, rest: 0 }];
    while let Some(part) = parts.pop() {
        let (traces, others) = gather(scan, part, most_traces)?;
        parts.extend(others);
        let mut order: Vec<usize> = (0..traces.ids.len()).collect();
        order.sort_unstable_by(|one, other| traces.ids[*one].cmp(&traces.ids[*other]));
        let chunks: Vec<&[usize]> = order.chunks(MOST_ROWS).collect();
        let mut traces = traces;
        let interner = Arc::new(std::mem::take(&mut traces.interner));
        let of_chunk = |chunk: &&[usize]| {
            let scores = scan.scores.as_ref();
            Ok(work(items_of(
                &traces,
                chunk,
                scan.wanted,
                scores,
                &interner,
            )))
        };
        let mut enough = false;
        in_order(&chunks, of_chunk, |result| {
            let flow = each(result)?;
            enough |= flow.is_break();
            Ok(flow)
        })?;
        if enough {
            break;
        }
    }
    Ok(())
}

/// The traces of a part, or of a smaller one with the others that it takes to make it whole.
fn gather(
    scan: &Scan<'_>,
    part: Part,
    most: usize,
) -> Result<(Traces, Vec<Part>), TraceStoreError> {
    let needs = TraceReader::needs(scan);
    let mut traces = Traces::default();
    let mut others = Vec::new();
    let of_source = |source: &(Source<'_>, Overlap)| {
        let mut found = Traces::default();
        source.0.read(&needs, |batch| {
            let rows = scan.rows(batch);
            let selected = scan.select(&rows, source)?;
            let reader = TraceReader::new(&rows, scan.wanted);
            let added = reader.and_then(|it| it.add(&rows, &selected, part, &mut found));
            added.map_err(|error| source.0.damaged(&error))
        })?;
        Ok(found)
    };
    let mut now = part;
    in_order(&scan.sources, of_source, |found| {
        traces.merge(found, now);
        while traces.ids.len() > most {
            if now.parts >= MOST_PARTS {
                return Err(too_much("too many traces"));
            }
            let (parts, rest) = (now.parts * 2, now.rest);
            others.push(Part {
                parts,
                rest: rest + now.parts,
            });
            now = Part { parts, rest };
            traces.retain(now);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((traces, others))
}

fn items_of(
    traces: &Traces,
    chunk: &[usize],
    wanted: &Wanted,
    scores: Option<&ScoreIndex>,
    interner: &Arc<Interner>,
) -> Items {
    let states = || chunk.iter().map(|place| &traces.states[*place]);
    let texts = wanted.keys.len()..wanted.keys.len() + wanted.texts.len();
    let numbers = wanted
        .numbers
        .iter()
        .enumerate()
        .map(|(place, column)| match column {
            Column::AnyScore | Column::Score(_) => {
                let of_trace = |trace: &usize| {
                    scores.map_or(f64::NAN, |it| it.of_trace(&traces.ids[*trace], column))
                };
                chunk.iter().map(of_trace).collect()
            }
            _ => states().map(|state| state.number(place, column)).collect(),
        });
    let lists = |place: usize| {
        let mut lists = TextLists::default();
        states().for_each(|state| lists.push(state.texts(place).iter().copied()));
        lists
    };
    let first = |place: usize| {
        let firsts = states().map(|state| state.texts(place).first().copied());
        firsts.map(Option::unwrap_or_default).collect()
    };
    let items = Items {
        count: chunk.len(),
        times: states().map(TraceState::started_at).collect(),
        errors: states().map(TraceState::failed).collect(),
        keys: (0..wanted.keys.len()).map(first).collect(),
        texts: texts.map(lists).collect(),
        numbers: numbers.collect(),
        interner: Arc::clone(interner),
    };
    match wanted.label_key() {
        Some(key) => items.once_a_label(&lists(key), wanted),
        None => items,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::traces::snapshot::Snapshot;
    use crate::domain::trace::filter::{Filter, TimeRange};
    use crate::domain::trace::query::Level;
    use crate::domain::trace::span::Span;

    #[test]
    fn traces_that_do_not_fit_into_memory_come_in_parts() {
        let spans = (0..1_000).map(|index| Span {
            trace_id: format!("{}", index % 300),
            span_id: format!("{index}"),
            duration_ns: index,
            ..Span::default()
        });
        let snapshot = Snapshot::of_spans(spans.collect());
        let wanted = Wanted {
            keys: vec![Column::Trace],
            numbers: vec![Column::Duration],
            ..Wanted::default()
        };
        let all = TimeRange::ALWAYS;
        let scan = Scan::new(&snapshot, Level::Trace, all, &Filter::Everything, &wanted).unwrap();
        let traces = |most_traces| {
            let mut traces: Vec<(String, f64)> = Vec::new();
            let work = |items: Items| {
                let ids = items.keys[0]
                    .iter()
                    .map(|it| items.interner.text(*it).unwrap().to_owned());
                ids.zip(items.numbers[0].clone()).collect::<Vec<_>>()
            };
            let each = &mut |found: Vec<(String, f64)>| {
                traces.extend(found);
                Ok(ControlFlow::Continue(()))
            };
            items_within(&scan, &work, each, most_traces).unwrap();
            traces
        };
        let mut parts = traces(20);
        assert_ne!(parts, traces(MOST_TRACES));
        parts.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(parts, traces(MOST_TRACES));
        assert_eq!(parts.len(), 300);
    }
}
