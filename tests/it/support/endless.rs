//! A server on loopback that answers every request over HTTP and does not come to an end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long whoever is to leave may take to do so.
const PATIENCE: Duration = Duration::from_secs(10);

/// A piece of the answer, by its number.
type Piece = dyn Fn(usize) -> Vec<u8> + Send + Sync;

/// The server. It stops when it is dropped.
pub(crate) struct Endless {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    pause: Option<Duration>,
    piece: Box<Piece>,
    stopped: AtomicBool,
    connected: AtomicUsize,
    sent: AtomicU64,
}

impl Endless {
    /// Starts a server that sends piece after piece, with a pause between two or as fast as it can.
    pub(crate) fn start(
        pause: Option<Duration>,
        piece: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let shared = Arc::new(Shared {
            pause,
            piece: Box::new(piece),
            stopped: AtomicBool::new(false),
            connected: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
        });
        let server = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if server.stopped.load(Ordering::SeqCst) {
                    return;
                }
                server.connected.fetch_add(1, Ordering::SeqCst);
                let server = Arc::clone(&server);
                std::thread::spawn(move || {
                    // Whoever is sent this may leave at any moment.
                    let _ = server.answer(stream);
                    server.connected.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// The scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until nobody reads any longer.
    #[track_caller]
    pub(crate) fn is_left(&self) {
        let started = Instant::now();
        while self.shared.connected.load(Ordering::SeqCst) > 0 {
            assert!(started.elapsed() < PATIENCE, "somebody still reads");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// How much was sent.
    pub(crate) fn sent_mib(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst) >> 20
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut request = [0; 16 * 1024];
        let _ = stream.read(&mut request)?;
        stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\
              Transfer-Encoding: chunked\r\n\r\n",
        )?;
        for number in 0.. {
            if self.stopped.load(Ordering::SeqCst) {
                break;
            }
            let piece = (self.piece)(number);
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
            stream.write_all(&piece)?;
            stream.write_all(b"\r\n")?;
            self.sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
            self.pause.into_iter().for_each(std::thread::sleep);
        }
        Ok(())
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // The thread that listens wakes up, sees that it is to stop, and ends.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
