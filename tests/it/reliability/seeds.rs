//! Whole files of every format: those of our own sample, those that our own program writes, and those
//! of `workspace/`, which use the keys that the sample has no use for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pointsman::domain::attestation::{APPROVAL, Envelope, PublicKey, Statement};
use serde_json::json;

use crate::support::Sandbox;
use crate::support::otlp::{LOGS, TRACES, protobuf};
use crate::support::source::root;
use crate::support::traces::Traffic;

/// The folders of the sample that hold files of a workspace.
const SAMPLE: [&str; 4] = ["prompts", "datasets", "evaluators", "environments"];

/// A public key, whose private one nobody kept.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxZEtiJsEiINEo3Do8eWulTd7FYezhZjh96BkCXZShn";

/// Filters that use every word of the language.
pub(super) const FILTERS: [&str; 6] = [
    "lane = production and model ~ \"gpt\" and not (duration < 5s or has(error_type))",
    "time >= 2026-03-01T00:00:00Z and time < \"2h ago\" and duration > 3s",
    "prompt in (support/triage, \"a b\", 'it\\'s \\u{1f600}') or cost >= 0.05",
    "attribute.http.method != GET and tool !~ 'refund' and route ^= /v1/",
    "everything",
    "NOT HAS(deployment) OR deployment = \"production#2\" AND total_tokens <= 1000",
];

/// The files of the sample and those of `workspace/`, which use every key, by their paths.
pub(super) fn workspace() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in SAMPLE {
        collect(&root().join(folder), root(), &mut files);
    }
    let own = root().join("tests/it/reliability/workspace");
    collect(&own, &own, &mut files);
    files
}

fn collect(folder: &Path, base: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, base, files);
        } else {
            let below = path.strip_prefix(base).expect("it was found below");
            let name = below.to_str().expect("our own files have plain names");
            let bytes = fs::read(&path).expect("our own files can be read");
            files.insert(name.to_owned(), bytes);
        }
    }
}

/// Requests to export spans and scores, as JSON.
pub(super) fn otlp_json() -> Vec<Vec<u8>> {
    let made = Traffic::new(1, 3);
    let made = made.each().flat_map(|trace| {
        let requests = [trace.request(), trace.logs_request()];
        requests.map(|request| request.to_string().into_bytes())
    });
    let real = [
        include_bytes!("../traces/sdk/traces.json").to_vec(),
        include_bytes!("../traces/sdk/logs.json").to_vec(),
    ];
    made.chain(real).collect()
}

/// The same as protobuf.
pub(super) fn otlp_protobuf() -> Vec<Vec<u8>> {
    let made = Traffic::new(2, 3);
    let made = made.each().flat_map(|trace| {
        [
            protobuf(&TRACES, &trace.request()),
            protobuf(&LOGS, &trace.logs_request()),
        ]
    });
    let real = [
        include_bytes!("../traces/sdk/traces.pb").to_vec(),
        include_bytes!("../traces/sdk/logs.pb").to_vec(),
    ];
    made.chain(real).collect()
}

/// A signed statement. Its signature is of nobody, which reading does not ask.
pub(super) fn attestation() -> Vec<u8> {
    let key: PublicKey = KEY.parse().expect("it is a key");
    let predicate = json!({"lane": "production", "accepted": ["a", {"b": 1}], "note": "é"});
    let statement = Statement::new(Vec::new(), APPROVAL, predicate);
    let envelope = Envelope::new(statement.bytes(), &key, [7; 64]);
    envelope.line().into_bytes()
}

/// The machine truth of a record, as our own program wrote it.
pub(super) fn deployment() -> Vec<u8> {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.reword("better");
    sandbox.promotes("staging");
    let record = sandbox.git(&["show", "lanes/staging:.lane/deployment.json"]);
    record.into_bytes()
}
