//! OTLP over HTTP: takes requests to export and hands them on, never more than there is room for.
//!
//! Bodies wait in memory until somebody takes them in, `MOST_WAITING_BYTES` of them at most; who comes
//! then is told to come again later. A request is answered when what it holds is durable.

mod body;
mod routes;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tokio::sync::Semaphore;

use crate::engine::traces::receive::Delivery;

use super::listening::{FOR_PROGRAMS, Guard, Server, Token};

/// The longest body that is read, in bytes, as it comes: the limit of OpenTelemetry's collector.
pub const MOST_BODY_BYTES: usize = 20 * 1024 * 1024;

/// How many bytes of bodies wait at most, and what they are counted in.
const MOST_WAITING_BYTES: usize = 64 * 1024 * 1024;
const PIECE: usize = 1024;

/// How many requests wait at most.
pub const MOST_WAITING: usize = 512;

/// Requests that were turned away because too many were waiting.
#[derive(Debug, Clone, Default)]
pub struct TurnedAway(Arc<AtomicU64>);

impl TurnedAway {
    /// How many.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Takes requests until `stop`, and then ends what it has begun to answer. When this returns, nobody
/// delivers any more.
pub async fn receive(
    server: Server,
    deliveries: SyncSender<Delivery>,
    turned_away: TurnedAway,
    token: Option<Token>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let guard = Guard {
        token,
        open: None,
        policy: FOR_PROGRAMS,
        refuse,
    };
    let desk = routes::Desk {
        deliveries,
        turned_away,
        room: Arc::new(Semaphore::new(MOST_WAITING_BYTES / PIECE)),
    };
    server.run(|_| routes::router(desk), guard, stop).await
}

fn refuse(headers: &HeaderMap, status: StatusCode, why: &str) -> Response {
    routes::failure(routes::encoding(headers), status, why)
}
