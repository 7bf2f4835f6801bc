//! The Anthropic messages wire format.

use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::adapters::address::below;
use crate::adapters::providers::attached::base64_of;
use crate::adapters::providers::retry::Failure;
use crate::domain::media::{Media, MediaKind, MediaType};
use crate::domain::prompt::{ResponseFormat, Role};
use crate::domain::run::{Answer, ModelRequest};

use super::{Wire, functions, output, place_parameters, tool_call};

/// The longest answer where the prompt does not say: the API asks for a number.
const DEFAULT_MAX_TOKENS: u32 = 1024;

/// The parameters that the API knows, from our spelling to its own.
const PARAMETERS: [(&str, &str); 9] = [
    ("max_tokens", "max_tokens"),
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("stop", "stop_sequences"),
    ("stop_sequences", "stop_sequences"),
    ("thinking", "thinking"),
    ("tool_choice", "tool_choice"),
    ("service_tier", "service_tier"),
];

/// The wire format.
pub(super) struct Anthropic;

impl Wire for Anthropic {
    fn address(&self, base: &Url, _request: &ModelRequest) -> Url {
        below(base, &["v1", "messages"])
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-api-key", "")
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }

    fn body(&self, request: &ModelRequest) -> Result<Value, String> {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(request.model.model));
        body.insert("max_tokens".to_owned(), json!(DEFAULT_MAX_TOKENS));
        place_messages(request, &mut body)?;
        place_parameters(request, &PARAMETERS, &mut body)?;
        match &request.response_format {
            ResponseFormat::Text => {}
            ResponseFormat::JsonObject => {
                return Err(
                    "this API has no `responseFormat: json_object`: give a `jsonSchema`".to_owned(),
                );
            }
            ResponseFormat::JsonSchema(format) => {
                let format = json!({"type": "json_schema", "schema": format.schema});
                body.insert("output_config".to_owned(), json!({"format": format}));
            }
        }
        if !request.tools.is_empty() {
            body.insert("tools".to_owned(), Value::from(tools(request)?));
        }
        Ok(Value::Object(body))
    }

    fn read(&self, body: &[u8]) -> Result<Answer, Failure> {
        let message: Message = serde_json::from_slice(body).map_err(|error| {
            Failure::lasting(format!("the server's answer is not a message: {error}"))
        })?;
        let mut text = String::new();
        let mut tool_calls = Vec::new();
        for block in &message.content {
            match block.kind.as_str() {
                "text" => text.push_str(block.text.as_deref().unwrap_or_default()),
                "tool_use" => tool_calls.push(tool_call(
                    block.id.as_deref().unwrap_or_default(),
                    block.name.as_deref().unwrap_or_default(),
                    &block.input,
                )),
                _ => {}
            }
        }
        let output = output(text, &tool_calls, message.stop_reason.as_deref())?;
        let usage = message.usage.unwrap_or_default();
        let cached = usage.cache_read_input_tokens;
        let written = usage.cache_creation_input_tokens;
        let cache = cached.unwrap_or(0).checked_add(written.unwrap_or(0));
        Ok(Answer {
            output,
            tool_calls,
            input_tokens: usage
                .input_tokens
                .zip(cache)
                .and_then(|(plain, cache)| plain.checked_add(cache)),
            cached_input_tokens: cached,
            cache_write_tokens: written,
            output_tokens: usage.output_tokens,
            finish_reason: message.stop_reason,
            ..Answer::default()
        })
    }
}

/// System messages have a place of their own, before the conversation. One that comes later cannot
/// be put there without changing what it means.
fn place_messages(request: &ModelRequest, body: &mut Map<String, Value>) -> Result<(), String> {
    let is_system = |role: Role| matches!(role, Role::System | Role::Developer);
    let mut system = Vec::new();
    let mut messages: Vec<Value> = Vec::new();
    for message in &request.messages {
        if !is_system(message.role) {
            let content = message.content.to_json(|media| block(request, media));
            messages.push(json!({"role": message.role.name(), "content": content}));
        } else if messages.is_empty() {
            system.extend(message.content.texts());
        } else {
            return Err("in this API system messages stand before all others".to_owned());
        }
    }
    if messages.is_empty() {
        return Err("this API needs a user message".to_owned());
    }
    if !system.is_empty() {
        body.insert("system".to_owned(), json!(system.join("\n\n")));
    }
    body.insert("messages".to_owned(), Value::from(messages));
    Ok(())
}

/// A picture or a document. Plain text is sent as it is.
fn block(request: &ModelRequest, media: &Media) -> Value {
    let kind = match media.media_type.kind() {
        MediaKind::Image => "image",
        MediaKind::File => "document",
    };
    let (encoding, data) = match media.media_type {
        MediaType::Text => {
            let bytes = request.attachments.bytes(media);
            ("text", String::from_utf8_lossy(bytes).into_owned())
        }
        _ => ("base64", base64_of(request, media)),
    };
    let source = json!({"type": encoding, "media_type": media.media_type.name(), "data": data});
    json!({"type": kind, "source": source})
}

fn tools(request: &ModelRequest) -> Result<Vec<Value>, String> {
    functions(request)
        .map(|function| {
            let function = function?;
            let mut tool = Map::new();
            tool.insert("name".to_owned(), function["name"].clone());
            if let Some(description) = function.get("description") {
                tool.insert("description".to_owned(), description.clone());
            }
            let schema = function.get("parameters").cloned();
            let schema = schema.unwrap_or_else(|| json!({"type": "object"}));
            tool.insert("input_schema".to_owned(), schema);
            Ok(Value::Object(tool))
        })
        .collect()
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    id: Option<String>,
    name: Option<String>,
    #[serde(default)]
    input: Value,
}

#[derive(Deserialize, Default)]
#[expect(clippy::struct_field_names, reason = "the wire format names them")]
struct TokenUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::super::tests::{request, showing};
    use super::*;
    use crate::domain::prompt::JsonSchemaFormat;

    fn read(body: &Value) -> Result<Answer, Failure> {
        Anthropic.read(body.to_string().as_bytes())
    }

    #[test]
    fn system_messages_are_lifted_out_and_a_length_is_always_given() {
        let messages = [
            (Role::System, "be brief"),
            (Role::Developer, "answer in French"),
            (Role::User, "hi"),
            (Role::Assistant, "salut"),
            (Role::User, "and?"),
        ];
        let body = Anthropic.body(&request(&messages, json!({}))).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "small", "max_tokens": 1024, "system": "be brief\n\nanswer in French",
                "messages": [
                    {"role": "user", "content": "hi"},
                    {"role": "assistant", "content": "salut"},
                    {"role": "user", "content": "and?"},
                ],
            })
        );
    }

    #[test]
    fn parameters_have_their_own_names_here_and_unknown_ones_are_refused() {
        let parameters = json!({"maxTokens": 7, "temperature": 0, "topP": 0.5, "stop": "END"});
        let asked = request(&[(Role::User, "hi")], parameters);
        let body = Anthropic.body(&asked).unwrap();
        assert_eq!(body["max_tokens"], 7);
        assert_eq!(body["top_p"], 0.5);
        assert_eq!(body["stop_sequences"], json!(["END"]));
        for name in ["seed", "model", "system", "stream", "frequencyPenalty"] {
            let asked = request(&[(Role::User, "hi")], json!({name: 1}));
            let error = Anthropic.body(&asked).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn what_the_api_cannot_say_is_refused_by_name() {
        let late = [(Role::User, "hi"), (Role::System, "be brief")];
        assert!(Anthropic.body(&request(&late, json!({}))).is_err());
        assert!(
            Anthropic
                .body(&request(&[(Role::System, "x")], json!({})))
                .is_err()
        );
        let mut asked = request(&[(Role::User, "hi")], json!({}));
        asked.response_format = ResponseFormat::JsonObject;
        let error = Anthropic.body(&asked).unwrap_err();
        assert!(error.contains("jsonSchema"), "{error}");
        asked.response_format = ResponseFormat::Text;
        asked.tools = vec![json!({"type": "web_search"})];
        assert!(Anthropic.body(&asked).is_err());
    }

    #[test]
    fn schemas_and_tools_are_translated() {
        let mut asked = request(&[(Role::User, "hi")], json!({}));
        asked.response_format = ResponseFormat::JsonSchema(JsonSchemaFormat {
            name: "triage".to_owned(),
            strict: true,
            schema: json!({"type": "object"}),
        });
        let function = json!({"name": "find", "description": "d", "parameters": {"a": 1}});
        asked.tools = vec![json!({"type": "function", "function": function})];
        let body = Anthropic.body(&asked).unwrap();
        assert_eq!(
            body["output_config"]["format"],
            json!({"type": "json_schema", "schema": {"type": "object"}})
        );
        assert_eq!(
            body["tools"],
            json!([{"name": "find", "description": "d", "input_schema": {"a": 1}}])
        );
    }

    #[test]
    fn text_tools_and_all_tokens_are_read() {
        let answer = read(&json!({
            "content": [
                {"type": "thinking", "thinking": "hm"},
                {"type": "text", "text": "bil"},
                {"type": "text", "text": "ling"},
                {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": 1}},
            ],
            "stop_reason": "tool_use",
            "usage": {
                "input_tokens": 10, "output_tokens": 5,
                "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20,
            },
        }))
        .unwrap();
        assert_eq!(answer.output, "billing");
        assert_eq!(answer.input_tokens, Some(130));
        assert_eq!(answer.cached_input_tokens, Some(100));
        assert_eq!(answer.cache_write_tokens, Some(20));
        assert_eq!(answer.output_tokens, Some(5));
        assert_eq!(answer.tool_calls[0]["function"]["arguments"], "{\"q\":1}");
        assert_eq!(answer.finish_reason.as_deref(), Some("tool_use"));
    }

    #[test]
    fn an_answer_that_holds_nothing_is_an_error() {
        for body in [
            json!({}),
            json!([]),
            json!({"content": []}),
            json!({"content": [{"type": "text", "text": ""}]}),
            json!({"content": [{"type": "thinking"}], "stop_reason": "max_tokens"}),
            json!({"content": "billing"}),
            json!({"choices": [{"message": {"content": "billing"}}]}),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn pictures_and_documents_are_blocks_as_the_api_documents_them() {
        let files = [
            ("a/p.png", &b"png"[..]),
            ("a/d.pdf", b"pdf"),
            ("a/t.txt", b"txt"),
        ];
        let body = Anthropic.body(&showing("look", &files)).unwrap();
        let base64 = |media_type: &str, data: &str| json!({"type": "base64", "media_type": media_type, "data": data});
        assert_eq!(
            body["messages"],
            json!([{"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image", "source": base64("image/png", "cG5n")},
                {"type": "document", "source": base64("application/pdf", "cGRm")},
                {"type": "document", "source": {
                    "type": "text", "media_type": "text/plain", "data": "txt",
                }},
            ]}])
        );
    }
}
