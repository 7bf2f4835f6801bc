//! Lanes over HTTP, for applications that read what is live.
//!
//! What is served is in memory ([`published`]): git is looked at beside it, and where that fails, the
//! last known good stays.

mod events;
pub mod published;
mod routes;

use std::io;
use std::sync::Arc;

pub use published::Published;

use super::listening::{FOR_PROGRAMS, Guard, Server, Token};

/// Serves lanes until `stop`.
pub async fn serve(
    server: Server,
    published: Arc<Published>,
    token: Option<Token>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let guard = Guard {
        token,
        open: Some(routes::HEALTH),
        policy: FOR_PROGRAMS,
        refuse: |_, status, why| routes::problem(status, why),
    };
    let router = |stopped| routes::router(published, stopped);
    server.run(router, guard, stop).await
}
