//! What was said in a call to a model: messages by role, read from however a source writes them.

use serde_json::{Map, Value};

use super::embedded;

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: MessageRole,
    /// What is said, piece by piece.
    pub parts: Vec<Part>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageRole {
    /// Whoever runs the model.
    System,
    /// Whoever asks it.
    User,
    /// The model.
    Assistant,
    /// A tool that the model called.
    Tool,
}

impl MessageRole {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    /// The role of this name, as one source or another calls it.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "system" | "developer" => Self::System,
            "user" | "human" => Self::User,
            "assistant" | "model" | "ai" => Self::Assistant,
            "tool" | "function" => Self::Tool,
            _ => return None,
        })
    }
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// What the model wrote for itself.
    Reasoning(String),
    /// The model calls a tool.
    ToolCall {
        /// The tool.
        name: String,
        /// What it is called with, as JSON or text.
        arguments: String,
    },
    /// What a tool gave back, as JSON or text.
    ToolResult(String),
    /// A picture, a document or a sound, by what is said of it.
    Media(String),
    /// Anything else, as JSON.
    Other(String),
}

/// Reads a list of messages, or one message; `None` where the text is something else. Known are the
/// shapes of `gen_ai.input.messages`, of the chat completions of OpenAI and of the messages of
/// Anthropic.
pub fn read_messages(text: &str) -> Option<Vec<Message>> {
    if !text.trim_start().starts_with(['[', '{']) {
        return None;
    }
    match embedded::read(text).ok()? {
        Value::Array(items) if !items.is_empty() => items.iter().map(message).collect(),
        one @ Value::Object(_) => Some(vec![message(&one)?]),
        _ => None,
    }
}

/// Reads a list of parts, as `gen_ai.system_instructions` has it; `None` where the text is something
/// else.
pub fn read_parts(text: &str) -> Option<Vec<Part>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let items: Vec<Value> = embedded::read(text).ok()?;
    let are_parts = !items.is_empty() && items.iter().all(|item| item.get("type").is_some());
    are_parts.then(|| items.iter().map(part).collect())
}

fn message(value: &Value) -> Option<Message> {
    let fields = value.as_object()?;
    let role = MessageRole::of(fields.get("role")?.as_str()?)?;
    let mut parts = Vec::new();
    for key in ["parts", "content"] {
        match fields.get(key) {
            Some(Value::Array(items)) => parts.extend(items.iter().map(part)),
            Some(Value::String(text)) if role == MessageRole::Tool => {
                parts.push(Part::ToolResult(text.clone()));
            }
            Some(Value::String(text)) => parts.push(Part::Text(text.clone())),
            Some(Value::Object(_)) => parts.push(part(&fields[key])),
            _ => {}
        }
    }
    if let Some(Value::Array(calls)) = fields.get("tool_calls") {
        parts.extend(calls.iter().map(|call| tool_call(call.as_object(), call)));
    }
    for key in ["reasoning_content", "refusal"] {
        if let Some(Value::String(text)) = fields.get(key) {
            parts.push(if key == "refusal" {
                Part::Text(text.clone())
            } else {
                Part::Reasoning(text.clone())
            });
        }
    }
    Some(Message { role, parts })
}

fn part(value: &Value) -> Part {
    let other = || Part::Other(value.to_string());
    let Some(fields) = value.as_object() else {
        return value
            .as_str()
            .map_or_else(other, |text| Part::Text(text.to_owned()));
    };
    let first = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| fields.get(*key));
        found.map(plain_text)
    };
    let kind = fields
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match kind {
        "text" | "input_text" | "output_text" | "" => {
            first(&["content", "text"]).map_or_else(other, Part::Text)
        }
        "reasoning" | "thinking" => {
            first(&["content", "text", "thinking"]).map_or_else(other, Part::Reasoning)
        }
        "tool_call" | "tool-call" | "tool_use" | "function_call" => tool_call(Some(fields), value),
        "tool_call_response" | "tool-result" | "tool_result" | "function_call_output" => {
            first(&["response", "result", "content", "output"]).map_or_else(other, Part::ToolResult)
        }
        "blob" | "uri" | "file" | "image" | "image_url" | "input_image" | "input_audio"
        | "document" | "audio" => Part::Media(media(kind, fields)),
        _ => other(),
    }
}

fn tool_call(fields: Option<&Map<String, Value>>, whole: &Value) -> Part {
    let function = fields.and_then(|fields| fields.get("function")?.as_object());
    let fields = function.or(fields);
    let first = |keys: &[&str]| keys.iter().find_map(|key| fields?.get(*key));
    match first(&["name", "toolName", "tool_name"]) {
        None => Part::Other(whole.to_string()),
        Some(name) => Part::ToolCall {
            name: plain_text(name),
            arguments: first(&["arguments", "input", "args"]).map_or_else(String::new, plain_text),
        },
    }
}

/// What is said of a file; never what is in it.
fn media(kind: &str, fields: &Map<String, Value>) -> String {
    const TELLING: [&str; 6] = [
        "modality",
        "mime_type",
        "media_type",
        "uri",
        "file_id",
        "name",
    ];
    let told = TELLING.iter().filter_map(|key| fields.get(*key)?.as_str());
    let told: Vec<&str> = std::iter::once(kind)
        .chain(told)
        .filter(|text| !text.starts_with("data:"))
        .collect();
    told.join(" ")
}

/// A text as it is, lists of texts joined, anything else as JSON.
fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items
                .iter()
                .map(|item| item.as_str().or_else(|| item.get("text")?.as_str()))
                .collect();
            texts.map_or_else(|| value.to_string(), |texts| texts.join("\n"))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Vec<(&'static str, Vec<Part>)> {
        let messages = read_messages(&value.to_string()).unwrap();
        messages
            .into_iter()
            .map(|message| (message.role.name(), message.parts))
            .collect()
    }

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn call(name: &str, arguments: &str) -> Part {
        Part::ToolCall {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        }
    }

    /// The shapes are those of the JSON schemas beside `gen_ai.input.messages` in the semantic
    /// conventions of OpenTelemetry.
    #[test]
    fn messages_of_the_semantic_conventions_are_read() {
        let messages = json!([
            {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
            {"role": "user", "parts": [
                {"type": "text", "content": "Weather in Paris?"},
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
            ]},
            {"role": "assistant", "parts": [
                {"type": "reasoning", "content": "I must look."},
                {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}},
            ], "finish_reason": "tool_call"},
            {"role": "tool", "parts": [
                {"type": "tool_call_response", "id": "c1", "response": "rainy, 57°F"},
            ]},
        ]);
        assert_eq!(
            read(&messages),
            [
                ("system", vec![text("Be kind.")]),
                (
                    "user",
                    vec![
                        text("Weather in Paris?"),
                        Part::Media("blob image image/png".to_owned())
                    ]
                ),
                (
                    "assistant",
                    vec![
                        Part::Reasoning("I must look.".to_owned()),
                        call("weather", r#"{"city":"Paris"}"#)
                    ]
                ),
                ("tool", vec![Part::ToolResult("rainy, 57°F".to_owned())]),
            ]
        );
    }

    #[test]
    fn messages_of_openai_and_anthropic_are_read() {
        let openai = json!([
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{\"id\":3}"}},
            ]},
            {"role": "tool", "tool_call_id": "1", "content": "found"},
        ]);
        assert_eq!(
            read(&openai),
            [
                ("system", vec![text("Be kind.")]),
                ("user", vec![text("Hi")]),
                ("assistant", vec![call("find", "{\"id\":3}")]),
                ("tool", vec![Part::ToolResult("found".to_owned())]),
            ]
        );
        let anthropic = json!([
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm."},
                {"type": "tool_use", "id": "1", "name": "find", "input": {"id": 3}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "found"}]},
            ]},
        ]);
        assert_eq!(
            read(&anthropic),
            [
                (
                    "assistant",
                    vec![
                        Part::Reasoning("Hm.".to_owned()),
                        call("find", "{\"id\":3}")
                    ]
                ),
                ("user", vec![Part::ToolResult("found".to_owned())]),
            ]
        );
    }

    #[test]
    fn instructions_are_a_list_of_parts() {
        let list = r#"[{"type": "text", "content": "Be kind."}, {"type": "text", "content": "Be brief."}]"#;
        assert_eq!(
            read_parts(list),
            Some(vec![text("Be kind."), text("Be brief.")])
        );
        for other in [
            "Be kind.",
            "[]",
            "[1]",
            r#"[{"role": "user"}]"#,
            "[not json",
        ] {
            assert_eq!(read_parts(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_a_message_is_left_as_it_is() {
        for other in [
            "hello",
            "[]",
            "{}",
            "[1]",
            r#"{"order": 3}"#,
            r#"[{"role": 1}]"#,
            "[",
            "{\"role\": \"judge\"}",
        ] {
            assert_eq!(read_messages(other), None, "{other}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read_messages(&deep), None);
        let odd =
            json!({"role": "user", "parts": [{"type": "hologram"}, 3, {"type": "tool_call"}]});
        let parts = read(&odd).remove(0).1;
        assert!(
            parts.iter().all(|part| matches!(part, Part::Other(_))),
            "{parts:?}"
        );
    }
}
