//! The stand-in from which the sample workspace's answers are recorded: a chat-completions server
//! on loopback that behaves like a small, fallible model. It is made of rules, needs no network
//! and gives the same answer to the same request every time.
//!
//! It does what the instructions say and no more: drop a sentence from a prompt and the answers
//! get worse in the way that the sentence prevented, so that the sample's gates have something to
//! catch. Tests and benches use it as a real HTTP server, slow if they like:
//!
//! ```text
//! cargo run --example sample-model -- --port 18080 --delay-ms 50
//! ```

mod judge;
mod model;
mod reply;
mod summary;
mod triage;
mod wire;
mod words;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use serde_json::Value;
use tokio::net::TcpListener;

/// An OpenAI-compatible server on loopback that answers by rules
#[derive(Debug, Parser)]
struct Args {
    /// The port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 18080)]
    port: u16,
    /// How long to wait before each answer, in milliseconds
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(serve(&args))
}

/// Says where it listens on the first line of stdout, then answers until it is interrupted.
async fn serve(args: &Args) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), "http://{address}/v1")?;
    let routes = routes(Duration::from_millis(args.delay_ms));
    axum::serve(listener, routes)
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    Ok(())
}

fn routes(delay: Duration) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(complete))
        .with_state(delay)
}

async fn complete(State(delay): State<Duration>, body: String) -> (StatusCode, Json<Value>) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match wire::parse_request(&body) {
        Ok(request) => {
            let answer = model::answer(&request.conversation);
            (StatusCode::OK, Json(wire::completion(&request, &answer)))
        }
        Err(message) => (StatusCode::BAD_REQUEST, Json(wire::error(&message))),
    }
}
