//! A reader of HTTP on loopback that sends exactly what a test says, and keeps nothing back.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long a test waits for a byte before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The headers, by their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// The body, read as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Asks once. `origin` is `http://<host>:<port>`; `Host` is that, unless `headers` say otherwise.
pub(crate) fn get(origin: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask("GET", origin, path, headers, b"")
}

/// Sends something, and reads what is answered, even to a part of it.
pub(crate) fn ask(
    method: &str,
    origin: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    try_ask(method, origin, path, headers, body).expect("the server listens and answers")
}

/// The same; `None`: nobody listens, or nobody answers to the end.
pub(crate) fn try_ask(
    method: &str,
    origin: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Answer> {
    let (mut answer, mut reader) = send(method, origin, path, headers, body).ok()?;
    reader.read_to_end(&mut answer.bytes).ok()?;
    answer.body = String::from_utf8_lossy(&answer.bytes).into_owned();
    Some(answer)
}

/// Asks, and leaves the body to be read as it comes.
pub(crate) fn open(
    origin: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (Answer, BufReader<TcpStream>) {
    send("GET", origin, path, headers, b"").expect("the server listens and answers")
}

fn send(
    method: &str,
    origin: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<(Answer, BufReader<TcpStream>)> {
    let address = origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    let length = body.len().to_string();
    let usual = [("Host", address), ("Content-Length", length.as_str())];
    let usual = usual.iter().filter(|(name, _)| {
        let mut named = headers.iter().map(|(named, _)| named);
        !named.any(|named| named.eq_ignore_ascii_case(name))
    });
    for (name, value) in usual.chain(headers) {
        let _ = write!(request, "{name}: {value}\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    // A server that has answered already need not read the rest.
    let _ = stream.write_all(body);
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let status = lines[0]
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok());
    let headers = lines[1..].iter().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_lowercase(), value.to_owned()))
    });
    let answer = Answer {
        status: status.expect("an answer starts with a status"),
        headers: headers.collect(),
        body: String::new(),
        bytes: Vec::new(),
    };
    Ok((answer, reader))
}
