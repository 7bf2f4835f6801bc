//! `pointsman traces receive`: what applications send is acknowledged when it is kept, and only then.

mod bad_requests;
mod pressure;

use std::process::Command;

use serde_json::{Value, json};

use super::import::{count, gzip, zstd};
use crate::support::Sandbox;
use crate::support::http::{Answer, ask};
use crate::support::otlp::{LOGS, TRACES, protobuf};
use crate::support::run::{RunOutput, Running};
use crate::support::traces::Traffic;

const TOKEN: &str = "canary-0123456789abcdef";
const JSON: (&str, &str) = ("Content-Type", "application/json");
const PROTOBUF: (&str, &str) = ("Content-Type", "application/x-protobuf");
const GZIP: (&str, &str) = ("Content-Encoding", "gzip");
const ZSTD: (&str, &str) = ("Content-Encoding", "zstd");

/// A receiver that runs.
pub(super) struct Receiving {
    running: Running,
    pub(super) origin: String,
}

impl Receiving {
    pub(super) fn start(sandbox: &Sandbox) -> Self {
        Self::start_with(sandbox, &["--listen", "127.0.0.1:0"])
    }

    fn start_with(sandbox: &Sandbox, args: &[&str]) -> Self {
        let args = [&["traces", "receive"], args].concat();
        Self::of(sandbox.command(&args).env("TOKEN", TOKEN).start())
    }

    /// One that was started.
    pub(super) fn of(mut running: Running) -> Self {
        let origin = running.first_line();
        assert!(origin.starts_with("http://"), "{origin}");
        Self { running, origin }
    }

    pub(super) fn process_id(&self) -> u32 {
        self.running.process_id()
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        ask("POST", &self.origin, path, headers, body)
    }

    /// Sends spans as JSON.
    fn sends(&self, request: &Value) -> Answer {
        self.sends_to("/v1/traces", &request.to_string())
    }

    /// Sends JSON to one of the paths.
    pub(super) fn sends_to(&self, path: &str, json: &str) -> Answer {
        self.post(path, &[JSON], json.as_bytes())
    }

    pub(super) fn signal(&self, signal: &str) {
        let process = self.process_id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.expect("the system can send signals").success());
    }

    pub(super) fn stop(self, signal: &str) -> RunOutput {
        self.signal(signal);
        self.stopped()
    }

    /// Waits for its end.
    pub(super) fn stopped(self) -> RunOutput {
        self.running.wait()
    }
}

/// A request with one span.
pub(super) fn one_span(number: u32) -> Value {
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{
        "traceId": format!("{number:032x}"),
        "spanId": format!("{number:016x}"),
        "name": "chat",
        "startTimeUnixNano": "1772352000000000000",
        "endTimeUnixNano": "1772352001000000000",
    }]}]}]})
}

/// The ids of the traces that are kept.
pub(super) fn kept_traces(sandbox: &Sandbox) -> Vec<String> {
    let args = [
        "--json",
        "traces",
        "list",
        "--columns",
        "trace",
        "-n",
        "10000",
    ];
    let listed = sandbox.pointsman(&args);
    let mut traces: Vec<String> = listed
        .succeeds()
        .stdout
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).expect("a row is JSON");
            row["trace"].as_str().expect("it has an id").to_owned()
        })
        .collect();
    traces.sort();
    traces
}

#[test]
fn what_is_acknowledged_is_kept_in_every_encoding_and_compression() {
    let sandbox = Sandbox::with_workspace();
    let receiving = Receiving::start(&sandbox);
    let mut expected = Vec::new();
    for (number, (encoding, compression)) in [
        (JSON, None),
        (JSON, Some(GZIP)),
        (JSON, Some(ZSTD)),
        (PROTOBUF, None),
        (PROTOBUF, Some(GZIP)),
        (PROTOBUF, Some(ZSTD)),
    ]
    .into_iter()
    .enumerate()
    {
        let request = one_span(u32::try_from(number).expect("it is small") + 1);
        let body = match encoding {
            JSON => request.to_string().into_bytes(),
            _ => protobuf(&TRACES, &request),
        };
        let body = match compression {
            Some(GZIP) => gzip(&body),
            Some(_) => zstd(&body),
            None => body,
        };
        let headers: Vec<_> = std::iter::once(encoding).chain(compression).collect();
        let answer = receiving.post("/v1/traces", &headers, &body);
        assert_eq!(answer.status, 200, "{headers:?}: {answer:?}");
        assert_eq!(answer.headers["content-type"], encoding.1);
        let empty = if encoding == JSON { "{}" } else { "" };
        assert_eq!(answer.body, empty);
        expected.push(format!("{:032x}", number + 1));
        assert_eq!(kept_traces(&sandbox), expected, "while it runs");
    }
    let stopped = receiving.stop("-INT");
    stopped
        .succeeds()
        .says("received 6 spans and 0 scores in 6 requests");
    assert_eq!(kept_traces(&sandbox), expected);
}

#[test]
fn a_day_of_traffic_comes_in_with_its_scores_and_once_however_often_it_is_sent() {
    let traffic = Traffic::new(21, 30);
    let sandbox = Sandbox::with_workspace();
    let receiving = Receiving::start_with(&sandbox, &["--listen", "127.0.0.1:0"]);
    for _ in 0..2 {
        for trace in traffic.each() {
            let body = protobuf(&TRACES, &trace.request());
            let answer = receiving.post("/v1/traces", &[PROTOBUF], &body);
            assert_eq!((answer.status, answer.body.as_str()), (200, ""));
            let body = protobuf(&LOGS, &trace.logs_request());
            let answer = receiving.post("/v1/logs", &[PROTOBUF], &body);
            assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        }
    }
    let stopped = receiving.stop("-TERM");
    let (spans, scores) = (traffic.span_count(), traffic.score_count());
    stopped
        .succeeds()
        .says(&format!(
            "received {spans} spans and {scores} scores in 120 requests"
        ))
        .says(&format!("already stored  {spans} spans, {scores} scores"))
        .says("redacted        email ");
    let found = sandbox
        .shell("grep -rl 'kim\\.[0-9]*@example' .git; true")
        .run();
    assert_eq!(found.succeeds().stdout, "", "redacted before it is written");
    sandbox.write("../traces.jsonl", traffic.ndjson());
    sandbox.write("../scores.jsonl", traffic.scores_ndjson());
    let args = [
        "--json",
        "traces",
        "import",
        "../traces.jsonl",
        "../scores.jsonl",
    ];
    let again = sandbox.pointsman(&args).succeeds().json();
    assert_eq!(count(&again, "duplicate_spans"), spans);
    assert_eq!(count(&again, "duplicate_scores"), scores);
}

#[test]
fn what_is_not_kept_of_a_request_is_told_to_whoever_sent_it() {
    let sandbox = Sandbox::with_workspace();
    let receiving = Receiving::start(&sandbox);
    let mut request = one_span(1);
    let spans = &mut request["resourceSpans"][0]["scopeSpans"][0]["spans"];
    let nameless = json!({"traceId": "00", "name": "no id"});
    spans.as_array_mut().expect("a list").push(nameless);
    let answer = receiving.sends(&request);
    assert_eq!(answer.status, 200);
    let why = "1: its trace id is not 16 bytes that are not all zero";
    let partial = json!({ "partialSuccess": { "rejectedSpans": "1", "errorMessage": why } });
    assert_eq!(answer.json(), partial);
    let body = protobuf(&TRACES, &request);
    let answer = receiving.post("/v1/traces", &[PROTOBUF], &body);
    let message = [&[0x12, 53], why.as_bytes()].concat();
    assert_eq!(answer.bytes, [&[0x0A, 57, 0x08, 1], &message[..]].concat());
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{
        "timeUnixNano": "1772352000000000000", "body": { "stringValue": "started" },
    }]}]}]});
    let answer = receiving.post("/v1/logs", &[JSON], logs.to_string().as_bytes());
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedLogRecords"], "1");
    let stopped = receiving.stop("-TERM");
    assert_eq!(
        stopped.succeeds().stdout,
        "received 1 span and 0 scores in 3 requests\n  \
         already stored  1 span, 0 scores\n  \
         names only      2 spans\n  \
         other logs      1 record\n  \
         not kept        2: its trace id is not 16 bytes that are not all zero; \
         first: a request to /v1/traces\n"
    );
    assert_eq!(kept_traces(&sandbox).len(), 1);
}

#[test]
fn a_script_hears_of_each_request_as_a_line() {
    let sandbox = Sandbox::with_workspace();
    let args = ["--json", "traces", "receive", "--listen", "127.0.0.1:0"];
    let mut running = sandbox.command(&args).start();
    let read = |line: &str| -> Value { serde_json::from_str(line).expect("a line is JSON") };
    let listening = read(&running.first_line());
    assert_eq!(listening["schema"], "pointsman/traces-receive/v1");
    assert_eq!(listening["event"], "listening");
    let origin = listening["url"].as_str().expect("an address").to_owned();
    let mut receiving = Receiving { running, origin };
    assert_eq!(receiving.sends(&one_span(1)).status, 200);
    let received = read(&receiving.running.first_line());
    assert_eq!(received["event"], "received");
    assert_eq!(
        (count(&received, "requests"), count(&received, "spans")),
        (1, 1)
    );
    let stopped = receiving.stop("-TERM");
    let last = read(stopped.succeeds().stdout.trim());
    assert_eq!(last["event"], "stopped");
    assert_eq!((count(&last, "requests"), count(&last, "spans")), (1, 1));
}

#[test]
fn off_this_machine_a_token_is_needed_and_shown() {
    let sandbox = Sandbox::with_workspace();
    let open_to_all = ["traces", "receive", "--listen", "0.0.0.0:0"];
    sandbox
        .pointsman(&open_to_all)
        .exits(2)
        .tells("--token-env");
    let args = ["--listen", "0.0.0.0:0", "--token-env", "TOKEN"];
    let mut receiving = Receiving::start_with(&sandbox, &args);
    receiving.origin = receiving.origin.replace("0.0.0.0", "127.0.0.1");
    let body = one_span(1).to_string();
    let refused = receiving.post("/v1/traces", &[JSON], body.as_bytes());
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["code"], 16);
    let right = format!("Bearer {TOKEN}");
    let headers = [JSON, ("Authorization", &right), ("Host", "traces.example")];
    assert_eq!(
        receiving
            .post("/v1/traces", &headers, body.as_bytes())
            .status,
        200
    );
    let stopped = receiving.stop("-TERM");
    assert!(!stopped.succeeds().transcript().contains("canary"));
}
