//! What happened within a span: exceptions, content that came as an event, and everything else.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use crate::domain::trace::score::EVALUATION_EVENT;

use super::super::otlp::{RawEvent, RawSpan};
use super::logged::DETAILS;
use super::span::time;

/// Events whose attributes are those of the span, told apart because they are long.
const CONTENT_EVENTS: [&str; 3] = [
    DETAILS,
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
];

/// The event that an exception is recorded as.
const EXCEPTION: &str = "exception";

/// Makes attributes of the span of what events say of its content.
pub(super) fn content_of_events(raw: &mut RawSpan<'_>) {
    let is_content = |event: &mut RawEvent<'_>| CONTENT_EVENTS.contains(&event.name.0.as_ref());
    for event in raw.events.extract_if(.., is_content) {
        for (name, value) in event.attributes.0 {
            if raw.attributes.get(&name).is_none() {
                raw.attributes.0.push((name, value));
            }
        }
    }
}

/// The type and the message of the last exception.
pub(super) fn exception(events: &[RawEvent<'_>]) -> Option<(Option<String>, Option<String>)> {
    let thrown = events
        .iter()
        .rev()
        .find(|event| event.name.0 == EXCEPTION)?;
    let text = |name: &str| {
        let value = thrown.attributes.get(name)?;
        value.to_text().map(Cow::into_owned)
    };
    Some((text("exception.type"), text("exception.message")))
}

/// The events as they are kept: a JSON list. Scores are kept as scores.
pub(super) fn kept_events(events: Vec<RawEvent<'_>>) -> Option<String> {
    let kept = events
        .into_iter()
        .filter(|event| event.name.0 != EVALUATION_EVENT);
    let kept: Vec<Json> = kept
        .map(|event| {
            let at = event.time_unix_nano.get().and_then(time);
            json!({
                "name": event.name.0,
                "time": at.map(|at| at.to_string()),
                "attributes": event.attributes.to_json(),
            })
        })
        .collect();
    (!kept.is_empty()).then(|| Json::Array(kept).to_string())
}
