//! A server on loopback that breaks the rules of HTTP in the way that a test says, byte by byte.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a server that holds a connection does so, if nobody leaves.
const PATIENCE: Duration = Duration::from_mins(1);

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Status 429, with a wish to be asked again at once.
    TooMany,
    /// Status 500.
    Error,
    /// Status 503, with a wish to be asked again after a second.
    Unavailable,
    /// The connection is reset.
    Reset,
    /// The server says that it will say nothing, and goes on to listen.
    HalfClose,
    /// The request is taken, and nothing is said.
    Stall,
    /// The answer comes, a byte a second.
    Drip,
    /// The answer is half of a gzip stream.
    TruncatedGzip,
    /// More bytes are announced than come.
    TooShort,
    /// Fewer bytes are announced than come.
    TooLong,
    /// What is sent is no HTTP.
    Garbage,
    /// The answer does not end.
    Huge,
    /// The headers do not end.
    HugeHead,
    /// The answer comes in pieces, and breaks off between two.
    Cut,
    /// Another address is named, on this machine.
    Redirect,
}

/// All of them, with their names.
pub(crate) const FAULTS: [(&str, Fault); 15] = [
    ("too-many", Fault::TooMany),
    ("error", Fault::Error),
    ("unavailable", Fault::Unavailable),
    ("reset", Fault::Reset),
    ("half-close", Fault::HalfClose),
    ("stall", Fault::Stall),
    ("drip", Fault::Drip),
    ("truncated-gzip", Fault::TruncatedGzip),
    ("too-short", Fault::TooShort),
    ("too-long", Fault::TooLong),
    ("garbage", Fault::Garbage),
    ("huge", Fault::Huge),
    ("huge-head", Fault::HugeHead),
    ("cut", Fault::Cut),
    ("redirect", Fault::Redirect),
];

/// The fault that a text asks for, if any: `fault:<name>.`
pub(crate) fn asked_for(text: &str) -> Option<Fault> {
    let named = FAULTS
        .iter()
        .find(|(name, _)| text.contains(&format!("fault:{name}.")));
    named.map(|(_, fault)| *fault)
}

/// What a server does with a request: the body of a right answer, and how it is spoilt.
type Script = dyn Fn(&str) -> (String, Option<Fault>) + Send + Sync;

/// The server. It stops when it is dropped.
pub(crate) struct Faulty {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    script: Box<Script>,
    content_type: &'static str,
    /// Whether it answers as it should from now on.
    healed: AtomicBool,
    stopped: AtomicBool,
    requests: Mutex<Vec<String>>,
    /// Those who followed a redirect.
    followed: AtomicBool,
}

impl Faulty {
    /// Starts a server. The script gets a request as it came: head and body.
    pub(crate) fn start(
        content_type: &'static str,
        script: impl Fn(&str) -> (String, Option<Fault>) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let shared = Arc::new(Shared {
            script: Box::new(script),
            content_type,
            healed: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            requests: Mutex::default(),
            followed: AtomicBool::new(false),
        });
        let server = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if server.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let server = Arc::clone(&server);
                // Whoever left early is told nothing.
                std::thread::spawn(move || server.serve(stream, address));
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers as it should from now on.
    pub(crate) fn heal(&self) {
        self.shared.healed.store(true, Ordering::SeqCst);
    }

    /// The requests that were read to their end, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.shared.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether somebody went where a redirect led.
    pub(crate) fn was_followed(&self) -> bool {
        self.shared.followed.load(Ordering::SeqCst)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // One connection more, for the listener to notice.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Answers what comes on one connection; an error is somebody who left.
    fn serve(&self, mut stream: TcpStream, own: SocketAddr) -> Option<()> {
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        loop {
            let request = read_request(&mut stream)?;
            if request.contains("/redirected") {
                self.followed.store(true, Ordering::SeqCst);
            }
            let (body, fault) = (self.script)(&request);
            let requests = self.requests.lock();
            requests
                .unwrap_or_else(PoisonError::into_inner)
                .push(request);
            let fault = fault.filter(|_| !self.healed.load(Ordering::SeqCst));
            match fault {
                None => {
                    let head = self.head("200 OK", &[("Content-Length", &body.len().to_string())]);
                    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
                }
                Some(fault) => return self.spoil(&mut stream, fault, &body, own),
            }
        }
    }

    fn head(&self, status: &str, headers: &[(&str, &str)]) -> String {
        let usual = [("Content-Type", self.content_type)];
        let lines = usual.iter().chain(headers);
        let lines: Vec<String> = lines
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let lines = lines.concat();
        format!("HTTP/1.1 {status}\r\n{lines}\r\n")
    }

    fn spoil(
        &self,
        stream: &mut TcpStream,
        fault: Fault,
        body: &str,
        own: SocketAddr,
    ) -> Option<()> {
        let length = body.len().to_string();
        let half = &body[..body.len() / 2];
        match fault {
            Fault::TooMany => self.refuse(stream, "429 Too Many Requests", &[("Retry-After", "0")]),
            Fault::Error => self.refuse(stream, "500 Oops", &[]),
            Fault::Unavailable => self.refuse(stream, "503 Later", &[("Retry-After", "1")]),
            Fault::Redirect => {
                let there = format!("http://{own}/redirected");
                self.refuse(stream, "307 Elsewhere", &[("Location", &there)])
            }
            Fault::Reset => reset(stream),
            Fault::HalfClose => {
                stream.shutdown(Shutdown::Write).ok()?;
                wait_until_gone(stream)
            }
            Fault::Stall => wait_until_gone(stream),
            Fault::Drip => {
                let answer = self.head("200 OK", &[("Content-Length", &length)]) + body;
                let began = Instant::now();
                for byte in answer.bytes() {
                    stream.write_all(&[byte]).ok()?;
                    if self.stopped.load(Ordering::SeqCst) || began.elapsed() > PATIENCE {
                        return None;
                    }
                    std::thread::sleep(Duration::from_secs(1));
                }
                Some(())
            }
            Fault::TruncatedGzip => {
                let packed = half_of_gzip(body);
                let length = packed.len().to_string();
                let headers = [
                    ("Content-Encoding", "gzip"),
                    ("Content-Length", length.as_str()),
                ];
                stream
                    .write_all(self.head("200 OK", &headers).as_bytes())
                    .ok()?;
                stream.write_all(&packed).ok()
            }
            Fault::TooShort => {
                let head = self.head("200 OK", &[("Content-Length", &length)]);
                stream.write_all(format!("{head}{half}").as_bytes()).ok()
            }
            Fault::TooLong => {
                let fewer = half.len().to_string();
                let head = self.head("200 OK", &[("Content-Length", &fewer)]);
                stream.write_all(format!("{head}{body}").as_bytes()).ok()
            }
            Fault::Garbage => stream
                .write_all(b"\x00\xff\x1b[2J not HTTP \r\n\r\n\xfe")
                .ok(),
            Fault::Huge => {
                let head = self.head("200 OK", &[("Transfer-Encoding", "chunked")]);
                stream.write_all(head.as_bytes()).ok()?;
                let piece = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
                // Far beyond what anybody may take in; whoever has enough leaves.
                (0..1_024).try_for_each(|_| stream.write_all(piece.as_bytes()).ok())
            }
            Fault::HugeHead => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").ok()?;
                let line = format!("x-more: {}\r\n", "x".repeat(8_000));
                (0..65_536).try_for_each(|_| stream.write_all(line.as_bytes()).ok())
            }
            Fault::Cut => {
                let head = self.head("200 OK", &[("Transfer-Encoding", "chunked")]);
                let piece = format!("{:x}\r\n{half}\r\n", half.len());
                stream.write_all(format!("{head}{piece}").as_bytes()).ok()
            }
        }
    }

    fn refuse(&self, stream: &mut TcpStream, status: &str, headers: &[(&str, &str)]) -> Option<()> {
        let body = "{\"error\": {\"message\": \"a fault\"}}";
        let length = body.len().to_string();
        let headers = [headers, &[("Content-Length", length.as_str())]].concat();
        let head = self.head(status, &headers);
        stream.write_all(format!("{head}{body}").as_bytes()).ok()
    }
}

/// A request, head and body; `None`: whoever connected left, or sent no more.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut piece).ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            return Some(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

/// Closes a connection as a system does whose program has died.
fn reset(stream: &TcpStream) -> Option<()> {
    let stream = stream.try_clone().ok()?;
    stream.set_nonblocking(true).ok()?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().build().ok()?;
    let _inside = runtime.enter();
    tokio::net::TcpStream::from_std(stream)
        .ok()?
        .set_zero_linger()
        .ok()
}

/// Holds a connection until the other side leaves.
fn wait_until_gone(stream: &mut TcpStream) -> Option<()> {
    let mut byte = [0];
    while stream.read(&mut byte).ok()? > 0 {}
    Some(())
}

/// The first half of a text as gzip.
fn half_of_gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder
        .write_all(text.as_bytes())
        .expect("memory takes what is written");
    let packed = encoder.finish().expect("memory takes what is written");
    packed[..packed.len() / 2].to_vec()
}
