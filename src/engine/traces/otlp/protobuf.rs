//! OTLP as protobuf.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::{DecodeError, Message as _};

use super::id::hex;
use super::messages::{
    AnyValue, Event, KeyValue, Kind, LogRecord, LogsRequest, Resource, Scope, Span, Status,
    TracesRequest,
};
use super::room::NoRoom;
use super::value::{Attributes, Code, Text, Value, Whole};
use super::weigh::{self, weigh};
use super::{Export, Group, RawEvent, RawLog, RawSpan, RawStatus, Scoped};

/// Why a message is no request to export.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProtobufError {
    /// It is none.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It would take too much memory.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

/// Reads an export request of spans or of log records: a file does not say which of them it holds,
/// and the fields of one do not decode as the other's.
pub fn from_protobuf(message: &[u8]) -> Result<Export<'static>, ProtobufError> {
    match traces_from_protobuf(message) {
        Ok(export) if export.has_ids() => Ok(export),
        spans => match logs_from_protobuf(message) {
            Ok(export) if spans.is_err() || export.has_ids() => Ok(export),
            _ => spans,
        },
    }
}

/// Reads a request to export spans.
pub fn traces_from_protobuf(message: &[u8]) -> Result<Export<'static>, ProtobufError> {
    weigh(message, &weigh::TRACES)?;
    let request = TracesRequest::decode(message)?;
    let groups = request.resource_spans.into_iter().map(|group| Group {
        resource: resource(group.resource),
        scopes: group
            .scope_spans
            .into_iter()
            .map(|scoped| Scoped {
                scope: scope(scoped.scope),
                items: scoped.spans.into_iter().map(RawSpan::from).collect(),
            })
            .collect(),
    });
    Ok(Export {
        spans: groups.collect(),
        logs: Vec::new(),
    })
}

/// Reads a request to export log records.
pub fn logs_from_protobuf(message: &[u8]) -> Result<Export<'static>, ProtobufError> {
    weigh(message, &weigh::LOGS)?;
    let request = LogsRequest::decode(message)?;
    let groups = request.resource_logs.into_iter().map(|group| Group {
        resource: resource(group.resource),
        scopes: group
            .scope_logs
            .into_iter()
            .map(|scoped| Scoped {
                scope: scope(scoped.scope),
                items: scoped.log_records.into_iter().map(RawLog::from).collect(),
            })
            .collect(),
    });
    Ok(Export {
        spans: Vec::new(),
        logs: groups.collect(),
    })
}

impl Export<'_> {
    /// Whether something in it carries a usable id, or nothing is in it at all.
    fn has_ids(&self) -> bool {
        let spans = self.spans.iter().flat_map(|group| &group.scopes);
        let mut spans = spans.flat_map(|scope| &scope.items).peekable();
        let logs = self.logs.iter().flat_map(|group| &group.scopes);
        let mut logs = logs.flat_map(|scope| &scope.items).peekable();
        if spans.peek().is_none() && logs.peek().is_none() {
            return true;
        }
        let is_id = |text: &Text<'_>| text.0.len() == 2 * super::TRACE_ID_BYTES;
        spans.any(|span| is_id(&span.trace_id)) || logs.any(|log| is_id(&log.trace_id))
    }
}

fn resource(resource: Option<Resource>) -> Attributes<'static> {
    resource.map_or_else(Attributes::default, |resource| {
        attributes(resource.attributes)
    })
}

fn scope(scope: Option<Scope>) -> Text<'static> {
    text(scope.unwrap_or_default().name)
}

fn text(text: String) -> Text<'static> {
    Text(Cow::Owned(text))
}

/// A time of 0 is one that was not said.
fn time(nanoseconds: u64) -> Whole {
    match nanoseconds {
        0 => Whole::Absent,
        _ => i64::try_from(nanoseconds).map_or(Whole::Wrong, Whole::Is),
    }
}

fn code(number: i32) -> Code {
    Code(u8::try_from(number).unwrap_or(0))
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes<'static> {
    let pairs = pairs.into_iter().map(|pair| {
        let value = pair.value.map_or(Value::Nothing, Value::from);
        (Cow::Owned(pair.key), value)
    });
    Attributes(pairs.collect())
}

impl From<AnyValue> for Value<'static> {
    fn from(value: AnyValue) -> Self {
        match value.kind {
            None => Self::Nothing,
            Some(Kind::Text(text)) => Self::Text(Cow::Owned(text)),
            Some(Kind::Flag(flag)) => Self::Flag(flag),
            Some(Kind::Whole(number)) => Self::Whole(number),
            Some(Kind::Number(number)) => Self::Number(number),
            Some(Kind::List(list)) => Self::List(list.values.into_iter().map(Self::from).collect()),
            Some(Kind::Map(map)) => Self::Map(attributes(map.values)),
            Some(Kind::Bytes(bytes)) => Self::Text(Cow::Owned(STANDARD.encode(bytes))),
        }
    }
}

impl From<Span> for RawSpan<'static> {
    fn from(span: Span) -> Self {
        let Status {
            message,
            code: ended,
        } = span.status.unwrap_or_default();
        Self {
            trace_id: text(hex(&span.trace_id)),
            span_id: text(hex(&span.span_id)),
            parent_span_id: text(hex(&span.parent_span_id)),
            name: text(span.name),
            kind: code(span.kind),
            start_time_unix_nano: time(span.start_time_unix_nano),
            end_time_unix_nano: time(span.end_time_unix_nano),
            attributes: attributes(span.attributes),
            events: span.events.into_iter().map(RawEvent::from).collect(),
            status: RawStatus {
                code: code(ended),
                message: text(message),
            },
        }
    }
}

impl From<Event> for RawEvent<'static> {
    fn from(event: Event) -> Self {
        Self {
            time_unix_nano: time(event.time_unix_nano),
            name: text(event.name),
            attributes: attributes(event.attributes),
        }
    }
}

impl From<LogRecord> for RawLog<'static> {
    fn from(log: LogRecord) -> Self {
        Self {
            time_unix_nano: time(log.time_unix_nano),
            observed_time_unix_nano: time(log.observed_time_unix_nano),
            event_name: text(log.event_name),
            trace_id: text(hex(&log.trace_id)),
            span_id: text(hex(&log.span_id)),
            body: log.body.map_or(Value::Nothing, Value::from),
            attributes: attributes(log.attributes),
        }
    }
}
