//! A model server on loopback that speaks every wire format: real HTTP, scripted answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::loopback::Loopback;

/// A call that came in.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The JSON that was sent.
    pub(crate) body: Value,
    /// What was sent, as text.
    pub(crate) text: String,
    /// The `Authorization` header.
    pub(crate) authorization: Option<String>,
    /// All headers, by their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The path and the query that were asked for.
    pub(crate) path: String,
}

/// The wire formats that the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    OpenAi,
    OpenAiStream,
    Anthropic,
    Gemini,
    /// A server of our own invention: `{"q": …}` is answered with `{"a": …}`.
    Other,
}

impl Call {
    /// The text of the last message.
    pub(crate) fn last_message(&self) -> &str {
        let body = &self.body;
        let last = |list: &'static str| body[list].as_array().and_then(|all| all.last());
        let text = match (last("messages"), last("contents")) {
            (Some(message), _) => &message["content"],
            (None, Some(content)) => &content["parts"][0]["text"],
            (None, None) => &body["q"],
        };
        text.as_str().expect("every call sends messages of text")
    }
}

/// What the server sends back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    delay: Duration,
    breaks_off: bool,
    padding_mib: usize,
}

impl Reply {
    /// An answer of the model; ten tokens in, five tokens out.
    pub(crate) fn says(text: &str) -> Self {
        let body = json!({
            "id": "answer-1",
            "object": "chat.completion",
            "model": "test-model",
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": text },
                "finish_reason": "stop",
            }],
            "usage": { "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 },
        });
        Self::raw(200, &body.to_string())
    }

    /// An answer in a wire format; ten tokens in, five tokens out.
    pub(crate) fn says_as(wire: Wire, text: &str) -> Self {
        let body = match wire {
            Wire::OpenAi => return Self::says(text),
            Wire::OpenAiStream => return Self::streams(text),
            Wire::Anthropic => json!({
                "type": "message",
                "content": [{ "type": "text", "text": text }],
                "stop_reason": "end_turn",
                "usage": { "input_tokens": 10, "output_tokens": 5 },
            }),
            Wire::Gemini => json!({
                "candidates": [{
                    "content": { "role": "model", "parts": [{ "text": text }] },
                    "finishReason": "STOP",
                }],
                "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 5 },
            }),
            Wire::Other => json!({ "a": text, "tokens": { "in": 10, "out": 5 } }),
        };
        Self::raw(200, &body.to_string())
    }

    /// An answer in pieces of one character.
    fn streams(text: &str) -> Self {
        let delta = |delta: Value, end: Value| json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": end }] });
        let mut events: Vec<Value> = text
            .chars()
            .map(|piece| delta(json!({ "content": piece.to_string() }), Value::Null))
            .collect();
        events.push(delta(json!({}), json!("stop")));
        let usage = json!({ "prompt_tokens": 10, "completion_tokens": 5 });
        events.push(json!({ "choices": [], "usage": usage }));
        let events = events.iter().map(|event| format!("data: {event}\n\n"));
        let body = format!("{}data: [DONE]\n\n", events.collect::<String>());
        Self::raw(200, &body).with_header("content-type", "text/event-stream")
    }

    /// An error, in the shape that servers give it.
    pub(crate) fn fails(status: u16, message: &str) -> Self {
        Self::raw(
            status,
            &json!({ "error": { "message": message } }).to_string(),
        )
    }

    /// Any status and body.
    pub(crate) fn raw(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
            delay: Duration::ZERO,
            breaks_off: false,
            padding_mib: 0,
        }
    }

    /// What is sent.
    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    /// The first half of the body only, in a response that is whole.
    pub(crate) fn cut_in_half(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// So many MiB of text after the first half of the body.
    pub(crate) fn padded_mib(mut self, padding_mib: usize) -> Self {
        self.padding_mib = padding_mib;
        self.cut_in_half()
    }

    /// The connection breaks after half of the body.
    pub(crate) fn broken_off(mut self) -> Self {
        self.breaks_off = true;
        self
    }

    /// With a header.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Only after a while.
    pub(crate) fn after_ms(mut self, milliseconds: u64) -> Self {
        self.delay = Duration::from_millis(milliseconds);
        self
    }
}

/// The server. It stops when it is dropped.
pub(crate) struct ModelServer {
    loopback: Loopback,
    shared: Arc<Shared>,
}

struct Shared {
    calls: Mutex<Vec<Call>>,
    now: AtomicUsize,
    most: AtomicUsize,
    script: Box<Script>,
}

type Script = dyn Fn(usize, &Call) -> Reply + Send + Sync;

impl ModelServer {
    /// Starts a server. The script gets the number of the call, from 0, and the call.
    pub(crate) fn start(script: impl Fn(usize, &Call) -> Reply + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            calls: Mutex::new(Vec::new()),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            script: Box::new(script),
        });
        let router = Router::new()
            .fallback(post(answer))
            .with_state(Arc::clone(&shared));
        Self {
            loopback: Loopback::serve(router),
            shared,
        }
    }

    /// What goes into `base_url` in `pointsman.toml`.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.loopback.address())
    }

    /// What goes into `base_url` for wire formats whose paths start at the root.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.loopback.address())
    }

    /// The calls that came in so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let calls = self.shared.calls.lock();
        calls.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many calls were answered at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let call = Call {
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        text: String::from_utf8_lossy(&body).into_owned(),
        authorization: authorization.map(str::to_owned),
        headers: headers.iter().filter_map(header).collect(),
        path: uri.to_string(),
    };
    let number = {
        let mut calls = shared.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(call.clone());
        calls.len() - 1
    };
    let now = shared.now.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most.fetch_max(now, Ordering::SeqCst);
    let reply = (shared.script)(number, &call);
    tokio::time::sleep(reply.delay).await;
    shared.now.fetch_sub(1, Ordering::SeqCst);
    let status = StatusCode::from_u16(reply.status).expect("tests use real status codes");
    let mut response = if reply.padding_mib > 0 {
        (status, padded(reply.body, reply.padding_mib)).into_response()
    } else if reply.breaks_off {
        (status, half_of(&reply.body)).into_response()
    } else {
        (status, reply.body).into_response()
    };
    let json = "application/json".parse().expect("this is a header value");
    response.headers_mut().insert(CONTENT_TYPE, json);
    for (name, value) in reply.headers {
        let value = value.parse().expect("tests use plain header values");
        response.headers_mut().insert(name, value);
    }
    response
}

fn header((name, value): (&HeaderName, &HeaderValue)) -> Option<(String, String)> {
    Some((name.to_string(), value.to_str().ok()?.to_owned()))
}

/// A body with so many MiB of text behind it.
fn padded(body: String, mib: usize) -> Body {
    let padding = Bytes::from(vec![b'x'; 1024 * 1024]);
    let pieces = std::iter::once(Bytes::from(body)).chain(std::iter::repeat_n(padding, mib));
    Body::from_stream(futures_util::stream::iter(
        pieces.map(Ok::<_, std::io::Error>),
    ))
}

/// The first half of a body, and then an error that ends the connection.
fn half_of(body: &str) -> Body {
    let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
    let pieces = [
        Ok(half),
        Err(std::io::Error::other("the connection breaks")),
    ];
    Body::from_stream(futures_util::stream::iter(pieces))
}
