//! A reader of HTTP on loopback that sends exactly what a test says, and keeps nothing back.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
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
    let (mut answer, mut reader) = open(origin, path, headers);
    reader
        .read_to_string(&mut answer.body)
        .expect("the server ends its answer");
    answer
}

/// Asks, and leaves the body to be read as it comes.
pub(crate) fn open(
    origin: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (Answer, BufReader<TcpStream>) {
    let address = origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a time that is not 0");
    let mut request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n");
    let own_host = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = [("Host", address)];
    let host = host.iter().filter(|_| !own_host);
    for (name, value) in host.chain(headers) {
        let _ = write!(request, "{name}: {value}\r\n");
    }
    request.push_str("\r\n");
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("the server answers");
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
    };
    (answer, reader)
}
