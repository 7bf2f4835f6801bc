//! OTLP: what SDKs and collectors of OpenTelemetry send, as JSON or as protobuf.
//!
//! Both spellings become the same [`Export`]. What one field gets wrong is told of its span or record
//! alone; only what is no export at all is an error here.

pub mod exchange;
mod id;
mod json;
mod messages;
mod protobuf;
mod room;
pub mod value;
mod weigh;

pub use id::{SPAN_ID_BYTES, TRACE_ID_BYTES, hex, hex_id};
pub use json::{JsonError, Reason, from_json};
pub use protobuf::{ProtobufError, from_protobuf, logs_from_protobuf, traces_from_protobuf};
use value::{Attributes, Code, Text, Value, Whole};

/// One request to export spans, log records, or both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Export<'a> {
    /// The spans, by the resource that they come from.
    pub spans: Vec<Group<'a, RawSpan<'a>>>,
    /// The log records, alike.
    pub logs: Vec<Group<'a, RawLog<'a>>>,
}

/// What one instrumentation of one resource sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<'a, T> {
    /// What is said about the resource: the service, the machine.
    pub resource: Attributes<'a>,
    /// By the library that made them.
    pub scopes: Vec<Scoped<'a, T>>,
}

/// What one library made.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoped<'a, T> {
    /// The library.
    pub scope: Text<'a>,
    /// What it made.
    pub items: Vec<T>,
}

/// A span as it came, with nothing checked but its shape.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(
    missing_docs,
    reason = "the fields are those of opentelemetry.proto.trace.v1.Span"
)]
pub struct RawSpan<'a> {
    pub trace_id: Text<'a>,
    pub span_id: Text<'a>,
    pub parent_span_id: Text<'a>,
    pub name: Text<'a>,
    pub kind: Code,
    pub start_time_unix_nano: Whole,
    pub end_time_unix_nano: Whole,
    pub attributes: Attributes<'a>,
    pub events: Vec<RawEvent<'a>>,
    pub status: RawStatus<'a>,
}

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(
    missing_docs,
    reason = "the fields are those of opentelemetry.proto.trace.v1.Span.Event"
)]
pub struct RawEvent<'a> {
    pub time_unix_nano: Whole,
    pub name: Text<'a>,
    pub attributes: Attributes<'a>,
}

/// How a span ended.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(
    missing_docs,
    reason = "the fields are those of opentelemetry.proto.trace.v1.Status"
)]
pub struct RawStatus<'a> {
    pub code: Code,
    pub message: Text<'a>,
}

/// A log record as it came.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(
    missing_docs,
    reason = "the fields are those of opentelemetry.proto.logs.v1.LogRecord"
)]
pub struct RawLog<'a> {
    pub time_unix_nano: Whole,
    pub observed_time_unix_nano: Whole,
    pub event_name: Text<'a>,
    pub trace_id: Text<'a>,
    pub span_id: Text<'a>,
    pub body: Value<'a>,
    pub attributes: Attributes<'a>,
}

impl Export<'_> {
    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty()
    }
}
