//! The OpenAI chat completions wire format, spoken by many servers.

use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::adapters::address::below;
use crate::adapters::providers::attached::data_url;
use crate::adapters::providers::retry::Failure;
use crate::domain::media::{Media, MediaKind};
use crate::domain::prompt::ResponseFormat;
use crate::domain::query::Task;
use crate::domain::run::{Answer, ModelRequest};

use super::{Wire, embeddings, output, snake_case, stream};

/// What is ours to set: a parameter under one of these names would change what is asked.
const RESERVED: [&str; 7] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "n",
    "tools",
    "response_format",
];

/// The wire format.
pub(super) struct OpenAi {
    /// Whether the answer comes in pieces.
    pub(super) stream: bool,
}

impl Wire for OpenAi {
    fn address(&self, base: &Url, _request: &ModelRequest) -> Url {
        below(base, &["chat", "completions"])
    }

    fn body(&self, request: &ModelRequest) -> Result<Value, String> {
        let mut body = body(request)?;
        if self.stream {
            body.insert("stream".to_owned(), json!(true));
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        Ok(Value::Object(body))
    }

    fn read(&self, body: &[u8]) -> Result<Answer, Failure> {
        let completion = if self.stream {
            stream::gather(body)?
        } else {
            serde_json::from_slice(body).map_err(|error| {
                Failure::lasting(format!(
                    "the server's answer is not a chat completion: {error}"
                ))
            })?
        };
        answer(completion)
    }

    fn query(&self, base: &Url, task: &Task) -> Result<(Url, Value), String> {
        match task {
            Task::Likeness {
                model,
                text,
                references,
                ..
            } => {
                let texts = std::iter::once(text).chain(references);
                Ok((below(base, &["embeddings"]), embeddings::body(model, texts)))
            }
            Task::Places { model, texts } => Ok((
                below(base, &["embeddings"]),
                embeddings::body(model, texts.iter()),
            )),
            Task::Verdict { .. } => Err("it gives no verdicts".to_owned()),
        }
    }

    fn read_query(&self, task: &Task, body: &[u8]) -> Result<Answer, Failure> {
        match task {
            Task::Likeness { references, .. } => {
                embeddings::read_likeness(body, references.len() + 1)
            }
            Task::Places { texts, .. } => embeddings::read_places(body, texts.len()),
            Task::Verdict { .. } => Err(Failure::lasting("it gives no verdicts")),
        }
    }
}

fn body(request: &ModelRequest) -> Result<Map<String, Value>, String> {
    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| {
            let content = message.content.to_json(|media| part(request, media));
            json!({"role": message.role.name(), "content": content})
        })
        .collect();
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(request.model.model));
    body.insert("messages".to_owned(), Value::from(messages));
    for (name, value) in &request.parameters {
        let wire_name = snake_case(name);
        if RESERVED.contains(&wire_name.as_str()) {
            return Err(format!("the model parameter `{name}` must not be set"));
        }
        body.insert(wire_name, value.clone());
    }
    match &request.response_format {
        ResponseFormat::Text => {}
        ResponseFormat::JsonObject => {
            body.insert("response_format".to_owned(), json!({"type": "json_object"}));
        }
        ResponseFormat::JsonSchema(_) => {
            let format = json!({
                "type": "json_schema",
                "json_schema": request.response_format.canonical(),
            });
            body.insert("response_format".to_owned(), format);
        }
    }
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), Value::from(request.tools.clone()));
    }
    Ok(body)
}

fn part(request: &ModelRequest, media: &Media) -> Value {
    let url = data_url(request, media);
    match media.media_type.kind() {
        MediaKind::Image => json!({"type": "image_url", "image_url": {"url": url}}),
        MediaKind::File => {
            json!({"type": "file", "file": {"filename": media.name(), "file_data": url}})
        }
    }
}

/// A whole completion.
#[derive(Deserialize)]
pub(super) struct Completion {
    pub(super) choices: Vec<Choice>,
    pub(super) usage: Option<TokenUsage>,
}

/// One of the answers.
#[derive(Deserialize)]
pub(super) struct Choice {
    pub(super) message: ChoiceMessage,
    pub(super) finish_reason: Option<String>,
}

/// What the model said.
#[derive(Deserialize, Default)]
pub(super) struct ChoiceMessage {
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) tool_calls: Option<Vec<Value>>,
}

/// What the call took.
#[derive(Deserialize)]
pub(super) struct TokenUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptTokens>,
    completion_tokens_details: Option<CompletionTokens>,
}

#[derive(Deserialize)]
struct PromptTokens {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionTokens {
    reasoning_tokens: Option<u64>,
}

fn answer(completion: Completion) -> Result<Answer, Failure> {
    let mut choices = completion.choices.into_iter();
    let choice = choices
        .next()
        .ok_or_else(|| Failure::lasting("the server's answer holds no choice"))?;
    let message = choice.message;
    let tool_calls = message.tool_calls.unwrap_or_default();
    let mut texts = [message.content, message.refusal].into_iter().flatten();
    let text = texts.find(|text| !text.is_empty()).unwrap_or_default();
    let output = output(text, &tool_calls, choice.finish_reason.as_deref())?;
    let usage = completion.usage.as_ref();
    Ok(Answer {
        output,
        tool_calls,
        input_tokens: usage.and_then(|usage| usage.prompt_tokens),
        cached_input_tokens: usage
            .and_then(|usage| usage.prompt_tokens_details.as_ref()?.cached_tokens),
        output_tokens: usage.and_then(|usage| usage.completion_tokens),
        reasoning_tokens: usage
            .and_then(|usage| usage.completion_tokens_details.as_ref()?.reasoning_tokens),
        finish_reason: choice.finish_reason,
        ..Answer::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{request, showing};
    use super::*;
    use crate::domain::prompt::{JsonSchemaFormat, Role};

    const PLAIN: OpenAi = OpenAi { stream: false };

    fn asks(parameters: Value) -> Result<Value, String> {
        PLAIN.body(&request(&[(Role::User, "hi")], parameters))
    }

    fn read(body: &Value) -> Result<Answer, Failure> {
        PLAIN.read(body.to_string().as_bytes())
    }

    #[test]
    fn parameters_are_spelled_as_the_wire_format_spells_them() {
        let parameters = json!({"temperature": 0, "maxTokens": 5, "topP": 0.5, "top_k": 3});
        assert_eq!(
            asks(parameters).unwrap(),
            json!({
                "model": "small",
                "messages": [{"role": "user", "content": "hi"}],
                "temperature": 0, "max_tokens": 5, "top_p": 0.5, "top_k": 3,
            })
        );
    }

    #[test]
    fn parameters_that_would_change_what_is_asked_are_refused() {
        for name in ["stream", "model", "messages", "responseFormat", "n"] {
            let error = asks(json!({name: true})).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_schema_and_tools_are_passed_on() {
        let mut request = request(&[(Role::User, "hi")], json!({}));
        request.response_format = ResponseFormat::JsonSchema(JsonSchemaFormat {
            name: "triage".to_owned(),
            strict: true,
            schema: json!({"type": "object"}),
        });
        request.tools = vec![json!({"type": "function"})];
        let body = PLAIN.body(&request).unwrap();
        assert_eq!(body["response_format"]["type"], "json_schema");
        assert_eq!(body["response_format"]["json_schema"]["name"], "triage");
        assert_eq!(body["tools"][0]["type"], "function");
    }

    #[test]
    fn tool_calls_are_kept_and_without_text_they_are_the_answer() {
        let calls = json!([{"id": "1"}]);
        let body = json!({"choices": [{"message": {"content": null, "tool_calls": calls}}]});
        let answer = read(&body).unwrap();
        assert_eq!(answer.output, r#"[{"id":"1"}]"#);
        let body = json!({"choices": [{"message": {"content": "x", "tool_calls": calls}}]});
        let answer = read(&body).unwrap();
        assert_eq!((answer.output.as_str(), answer.tool_calls.len()), ("x", 1));
    }

    #[test]
    fn an_answer_that_holds_nothing_is_an_error() {
        for body in [
            json!({}),
            json!([]),
            json!({"choices": []}),
            json!({"choices": [{}]}),
            json!({"choices": [{"message": {}}]}),
            json!({"choices": [{"message": {"content": ""}}]}),
            json!({"choices": [{"message": {"content": null, "tool_calls": []}}]}),
            json!({"choices": [{"message": {"content": 7}}]}),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
        assert!(PLAIN.read(b"<html>").is_err());
    }

    #[test]
    fn cached_and_reasoning_tokens_are_told_apart() {
        let body = json!({
            "choices": [{"message": {"content": "x"}}],
            "usage": {
                "prompt_tokens": 100, "completion_tokens": 50,
                "prompt_tokens_details": {"cached_tokens": 64},
                "completion_tokens_details": {"reasoning_tokens": 40},
            },
        });
        let answer = read(&body).unwrap();
        assert_eq!(answer.input_tokens, Some(100));
        assert_eq!(answer.cached_input_tokens, Some(64));
        assert_eq!(answer.output_tokens, Some(50));
        assert_eq!(answer.reasoning_tokens, Some(40));
    }

    #[test]
    fn pictures_and_documents_are_parts_as_the_api_documents_them() {
        let files = [
            ("a/p.png", &b"png"[..]),
            ("a/d.pdf", b"pdf"),
            ("a/t.txt", b"txt"),
        ];
        let body = PLAIN.body(&showing("look", &files)).unwrap();
        assert_eq!(
            body["messages"],
            json!([
                {"role": "system", "content": "s"},
                {"role": "user", "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}},
                    {"type": "file", "file": {
                        "filename": "d.pdf", "file_data": "data:application/pdf;base64,cGRm",
                    }},
                    {"type": "file", "file": {
                        "filename": "t.txt", "file_data": "data:text/plain;base64,dHh0",
                    }},
                ]},
            ])
        );
    }
}
