//! Content in one shape: messages as `gen_ai.input.messages` writes them, whichever convention the
//! sender follows. What is in none of the known shapes stays as it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json, json};

use crate::domain::trace::embedded;
use crate::domain::trace::span::Operation;

use super::super::otlp::value::Value;
use super::slots::Filled;
use super::table::Slot;

/// The deepest path of a flattened attribute that is taken apart.
const MOST_SEGMENTS: usize = 16;

/// The content of a column.
pub(super) fn content_text(
    filled: &Filled<'_>,
    slot: Slot,
    operation: Operation,
) -> Option<String> {
    if let Some(prefix) = filled.prefix(slot) {
        let tree = unflatten(filled.below(prefix));
        return Some(content_of_tree(&tree, slot).to_string());
    }
    let (value, _) = filled.value(slot)?;
    let text = value.to_text()?;
    if operation == Operation::Chat
        && slot != Slot::ToolDefinitions
        && let Some(messages) = messages_of_text(&text)
    {
        return Some(messages.to_string());
    }
    Some(text.into_owned())
}

/// Nested names and values out of flattened attributes. Numbered names become a list.
fn unflatten<'v>(attributes: impl Iterator<Item = (&'v str, &'v Value<'v>)>) -> Json {
    let mut root = Node::default();
    for (path, value) in attributes {
        let mut node = &mut root;
        for segment in path.splitn(MOST_SEGMENTS, '.') {
            node = node.below.entry(segment.to_owned()).or_default();
        }
        node.value = Some(value.to_json());
    }
    root.into_json()
}

#[derive(Default)]
struct Node {
    value: Option<Json>,
    below: BTreeMap<String, Node>,
}

impl Node {
    fn into_json(self) -> Json {
        if self.below.is_empty() {
            return self.value.unwrap_or(Json::Null);
        }
        let numbered = self.below.keys().all(|name| name.parse::<u32>().is_ok());
        if !numbered {
            let entries = self.below.into_iter();
            return Json::Object(
                entries
                    .map(|(name, node)| (name, node.into_json()))
                    .collect(),
            );
        }
        let items = self.below.into_iter();
        let mut items: Vec<(u32, Node)> = items
            .map(|(name, node)| (name.parse().unwrap_or(u32::MAX), node))
            .collect();
        items.sort_by_key(|(index, _)| *index);
        items
            .into_iter()
            .map(|(_, node)| node.into_json())
            .collect()
    }
}

fn content_of_tree(tree: &Json, slot: Slot) -> Json {
    let items = tree.as_array().map_or(&[][..], Vec::as_slice);
    let items: Vec<&Json> = items.iter().map(unwrapped).collect();
    let is_message = |item: &&Json| item.get("role").or(item.get("tool_calls")).is_some();
    if items.iter().any(is_message) {
        return items.into_iter().map(message).collect();
    }
    let texts = ["text", "content"].map(|key| {
        let texts = items.iter().map(|item| item.get(key)?.as_str());
        texts.collect::<Option<Vec<&str>>>()
    });
    match texts.into_iter().flatten().next() {
        Some(texts) if slot == Slot::Input && !texts.is_empty() => {
            texts.into_iter().map(|text| said("user", text)).collect()
        }
        Some(texts)
            if slot == Slot::Output
                && !texts.is_empty()
                && items.iter().all(|item| is_short(item)) =>
        {
            let said = texts.into_iter().map(|text| said("assistant", text));
            said.collect()
        }
        _ => items.into_iter().map(definition).collect(),
    }
}

/// Whether nothing but a text and why it ended is said: then it is an answer and not a document.
fn is_short(item: &Json) -> bool {
    let names = item.as_object().map(|entries| entries.keys());
    names.is_some_and(|mut names| {
        names.all(|name| ["text", "content", "finish_reason"].contains(&name.as_str()))
    })
}

/// OpenInference wraps each item of a list once more: `0.message.role`.
fn unwrapped(item: &Json) -> &Json {
    const WRAPPERS: [&str; 7] = [
        "message",
        "document",
        "tool",
        "prompt",
        "completion",
        "tool_call",
        "message_content",
    ];
    match item.as_object() {
        Some(entries) if entries.len() == 1 => {
            let wrapper = WRAPPERS.iter().find_map(|name| entries.get(*name));
            wrapper.filter(|inner| inner.is_object()).unwrap_or(item)
        }
        _ => item,
    }
}

/// The definition of a tool is JSON in a text.
fn definition(item: &Json) -> Json {
    let schema = item.get("json_schema").and_then(Json::as_str);
    let parsed = schema.and_then(|schema| embedded::read(schema).ok());
    parsed.unwrap_or_else(|| item.clone())
}

fn said(role: &str, text: &str) -> Json {
    json!({ "role": role, "parts": [{ "type": "text", "content": text }] })
}

/// The messages in a text: a JSON list of messages, one message, or an object that holds `messages`.
/// `None`: there are none, or they are in our shape already.
fn messages_of_text(text: &str) -> Option<Json> {
    if !text.trim_start().starts_with(['[', '{']) || !text.contains("\"role\"") {
        return None;
    }
    if is_in_our_shape(text) {
        return None;
    }
    let json: Json = embedded::read(text).ok()?;
    let list = match &json {
        Json::Array(list) => list.as_slice(),
        Json::Object(entries) => match entries.get("messages") {
            Some(Json::Array(list)) => list.as_slice(),
            _ => std::slice::from_ref(&json),
        },
        _ => return None,
    };
    let foreign = |item: &Json| item.get("role").is_some() && item.get("parts").is_none();
    (!list.is_empty() && list.iter().all(foreign)).then(|| list.iter().map(message).collect())
}

/// Whether a text is a list of which some item has parts, which is told without taking it apart.
fn is_in_our_shape(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Item {
        parts: Option<IgnoredAny>,
    }
    let items: Result<Vec<Item>, _> = embedded::read(text);
    items.is_ok_and(|items| items.iter().any(|item| item.parts.is_some()))
}

/// A message in our shape, out of those of OpenInference, OpenLLMetry, OpenAI, Anthropic and Vercel.
pub(super) fn message(item: &Json) -> Json {
    let role = item
        .get("role")
        .and_then(Json::as_str)
        .unwrap_or("assistant");
    let mut parts = Vec::new();
    let content = item.get("content").filter(|content| !content.is_null());
    let call = text_of(item, &["tool_call_id", "toolCallId"]);
    let is_result = call.is_some() || ["tool", "function"].contains(&role);
    match content.or_else(|| item.get("contents")) {
        Some(Json::Array(list)) => parts.extend(list.iter().map(|it| part(unwrapped(it)))),
        Some(response) if is_result => parts.push(json!({
            "type": "tool_call_response", "id": call, "response": response,
        })),
        Some(Json::String(text)) if text.is_empty() => {}
        Some(Json::String(text)) => parts.push(json!({ "type": "text", "content": text })),
        Some(other) => parts.push(json!({ "type": "text", "content": other.to_string() })),
        None => {}
    }
    let calls = item.get("tool_calls").and_then(Json::as_array);
    parts.extend(
        calls
            .into_iter()
            .flatten()
            .map(|call| tool_call(unwrapped(call))),
    );
    let mut message = Map::new();
    message.insert("role".to_owned(), json!(role));
    message.insert("parts".to_owned(), Json::Array(parts));
    for name in ["name", "finish_reason"] {
        if let Some(value) = item.get(name).filter(|value| value.is_string()) {
            message.insert(name.to_owned(), value.clone());
        }
    }
    Json::Object(message)
}

/// A part of a message. One in a shape that we do not know stays as it is.
fn part(item: &Json) -> Json {
    let kind = item.get("type").and_then(Json::as_str).unwrap_or_default();
    let text = text_of(item, &["text", "content", "thinking", "reasoning"]);
    match (kind, text) {
        ("text" | "input_text" | "output_text", Some(text)) => {
            json!({ "type": "text", "content": text })
        }
        ("thinking" | "reasoning", Some(text)) => json!({ "type": "reasoning", "content": text }),
        ("tool_use" | "tool-call" | "tool_call", _) => tool_call(item),
        ("tool_result" | "tool-result", _) => {
            let mut result = ["output", "result", "content"].iter();
            let response = result.find_map(|name| item.get(*name));
            let id = text_of(item, &["tool_use_id", "toolCallId", "id"]);
            json!({ "type": "tool_call_response", "id": id, "response": response })
        }
        ("", Some(text)) => json!({ "type": "text", "content": text }),
        _ => item.clone(),
    }
}

fn tool_call(call: &Json) -> Json {
    let function = match call.get("function") {
        Some(function @ Json::Object(_)) => function,
        _ => call,
    };
    let mut given = ["arguments", "input", "args"].iter();
    let arguments = given.find_map(|name| function.get(*name));
    let arguments = match arguments {
        // Arguments are JSON in a text where the sender took them as the model wrote them.
        Some(Json::String(text)) => {
            embedded::read(text).unwrap_or_else(|_| Json::from(text.as_str()))
        }
        other => other.cloned().unwrap_or(Json::Null),
    };
    json!({
        "type": "tool_call",
        "id": text_of(call, &["id", "toolCallId"]),
        "name": text_of(function, &["name", "toolName"]),
        "arguments": arguments,
    })
}

fn text_of<'j>(item: &'j Json, names: &[&str]) -> Option<Cow<'j, str>> {
    let mut values = names.iter().filter_map(|name| item.get(*name)?.as_str());
    values.next().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(pairs: &[(&'static str, &'static str)], slot: Slot) -> Json {
        let values: Vec<(&str, Value<'_>)> = pairs
            .iter()
            .map(|(path, text)| (*path, Value::Text(Cow::Borrowed(*text))))
            .collect();
        let pairs = values.iter().map(|(path, value)| (*path, value));
        content_of_tree(&unflatten(pairs), slot)
    }

    #[test]
    fn flattened_messages_of_openinference_become_messages() {
        let messages = tree(
            &[
                ("10.message.role", "tool"),
                ("10.message.content", "sent"),
                ("10.message.tool_call_id", "call_1"),
                ("0.message.role", "system"),
                ("0.message.content", "Be kind."),
                ("1.message.role", "user"),
                ("1.message.contents.0.message_content.type", "text"),
                ("1.message.contents.0.message_content.text", "Where is it?"),
                ("2.message.role", "assistant"),
                ("2.message.tool_calls.0.tool_call.id", "call_1"),
                (
                    "2.message.tool_calls.0.tool_call.function.name",
                    "find_order",
                ),
                (
                    "2.message.tool_calls.0.tool_call.function.arguments",
                    r#"{"order":7}"#,
                ),
            ],
            Slot::Input,
        );
        assert_eq!(
            messages,
            json!([
                { "role": "system", "parts": [{ "type": "text", "content": "Be kind." }] },
                { "role": "user", "parts": [{ "type": "text", "content": "Where is it?" }] },
                { "role": "assistant", "parts": [{ "type": "tool_call", "id": "call_1",
                    "name": "find_order", "arguments": { "order": 7 } }] },
                { "role": "tool", "parts": [{ "type": "tool_call_response", "id": "call_1",
                    "response": "sent" }] },
            ])
        );
    }

    #[test]
    fn flattened_messages_of_openllmetry_become_messages() {
        let messages = tree(
            &[
                ("0.role", "assistant"),
                ("0.finish_reason", "tool_calls"),
                ("0.tool_calls.0.id", "call_2"),
                ("0.tool_calls.0.name", "refund"),
                ("0.tool_calls.0.arguments", "not json"),
            ],
            Slot::Output,
        );
        assert_eq!(
            messages,
            json!([{ "role": "assistant", "parts": [{ "type": "tool_call", "id": "call_2",
                "name": "refund", "arguments": "not json" }], "finish_reason": "tool_calls" }])
        );
    }

    #[test]
    fn other_lists_keep_what_they_say() {
        let documents = tree(
            &[
                ("0.document.id", "d1"),
                ("0.document.content", "How to return."),
            ],
            Slot::Output,
        );
        assert_eq!(
            documents,
            json!([{ "content": "How to return.", "id": "d1" }])
        );
        let prompts = tree(&[("0.prompt.text", "def fib(n):")], Slot::Input);
        assert_eq!(prompts, json!([said("user", "def fib(n):")]));
        let tools = tree(
            &[("0.tool.json_schema", r#"{"type":"function"}"#)],
            Slot::ToolDefinitions,
        );
        assert_eq!(tools, json!([{ "type": "function" }]));
    }

    #[test]
    fn messages_of_model_servers_become_messages() {
        let openai = r#"{"messages":[{"role":"user","content":"hi"}],"model":"m"}"#;
        assert_eq!(messages_of_text(openai), Some(json!([said("user", "hi")])));
        let vercel = r#"[{"role":"assistant","content":[{"type":"reasoning","text":"hm"},
            {"type":"tool-call","toolCallId":"c","toolName":"t","input":{"a":1}}]},
            {"role":"tool","content":[{"type":"tool-result","toolCallId":"c","output":"ok"}]}]"#;
        assert_eq!(
            messages_of_text(vercel),
            Some(json!([
                { "role": "assistant", "parts": [{ "type": "reasoning", "content": "hm" },
                    { "type": "tool_call", "id": "c", "name": "t", "arguments": { "a": 1 } }] },
                { "role": "tool", "parts": [{ "type": "tool_call_response", "id": "c",
                    "response": "ok" }] },
            ]))
        );
    }

    #[test]
    fn what_is_in_our_shape_or_no_message_stays_as_it_is() {
        let ours = json!([said("user", "hi")]).to_string();
        for text in [
            ours.as_str(),
            "plain \"role\"",
            "[1,\"role\"]",
            "[]",
            "{\"a\":1}",
        ] {
            assert_eq!(messages_of_text(text), None, "{text}");
        }
    }
}
