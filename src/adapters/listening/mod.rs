//! A server that cannot be worn out, and that answers only whom it is for: what all of ours have in
//! common.
//!
//! One that is not on loopback asks for a token; one on loopback answers only those who address it as
//! this machine, so that no web page can reach it through a name of its own.

mod guard;
mod listener;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::watch;

use guard::guard;
pub(super) use guard::{FOR_PROGRAMS, Guard};
pub use guard::{Token, TokenError};
use listener::BoundedListener;
pub(super) use listener::PATIENCE;

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
    /// The router is made of what says that the server stops.
    pub(super) async fn run(
        self,
        router: impl FnOnce(watch::Receiver<bool>) -> Router,
        who_may: Guard,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let (stopping, stopped) = watch::channel(false);
        let guard = middleware::from_fn_with_state(Arc::new(who_may), guard);
        let router = router(stopped.clone()).layer(guard);
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
