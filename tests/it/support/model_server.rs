//! A model server on loopback that speaks the chat-completions format: real HTTP, scripted answers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A call that came in.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The JSON that was sent.
    pub(crate) body: Value,
    /// The `Authorization` header.
    pub(crate) authorization: Option<String>,
}

impl Call {
    /// The text of the last message.
    pub(crate) fn last_message(&self) -> &str {
        let last = self.body["messages"].as_array().and_then(|all| all.last());
        last.and_then(|message| message["content"].as_str())
            .expect("every call sends messages of text")
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
        }
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
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
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
            .route("/v1/chat/completions", post(answer))
            .with_state(Arc::clone(&shared));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has room for one more event loop");
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    served = axum::serve(listener, router) => served.expect("serving goes on"),
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// What goes into `base_url` in `pointsman.toml`.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
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

impl Drop for ModelServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the script has already been shown; a second one here would abort.
            let _ = thread.join();
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let authorization = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let call = Call {
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        authorization: authorization.map(str::to_owned),
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
    let mut response = if reply.breaks_off {
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

/// The first half of a body, and then an error that ends the connection.
fn half_of(body: &str) -> Body {
    let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
    let pieces = [
        Ok(half),
        Err(std::io::Error::other("the connection breaks")),
    ];
    Body::from_stream(futures_util::stream::iter(pieces))
}
