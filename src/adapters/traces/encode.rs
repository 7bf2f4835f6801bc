//! From spans and scores to columns: texts one by one, of which files make dictionaries themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::{
    ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, StringArray, TimestampNanosecondArray,
    UInt64Array,
};
use arrow_schema::{ArrowError, DataType, FieldRef, Schema};
use jiff::Timestamp;

use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;

use super::columns::{ATTRIBUTE, COST, COUNTS, SPAN, TAG, TEXTS, TIME, TRACE, VARIABLES};
use super::schema::{IDENTITY, SCORES_AS_MADE, SPANS_AS_MADE, item, key, value};

/// Spans as columns.
pub(super) fn spans(spans: &[&Span]) -> Result<RecordBatch, ArrowError> {
    let columns = SPANS_AS_MADE.fields().iter();
    let arrays = columns.map(|field| span_column(field.name(), spans));
    RecordBatch::try_new(
        Arc::clone(&SPANS_AS_MADE),
        arrays.collect::<Result<_, _>>()?,
    )
}

/// Some columns of spans, by their names.
pub(super) fn some_columns(spans: &[&Span], names: &[&str]) -> Result<RecordBatch, ArrowError> {
    let fields = SPANS_AS_MADE.fields().iter();
    let fields = fields.filter(|field| names.contains(&field.name().as_str()));
    let fields: Vec<FieldRef> = fields.cloned().collect();
    let arrays = fields.iter().map(|field| span_column(field.name(), spans));
    let arrays = arrays.collect::<Result<Vec<ArrayRef>, _>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(spans.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &rows)
}

fn span_column(name: &str, spans: &[&Span]) -> Result<ArrayRef, ArrowError> {
    if let Some(column) = TEXTS.iter().find(|column| column.name == name) {
        let texts = spans.iter().map(|span| (column.get)(span));
        // Many a column says nothing of any span.
        if texts.clone().all(|text| text.is_none()) {
            return Ok(Arc::new(StringArray::new_null(spans.len())));
        }
        return Ok(Arc::new(texts.collect::<StringArray>()));
    }
    if let Some(column) = COUNTS.iter().find(|column| column.name == name) {
        let counts = spans.iter().map(|span| (column.get)(span));
        return Ok(Arc::new(counts.collect::<UInt64Array>()));
    }
    match name {
        TIME => Ok(times(spans.iter().map(|span| span.started_at))),
        COST => {
            let costs = spans.iter().map(|span| span.call.cost_usd);
            Ok(Arc::new(costs.collect::<Float64Array>()))
        }
        TAG => Ok(labels(spans)),
        ATTRIBUTE => pairs(spans.iter().map(|span| &span.attributes)),
        VARIABLES => pairs(spans.iter().map(|span| &span.content.variables)),
        other => Err(no_column(other)),
    }
}

/// Scores as columns. Each comes with what it is known by.
pub(super) fn scores(scores: &[(&Score, String)]) -> Result<RecordBatch, ArrowError> {
    let texts = |get: fn(&Score) -> Option<&str>| scores.iter().map(move |(score, _)| get(score));
    let plain = |get| -> ArrayRef { Arc::new(texts(get).collect::<StringArray>()) };
    let column = |name: &str| -> Option<ArrayRef> {
        Some(match name {
            TIME => times(scores.iter().map(|(score, _)| score.recorded_at)),
            TRACE => plain(|score| Some(&score.trace_id)),
            SPAN => plain(|score| score.span_id.as_deref()),
            "response_id" => plain(|score| score.response_id.as_deref()),
            "name" => plain(|score| Some(&score.name)),
            "value" => {
                let values = scores.iter().map(|(score, _)| score.value);
                Arc::new(values.collect::<Float64Array>())
            }
            "label" => plain(|score| score.label.as_deref()),
            "explanation" => plain(|score| score.explanation.as_deref()),
            "error_type" => plain(|score| score.error_type.as_deref()),
            "source" => plain(|score| score.source.as_deref()),
            IDENTITY => {
                let identities = scores.iter().map(|(_, identity)| Some(identity));
                Arc::new(identities.collect::<StringArray>())
            }
            _ => return None,
        })
    };
    let columns = SCORES_AS_MADE.fields().iter().map(|field| {
        let name = field.name();
        column(name).ok_or_else(|| no_column(name))
    });
    RecordBatch::try_new(
        Arc::clone(&SCORES_AS_MADE),
        columns.collect::<Result<_, _>>()?,
    )
}

fn no_column(name: &str) -> ArrowError {
    ArrowError::SchemaError(format!("nothing is kept in a column `{name}`"))
}

fn times(times: impl Iterator<Item = Timestamp>) -> ArrayRef {
    let times = times.map(nanoseconds);
    let times: TimestampNanosecondArray = times.collect::<Vec<i64>>().into();
    Arc::new(times.with_timezone("UTC"))
}

/// Nanoseconds since 1970. What lies beyond the years 1677 to 2262 is the nearest that does not.
pub(super) fn nanoseconds(time: Timestamp) -> i64 {
    let exact = time.as_nanosecond();
    exact
        .clamp(i64::MIN.into(), i64::MAX.into())
        .try_into()
        .unwrap_or_default()
}

fn labels(spans: &[&Span]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(item(DataType::Utf8));
    for span in spans {
        for tag in &span.origin.tags {
            lists.values().append_value(tag);
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn pairs<'s>(
    maps: impl Iterator<Item = &'s BTreeMap<String, String>>,
) -> Result<ArrayRef, ArrowError> {
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
        .with_keys_field(key(DataType::Utf8))
        .with_values_field(value());
    for map in maps {
        for (key, value) in map {
            builder.keys().append_value(key);
            builder.values().append_value(value);
        }
        builder.append(true)?;
    }
    Ok(Arc::new(builder.finish()))
}
