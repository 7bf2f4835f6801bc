//! Spans that stand for what is wrong: of each sort of error the first, the slowest traces, and those
//! with the lowest scores. The same store gives the same spans.

use crate::domain::incident::{Evidence, Why};
use crate::domain::trace::column::Column;
use crate::domain::trace::field::{Field, RowOrder};
use crate::domain::trace::filter::Filter;
use crate::domain::trace::query::{Level, Measure, Top, TraceQuery};
use crate::domain::trace::score::Score;
use crate::domain::trace::selection::Selection;
use crate::domain::trace::span::{Operation, Span, SpanStatus};
use crate::engine::ports::traces::{TraceStore, TraceStoreError};
use crate::engine::traces::explore::list::{ListRequest, ListRow, list};

/// How many stand for each reason.
const EACH: usize = 3;

/// A span that stands for others, with what tells it apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Representative {
    /// Which one, and why.
    pub evidence: Evidence,
    /// What it was called.
    pub name: String,
    /// The prompt that it used.
    pub prompt: Option<String>,
    /// How long its trace took, in nanoseconds.
    pub trace_ns: u64,
    /// The sort of error with which it ended.
    pub error_type: Option<String>,
    /// The lowest score of its trace.
    pub score: Option<f64>,
}

/// The spans that stand for those of a selection, each trace once.
pub fn representatives(
    store: &dyn TraceStore,
    selection: &Selection,
) -> Result<Vec<Representative>, TraceStoreError> {
    let mut chosen: Vec<(String, Why)> = Vec::new();
    for trace in failed(store, selection)? {
        choose(&mut chosen, trace, Why::Error);
    }
    for row in first(store, selection, "-duration", EACH)? {
        choose(&mut chosen, row.trace, Why::Slowest);
    }
    let lowest = first(store, selection, "score", EACH)?.into_iter();
    for row in lowest.filter(|row| row.values.iter().flatten().next().is_some()) {
        choose(&mut chosen, row.trace, Why::LowestScore);
    }
    let traces: Vec<String> = chosen.iter().map(|(trace, _)| trace.clone()).collect();
    let scores = store.scores_of(&traces)?;
    let mut found = Vec::new();
    for (trace, why) in chosen {
        let spans = store.trace(&trace)?;
        let of_trace: Vec<&Score> = scores.iter().filter(|it| it.trace_id == trace).collect();
        found.extend(representative(&spans, &of_trace, why));
    }
    Ok(found)
}

fn choose(chosen: &mut Vec<(String, Why)>, trace: String, why: Why) {
    if !chosen.iter().any(|(known, _)| *known == trace) {
        chosen.push((trace, why));
    }
}

/// The first traces by an order.
fn first(
    store: &dyn TraceStore,
    selection: &Selection,
    order: &str,
    limit: usize,
) -> Result<Vec<ListRow>, TraceStoreError> {
    let order: RowOrder = order.parse().expect("the orders are fixed columns");
    let request = ListRequest {
        selection: selection.clone(),
        level: Level::Trace,
        fields: vec![Field::Column(order.column.clone())],
        order,
        limit,
    };
    list(store, &request)
}

/// Traces that failed: of the sorts of error with the most, the earliest of each.
fn failed(store: &dyn TraceStore, selection: &Selection) -> Result<Vec<String>, TraceStoreError> {
    let is_failed = Filter::is(Column::Status, SpanStatus::Error.name());
    let selection = Selection {
        range: selection.range,
        filter: selection.filter.clone().and(is_failed),
    };
    let sorts = store.aggregate(&TraceQuery {
        level: Level::Trace,
        range: selection.range,
        filter: selection.filter.clone(),
        group_by: vec![Column::ErrorType],
        bucket: None,
        measures: vec![Measure::Count],
        top: Some(Top {
            measure: 0,
            limit: EACH,
        }),
    })?;
    let of_each = EACH.div_ceil(sorts.rows.len().max(1));
    let mut traces = Vec::new();
    for row in &sorts.rows {
        let sort = row.keys.first().cloned().flatten();
        let of_sort = match sort {
            Some(sort) => Filter::is(Column::ErrorType, sort),
            None => Filter::Not(Box::new(Filter::Present(Column::ErrorType))),
        };
        let selection = Selection {
            range: selection.range,
            filter: selection.filter.clone().and(of_sort),
        };
        let rows = first(store, &selection, "time", of_each)?;
        traces.extend(rows.into_iter().map(|row| row.trace));
    }
    Ok(traces)
}

/// The span of a trace that shows why the trace was chosen.
fn representative(spans: &[Span], scores: &[&Score], why: Why) -> Option<Representative> {
    let lowest = scores.iter().filter(|score| score.value.is_some());
    let lowest = lowest.min_by(|one, other| {
        one.value
            .partial_cmp(&other.value)
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let span = match why {
        Why::Error => failing(spans),
        Why::LowestScore => lowest.and_then(|score| scored(spans, score)),
        Why::Slowest | Why::Chosen => None,
    };
    let span = span.or_else(|| longest(spans))?;
    let began = spans.iter().map(|span| span.started_at).min();
    let ended = spans.iter().map(ended_ns).max().unwrap_or(0);
    let took = began.map_or(0, |began| ended - began.as_nanosecond());
    Some(Representative {
        evidence: Evidence {
            trace_id: span.trace_id.clone(),
            span_id: span.span_id.clone(),
            why,
        },
        name: span.name.clone(),
        prompt: span.lineage.prompt.clone(),
        trace_ns: u64::try_from(took).unwrap_or(0),
        error_type: span.error_type.clone(),
        score: lowest.and_then(|score| score.value),
    })
}

/// When a span ended, in nanoseconds since 1970.
fn ended_ns(span: &Span) -> i128 {
    span.started_at.as_nanosecond() + i128::from(span.duration_ns)
}

/// The call to a model that failed last; of a trace in which none did, the step that failed last.
fn failing(spans: &[Span]) -> Option<&Span> {
    let failed = || {
        let failed = spans.iter().filter(|span| span.status == SpanStatus::Error);
        failed.rev()
    };
    let call = failed().find(|span| span.operation == Operation::Chat);
    call.or_else(|| failed().next())
}

/// The span that a score is about.
fn scored<'s>(spans: &'s [Span], score: &Score) -> Option<&'s Span> {
    spans.iter().find(|span| {
        let is_named = score.span_id.as_deref() == Some(span.span_id.as_str());
        let answers = score.response_id.is_some() && score.response_id == span.call.response_id;
        is_named || answers
    })
}

/// The call to a model that took longest; of a trace without any, its longest step but the first.
fn longest(spans: &[Span]) -> Option<&Span> {
    let calls = spans
        .iter()
        .filter(|span| span.operation == Operation::Chat);
    let steps = spans.iter().filter(|span| span.parent_span_id.is_some());
    let slowest = |one: &&Span, other: &&Span| one.duration_ns.cmp(&other.duration_ns);
    let call = calls.rev().max_by(slowest);
    call.or_else(|| steps.rev().max_by(slowest))
        .or(spans.first())
}
