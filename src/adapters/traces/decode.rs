//! From columns back to spans and scores.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, TimestampNanosecondType, UInt64Type};
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray, RecordBatch};
use jiff::Timestamp;
use parquet::errors::ParquetError;

use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;

use super::columns::{ATTRIBUTE, COST, COUNTS, RESPONSE, SPAN, TAG, TEXTS, TIME, TRACE, VARIABLES};
use super::texts::{Texts, wrong_column};

/// The spans in a batch, as far as its columns tell.
pub(super) fn spans(batch: &RecordBatch) -> Result<Vec<Span>, ParquetError> {
    let mut spans = vec![Span::default(); batch.num_rows()];
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let name = field.name();
        fill(&mut spans, name, array).ok_or_else(|| wrong_column(name))?;
    }
    Ok(spans)
}

/// Fills in one column; `None`: its values are of another type.
fn fill(spans: &mut [Span], name: &str, array: &dyn Array) -> Option<()> {
    if let Some(column) = TEXTS.iter().find(|column| column.name == name) {
        let texts = Texts::of(array)?;
        for (row, span) in spans.iter_mut().enumerate() {
            if let Some(text) = texts.get(row) {
                (column.set)(span, text.to_owned());
            }
        }
        return Some(());
    }
    if let Some(column) = COUNTS.iter().find(|column| column.name == name) {
        let counts = array.as_primitive_opt::<UInt64Type>()?;
        for (row, span) in spans.iter_mut().enumerate() {
            if let Some(count) = value(counts, row) {
                (column.set)(span, count);
            }
        }
        return Some(());
    }
    match name {
        TIME => {
            let times = array.as_primitive_opt::<TimestampNanosecondType>()?;
            for (row, span) in spans.iter_mut().enumerate() {
                span.started_at = moment(times.value(row));
            }
        }
        COST => {
            let costs = array.as_primitive_opt::<Float64Type>()?;
            for (row, span) in spans.iter_mut().enumerate() {
                span.call.cost_usd = value(costs, row);
            }
        }
        TAG => {
            let lists = array.as_list_opt::<i32>()?;
            let tags = Texts::of(lists.values())?;
            for (span, range) in spans.iter_mut().zip(lists.value_offsets().windows(2)) {
                let tags = rows(range).filter_map(|row| tags.get(row));
                span.origin.tags = tags.map(str::to_owned).collect();
            }
        }
        ATTRIBUTE => fill_pairs(spans, array, |span, key, value| {
            span.attributes.insert(key, value);
        })?,
        VARIABLES => fill_pairs(spans, array, |span, key, value| {
            span.content.variables.insert(key, value);
        })?,
        _ => {}
    }
    Some(())
}

fn fill_pairs(
    spans: &mut [Span],
    array: &dyn Array,
    set: fn(&mut Span, String, String),
) -> Option<()> {
    let maps = array.as_map_opt()?;
    let (keys, values) = (Texts::of(maps.keys())?, Texts::of(maps.values())?);
    for (span, range) in spans.iter_mut().zip(maps.value_offsets().windows(2)) {
        for row in rows(range) {
            if let (Some(key), Some(value)) = (keys.get(row), values.get(row)) {
                set(span, key.to_owned(), value.to_owned());
            }
        }
    }
    Some(())
}

/// The rows between two offsets.
pub(super) fn rows(offsets: &[i32]) -> std::ops::Range<usize> {
    let row = |offset: i32| usize::try_from(offset).unwrap_or_default();
    row(offsets[0])..row(offsets[1])
}

/// The value in a row.
pub(super) fn value<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    row: usize,
) -> Option<T::Native> {
    array.is_valid(row).then(|| array.value(row))
}

/// The moment that many nanoseconds after 1970 began.
pub(super) fn moment(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or_default()
}

/// The columns that scores are made of.
pub(super) const SCORE_COLUMNS: [&str; 10] = [
    TIME,
    TRACE,
    SPAN,
    RESPONSE,
    "name",
    "value",
    "label",
    "explanation",
    "error_type",
    "source",
];

/// The scores in a batch.
pub(super) fn scores(batch: &RecordBatch) -> Result<Vec<Score>, ParquetError> {
    let text = |name| Texts::column(batch, name);
    let (traces, spans, responses) = (text(TRACE)?, text(SPAN)?, text(RESPONSE)?);
    let (names, labels, explanations) = (text("name")?, text("label")?, text("explanation")?);
    let (errors, sources) = (text("error_type")?, text("source")?);
    let times = batch
        .column_by_name(TIME)
        .and_then(|times| times.as_primitive_opt::<TimestampNanosecondType>())
        .ok_or_else(|| wrong_column(TIME))?;
    let values = batch
        .column_by_name("value")
        .and_then(|values| values.as_primitive_opt::<Float64Type>())
        .ok_or_else(|| wrong_column("value"))?;
    let owned = |texts: Texts<'_>, row| texts.get(row).map(str::to_owned);
    let scores = (0..batch.num_rows()).map(|row| Score {
        trace_id: owned(traces, row).unwrap_or_default(),
        span_id: owned(spans, row),
        response_id: owned(responses, row),
        name: owned(names, row).unwrap_or_default(),
        value: value(values, row),
        label: owned(labels, row),
        explanation: owned(explanations, row),
        error_type: owned(errors, row),
        source: owned(sources, row),
        recorded_at: moment(times.value(row)),
    });
    Ok(scores.collect())
}
