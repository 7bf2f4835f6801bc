//! A listener that nobody can wear out: so many connections at once, and none that is kept open
//! without being answered.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// How many connections are open at once. Who comes then waits for one to end.
const MOST_CONNECTIONS: usize = 512;

/// How long a connection lives without an answer being written to it. Streams of events are longer
/// than that, and write from time to time.
pub(in super::super) const PATIENCE: Duration = Duration::from_secs(30);

/// Listens for a bounded number of connections.
pub(super) struct BoundedListener {
    listener: TcpListener,
    free: Arc<Semaphore>,
    patience: Duration,
}

impl BoundedListener {
    /// A listener with the bounds of this program.
    pub(super) fn new(listener: TcpListener) -> Self {
        Self::with_bounds(listener, MOST_CONNECTIONS, PATIENCE)
    }

    fn with_bounds(listener: TcpListener, most: usize, patience: Duration) -> Self {
        Self {
            listener,
            free: Arc::new(Semaphore::new(most)),
            patience,
        }
    }
}

impl Listener for BoundedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let permit = Arc::clone(&self.free).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let connection = Connection {
            stream,
            end: Box::pin(sleep(self.patience)),
            patience: self.patience,
            _permit: permit,
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when nothing was written to it for a while.
pub(super) struct Connection {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    patience: Duration,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    /// An error where the time is up; else what was to be said, and a call when it is.
    fn unless_over<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if poll.is_pending() && self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        poll
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.unless_over(context, poll)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(_)) = poll {
            let end = Instant::now() + self.patience;
            self.end.as_mut().reset(end);
        }
        self.unless_over(context, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.unless_over(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(context);
        self.unless_over(context, poll)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn on_a_runtime(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(test);
    }

    async fn bounded(most: usize, patience: Duration) -> (BoundedListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (
            BoundedListener::with_bounds(listener, most, patience),
            address,
        )
    }

    #[test]
    fn a_connection_that_only_drips_is_ended() {
        on_a_runtime(async {
            let (mut listener, address) = bounded(1, Duration::from_millis(50)).await;
            let mut reader = TcpStream::connect(address).await.unwrap();
            let (mut connection, _) = listener.accept().await;
            let mut byte = [0];
            let error = loop {
                // Each byte comes in time, and none is answered.
                reader.write_all(b"G").await.unwrap();
                connection.read_exact(&mut byte).await.unwrap();
                let step = Duration::from_millis(10);
                if let Ok(read) = tokio::time::timeout(step, connection.read(&mut byte)).await {
                    break read.unwrap_err();
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        });
    }

    #[test]
    fn an_answer_buys_more_time() {
        on_a_runtime(async {
            let (mut listener, address) = bounded(1, Duration::from_mins(1)).await;
            let _reader = TcpStream::connect(address).await.unwrap();
            let (mut connection, _) = listener.accept().await;
            let before = connection.end.deadline();
            tokio::time::sleep(Duration::from_millis(5)).await;
            connection.write_all(b"answer").await.unwrap();
            assert!(connection.end.deadline() > before);
        });
    }

    #[test]
    fn who_comes_when_all_places_are_taken_waits_for_one() {
        on_a_runtime(async {
            let (mut listener, address) = bounded(1, Duration::from_mins(1)).await;
            let _first = TcpStream::connect(address).await.unwrap();
            let _second = TcpStream::connect(address).await.unwrap();
            let (taken, _) = listener.accept().await;
            let step = Duration::from_millis(20);
            let waiting = tokio::time::timeout(step, listener.accept()).await;
            assert!(waiting.is_err(), "there is one place");
            drop(taken);
            listener.accept().await;
        });
    }
}
