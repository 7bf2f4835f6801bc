//! A model server on loopback that takes exactly as long as it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::net::TcpListener;

const ANSWER: &str = r#"{"choices": [{"index": 0, "message": {"role": "assistant", "content": "billing: refund 1"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}"#;

/// The server. It runs as long as the benchmark.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    delay: Duration,
    took: Mutex<Vec<Duration>>,
}

impl Server {
    /// Starts a server that thinks this long about every call.
    pub(crate) fn start(delay: Duration) -> Self {
        let shared = Arc::new(Shared {
            delay,
            took: Mutex::new(Vec::new()),
        });
        let router = Router::new()
            .fallback(post(answer))
            .with_state(Arc::clone(&shared));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has room for one more event loop");
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        std::thread::spawn(move || runtime.block_on(async { axum::serve(listener, router).await }));
        Self { address, shared }
    }

    /// `pointsman.toml` with the server as provider `local`.
    pub(crate) fn settings(&self, concurrency: u32) -> String {
        format!(
            "schema = 1\n[providers.local]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\nconcurrency = {concurrency}\n",
            self.address
        )
    }

    /// How long each call since the last time took, from its arrival to its answer.
    pub(crate) fn took(&self) -> Vec<Duration> {
        let mut took = self.shared.took.lock().expect("no holder panics");
        std::mem::take(&mut *took)
    }
}

async fn answer(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let start = Instant::now();
    if !shared.delay.is_zero() {
        tokio::time::sleep(shared.delay).await;
    }
    let took = start.elapsed();
    shared.took.lock().expect("no holder panics").push(took);
    ([(CONTENT_TYPE, "application/json")], ANSWER)
}
