//! The Gemini `generateContent` wire format.

use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::adapters::address::below;
use crate::adapters::providers::attached::base64_of;
use crate::adapters::providers::retry::Failure;
use crate::domain::media::MediaType;
use crate::domain::message::{RenderedContent, RenderedPart};
use crate::domain::prompt::{ResponseFormat, Role};
use crate::domain::run::{Answer, ModelRequest};

use super::{Wire, functions, output, place_parameters, tool_call};

/// The parameters that the API knows, from our spelling to its own.
const PARAMETERS: [(&str, &str); 11] = [
    ("max_tokens", "maxOutputTokens"),
    ("max_output_tokens", "maxOutputTokens"),
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("stop", "stopSequences"),
    ("stop_sequences", "stopSequences"),
    ("seed", "seed"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("thinking_config", "thinkingConfig"),
];

/// The wire format.
pub(super) struct Gemini;

impl Wire for Gemini {
    fn address(&self, base: &Url, request: &ModelRequest) -> Url {
        let method = format!("{}:generateContent", request.model.model);
        below(base, &["v1beta", "models", &method])
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-goog-api-key", "")
    }

    fn body(&self, request: &ModelRequest) -> Result<Value, String> {
        let mut body = Map::new();
        place_messages(request, &mut body)?;
        let mut config = Map::new();
        place_parameters(request, &PARAMETERS, &mut config)?;
        if request.response_format != ResponseFormat::Text {
            config.insert("responseMimeType".to_owned(), json!("application/json"));
        }
        if let ResponseFormat::JsonSchema(format) = &request.response_format {
            config.insert("responseJsonSchema".to_owned(), format.schema.clone());
        }
        if !config.is_empty() {
            body.insert("generationConfig".to_owned(), Value::Object(config));
        }
        if !request.tools.is_empty() {
            let tools = json!([{"functionDeclarations": declarations(request)?}]);
            body.insert("tools".to_owned(), tools);
        }
        Ok(Value::Object(body))
    }

    fn read(&self, body: &[u8]) -> Result<Answer, Failure> {
        let response: Response = serde_json::from_slice(body).map_err(|error| {
            Failure::lasting(format!("the server's answer holds no candidates: {error}"))
        })?;
        let mut candidates = response.candidates.into_iter();
        let Some(candidate) = candidates.next() else {
            let reason = response.prompt_feedback.and_then(|said| said.block_reason);
            let reason = reason.as_deref().unwrap_or("none");
            return output(String::new(), &[], Some(reason)).map(|_| Answer::default());
        };
        let mut text = String::new();
        let mut tool_calls = Vec::new();
        for part in candidate.content.unwrap_or_default().parts {
            if !part.thought {
                text.push_str(part.text.as_deref().unwrap_or_default());
            }
            if let Some(call) = part.function_call {
                let id = call.id.unwrap_or_default();
                tool_calls.push(tool_call(&id, &call.name, &call.args));
            }
        }
        let output = output(text, &tool_calls, candidate.finish_reason.as_deref())?;
        let usage = response.usage_metadata.unwrap_or_default();
        let thoughts = usage.thoughts_token_count;
        Ok(Answer {
            output,
            tool_calls,
            input_tokens: usage.prompt_token_count,
            cached_input_tokens: usage.cached_content_token_count,
            output_tokens: usage
                .candidates_token_count
                .and_then(|said| said.checked_add(thoughts.unwrap_or(0))),
            reasoning_tokens: thoughts,
            finish_reason: candidate.finish_reason,
            ..Answer::default()
        })
    }
}

/// System messages have a place of their own, beside the conversation. One that comes later cannot
/// be put there without changing what it means.
fn place_messages(request: &ModelRequest, body: &mut Map<String, Value>) -> Result<(), String> {
    let mut system = Vec::new();
    let mut contents: Vec<Value> = Vec::new();
    for message in &request.messages {
        let parts = parts(request, &message.content)?;
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "model",
            Role::System | Role::Developer if contents.is_empty() => {
                system.extend(parts);
                continue;
            }
            Role::System | Role::Developer => {
                return Err("in this API system messages stand before all others".to_owned());
            }
        };
        contents.push(json!({"role": role, "parts": parts}));
    }
    if contents.is_empty() {
        return Err("this API needs a user message".to_owned());
    }
    if !system.is_empty() {
        body.insert("systemInstruction".to_owned(), json!({"parts": system}));
    }
    body.insert("contents".to_owned(), Value::from(contents));
    Ok(())
}

fn parts(request: &ModelRequest, content: &RenderedContent) -> Result<Vec<Value>, String> {
    let parts = match content {
        RenderedContent::Text(text) => return Ok(vec![json!({"text": text})]),
        RenderedContent::Parts(parts) => parts,
    };
    let part = |part: &RenderedPart| match part {
        RenderedPart::Text(text) => Ok(json!({"text": text})),
        RenderedPart::Media(media) if media.media_type == MediaType::Gif => {
            Err(format!("this API takes no image/gif: `{}`", media.path))
        }
        RenderedPart::Media(media) => {
            let data = base64_of(request, media);
            Ok(json!({"inlineData": {"mimeType": media.media_type.name(), "data": data}}))
        }
    };
    parts.iter().map(part).collect()
}

fn declarations(request: &ModelRequest) -> Result<Vec<Value>, String> {
    functions(request)
        .map(|function| {
            let function = function?;
            let mut declaration = Map::new();
            declaration.insert("name".to_owned(), function["name"].clone());
            if let Some(description) = function.get("description") {
                declaration.insert("description".to_owned(), description.clone());
            }
            if let Some(schema) = function.get("parameters") {
                declaration.insert("parametersJsonSchema".to_owned(), schema.clone());
            }
            Ok(Value::Object(declaration))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    candidates: Vec<Candidate>,
    prompt_feedback: Option<PromptFeedback>,
    usage_metadata: Option<TokenUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    function_call: Option<FunctionCall>,
}

#[derive(Deserialize)]
struct FunctionCall {
    id: Option<String>,
    name: String,
    #[serde(default)]
    args: Value,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the wire format names them")]
struct TokenUsage {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::super::tests::{request, showing};
    use super::*;
    use crate::domain::prompt::JsonSchemaFormat;

    fn read(body: &Value) -> Result<Answer, Failure> {
        Gemini.read(body.to_string().as_bytes())
    }

    #[test]
    fn a_request_has_the_shape_that_the_api_documents() {
        let messages = [
            (Role::System, "be brief"),
            (Role::User, "hi"),
            (Role::Assistant, "hello"),
            (Role::User, "and?"),
        ];
        let parameters = json!({"temperature": 0, "maxTokens": 9, "topP": 0.5, "stop": ["END"]});
        let mut asked = request(&messages, parameters);
        asked.response_format = ResponseFormat::JsonSchema(JsonSchemaFormat {
            name: "triage".to_owned(),
            strict: true,
            schema: json!({"type": "object"}),
        });
        let function = json!({"name": "find", "parameters": {"type": "object"}});
        asked.tools = vec![json!({"type": "function", "function": function})];
        assert_eq!(
            Gemini.body(&asked).unwrap(),
            json!({
                "systemInstruction": {"parts": [{"text": "be brief"}]},
                "contents": [
                    {"role": "user", "parts": [{"text": "hi"}]},
                    {"role": "model", "parts": [{"text": "hello"}]},
                    {"role": "user", "parts": [{"text": "and?"}]},
                ],
                "generationConfig": {
                    "temperature": 0, "maxOutputTokens": 9, "topP": 0.5, "stopSequences": ["END"],
                    "responseMimeType": "application/json",
                    "responseJsonSchema": {"type": "object"},
                },
                "tools": [{"functionDeclarations": [
                    {"name": "find", "parametersJsonSchema": {"type": "object"}},
                ]}],
            })
        );
    }

    #[test]
    fn the_model_is_part_of_the_path_and_cannot_leave_it() {
        let base = Url::parse("https://h/").unwrap();
        let mut asked = request(&[(Role::User, "hi")], json!({}));
        assert_eq!(
            Gemini.address(&base, &asked).as_str(),
            "https://h/v1beta/models/small:generateContent"
        );
        asked.model.model = "../../evil?key=1#".to_owned();
        assert_eq!(
            Gemini.address(&base, &asked).as_str(),
            "https://h/v1beta/models/..%2F..%2Fevil%3Fkey=1%23:generateContent"
        );
    }

    #[test]
    fn parameters_that_have_no_place_are_refused() {
        for name in ["model", "contents", "responseMimeType", "logitBias"] {
            let asked = request(&[(Role::User, "hi")], json!({name: 1}));
            let error = Gemini.body(&asked).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn text_calls_and_all_tokens_are_read_and_thoughts_are_not_the_answer() {
        let answer = read(&json!({
            "candidates": [{
                "content": {"role": "model", "parts": [
                    {"text": "hm", "thought": true},
                    {"text": "bil"},
                    {"text": "ling"},
                    {"functionCall": {"name": "find", "args": {"q": 1}}},
                ]},
                "finishReason": "STOP",
            }],
            "usageMetadata": {
                "promptTokenCount": 10, "cachedContentTokenCount": 4,
                "candidatesTokenCount": 5, "thoughtsTokenCount": 20, "totalTokenCount": 35,
            },
        }))
        .unwrap();
        assert_eq!(answer.output, "billing");
        assert_eq!(answer.tool_calls[0]["function"]["name"], "find");
        assert_eq!(answer.input_tokens, Some(10));
        assert_eq!(answer.cached_input_tokens, Some(4));
        assert_eq!(answer.output_tokens, Some(25));
        assert_eq!(answer.reasoning_tokens, Some(20));
        assert_eq!(answer.finish_reason.as_deref(), Some("STOP"));
    }

    #[test]
    fn an_answer_that_holds_nothing_is_an_error_that_says_why() {
        let blocked = read(&json!({"promptFeedback": {"blockReason": "SAFETY"}})).unwrap_err();
        assert!(blocked.message.contains("SAFETY"), "{blocked:?}");
        for body in [
            json!({}),
            json!([]),
            json!({"candidates": []}),
            json!({"candidates": [{}]}),
            json!({"candidates": [{"content": {"parts": []}, "finishReason": "MAX_TOKENS"}]}),
            json!({"candidates": [{"content": {"parts": [{"text": "x", "thought": true}]}}]}),
            json!({"candidates": "billing"}),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn pictures_and_documents_are_inline_data_and_a_gif_is_refused() {
        let files = [
            ("a/p.png", &b"png"[..]),
            ("a/d.pdf", b"pdf"),
            ("a/t.txt", b"txt"),
        ];
        let body = Gemini.body(&showing("look", &files)).unwrap();
        assert_eq!(
            body["contents"],
            json!([{"role": "user", "parts": [
                {"text": "look"},
                {"inlineData": {"mimeType": "image/png", "data": "cG5n"}},
                {"inlineData": {"mimeType": "application/pdf", "data": "cGRm"}},
                {"inlineData": {"mimeType": "text/plain", "data": "dHh0"}},
            ]}])
        );
        let error = Gemini.body(&showing("look", &[("a.gif", b"gif")]));
        assert!(error.unwrap_err().contains("image/gif"));
    }
}
