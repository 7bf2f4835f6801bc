//! What is kept of a span while its trace is looked at: never its texts as a whole.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::trace::embedded;
use crate::domain::trace::messages::{Message, MessageRole, Part, read_messages};
use crate::domain::trace::span::{Operation, Span, SpanStatus};
use crate::domain::untrusted::shorten;

use super::answer::{Fault, faults};
use super::formats::Formats;
use super::mask::mask;

/// How much of a user's text is compared, in characters.
const ASKED: usize = 500;

/// How much of a name is kept, in characters.
const NAME: usize = 80;

/// What is kept of a span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SpanNote {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) operation: Operation,
    pub(super) name: String,
    pub(super) prompt: Option<String>,
    pub(super) lane: Option<String>,
    pub(super) failed: bool,
    /// The signature of its error, where it failed.
    pub(super) error: Option<String>,
    /// The tools that it calls: the one that a span of a tool is, or those that a model asks for.
    pub(super) calls: Vec<Call>,
    /// What tools gave back that a model was told in this call, where it says that they failed.
    pub(super) told_failures: Vec<String>,
    /// What the user said last.
    pub(super) asked: Option<String>,
    /// What is wrong with the answer.
    pub(super) faults: Vec<Fault>,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) arguments: ShortDigest,
    /// The signature of what the tool gave back, where that says it failed.
    pub(super) failure: Option<String>,
}

impl SpanNote {
    pub(super) fn of(span: &Span, formats: &Formats) -> Self {
        let failed = span.status == SpanStatus::Error;
        let mut note = Self {
            id: span.span_id.clone(),
            parent: span.parent_span_id.clone(),
            operation: span.operation,
            name: plain(&span.name),
            prompt: span.lineage.prompt.as_deref().map(plain),
            lane: span.lineage.lane.as_deref().map(plain),
            failed,
            error: failed.then(|| error_of(span)),
            calls: Vec::new(),
            told_failures: Vec::new(),
            asked: None,
            faults: Vec::new(),
        };
        match span.operation {
            Operation::ExecuteTool => note.tool(span),
            Operation::Chat => note.chat(span, formats),
            _ => {}
        }
        note
    }

    fn tool(&mut self, span: &Span) {
        let named = span.origin.tool.as_deref();
        let tool = named.unwrap_or_else(|| {
            let name = span.name.as_str();
            name.strip_prefix("execute_tool ").unwrap_or(name)
        });
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        self.calls.push(Call {
            tool: plain(tool),
            arguments: arguments(&text(&span.content.input)),
            failure: tool_failure(&text(&span.content.output)).filter(|_| !self.failed),
        });
    }

    fn chat(&mut self, span: &Span, formats: &Formats) {
        let content = &span.content;
        let input = said(content.input.as_deref(), MessageRole::User);
        let output = said(content.output.as_deref(), MessageRole::Assistant);
        self.asked = last_asked(&input);
        let results = input.iter().rev();
        let results = results.take_while(|message| message.role != MessageRole::Assistant);
        for part in results.flat_map(|message| &message.parts) {
            if let Part::ToolResult(text) = part {
                self.told_failures.extend(tool_failure(text));
            }
        }
        for part in output.iter().flat_map(|message| &message.parts) {
            if let Part::ToolCall {
                name,
                arguments: given,
            } = part
            {
                self.calls.push(Call {
                    tool: plain(name),
                    arguments: arguments(given),
                    failure: None,
                });
            }
        }
        self.faults = faults(span, &output, formats);
        let offered = offered(content.tool_definitions.as_deref());
        if !offered.is_empty() {
            let called = self.calls.iter().map(|call| &call.tool);
            let unknown: BTreeSet<&String> =
                called.filter(|tool| !offered.contains(*tool)).collect();
            let unknown = unknown.into_iter().cloned();
            self.faults.extend(unknown.map(Fault::NotOffered));
        }
    }
}

/// A name in one line, without characters that nobody sees.
fn plain(name: &str) -> String {
    let name = shorten(name, NAME);
    name.chars().filter(|it| !it.is_control()).collect()
}

fn arguments(text: &str) -> ShortDigest {
    // The same JSON is the same call, however it is spaced.
    let digest = match embedded::read::<Value>(text) {
        Ok(value) => Digest::of_json(&value),
        Err(_) => Digest::of(text.trim().as_bytes()),
    };
    digest.shortened()
}

/// The messages of one side; a text that is none was said by whom it is usually said.
fn said(text: Option<&str>, plain: MessageRole) -> Vec<Message> {
    let Some(text) = text else {
        return Vec::new();
    };
    read_messages(text).unwrap_or_else(|| {
        vec![Message {
            role: plain,
            parts: vec![Part::Text(text.to_owned())],
        }]
    })
}

fn last_asked(messages: &[Message]) -> Option<String> {
    let of_user = |message: &&Message| message.role == MessageRole::User;
    messages.iter().rev().filter(of_user).find_map(|message| {
        let texts = message.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let text = texts.collect::<Vec<_>>().join(" ");
        (!text.trim().is_empty()).then(|| shorten(text.trim(), ASKED).into_owned())
    })
}

/// The signature of a span's error: of its exception, its message, or its sort.
fn error_of(span: &Span) -> String {
    let thrown = span.content.events.as_deref().and_then(exception);
    let message = [thrown, span.status_message.clone(), span.error_type.clone()];
    let signatures = message.into_iter().flatten().map(|text| mask(&text));
    let mut signatures = signatures.filter(|signature| !signature.is_empty());
    signatures
        .next()
        .unwrap_or_else(|| "an error that says nothing".to_owned())
}

fn exception(events: &str) -> Option<String> {
    let events: Value = embedded::read(events).ok()?;
    let thrown = events
        .as_array()?
        .iter()
        .rev()
        .find(|event| event["name"] == "exception")?;
    let text = |key: &str| {
        thrown["attributes"][key]
            .as_str()
            .filter(|it| !it.is_empty())
    };
    let message = text("exception.message").or_else(|| text("exception.type"))?;
    Some(message.to_owned())
}

/// The signature of what a tool gave back, where that says that it failed.
fn tool_failure(text: &str) -> Option<String> {
    let text = text.trim();
    if text.starts_with(['{', '[']) {
        return json_failure(&embedded::read(text).ok()?);
    }
    let start: String = text.chars().take(12).collect::<String>().to_lowercase();
    if start.starts_with("traceback") {
        return text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .map(mask);
    }
    let says_so = ["error", "exception", "failed to", "failure:"];
    says_so
        .iter()
        .any(|word| start.starts_with(word))
        .then(|| mask(text))
}

fn json_failure(value: &Value) -> Option<String> {
    let is_failure = |value: &Value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(said) => *said,
        _ => false,
    };
    let text = |value: &Value| value.as_str().filter(|it| !it.is_empty()).map(mask);
    let message = || {
        let keys = ["message", "detail", "reason", "content"];
        keys.iter().find_map(|key| text(&value[*key]))
    };
    for key in ["error", "errors", "isError", "is_error"] {
        let said = &value[key];
        if is_failure(said) {
            let said = said
                .as_array()
                .and_then(|items| items.first())
                .unwrap_or(said);
            let found = text(said)
                .or_else(|| text(&said["message"]))
                .or_else(message);
            return Some(found.unwrap_or_else(|| "an error that says nothing".to_owned()));
        }
    }
    let status = value["status"].as_str().unwrap_or_default();
    let failed = ["error", "failed", "failure"].contains(&status.to_lowercase().as_str());
    failed.then(|| message().unwrap_or_else(|| "an error that says nothing".to_owned()))
}

/// The names of the tools that a model could call.
fn offered(definitions: Option<&str>) -> BTreeSet<String> {
    let definitions = definitions.and_then(|text| embedded::read::<Value>(text).ok());
    let items = definitions.as_ref().and_then(Value::as_array);
    let names = items.into_iter().flatten().filter_map(|item| {
        let name = item
            .get("name")
            .or_else(|| item.get("function")?.get("name"));
        name?.as_str().map(plain)
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn note(span: &Span) -> SpanNote {
        SpanNote::of(span, &Formats::default())
    }

    #[test]
    fn a_tool_says_in_many_ways_that_it_failed() {
        for (result, failure) in [
            (
                "Error: flight HAT045 is full",
                Some("error: flight <id> is full"),
            ),
            (
                "{\"error\": \"order 7 not found\"}",
                Some("order <n> not found"),
            ),
            (
                "{\"error\": {\"code\": 3, \"message\": \"gone\"}}",
                Some("gone"),
            ),
            ("{\"errors\": [{\"message\": \"gone\"}]}", Some("gone")),
            ("{\"isError\": true, \"content\": \"Gone.\"}", Some("gone.")),
            (
                "{\"status\": \"failed\", \"reason\": \"late\"}",
                Some("late"),
            ),
            ("{\"error\": true}", Some("an error that says nothing")),
            (
                "Traceback (most recent call last):\n  File x\nKeyError: 'id'\n",
                Some("keyerror: <text>"),
            ),
            ("{\"error\": null, \"state\": \"sent\"}", None),
            ("{\"error\": false, \"errors\": []}", None),
            ("no errors were found", None),
            ("{broken", None),
            ("", None),
        ] {
            assert_eq!(tool_failure(result).as_deref(), failure, "{result}");
        }
    }

    #[test]
    fn a_span_of_a_tool_is_one_call_of_it() {
        let mut span = Span {
            name: "execute_tool find_order".to_owned(),
            operation: Operation::ExecuteTool,
            ..Span::default()
        };
        span.content.input = Some("{\"order\": 3}".to_owned());
        let one = note(&span);
        assert_eq!(one.calls[0].tool, "find_order");
        span.content.input = Some("{ \"order\":3 }".to_owned());
        assert_eq!(note(&span).calls, one.calls);
        span.content.input = Some("{\"order\": 4}".to_owned());
        assert_ne!(note(&span).calls, one.calls);
    }

    #[test]
    fn a_call_to_a_model_says_what_was_asked_last_and_which_tools_it_wants() {
        let mut span = Span {
            operation: Operation::Chat,
            ..Span::default()
        };
        span.content.input = Some(
            json!([
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "Hi"},
                {"role": "user", "content": "Where is it?"},
                {"role": "assistant", "tool_calls": [{"function": {"name": "find", "arguments": "{}"}}]},
                {"role": "tool", "content": "Error: too late"},
            ])
            .to_string(),
        );
        span.content.output = Some(
            json!([{"role": "assistant", "parts": [
                {"type": "tool_call", "name": "find", "arguments": {}},
                {"type": "tool_call", "name": "guess", "arguments": {}},
            ]}])
            .to_string(),
        );
        span.content.tool_definitions = Some(r#"[{"type":"function","name":"find"}]"#.to_owned());
        let note = note(&span);
        assert_eq!(note.asked.as_deref(), Some("Where is it?"));
        assert_eq!(note.told_failures, ["error: too late"]);
        let tools: Vec<&str> = note.calls.iter().map(|call| call.tool.as_str()).collect();
        assert_eq!(tools, ["find", "guess"]);
        assert_eq!(note.faults, [Fault::NotOffered("guess".to_owned())]);
    }

    #[test]
    fn an_error_is_known_by_its_exception_before_its_message() {
        let mut span = Span {
            status: SpanStatus::Error,
            status_message: Some("the call failed".to_owned()),
            ..Span::default()
        };
        assert_eq!(note(&span).error.as_deref(), Some("the call failed"));
        span.content.events = Some(
            r#"[{"name":"exception","attributes":{"exception.message":"no answer after 30 s"}}]"#
                .to_owned(),
        );
        assert_eq!(note(&span).error.as_deref(), Some("no answer after <n> s"));
        span.status = SpanStatus::Ok;
        assert_eq!(note(&span).error, None);
    }
}
