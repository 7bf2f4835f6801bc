//! The OpenAI chat completions wire format: the body of a request, and what an answer must hold.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::project::Price;
use crate::domain::prompt::ResponseFormat;
use crate::domain::run::{Answer, ModelRequest};
use crate::domain::untrusted::shorten;

/// How much of a server's text a message shows, in characters.
const SHOWN: usize = 300;

/// What is ours to set: a parameter under one of these names would change what is asked.
const RESERVED: [&str; 6] = [
    "model",
    "messages",
    "stream",
    "n",
    "tools",
    "response_format",
];

/// The body of a request; the error names a parameter that must not be set.
pub(super) fn body(request: &ModelRequest) -> Result<Value, String> {
    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| json!({"role": message.role.name(), "content": message.content}))
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
    Ok(Value::Object(body))
}

/// `maxTokens` becomes `max_tokens`; a name that is written like that already stays as it is.
fn snake_case(name: &str) -> String {
    let mut wire_name = String::with_capacity(name.len() + 2);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            wire_name.push('_');
        }
        wire_name.push(character.to_ascii_lowercase());
    }
    wire_name
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
struct Choice {
    message: ChoiceMessage,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ChoiceMessage {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct TokenUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// Reads the body of a successful response. The error says what is missing: an answer that cannot
/// be read is never an empty one.
pub(super) fn read_answer(body: &[u8], price: Option<&Price>) -> Result<Answer, String> {
    let completion: Completion = serde_json::from_slice(body)
        .map_err(|error| format!("the server's answer is not a chat completion: {error}"))?;
    let choice = completion
        .choices
        .into_iter()
        .next()
        .ok_or("the server's answer holds no choice")?;
    let finish_reason = choice.finish_reason;
    let output = output(choice.message).ok_or_else(|| {
        let reason = finish_reason.as_deref().unwrap_or("none");
        format!(
            "the server's answer is empty (finish reason: {})",
            shorten(reason, SHOWN)
        )
    })?;
    let usage = completion.usage;
    let input_tokens = usage.as_ref().and_then(|usage| usage.prompt_tokens);
    let output_tokens = usage.as_ref().and_then(|usage| usage.completion_tokens);
    Ok(Answer {
        output,
        input_tokens,
        output_tokens,
        latency_ms: None,
        cost_usd: cost_usd(price, input_tokens, output_tokens),
        finish_reason,
    })
}

fn output(message: ChoiceMessage) -> Option<String> {
    let tool_calls = message.tool_calls.filter(|calls| !calls.is_empty());
    let texts = [message.content, message.refusal];
    texts
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty())
        .or_else(|| tool_calls.map(|calls| Value::from(calls).to_string()))
}

fn cost_usd(price: Option<&Price>, input: Option<u64>, output: Option<u64>) -> Option<f64> {
    let (price, input, output) = (price?, input?, output?);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a call has far fewer tokens than 2^52"
    )]
    let cost =
        input as f64 * price.input_usd_per_million + output as f64 * price.output_usd_per_million;
    Some(cost / 1e6)
}

/// What a server says about a failed call: the message of its error object, or else its text.
pub(super) fn read_error(body: &[u8]) -> String {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let message = parsed.as_ref().and_then(|value| {
        let error = value.get("error").unwrap_or(value);
        error.get("message").unwrap_or(error).as_str()
    });
    let text = String::from_utf8_lossy(body);
    shorten(message.unwrap_or(&text).trim(), SHOWN).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::PromptId;
    use crate::domain::prompt::{JsonSchemaFormat, Role};
    use crate::domain::run::RenderedMessage;

    fn request(parameters: Value) -> ModelRequest {
        let Value::Object(parameters) = parameters else {
            panic!("parameters are an object");
        };
        ModelRequest {
            prompt: PromptId::new("p").unwrap(),
            model: "openai/gpt".to_owned().try_into().unwrap(),
            messages: vec![RenderedMessage {
                role: Role::User,
                content: "hi".to_owned(),
            }],
            parameters,
            response_format: ResponseFormat::Text,
            tools: Vec::new(),
            repeat_index: 0,
        }
    }

    #[test]
    fn parameters_are_spelled_as_the_wire_format_spells_them() {
        let parameters = json!({"temperature": 0, "maxTokens": 5, "topP": 0.5, "top_k": 3});
        let body = body(&request(parameters)).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "gpt",
                "messages": [{"role": "user", "content": "hi"}],
                "temperature": 0, "max_tokens": 5, "top_p": 0.5, "top_k": 3,
            })
        );
    }

    #[test]
    fn parameters_that_would_change_what_is_asked_are_refused() {
        for name in ["stream", "model", "messages", "responseFormat", "n"] {
            let error = body(&request(json!({name: true}))).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_schema_and_tools_are_passed_on() {
        let mut request = request(json!({}));
        request.response_format = ResponseFormat::JsonSchema(JsonSchemaFormat {
            name: "triage".to_owned(),
            strict: true,
            schema: json!({"type": "object"}),
        });
        request.tools = vec![json!({"type": "function"})];
        let body = body(&request).unwrap();
        assert_eq!(body["response_format"]["type"], "json_schema");
        assert_eq!(body["response_format"]["json_schema"]["name"], "triage");
        assert_eq!(body["tools"][0]["type"], "function");
    }

    #[test]
    fn tool_calls_without_text_are_the_answer() {
        let body =
            json!({"choices": [{"message": {"content": null, "tool_calls": [{"id": "1"}]}}]});
        let answer = read_answer(body.to_string().as_bytes(), None).unwrap();
        assert_eq!(answer.output, r#"[{"id":"1"}]"#);
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
            assert!(
                read_answer(body.to_string().as_bytes(), None).is_err(),
                "{body}"
            );
        }
        assert!(read_answer(b"<html>", None).is_err());
    }

    #[test]
    fn a_cost_is_known_only_with_a_price_and_both_counts() {
        let price = Price {
            input_usd_per_million: 1.0,
            output_usd_per_million: 10.0,
        };
        let read = |usage: Value, price| {
            let body = json!({"choices": [{"message": {"content": "x"}}], "usage": usage});
            read_answer(body.to_string().as_bytes(), price)
                .unwrap()
                .cost_usd
        };
        let both = json!({"prompt_tokens": 1000, "completion_tokens": 100});
        assert_eq!(read(both.clone(), Some(&price)), Some(0.002));
        assert_eq!(read(both, None), None);
        assert_eq!(read(json!({"prompt_tokens": 1000}), Some(&price)), None);
        assert_eq!(read(json!(null), Some(&price)), None);
    }

    #[test]
    fn errors_are_read_from_the_usual_places_and_cut() {
        assert_eq!(
            read_error(br#"{"error": {"message": "bad key"}}"#),
            "bad key"
        );
        assert_eq!(read_error(br#"{"error": "bad key"}"#), "bad key");
        assert_eq!(read_error(b"oops"), "oops");
        assert!(read_error("x".repeat(5_000).as_bytes()).chars().count() <= 301);
    }
}
