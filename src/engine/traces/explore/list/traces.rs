//! A list of traces.
//!
//! A trace is listed where one of its spans is meant, and then by all of its spans in the time that is
//! asked about: what it took and cost is that of the trace, not of the span that was looked for.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::field::Field;
use crate::domain::trace::filter::{Filter, TextTest};
use crate::domain::trace::query::{Level, Measured};
use crate::domain::trace::selection::Selection;
use crate::domain::trace::span::{Span, SpanStatus};
use crate::engine::ports::traces::{
    MeasureRequest, SpanOrder, SpanRequest, TraceStore, TraceStoreError,
};

use super::order::First;
use super::said::{asked, told};
use super::{ListRequest, ListRow, ListValue};

/// The first traces.
pub(super) fn list(
    store: &dyn TraceStore,
    request: &ListRequest,
) -> Result<Vec<ListRow>, TraceStoreError> {
    let meant = match request.selection.filter {
        Filter::Everything => None,
        _ => Some(matching(store, &request.selection)?),
    };
    let split = Split::of(request);
    let question = MeasureRequest {
        level: Level::Trace,
        range: request.selection.range,
        filter: Filter::Everything,
        keys: split.keys.clone(),
        values: split.values.clone(),
    };
    let mut first = First::new(request);
    store.measure(&question, &mut |measured| {
        if meant
            .as_ref()
            .is_none_or(|meant| meant.contains(&measured.trace))
        {
            let value = split.value(&measured, &request.order.column);
            first.offer(value, measured);
        }
        ControlFlow::Continue(())
    })?;
    let measured = first.finish();
    let whole = whole(store, request, &measured)?;
    let rows = measured.into_iter().map(|measured| ListRow {
        values: request
            .fields
            .iter()
            .map(|field| match field {
                Field::Column(column) => split.value(&measured, column),
                other => whole.get(&measured.trace)?.value(other),
            })
            .collect(),
        failed: measured.error,
        trace: measured.trace,
        span: None,
    });
    Ok(rows.collect())
}

/// The traces of which a span is meant.
fn matching(
    store: &dyn TraceStore,
    selection: &Selection,
) -> Result<HashSet<String>, TraceStoreError> {
    let question = MeasureRequest {
        level: Level::Trace,
        range: selection.range,
        filter: selection.filter.clone(),
        keys: Vec::new(),
        values: Vec::new(),
    };
    let mut traces = HashSet::new();
    store.measure(&question, &mut |measured| {
        traces.insert(measured.trace);
        ControlFlow::Continue(())
    })?;
    Ok(traces)
}

/// Which columns are asked for as texts and which as numbers.
struct Split {
    keys: Vec<Column>,
    values: Vec<Column>,
}

impl Split {
    fn of(request: &ListRequest) -> Self {
        let mut split = Self {
            keys: Vec::new(),
            values: Vec::new(),
        };
        for column in request.columns().chain([&request.order.column]) {
            let list = match column.kind() {
                ColumnKind::Time => continue,
                ColumnKind::Text => &mut split.keys,
                _ => &mut split.values,
            };
            if !list.contains(column) {
                list.push(column.clone());
            }
        }
        split
    }

    fn value(&self, measured: &Measured, column: &Column) -> Option<ListValue> {
        let index = |columns: &[Column]| columns.iter().position(|known| known == column);
        match column.kind() {
            ColumnKind::Time => Some(ListValue::Time(measured.started_at)),
            ColumnKind::Text if *column == Column::Status && measured.error => {
                Some(ListValue::Text(SpanStatus::Error.name().to_owned()))
            }
            ColumnKind::Text => {
                let text = measured.keys.get(index(&self.keys)?)?.clone();
                text.map(ListValue::Text)
            }
            kind => {
                let number = *measured.values.get(index(&self.values)?)?;
                number.map(|number| ListValue::Number(kind, number))
            }
        }
    }
}

/// What is only known from all spans of a trace.
#[derive(Default)]
struct Whole {
    spans: u64,
    input: Option<(Moment, String)>,
    output: Option<(Moment, String)>,
}

/// When something was said, and by which span.
type Moment = (i128, String);

impl Whole {
    fn add(&mut self, span: Span) {
        self.spans += 1;
        let began = span.started_at.as_nanosecond();
        let ended = began.saturating_add(span.duration_ns.into());
        let moment = |at| (at, span.span_id.clone());
        if let Some(input) = span.content.input {
            let at = moment(began);
            if self.input.as_ref().is_none_or(|(first, _)| at < *first) {
                self.input = Some((at, input));
            }
        }
        if let Some(output) = span.content.output {
            let at = moment(ended);
            if self.output.as_ref().is_none_or(|(last, _)| at > *last) {
                self.output = Some((at, output));
            }
        }
    }

    fn value(&self, field: &Field) -> Option<ListValue> {
        #[expect(clippy::cast_precision_loss, reason = "no trace has 2^53 spans")]
        let spans = self.spans as f64;
        match field {
            Field::Spans => Some(ListValue::Number(ColumnKind::Number, spans)),
            Field::Input => self.input.as_ref().map(|(_, text)| asked(text)),
            Field::Output => self.output.as_ref().map(|(_, text)| told(text)),
            Field::Column(_) => None,
        }
    }
}

/// What is only known from all spans of the traces that are listed, if any of it is asked for.
fn whole(
    store: &dyn TraceStore,
    request: &ListRequest,
    listed: &[Measured],
) -> Result<BTreeMap<String, Whole>, TraceStoreError> {
    let mut traces: BTreeMap<String, Whole> = BTreeMap::new();
    let is_asked = |field: &Field| !matches!(field, Field::Column(_));
    if listed.is_empty() || !request.fields.iter().any(is_asked) {
        return Ok(traces);
    }
    let ids = listed.iter().map(|measured| measured.trace.clone());
    let question = SpanRequest {
        range: request.selection.range,
        filter: Filter::Text(Column::Trace, TextTest::OneOf(ids.collect())),
        content: request.wants_content(),
        order: SpanOrder::Stored,
        limit: None,
    };
    store.spans(&question, &mut |span| {
        traces.entry(span.trace_id.clone()).or_default().add(span);
        ControlFlow::Continue(())
    })?;
    Ok(traces)
}
