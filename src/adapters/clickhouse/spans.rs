//! Whole spans: as the collector wrote them, mapped and redacted as those that are imported.

use std::borrow::Cow;
use std::ops::ControlFlow;

use serde_json::Value as Json;

use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::Level;
use crate::domain::trace::span::{Content, Span};
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceBatch, TraceStoreError};
use crate::engine::traces::map::Mapped;
use crate::engine::traces::map::table::AttributeTable;
use crate::engine::traces::otlp::value::{Attributes, Code, Text, Value, Whole};
use crate::engine::traces::otlp::{Export, Group, RawEvent, RawSpan, RawStatus, Scoped};

use super::columns::Columns;
use super::items::Meant;
use super::parameters::{Parameters, literal, literals};
use super::{ClickHouseStore, Reader};

/// How many spans are mapped and redacted at a time.
const AT_ONCE: usize = 512;

/// The columns of the collector's table that make a span, by the names that a question gives them.
fn stored(content: bool) -> [(&'static str, String); 14] {
    let attributes = if content {
        "SpanAttributes".to_owned()
    } else {
        without_content()
    };
    let plain = str::to_owned;
    [
        ("r_trace", plain("TraceId")),
        ("r_span", plain("SpanId")),
        ("r_parent", plain("ParentSpanId")),
        ("r_name", plain("SpanName")),
        ("r_kind", plain("SpanKind")),
        (
            "r_time",
            plain("toString(toUnixTimestamp64Nano(Timestamp))"),
        ),
        ("r_duration", plain("toString(Duration)")),
        ("r_code", plain("StatusCode")),
        ("r_message", plain("StatusMessage")),
        ("r_resource", plain("ResourceAttributes")),
        ("r_attributes", attributes),
        (
            "r_event_times",
            plain("arrayMap(it -> toString(toUnixTimestamp64Nano(it)), Events.Timestamp)"),
        ),
        ("r_event_names", plain("Events.Name")),
        ("r_event_attributes", plain("Events.Attributes")),
    ]
}

/// A span's attributes without those that hold what was said, so that they do not travel.
fn without_content() -> String {
    let table = AttributeTable::built_in();
    let below = table.content_prefixes().map(|(prefix, digit)| {
        let prefix = regex::escape(prefix);
        let pattern = format!("^{prefix}{}", if digit { "[0-9]" } else { "." });
        format!("match(name, {})", literal(&pattern))
    });
    let below = below.collect::<Vec<_>>().join(" OR ");
    format!(
        "mapFilter((name, value) -> NOT (has({}, name) OR {below}), SpanAttributes)",
        literals(table.content())
    )
}

/// Gives the spans that are meant, in the order that is asked for.
pub(super) fn spans(
    store: &ClickHouseStore,
    request: &SpanRequest,
    each: &mut dyn FnMut(Span) -> ControlFlow<()>,
) -> Result<(), TraceStoreError> {
    let (column, direction) = match &request.order {
        SpanOrder::Stored => (&Column::Time, "ASC"),
        SpanOrder::Ascending(column) => (column, "ASC"),
        SpanOrder::Descending(column) => (column, "DESC"),
    };
    let columns = Columns::of(&request.filter, [column]);
    let stored = stored(request.content);
    let meant = Meant {
        level: Level::Span,
        range: &request.range,
        filter: &request.filter,
        columns: &columns,
        stored: &stored,
    };
    let mut parameters = Parameters::default();
    let table = meant.table(&store.expressions(), &mut parameters);
    let key = columns.value(column);
    let limit = request.limit.map(|limit| format!(" LIMIT {limit}"));
    let fields: Vec<&str> = stored.iter().map(|(name, _)| *name).collect();
    let sql = format!(
        "SELECT {} FROM ({table}) ORDER BY {key} {direction} NULLS LAST, trace, span{}",
        fields.join(", "),
        limit.unwrap_or_default()
    );
    let mut waiting: Vec<Vec<Json>> = Vec::new();
    let mut ended = false;
    let mut give = |waiting: &mut Vec<Vec<Json>>| {
        let spans = store.reader.borrow_mut().spans(waiting);
        waiting.clear();
        for mut span in spans {
            if !request.content {
                span.content = Content::default();
            }
            if each(span).is_break() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    store.client.rows(&sql, &parameters, &mut |row| {
        waiting.push(row);
        if waiting.len() < AT_ONCE {
            return Ok(ControlFlow::Continue(()));
        }
        let flow = give(&mut waiting);
        ended = flow.is_break();
        Ok(flow)
    })?;
    if !ended {
        // Nobody needs to hear whether more would be wanted: there is no more.
        let _ = give(&mut waiting);
    }
    Ok(())
}

/// All spans of a trace with their content, by start and id.
pub(super) fn trace(store: &ClickHouseStore, trace: &str) -> Result<Vec<Span>, TraceStoreError> {
    let request = SpanRequest {
        range: TimeRange::ALWAYS,
        filter: Filter::is(Column::Trace, trace),
        content: true,
        order: SpanOrder::Stored,
        limit: None,
    };
    let mut found = Vec::new();
    spans(store, &request, &mut |span| {
        found.push(span);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

impl Reader {
    /// The spans in some rows, as they may be shown.
    fn spans(&mut self, rows: &[Vec<Json>]) -> Vec<Span> {
        let mut batch = TraceBatch::default();
        for row in rows {
            let export = export(row);
            self.mapper.map(export, &mut batch, &mut Mapped::default());
        }
        batch.scores.clear();
        self.redactor.redact(&mut batch);
        batch.spans
    }
}

/// A row of [`stored`] as what a sender would have sent.
fn export(row: &[Json]) -> Export<'_> {
    let text = |place: usize| row.get(place).and_then(Json::as_str).unwrap_or_default();
    let whole = |place: usize| text(place).parse().map_or(Whole::Wrong, Whole::Is);
    let as_text = |place: usize| Text(Cow::Borrowed(text(place)));
    let start = whole(5);
    let end = match (start.get(), whole(6).get()) {
        (Some(start), Some(duration)) => Whole::Is(start.saturating_add(duration)),
        _ => Whole::Wrong,
    };
    let span = RawSpan {
        trace_id: as_text(0),
        span_id: as_text(1),
        parent_span_id: as_text(2),
        name: as_text(3),
        kind: Code::of_name(text(4)),
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        attributes: attributes(row.get(10)),
        events: events(row),
        status: RawStatus {
            code: Code::of_name(text(7)),
            message: as_text(8),
        },
    };
    Export {
        spans: vec![Group {
            resource: attributes(row.get(9)),
            scopes: vec![Scoped {
                scope: Text::default(),
                items: vec![span],
            }],
        }],
        logs: Vec::new(),
    }
}

fn events(row: &[Json]) -> Vec<RawEvent<'_>> {
    let list = |place: usize| {
        let list = row.get(place).and_then(Json::as_array);
        list.map(Vec::as_slice).unwrap_or_default()
    };
    let (times, names, said) = (list(11), list(12), list(13));
    let events = times
        .iter()
        .zip(names)
        .zip(said)
        .map(|((time, name), said)| RawEvent {
            time_unix_nano: time
                .as_str()
                .and_then(|time| time.parse().ok())
                .map_or(Whole::Absent, Whole::Is),
            name: Text(Cow::Borrowed(name.as_str().unwrap_or_default())),
            attributes: attributes(Some(said)),
        });
    events.collect()
}

fn attributes(map: Option<&Json>) -> Attributes<'_> {
    let map = map.and_then(Json::as_object);
    let pairs = map.into_iter().flatten().map(|(name, value)| {
        let value = match value.as_str().unwrap_or_default() {
            // The exporter writes lists as JSON, and one without anything in it says nothing.
            "[]" => Value::List(Vec::new()),
            text => Value::Text(Cow::Borrowed(text)),
        };
        (Cow::Borrowed(name.as_str()), value)
    });
    Attributes(pairs.collect())
}
