//! Requests that nobody should send: each is answered as the protocol says, and none costs another.

use std::io::Read as _;

use super::super::import::{gzip, zstd};
use super::{GZIP, JSON, PROTOBUF, Receiving, TRACES, ZSTD, kept_traces, one_span, protobuf};
use crate::support::Sandbox;
use crate::support::http::ask;

/// So many zeros, compressed.
fn bomb(compress: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    const TOO_MANY: u64 = 64 * 1024 * 1024 + 1;
    let mut zeros = Vec::new();
    let mut source = std::io::repeat(b' ').take(TOO_MANY);
    source.read_to_end(&mut zeros).expect("memory can be read");
    compress(&zeros)
}

#[test]
fn what_cannot_be_taken_is_refused_with_a_status_in_the_encoding_of_the_request() {
    let sandbox = Sandbox::with_workspace();
    let receiving = Receiving::start(&sandbox);
    let body = one_span(1).to_string();
    let body = body.as_bytes();
    let plain = ("Content-Type", "text/plain");
    let brotli = ("Content-Encoding", "br");
    let page = ("Origin", "http://localhost:3000");
    let rebound = ("Host", "evil.example");
    let cut = &gzip(body)[..20];
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = format!(r#"{{"resourceSpans":{deep}}}"#);
    let nested = (0..2_000).fold(Vec::new(), |inner, _| {
        let mut message = Vec::new();
        crate::support::otlp::add_bytes(&mut message, 1, &inner);
        message
    });
    for (status, code, headers, body) in [
        (415, 12, vec![plain], body),
        (415, 12, vec![], body),
        (415, 12, vec![JSON, brotli], body),
        (403, 7, vec![JSON, page], body),
        (403, 7, vec![JSON, rebound], body),
        (400, 3, vec![JSON], &body[..40]),
        (400, 3, vec![JSON], b"[1, 2]"),
        (400, 3, vec![JSON], b"\xFF\xFE"),
        (400, 3, vec![JSON, GZIP], body),
        (400, 3, vec![JSON, GZIP], cut),
        (400, 3, vec![JSON, ZSTD], body),
        (400, 3, vec![JSON], deep.as_bytes()),
        (413, 8, vec![JSON, GZIP], &bomb(gzip)),
        (413, 8, vec![JSON, ZSTD], &bomb(zstd)),
        (413, 8, vec![JSON, ("Content-Length", "20971521")], body),
    ] {
        let answer = receiving.post("/v1/traces", &headers, body);
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.json()["code"], code, "{headers:?}: {answer:?}");
        assert!(
            !answer.json()["message"]
                .as_str()
                .expect("a text")
                .is_empty()
        );
    }
    for body in [&b"\x0A\xFF"[..], b"hello", &nested] {
        let answer = receiving.post("/v1/traces", &[PROTOBUF], body);
        assert_eq!(answer.status, 400, "{body:?}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/x-protobuf");
        assert_eq!(answer.bytes[..2], [0x08, 3], "{answer:?}");
    }
    let right = receiving.post("/v1/traces", &[PROTOBUF], &protobuf(&TRACES, &one_span(2)));
    assert_eq!(right.status, 200);
    receiving.stop("-TERM").succeeds();
    assert_eq!(kept_traces(&sandbox).len(), 1);
}

#[test]
fn there_are_two_paths_and_one_method() {
    let sandbox = Sandbox::with_workspace();
    let receiving = Receiving::start(&sandbox);
    for method in ["GET", "PUT", "OPTIONS"] {
        let answer = ask(method, &receiving.origin, "/v1/logs", &[], b"");
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.headers["allow"], "POST");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    for path in ["/", "/v1/metrics", "/v1/traces/", "/v1/traces/../logs"] {
        let answer = receiving.post(path, &[PROTOBUF], b"");
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.headers["content-type"], "application/x-protobuf");
    }
    let brotli = [JSON, ("Content-Encoding", "br")];
    let answer = receiving.post("/v1/traces", &brotli, b"{}");
    assert_eq!(answer.headers["accept-encoding"], "gzip, zstd");
    for (path, headers, body) in [
        ("/v1/traces", JSON, &b"{}"[..]),
        ("/v1/logs", PROTOBUF, b""),
    ] {
        let empty = receiving.post(path, &[headers], body);
        assert_eq!(empty.status, 200, "an empty request is one");
    }
    receiving.stop("-TERM").succeeds();
}

#[test]
fn a_receiver_that_cannot_listen_or_redact_does_not_start() {
    let sandbox = Sandbox::with_workspace();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = taken.local_addr().expect("the listener is bound");
    let args = ["traces", "receive", "--listen", &address.to_string()];
    let run = sandbox.pointsman(&args);
    run.exits(2).has_no_result().tells("cannot listen at");
    let settings = sandbox.read("pointsman.toml");
    let settings = format!("{settings}\n[redaction]\nkey_env = \"TRACES_KEY\"\n");
    sandbox.write("pointsman.toml", settings);
    let args = ["traces", "receive", "--listen", "127.0.0.1:0"];
    let run = sandbox.pointsman(&args);
    run.exits(2)
        .has_no_result()
        .tells("the variable `TRACES_KEY`");
}
