//! Lanes over HTTP, for applications that read what is live.
//!
//! What is served is in memory ([`published`]): git is looked at beside it, and where that fails, the
//! last known good stays. A server that is not on loopback asks for a token; one on loopback answers
//! only those who address it as this machine, so that no web page can read it through a name of its
//! own (`guard.rs`).

mod events;
mod guard;
mod listener;
pub mod published;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use guard::Token;
use guard::guard;
use listener::BoundedListener;
pub use published::Published;

/// How long the last answers may take when the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// A server that listens and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens at an address. Port 0: at any that is free.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`, and then ends what it has begun to answer, for a few seconds at most.
    pub async fn run(
        self,
        published: Arc<Published>,
        token: Option<Token>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let (stopping, stopped) = watch::channel(false);
        let guard = middleware::from_fn_with_state(Arc::new(token), guard);
        let router = routes::router(published, stopped.clone()).layer(guard);
        let server = axum::serve(BoundedListener::new(self.listener), router)
            .with_graceful_shutdown(async move {
                stop.await;
                // Streams end by themselves now: nobody is left to wait for.
                let _ = stopping.send(true);
            });
        tokio::select! {
            ended = server => ended,
            () = too_long_after(stopped) => Ok(()),
        }
    }
}

async fn too_long_after(mut stopped: watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_ok() {
        tokio::time::sleep(LAST_ANSWERS).await;
    }
}
