//! Content of spans that comes as log records: one for the whole call, or one for each message as
//! conventions before 1.37 had it.

use serde_json::{Value as Json, json};

use crate::domain::trace::logged::LoggedContent;
use crate::domain::trace::span::{Content, Operation};

use super::super::otlp::value::Value;
use super::super::otlp::{RawLog, SPAN_ID_BYTES, TRACE_ID_BYTES, hex_id};
use super::messages::message;
use super::slots::{Filled, Resource};
use super::span::{content, time};
use super::table::Names;

/// The event whose attributes are those of the span.
pub(super) const DETAILS: &str = "gen_ai.client.inference.operation.details";

/// The event of an answer.
const CHOICE: &str = "gen_ai.choice";

/// Events of messages that went in, by who said them.
const MESSAGES: [(&str, &str); 4] = [
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
    ("gen_ai.tool.message", "tool"),
];

/// What an event is called: its name has a field of its own since version 1.5 of the protocol.
pub(super) fn event_name<'r>(raw: &'r RawLog<'_>) -> std::borrow::Cow<'r, str> {
    let named = raw.attributes.get("event.name").and_then(Value::to_text);
    match named {
        Some(named) if raw.event_name.0.is_empty() => named,
        _ => std::borrow::Cow::Borrowed(raw.event_name.0.as_ref()),
    }
}

/// What a log record says of the content of a span; `None`: it is about something else, says nothing, or
/// does not say of which span.
pub(super) fn content_of_log(
    names: &mut Names,
    raw: &RawLog<'_>,
    resource: &Resource<'_>,
) -> Option<LoggedContent> {
    let name = event_name(raw);
    let content = match name.as_ref() {
        DETAILS => {
            let filled = Filled::new(names, &raw.attributes, resource);
            content(&filled, Operation::Chat)
        }
        CHOICE => Content {
            output: Some(Json::Array(vec![answer(&raw.body.to_json())?]).to_string()),
            ..Content::default()
        },
        name => {
            let (_, role) = MESSAGES.iter().find(|(known, _)| *known == name)?;
            let said = said(raw.body.to_json(), role)?;
            Content {
                input: Some(Json::Array(vec![said]).to_string()),
                ..Content::default()
            }
        }
    };
    let at = raw.time_unix_nano.get().filter(|time| *time > 0);
    let at = at.or(raw.observed_time_unix_nano.get()).and_then(time)?;
    (!content.is_empty()).then_some(LoggedContent {
        trace_id: hex_id(&raw.trace_id.0, TRACE_ID_BYTES)?,
        span_id: hex_id(&raw.span_id.0, SPAN_ID_BYTES)?,
        recorded_at: at,
        content,
    })
}

/// A message in our shape; `None`: it says nothing, as where content is not to be captured.
fn said(mut body: Json, role: &str) -> Option<Json> {
    let entries = body.as_object_mut()?;
    entries.entry("role").or_insert_with(|| json!(role));
    if role == "tool"
        && let Some(id) = entries.remove("id")
    {
        entries.entry("tool_call_id").or_insert(id);
    }
    let message = message(&body);
    let says_something = message["parts"].as_array().is_some_and(|it| !it.is_empty());
    says_something.then_some(message)
}

/// The message of an answer, with why it ended.
fn answer(body: &Json) -> Option<Json> {
    let inner = body.get("message").cloned().unwrap_or_else(|| body.clone());
    let mut answer = said(inner, "assistant")?;
    if let Some(reason) = body.get("finish_reason").filter(|it| it.is_string()) {
        answer["finish_reason"] = reason.clone();
    }
    Some(answer)
}
