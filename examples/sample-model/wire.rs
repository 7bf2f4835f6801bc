//! The part of the chat-completions wire format that the stand-in speaks.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::Conversation;

/// A request, as far as an answer depends on it.
pub(crate) struct Request {
    /// The model's name, given back as it came.
    pub(crate) model: String,
    /// What was said.
    pub(crate) conversation: Conversation,
}

#[derive(Deserialize)]
struct WireRequest {
    model: String,
    messages: Vec<WireMessage>,
    #[serde(default)]
    response_format: Value,
    #[serde(default)]
    stream: bool,
}

#[derive(Deserialize)]
struct WireMessage {
    role: String,
    content: Value,
}

/// Reads a request's body, or says in words why it cannot be answered.
pub(crate) fn parse_request(body: &str) -> Result<Request, String> {
    let request: WireRequest = serde_json::from_str(body).map_err(|error| error.to_string())?;
    if request.stream {
        return Err("streaming is not supported".to_owned());
    }
    let mut conversation = Conversation {
        json: matches!(
            request.response_format["type"].as_str(),
            Some("json_object" | "json_schema")
        ),
        ..Conversation::default()
    };
    for message in &request.messages {
        let text = content_text(&message.content);
        match message.role.as_str() {
            "system" | "developer" => {
                conversation.instructions.push_str(&text);
                conversation.instructions.push('\n');
            }
            "user" => conversation.input = text,
            "assistant" => {}
            other => return Err(format!("unknown role `{other}`")),
        }
    }
    Ok(Request {
        model: request.model,
        conversation,
    })
}

/// The text of a message: a string, or the text parts of a list.
fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        _ => String::new(),
    }
}

/// A whole response. Tokens are counted as four for every three words, as is usual for English.
pub(crate) fn completion(request: &Request, answer: &str) -> Value {
    let conversation = &request.conversation;
    let read = tokens(&conversation.instructions) + tokens(&conversation.input);
    let written = tokens(answer);
    json!({
        "id": "chatcmpl-sample",
        "object": "chat.completion",
        "created": 0,
        "model": request.model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": answer},
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        },
    })
}

/// The body of a refusal.
pub(crate) fn error(message: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error"}})
}

fn tokens(text: &str) -> usize {
    (text.split_whitespace().count() * 4).div_ceil(3)
}
