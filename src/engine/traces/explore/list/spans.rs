//! A list of spans.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::field::Field;
use crate::domain::trace::filter::{Filter, TextTest};
use crate::domain::trace::query::Level;
use crate::domain::trace::span::{Span, SpanStatus};
use crate::engine::ports::traces::{
    MeasureRequest, SpanOrder, SpanRequest, TraceStore, TraceStoreError,
};

use super::said::{asked, told};
use super::{ListRequest, ListRow, ListValue};

/// The first spans.
pub(super) fn list(
    store: &dyn TraceStore,
    request: &ListRequest,
) -> Result<Vec<ListRow>, TraceStoreError> {
    let column = request.order.column.clone();
    let wanted = SpanRequest {
        range: request.selection.range,
        filter: request.selection.filter.clone(),
        content: request.wants_content(),
        order: if request.order.descending {
            SpanOrder::Descending(column)
        } else {
            SpanOrder::Ascending(column)
        },
        limit: Some(request.limit),
    };
    let mut found: Vec<Span> = Vec::new();
    store.spans(&wanted, &mut |span| {
        found.push(span);
        ControlFlow::Continue(())
    })?;
    let scores = scores(store, request, &found)?;
    let rows = found.into_iter().map(|span| {
        let key = (span.trace_id.clone(), span.span_id.clone());
        let scores = scores.get(&key).map_or(&[][..], Vec::as_slice);
        ListRow {
            values: request
                .fields
                .iter()
                .map(|field| span_value(&span, field, scores))
                .collect(),
            failed: span.status == SpanStatus::Error,
            trace: span.trace_id,
            span: Some(span.span_id),
        }
    });
    Ok(rows.collect())
}

/// The scores of a span, by column.
type SpanScores = Vec<(Column, Option<f64>)>;

/// The scores of spans in the columns that are asked for, by trace and span.
fn scores(
    store: &dyn TraceStore,
    request: &ListRequest,
    spans: &[Span],
) -> Result<BTreeMap<(String, String), SpanScores>, TraceStoreError> {
    let columns: Vec<Column> = request
        .columns()
        .filter(|it| is_score(it))
        .cloned()
        .collect();
    let mut scores = BTreeMap::new();
    if columns.is_empty() || spans.is_empty() {
        return Ok(scores);
    }
    let ids = |id: fn(&Span) -> &String| spans.iter().map(id).cloned().collect();
    let one_of = |column, ids| Filter::Text(column, TextTest::OneOf(ids));
    let question = MeasureRequest {
        level: Level::Span,
        range: request.selection.range,
        filter: one_of(Column::Trace, ids(|span| &span.trace_id))
            .and(one_of(Column::Span, ids(|span| &span.span_id))),
        keys: vec![Column::Span],
        values: columns.clone(),
    };
    store.measure(&question, &mut |measured| {
        let span = measured.keys.into_iter().next().flatten();
        let values = columns.iter().cloned().zip(measured.values).collect();
        scores.insert((measured.trace, span.unwrap_or_default()), values);
        ControlFlow::Continue(())
    })?;
    Ok(scores)
}

fn is_score(column: &Column) -> bool {
    matches!(column, Column::AnyScore | Column::Score(_))
}

/// What a field says of a span.
pub(super) fn span_value(
    span: &Span,
    field: &Field,
    scores: &[(Column, Option<f64>)],
) -> Option<ListValue> {
    let column = match field {
        Field::Column(column) => column,
        Field::Spans => return Some(ListValue::Number(ColumnKind::Number, 1.0)),
        Field::Input => return span.content.input.as_deref().map(asked),
        Field::Output => return span.content.output.as_deref().map(told),
    };
    match column.kind() {
        ColumnKind::Time => Some(ListValue::Time(span.started_at)),
        ColumnKind::Text if *column == Column::Tag => {
            let tags = &span.origin.tags;
            (!tags.is_empty()).then(|| ListValue::Labels(tags.clone()))
        }
        ColumnKind::Text => span
            .text(column)
            .map(|text| ListValue::Text(text.to_owned())),
        kind => {
            let score = scores.iter().find(|(known, _)| known == column);
            let number = score.map_or_else(|| span.number(column), |(_, score)| *score);
            number.map(|number| ListValue::Number(kind, number))
        }
    }
}
