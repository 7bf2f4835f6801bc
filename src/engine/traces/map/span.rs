//! From a span as it came to a span in our columns.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::domain::trace::embedded;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::{
    Content, KIND_ATTRIBUTE, KINDS, Lineage, ModelCall, Operation, Origin, Span, SpanStatus,
};

use super::super::otlp::value::{Attributes, Code, Value, Whole};
use super::super::otlp::{RawEvent, RawSpan, SPAN_ID_BYTES, TRACE_ID_BYTES, hex_id};
use super::events::{content_of_events, exception, kept_events};
use super::messages::content_text;
use super::scores::{scores_of_attributes, scores_of_events};
use super::slots::{Filled, Resource};
use super::table::{AttributeTable, Names, Read, SLOTS, Slot};
use super::usage::{cost_of_details, tokens_of_details};

/// The statuses that OTLP has numbers for.
const STATUS_OK: Code = Code(1);
const STATUS_ERROR: Code = Code(2);

/// The kind of a span that stands for a call to another process.
const CLIENT: Code = Code(3);

/// Why a span cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each is")]
pub enum Unusable {
    #[error("its trace id is not 16 bytes that are not all zero")]
    TraceId,
    #[error("its span id is not 8 bytes that are not all zero")]
    SpanId,
    #[error("it does not say when it began")]
    Start,
    #[error("it ends before it begins, or does not end")]
    End,
}

/// Maps a span and the scores that it carries.
pub(super) fn map_span(
    names: &mut Names,
    mut raw: RawSpan<'_>,
    resource: &Resource<'_>,
) -> Result<(Span, Vec<Score>), Unusable> {
    let trace_id = hex_id(&raw.trace_id.0, TRACE_ID_BYTES).ok_or(Unusable::TraceId)?;
    let span_id = hex_id(&raw.span_id.0, SPAN_ID_BYTES).ok_or(Unusable::SpanId)?;
    let start_ns = nanoseconds(raw.start_time_unix_nano).ok_or(Unusable::Start)?;
    let end_ns = nanoseconds(raw.end_time_unix_nano).ok_or(Unusable::End)?;
    let duration_ns = u64::try_from(end_ns - start_ns).map_err(|_| Unusable::End)?;
    let started_at = time(start_ns).ok_or(Unusable::Start)?;
    content_of_events(&mut raw);
    let events = std::mem::take(&mut raw.events);
    let attributes = std::mem::take(&mut raw.attributes);
    let mut filled = Filled::new(names, &attributes, resource);
    let operation = operation(names.table(), &mut filled);
    if repeats_what_is_below(operation, raw.kind) {
        let usage = SLOTS.iter().filter(|(slot, _)| slot.is_usage());
        usage.for_each(|(slot, _)| filled.leave(*slot));
    }
    let mut span = Span {
        trace_id,
        span_id,
        parent_span_id: hex_id(&raw.parent_span_id.0, SPAN_ID_BYTES),
        name: raw.name.0.into_owned(),
        operation,
        started_at,
        duration_ns,
        lineage: lineage(&filled),
        call: call(&filled, start_ns),
        origin: origin(&filled, &attributes),
        content: content(&filled, operation),
        ..Span::default()
    };
    set_status(
        &mut span,
        &filled,
        raw.status.code,
        raw.status.message.0,
        &events,
    );
    span.attributes = filled.rest();
    let kind = KINDS.iter().find(|(code, _)| Code(*code) == raw.kind);
    if let Some((_, kind)) = kind {
        let kept = span.attributes.entry(KIND_ATTRIBUTE.to_owned());
        kept.or_insert_with(|| (*kind).to_owned());
    }
    let mut scores = scores_of_events(&events, &span);
    scores.extend(scores_of_attributes(&mut span));
    span.content.events = kept_events(events);
    Ok((span, scores))
}

fn nanoseconds(whole: Whole) -> Option<i64> {
    whole.get().filter(|nanoseconds| *nanoseconds > 0)
}

/// A time in nanoseconds since 1970.
pub(super) fn time(nanoseconds: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).ok()
}

/// What sort of step it is. A word that nobody knows stays an attribute.
fn operation(table: &AttributeTable, filled: &mut Filled<'_>) -> Operation {
    let word = filled.value(Slot::Operation);
    let word = word.and_then(|(value, _)| value.to_text());
    let known = word.and_then(|word| table.operation(&word));
    if let Some(operation) = known {
        return operation;
    }
    filled.leave(Slot::Operation);
    let has = |slot| filled.value(slot).is_some();
    if has(Slot::Tool) {
        Operation::ExecuteTool
    } else if has(Slot::Model) && (has(Slot::OutputTokens) || has(Slot::Provider)) {
        Operation::Chat
    } else {
        Operation::Other
    }
}

/// An agent or a workflow that runs here says what its calls used up, which those calls say as well.
/// Counted twice it would be wrong, so that it stays an attribute.
fn repeats_what_is_below(operation: Operation, kind: Code) -> bool {
    match operation {
        Operation::InvokeAgent => kind != CLIENT,
        Operation::InvokeWorkflow | Operation::ExecuteTool => true,
        _ => false,
    }
}

fn lineage(filled: &Filled<'_>) -> Lineage {
    Lineage {
        prompt: filled.text(Slot::Prompt),
        version: filled.text(Slot::Version),
        fingerprint: filled.text(Slot::Fingerprint),
        lane: filled.text(Slot::Lane),
        deployment: filled.text(Slot::Deployment),
    }
}

fn call(filled: &Filled<'_>, start_ns: i64) -> ModelCall {
    let reported = cost(filled);
    let mut call = ModelCall {
        provider: filled.text(Slot::Provider),
        model: filled.text(Slot::Model),
        input_tokens: tokens(filled, Slot::InputTokens),
        output_tokens: tokens(filled, Slot::OutputTokens),
        cache_read_tokens: tokens(filled, Slot::CacheReadTokens),
        cache_write_tokens: tokens(filled, Slot::CacheWriteTokens),
        reasoning_tokens: tokens(filled, Slot::ReasoningTokens),
        cost_usd: reported,
        cost_source: reported.map(|_| super::cost::REPORTED.to_owned()),
        time_to_first_chunk_ns: first_chunk(filled, start_ns),
        finish_reason: finish_reason(filled),
        response_id: filled.text(Slot::ResponseId),
    };
    count_the_cache(&mut call);
    call
}

/// Some senders count the tokens of the cache beside the input, not in it. Where they are more than
/// all input, that is so.
fn count_the_cache(call: &mut ModelCall) {
    let cached = call.cache_read_tokens.unwrap_or(0);
    let cached = cached.saturating_add(call.cache_write_tokens.unwrap_or(0));
    if let Some(input) = &mut call.input_tokens
        && *input < cached
    {
        *input = input.saturating_add(cached);
    }
}

fn tokens(filled: &Filled<'_>, slot: Slot) -> Option<u64> {
    let (value, read) = filled.value(slot)?;
    match read {
        Read::Usage => tokens_of_details(value, slot),
        _ => value.to_count(),
    }
}

fn cost(filled: &Filled<'_>) -> Option<f64> {
    let (value, read) = filled.value(Slot::Cost)?;
    let usd = match read {
        Read::Cost => cost_of_details(value),
        _ => value.to_number(),
    };
    usd.filter(|usd| *usd >= 0.0)
}

fn first_chunk(filled: &Filled<'_>, start_ns: i64) -> Option<u64> {
    let (value, read) = filled.value(Slot::TimeToFirstChunk)?;
    let scaled = |factor: f64| {
        let nanoseconds = value.to_number()? * factor;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is within the bounds"
        )]
        (0.0..9e18)
            .contains(&nanoseconds)
            .then_some(nanoseconds.round() as u64)
    };
    match read {
        Read::Milliseconds => scaled(1e6),
        Read::Time => {
            let text = value.to_text()?;
            let at: Timestamp = text.trim_matches('"').parse().ok()?;
            u64::try_from(at.as_nanosecond() - i128::from(start_ns)).ok()
        }
        _ => scaled(1e9),
    }
}

fn finish_reason(filled: &Filled<'_>) -> Option<String> {
    let (value, _) = filled.value(Slot::FinishReason)?;
    let reasons = labels(value);
    (!reasons.is_empty()).then(|| reasons.join(","))
}

/// The words in a list, in a JSON list that is a text, or in a text with commas.
fn labels(value: &Value<'_>) -> Vec<String> {
    let texts: Vec<String> = match value {
        Value::List(items) => {
            let texts = items.iter().filter_map(Value::to_text);
            texts.map(Cow::into_owned).collect()
        }
        Value::Text(text) if text.trim_start().starts_with('[') => {
            return match embedded::read::<Json>(text) {
                Ok(list) => labels(&Value::from(list)),
                Err(_) => vec![text.clone().into_owned()],
            };
        }
        other => {
            let text = other.to_text().unwrap_or_default();
            text.split(',').map(str::to_owned).collect()
        }
    };
    let trimmed = texts.iter().map(|text| text.trim().to_owned());
    trimmed.filter(|text| !text.is_empty()).collect()
}

fn origin(filled: &Filled<'_>, attributes: &Attributes<'_>) -> Origin {
    let method = || {
        let names = ["http.request.method", "http.method"];
        names
            .iter()
            .find_map(|name| attributes.get(name)?.to_text())
    };
    let route = filled.text(Slot::Route).map(|route| match method() {
        Some(method) if !route.contains(' ') => format!("{method} {route}"),
        _ => route,
    });
    let tags = filled.value(Slot::Tags);
    let mut tags = tags.map_or_else(Vec::new, |(value, _)| labels(value));
    tags.sort_unstable();
    tags.dedup();
    Origin {
        service: filled.text(Slot::Service),
        route,
        session: filled.text(Slot::Session),
        user: filled.text(Slot::User),
        tool: filled.text(Slot::Tool),
        tags,
    }
}

/// What was said.
pub(super) fn content(filled: &Filled<'_>, operation: Operation) -> Content {
    Content {
        variables: variables(filled),
        system_instructions: filled.text(Slot::SystemInstructions),
        input: content_text(filled, Slot::Input, operation),
        output: content_text(filled, Slot::Output, operation),
        tool_definitions: content_text(filled, Slot::ToolDefinitions, operation),
        events: None,
    }
}

fn variables(filled: &Filled<'_>) -> BTreeMap<String, String> {
    let text = |value: &Value<'_>| value.to_text().map(Cow::into_owned);
    if let Some(prefix) = filled.prefix(Slot::Variables) {
        let below = filled.below(prefix);
        return below
            .filter_map(|(name, value)| Some((name.to_owned(), text(value)?)))
            .collect();
    }
    let Some((value, _)) = filled.value(Slot::Variables) else {
        return BTreeMap::new();
    };
    let parsed = match value {
        Value::Text(text) => embedded::read(text).unwrap_or(Json::Null),
        other => other.to_json(),
    };
    let Json::Object(entries) = parsed else {
        return BTreeMap::new();
    };
    let entries = entries.into_iter();
    entries
        .filter_map(|(name, value)| Some((name, text(&Value::from(value))?)))
        .collect()
}

fn set_status(
    span: &mut Span,
    filled: &Filled<'_>,
    code: Code,
    message: Cow<'_, str>,
    events: &[RawEvent<'_>],
) {
    let thrown = exception(events);
    let error_type = filled.text(Slot::ErrorType);
    let level = filled.text(Slot::Level);
    let is_error = code == STATUS_ERROR
        || (code != STATUS_OK && error_type.is_some())
        || level.is_some_and(|level| level.eq_ignore_ascii_case("error"));
    let (kind, said) = thrown.unwrap_or_default();
    span.status = if is_error {
        SpanStatus::Error
    } else if code == STATUS_OK {
        SpanStatus::Ok
    } else {
        SpanStatus::Unset
    };
    span.error_type = error_type.or(kind.filter(|_| is_error));
    span.status_message = Some(message.into_owned())
        .filter(|message| !message.is_empty())
        .or_else(|| filled.text(Slot::StatusMessage))
        .or(said.filter(|_| is_error));
}
