//! Answers questions from what is on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use jiff::Timestamp;

use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::{Level, Measured, TraceQuery, TraceTable};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::{Content, Span};
use crate::engine::ports::traces::{
    MeasureRequest, SpanOrder, SpanRequest, StoreContents, TraceStore, TraceStoreError,
};

use super::columns::TRACE;
use super::decode::{self, moment};
use super::encode::nanoseconds;
use super::layout::Layout;
use super::naive::{Naive, in_range, texts};
use super::schema::SPANS;
use super::segment::Segment;
use super::snapshot::Snapshot;

/// How many rows are read at a time.
const STEP: usize = 8_192;

/// Reads a store.
pub struct FileTraceStore {
    layout: Layout,
}

impl FileTraceStore {
    /// The store below a folder of ours. It need not exist: then it holds nothing.
    pub fn new(base: &Path) -> Self {
        Self {
            layout: Layout::below(base),
        }
    }

    fn spans_in(
        snapshot: &Snapshot,
        range: &TimeRange,
        content: bool,
    ) -> Result<Vec<Span>, TraceStoreError> {
        let names = SPANS.fields().iter().map(|field| field.name().as_str());
        let names: Vec<&str> = names.filter(|name| content || !is_content(name)).collect();
        let mut spans = Vec::new();
        for segment in &snapshot.spans {
            let times = segment
                .times()
                .map(|(first, last)| (moment(first), moment(last)));
            if times.is_some_and(|(first, last)| last < range.from || range.until <= first) {
                continue;
            }
            for batch in segment.read(Some(&names), STEP)? {
                let batch = decode::spans(&batch?).map_err(|error| segment.damaged(&error))?;
                spans.extend(batch.into_iter().filter(|span| in_range(range, span)));
            }
        }
        let fresh = snapshot
            .fresh_spans
            .iter()
            .filter(|span| in_range(range, span));
        for span in fresh {
            let mut span = span.clone();
            if !content {
                span.content = Content::default();
            }
            spans.push(span);
        }
        Ok(spans)
    }

    fn scores_in(snapshot: &Snapshot) -> Result<Vec<Score>, TraceStoreError> {
        let mut scores = Vec::new();
        for segment in &snapshot.scores {
            for batch in segment.read(None, STEP)? {
                let batch = decode::scores(&batch?).map_err(|error| segment.damaged(&error))?;
                scores.extend(batch);
            }
        }
        scores.extend(snapshot.fresh_scores.iter().cloned());
        Ok(scores)
    }
}

fn is_content(name: &str) -> bool {
    use super::columns::{Sort, TEXTS, VARIABLES};
    let text = TEXTS.iter().find(|column| column.name == name);
    name == VARIABLES || text.is_some_and(|column| column.sort == Sort::Content)
}

impl TraceStore for FileTraceStore {
    fn aggregate(&self, query: &TraceQuery) -> Result<TraceTable, TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout)?;
        let spans = Self::spans_in(&snapshot, &query.range, false)?;
        let scores = Self::scores_in(&snapshot)?;
        Ok(Naive::new(query.level, &query.filter, &spans, &scores).aggregate(query))
    }

    fn measure(
        &self,
        request: &MeasureRequest,
        each: &mut dyn FnMut(Measured) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout)?;
        let spans = Self::spans_in(&snapshot, &request.range, false)?;
        let scores = Self::scores_in(&snapshot)?;
        let naive = Naive::new(request.level, &request.filter, &spans, &scores);
        for measured in naive.measured(request) {
            if each(measured).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn spans(
        &self,
        request: &SpanRequest,
        each: &mut dyn FnMut(Span) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout)?;
        let spans = Self::spans_in(&snapshot, &request.range, request.content)?;
        let scores = Self::scores_in(&snapshot)?;
        let naive = Naive::new(Level::Span, &request.filter, &spans, &scores);
        let mut passing: Vec<&Span> = spans
            .iter()
            .filter(|span| naive.passes(span, &request.filter))
            .collect();
        sort(&naive, &mut passing, &request.order);
        for span in passing
            .into_iter()
            .take(request.limit.unwrap_or(usize::MAX))
        {
            if each(span.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn trace(&self, trace: &str) -> Result<Vec<Span>, TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout)?;
        let mut spans = Vec::new();
        for segment in &snapshot.spans {
            spans.extend(spans_of(segment, trace)?);
        }
        let fresh = snapshot.fresh_spans.into_iter();
        spans.extend(fresh.filter(|span| span.trace_id == trace));
        spans.sort_by(|one, other| {
            let order = |span: &Span| (span.started_at, span.span_id.clone());
            order(one).cmp(&order(other))
        });
        Ok(spans)
    }

    fn scores_of(&self, traces: &[String]) -> Result<Vec<Score>, TraceStoreError> {
        let wanted: BTreeSet<&String> = traces.iter().collect();
        let mut responses = BTreeSet::new();
        for trace in traces {
            let spans = self.trace(trace)?;
            responses.extend(spans.into_iter().filter_map(|span| span.call.response_id));
        }
        let mut scores = Self::scores_in(&Snapshot::take(&self.layout)?)?;
        scores.retain(|score| {
            let response = score
                .response_id
                .as_ref()
                .filter(|_| score.trace_id.is_empty());
            wanted.contains(&score.trace_id) || response.is_some_and(|it| responses.contains(it))
        });
        scores.sort_by(|one, other| {
            let order = |score: &Score| {
                (
                    score.trace_id.clone(),
                    score.name.clone(),
                    score.recorded_at,
                )
            };
            order(one).cmp(&order(other))
        });
        Ok(scores)
    }

    fn contents(&self) -> Result<StoreContents, TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout)?;
        let mut attributes: BTreeMap<String, u64> = BTreeMap::new();
        let stored = snapshot
            .spans
            .iter()
            .flat_map(|it| it.notes.attributes.clone());
        let fresh = snapshot
            .fresh_spans
            .iter()
            .flat_map(|span| span.attributes.keys());
        for (name, count) in stored.chain(fresh.map(|name| (name.clone(), 1))) {
            *attributes.entry(name).or_default() += count;
        }
        let names = snapshot.scores.iter();
        let names = names.flat_map(|it| it.notes.scored.clone());
        let fresh = snapshot.fresh_scores.iter().map(|score| score.name.clone());
        let names: BTreeSet<String> = names.chain(fresh).collect();
        let rows = |segments: &[Segment]| segments.iter().map(Segment::rows).sum::<u64>();
        let times = snapshot.spans.iter().filter_map(Segment::times);
        let fresh = snapshot
            .fresh_spans
            .iter()
            .map(|span| nanoseconds(span.started_at));
        let times: Vec<(i64, i64)> = times.chain(fresh.map(|time| (time, time))).collect();
        Ok(StoreContents {
            spans: rows(&snapshot.spans) + snapshot.fresh_spans.len() as u64,
            scores: rows(&snapshot.scores) + snapshot.fresh_scores.len() as u64,
            first: times.iter().map(|it| it.0).min().map(moment),
            last: times.iter().map(|it| it.1).max().map(moment),
            attributes,
            scored: names.into_iter().collect(),
        })
    }
}

/// The spans of a trace in one file, with their content.
fn spans_of(segment: &Segment, trace: &str) -> Result<Vec<Span>, TraceStoreError> {
    if segment.may_hold(TRACE, &[trace])?.is_empty() {
        return Ok(Vec::new());
    }
    let mut spans = Vec::new();
    for batch in segment.read(None, STEP)? {
        let batch = decode::spans(&batch?).map_err(|error| segment.damaged(&error))?;
        spans.extend(batch.into_iter().filter(|span| span.trace_id == trace));
    }
    Ok(spans)
}

fn sort(naive: &Naive<'_>, spans: &mut [&Span], order: &SpanOrder) {
    let (column, descending) = match order {
        SpanOrder::Stored => return,
        SpanOrder::Ascending(column) => (column, false),
        SpanOrder::Descending(column) => (column, true),
    };
    spans.sort_by(|one, other| {
        let value = |span| Value::of(naive, span, column);
        let values = match (value(one), value(other)) {
            (Some(one), Some(other)) if descending => other.cmp(&one),
            (Some(one), Some(other)) => one.cmp(&other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        let ids = |span: &Span| (span.trace_id.clone(), span.span_id.clone());
        values.then_with(|| ids(one).cmp(&ids(other)))
    });
}

/// What spans are put in order by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Time(Timestamp),
    Number(i64),
    Text(String),
}

impl Value {
    fn of(naive: &Naive<'_>, span: &Span, column: &Column) -> Option<Self> {
        if *column == Column::Time {
            return Some(Self::Time(span.started_at));
        }
        if let Some(number) = naive.number_of(span, column) {
            // The order of all numbers, as whole numbers.
            let bits = (number + 0.0).to_bits().cast_signed();
            return Some(Self::Number(
                bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed(),
            ));
        }
        let texts: Vec<&str> = texts(span, column).into_iter().flatten().collect();
        (!texts.is_empty()).then(|| Self::Text(texts.join(",")))
    }
}
