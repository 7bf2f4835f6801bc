//! The store's answers to questions made up at random are those of the plainest reading.

use std::ops::ControlFlow;

use pointsman::adapters::traces::{FileTraceSink, FileTraceStore};
use pointsman::domain::trace::query::{Measured, TraceTable};
use pointsman::domain::trace::span::Span;
use pointsman::engine::ports::traces::TraceStore;

use super::generated::{Dice, Generated};
use super::questions::Questions;
use super::reference::Reference;
use super::{Store, append};

/// How many questions are asked.
const QUESTIONS: u64 = 80;

/// A store with spans in several files and in two logs, and what is in it.
fn filled(store: &Store) -> (Generated, Vec<FileTraceSink<'_>>) {
    let generated = Generated::new(3, 600);
    let Generated { spans, scores } = &generated;
    store.import(&spans[..250], &scores[..40]);
    store.import(&spans[200..480], &scores[30..60]);
    let mut sinks = vec![store.sink(), store.sink()];
    append(&mut sinks[0], &spans[450..560], &scores[60..]);
    append(&mut sinks[1], &spans[540..], &scores[50..70]);
    (generated, sinks)
}

fn close(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()),
        (one, other) => one == other,
    }
}

pub(crate) fn same_table(one: &TraceTable, other: &TraceTable) -> bool {
    one.rows.len() == other.rows.len()
        && one.rows.iter().zip(&other.rows).all(|(one, other)| {
            let mut values = one.values.iter().zip(&other.values);
            one.bucket == other.bucket
                && one.keys == other.keys
                && values.all(|(one, other)| close(*one, *other))
        })
}

/// Whether the same spans or traces were measured, whatever their order.
pub(crate) fn same_measured(found: &mut [Measured], expected: &mut [Measured]) -> bool {
    for measured in [&mut *found, &mut *expected] {
        measured.sort_by_cached_key(|it| format!("{it:?}"));
    }
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| {
            let mut values = found.values.iter().zip(&expected.values);
            (&found.trace, found.started_at, found.error, &found.keys)
                == (
                    &expected.trace,
                    expected.started_at,
                    expected.error,
                    &expected.keys,
                )
                && values.all(|(one, other)| close(*one, *other))
        })
}

fn asked(store: &FileTraceStore) -> &dyn TraceStore {
    store
}

#[test]
fn numbers_are_those_of_the_plainest_reading() {
    let store = Store::new();
    let (Generated { spans, scores }, _sinks) = filled(&store);
    let mut rows = 0;
    for seed in 0..QUESTIONS {
        let query = Questions(Dice(seed)).query();
        let within = spans
            .iter()
            .filter(|span| query.range.contains(span.started_at));
        let within: Vec<Span> = within.cloned().collect();
        let reference = Reference::new(query.level, &query.filter, &within, &scores);
        let expected = reference.aggregate(&query);
        let found = asked(&store.store())
            .aggregate(&query)
            .expect("the store can be read");
        assert!(
            same_table(&found, &expected),
            "{query:#?}\nfound {found:#?}\nexpected {expected:#?}"
        );
        rows += found.rows.len();
    }
    assert!(rows > 200, "{rows} rows: the questions mean too little");
}

#[test]
fn what_is_measured_is_that_of_the_plainest_reading() {
    let store = Store::new();
    let (Generated { spans, scores }, _sinks) = filled(&store);
    for seed in 0..QUESTIONS {
        let request = Questions(Dice(seed)).measure_request();
        let within = spans
            .iter()
            .filter(|span| request.range.contains(span.started_at));
        let within: Vec<Span> = within.cloned().collect();
        let reference = Reference::new(request.level, &request.filter, &within, &scores);
        let mut expected = reference.measured(&request);
        let mut found: Vec<Measured> = Vec::new();
        let measured = asked(&store.store()).measure(&request, &mut |measured| {
            found.push(measured);
            ControlFlow::Continue(())
        });
        measured.expect("the store can be read");
        let same = same_measured(&mut found, &mut expected);
        assert!(
            same,
            "{request:#?}\nfound {found:#?}\nexpected {expected:#?}"
        );
    }
}

#[test]
fn spans_come_in_the_order_that_is_asked_for() {
    let store = Store::new();
    let (Generated { spans, scores }, _sinks) = filled(&store);
    for seed in 0..QUESTIONS {
        let request = Questions(Dice(seed)).span_request();
        let within = spans
            .iter()
            .filter(|span| request.range.contains(span.started_at));
        let within: Vec<Span> = within.cloned().collect();
        let expected = Reference::order(&within, &scores, &request);
        let mut found = Vec::new();
        let read = asked(&store.store()).spans(&request, &mut |span| {
            found.push(format!("{}:{}", span.trace_id, span.span_id));
            ControlFlow::Continue(())
        });
        read.expect("the store can be read");
        assert_eq!(found, expected, "{request:#?}");
    }
}
