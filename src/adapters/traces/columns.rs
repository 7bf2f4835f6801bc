//! The columns of the stored spans: one table says how each is called, read from a span and put back
//! into one.

use crate::domain::trace::span::{Operation, Span, SpanStatus};

/// When the span began.
pub(super) const TIME: &str = "time";
/// The trace.
pub(super) const TRACE: &str = "trace";
/// The span.
pub(super) const SPAN: &str = "span";
/// US dollars.
pub(super) const COST: &str = "cost";
/// The id of the answer.
pub(super) const RESPONSE: &str = "response_id";
/// Labels, as a list.
pub(super) const TAG: &str = "tag";
/// Every other attribute, as a map.
pub(super) const ATTRIBUTE: &str = "attribute";
/// What a prompt was rendered with, as a map. Content.
pub(super) const VARIABLES: &str = "variables";

/// A column of texts.
pub(super) struct TextColumn {
    pub(super) name: &'static str,
    pub(super) sort: Sort,
    pub(super) get: fn(&Span) -> Option<&str>,
    pub(super) set: fn(&mut Span, String),
}

/// How a column of texts is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Every span has one, and hardly two have the same.
    Id,
    /// Few have the same.
    Rare,
    /// Many have the same: kept as a dictionary.
    Repeated,
    /// What went in or came out: most of what is stored, and read only when it is asked for.
    Content,
}

/// A column of whole numbers.
pub(super) struct CountColumn {
    pub(super) name: &'static str,
    pub(super) get: fn(&Span) -> Option<u64>,
    pub(super) set: fn(&mut Span, u64),
}

/// One column of texts that a span may lack.
macro_rules! text {
    ($name:literal, $sort:ident, $($field:ident).+) => {
        TextColumn {
            name: $name,
            sort: Sort::$sort,
            get: |span| span.$($field).+.as_deref(),
            set: |span, text| span.$($field).+ = Some(text),
        }
    };
}

/// One column of whole numbers that a span may lack.
macro_rules! count {
    ($name:literal, $($field:ident).+) => {
        CountColumn {
            name: $name,
            get: |span| span.$($field).+,
            set: |span, count| span.$($field).+ = Some(count),
        }
    };
}

/// The columns of texts, in the order of the files.
pub(super) const TEXTS: [TextColumn; 28] = [
    TextColumn {
        name: TRACE,
        sort: Sort::Id,
        get: |span| Some(&span.trace_id),
        set: |span, text| span.trace_id = text,
    },
    TextColumn {
        name: SPAN,
        sort: Sort::Id,
        get: |span| Some(&span.span_id),
        set: |span, text| span.span_id = text,
    },
    text!("parent", Rare, parent_span_id),
    TextColumn {
        name: "name",
        sort: Sort::Repeated,
        get: |span| Some(&span.name),
        set: |span, text| span.name = text,
    },
    TextColumn {
        name: "operation",
        sort: Sort::Repeated,
        get: |span| Some(span.operation.name()),
        set: |span, text| span.operation = Operation::of(&text).unwrap_or_default(),
    },
    TextColumn {
        name: "status",
        sort: Sort::Repeated,
        get: |span| Some(span.status.name()),
        set: |span, text| span.status = SpanStatus::of(&text).unwrap_or_default(),
    },
    text!("status_message", Rare, status_message),
    text!("error_type", Repeated, error_type),
    text!("prompt", Repeated, lineage.prompt),
    text!("version", Repeated, lineage.version),
    text!("fingerprint", Repeated, lineage.fingerprint),
    text!("lane", Repeated, lineage.lane),
    text!("deployment", Repeated, lineage.deployment),
    text!("provider", Repeated, call.provider),
    text!("model", Repeated, call.model),
    text!("cost_source", Repeated, call.cost_source),
    text!("finish_reason", Repeated, call.finish_reason),
    text!("response_id", Rare, call.response_id),
    text!("service", Repeated, origin.service),
    text!("route", Repeated, origin.route),
    text!("session", Repeated, origin.session),
    text!("user", Repeated, origin.user),
    text!("tool", Repeated, origin.tool),
    text!("system_instructions", Content, content.system_instructions),
    text!("input", Content, content.input),
    text!("output", Content, content.output),
    text!("tool_definitions", Content, content.tool_definitions),
    text!("events", Content, content.events),
];

/// The columns of whole numbers, in the order of the files.
pub(super) const COUNTS: [CountColumn; 7] = [
    CountColumn {
        name: "duration",
        get: |span| Some(span.duration_ns),
        set: |span, count| span.duration_ns = count,
    },
    count!("time_to_first_chunk", call.time_to_first_chunk_ns),
    count!("input_tokens", call.input_tokens),
    count!("output_tokens", call.output_tokens),
    count!("cache_read_tokens", call.cache_read_tokens),
    count!("cache_write_tokens", call.cache_write_tokens),
    count!("reasoning_tokens", call.reasoning_tokens),
];
