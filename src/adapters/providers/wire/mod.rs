//! How servers want to be asked and how they answer: one wire format a file. Sending, retrying and
//! keeping keys secret is the same for all, and stands in `server.rs`.

mod anthropic;
mod embeddings;
mod gemini;
mod grader;
mod openai;
mod stream;
mod template;

use reqwest::Url;
use serde_json::{Map, Value};

use crate::domain::project::WireFormat;
use crate::domain::query::Task;
use crate::domain::run::{Answer, ModelRequest};
use crate::domain::untrusted::shorten;

use super::retry::Failure;

/// How much of a server's text a message shows, in characters.
const SHOWN: usize = 300;

/// One wire format.
pub(super) trait Wire: Send + Sync {
    /// Where a request goes.
    fn address(&self, base: &Url, request: &ModelRequest) -> Url;

    /// The header that carries the key, and what stands before the key in it.
    fn key_header(&self) -> (&'static str, &'static str) {
        ("authorization", "Bearer ")
    }

    /// Headers that every request carries.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The body of a request. The error names what the wire format cannot say: nothing that a
    /// prompt asks for is left out in silence.
    fn body(&self, request: &ModelRequest) -> Result<Value, String>;

    /// Reads the body of a successful response; cost and latency are left open. An answer that
    /// cannot be read is a failure, never an empty answer.
    fn read(&self, body: &[u8]) -> Result<Answer, Failure>;

    /// Where a query of an evaluator goes, and its body. The error says why it cannot be asked.
    fn query(&self, _base: &Url, _task: &Task) -> Result<(Url, Value), String> {
        Err(PROMPTS_ONLY.to_owned())
    }

    /// Reads the body of a successful response to a query.
    fn read_query(&self, _task: &Task, _body: &[u8]) -> Result<Answer, Failure> {
        Err(Failure::lasting(PROMPTS_ONLY))
    }
}

/// What most wire formats say to queries of evaluators.
const PROMPTS_ONLY: &str = "it answers prompts and nothing else";

/// The wire format that the settings name; the error says what is wrong with a template.
pub(super) fn of(format: &WireFormat) -> Result<Box<dyn Wire>, String> {
    Ok(match format {
        WireFormat::OpenAi { stream } => Box::new(openai::OpenAi { stream: *stream }),
        WireFormat::Anthropic => Box::new(anthropic::Anthropic),
        WireFormat::Gemini => Box::new(gemini::Gemini),
        WireFormat::Template(template) => Box::new(template::Template::new(template)?),
        WireFormat::Grader => Box::new(grader::Grader),
    })
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

/// Puts the parameters of a prompt under the names that the wire format has for them. `names` goes
/// from our spelling to the wire's.
fn place_parameters(
    request: &ModelRequest,
    names: &[(&str, &str)],
    body: &mut Map<String, Value>,
) -> Result<(), String> {
    for (name, value) in &request.parameters {
        let own = snake_case(name);
        let (_, wire_name) = names
            .iter()
            .find(|(known, _)| *known == own)
            .ok_or_else(|| format!("the model parameter `{name}` has no place in this API"))?;
        let value = match (*wire_name, value) {
            ("stop_sequences" | "stopSequences", Value::String(one)) => {
                Value::from(vec![one.clone()])
            }
            (_, value) => value.clone(),
        };
        body.insert((*wire_name).to_owned(), value);
    }
    Ok(())
}

/// The name, description and parameters of each function tool.
fn functions(
    request: &ModelRequest,
) -> impl Iterator<Item = Result<&Map<String, Value>, String>> + '_ {
    request.tools.iter().map(|tool| {
        let function = tool.get("function").and_then(Value::as_object);
        let is_function = tool.get("type").and_then(Value::as_str) == Some("function");
        function
            .filter(|function| is_function && function.contains_key("name"))
            .ok_or_else(|| "only tools of the type `function` have a place in this API".to_owned())
    })
}

/// A call of a tool in the shape of the OpenAI wire format, whoever made it.
fn tool_call(id: &str, name: &str, arguments: &Value) -> Value {
    serde_json::json!({
        "id": id,
        "type": "function",
        "function": {"name": name, "arguments": arguments.to_string()},
    })
}

/// The text of an answer: what the model said, or else the tools that it calls. An answer that holds
/// neither is a failure.
fn output(text: String, calls: &[Value], finish_reason: Option<&str>) -> Result<String, Failure> {
    if !text.is_empty() {
        return Ok(text);
    }
    if !calls.is_empty() {
        return Ok(Value::from(calls.to_vec()).to_string());
    }
    let reason = shorten(finish_reason.unwrap_or("none"), SHOWN);
    Err(Failure::lasting(format!(
        "the server's answer is empty (finish reason: {reason})"
    )))
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
    use crate::domain::digest::Digest;
    use crate::domain::id::PromptId;
    use crate::domain::media::{Media, MediaType};
    use crate::domain::message::{Attachments, RenderedContent, RenderedMessage, RenderedPart};
    use crate::domain::prompt::{ResponseFormat, Role};

    /// A request with messages and parameters.
    pub(super) fn request(messages: &[(Role, &str)], parameters: Value) -> ModelRequest {
        let Value::Object(parameters) = parameters else {
            panic!("parameters are an object");
        };
        let messages = messages.iter().map(|(role, content)| RenderedMessage {
            role: *role,
            content: (*content).into(),
        });
        ModelRequest {
            prompt: PromptId::new("p").unwrap(),
            model: "x/small".to_owned().try_into().unwrap(),
            messages: messages.collect(),
            attachments: Attachments::default(),
            parameters,
            response_format: ResponseFormat::Text,
            tools: Vec::new(),
            repeat_index: 0,
        }
    }

    /// A request whose user shows files, each of the type that its name promises, with a text.
    pub(super) fn showing(text: &str, files: &[(&str, &[u8])]) -> ModelRequest {
        let mut request = request(&[(Role::System, "s")], Value::Object(Map::new()));
        let mut parts = vec![RenderedPart::Text(text.to_owned())];
        for (path, bytes) in files {
            let digest = Digest::of(bytes);
            request.attachments.insert(digest, (*bytes).into());
            parts.push(RenderedPart::Media(Media {
                path: (*path).to_owned(),
                media_type: MediaType::of_name(path).unwrap(),
                bytes: bytes.len() as u64,
                digest,
            }));
        }
        request.messages.push(RenderedMessage {
            role: Role::User,
            content: RenderedContent::Parts(parts),
        });
        request
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
