//! Somebody's own log, by a mapping.

use serde_json::{Value, json};

use super::{imported, lines};
use crate::support::Sandbox;

const MAPPING: &str = r#"
drop = ["debug"]

[columns]
time = "ts"
duration = "took (milliseconds)"
trace = "request.id"
prompt = "prompt"
version = "prompt_version"
lane = "env"
model = "request.model"
input = "request.messages"
output = "response.text"
variables = "vars"
input_tokens = "usage.in"
output_tokens = "usage.out"
cost = "usage.usd"
status = "http.status"
user = "user"
tag = "labels"

[values]
operation = "chat"
provider = "openai"
name = "answer"

[attributes]
"http.request.method" = "method"

[scores]
helpful = "feedback.up"
"#;

fn record() -> Value {
    json!({
        "ts": "2026-03-02T09:00:00.010Z", "took": 1200, "prompt": "triage", "prompt_version": "v7",
        "env": "staging", "method": "POST", "http.status": 200, "user": "user-7", "labels": ["vip", "eu"],
        "request": { "id": "req-1", "model": "gpt-4.1-mini", "temperature": 0,
            "messages": [{ "role": "user", "content": "I was charged twice." }] },
        "response": { "text": "billing" }, "vars": { "ticket": "I was charged twice." },
        "usage": { "in": 140, "out": 2, "usd": 0.0002 }, "feedback": { "up": true },
        "debug": { "noise": 1 }, "host": "web-3",
    })
}

fn with(record: &[Value]) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../log.toml", MAPPING);
    sandbox.write("../app.log", lines(record));
    sandbox
}

const IMPORT: [&str; 5] = ["traces", "import", "--mapping", "../log.toml", "../app.log"];

#[test]
fn a_log_fills_the_columns_that_its_mapping_names() {
    let sandbox = with(&[record()]);
    let run = sandbox.pointsman(&IMPORT);
    run.succeeds()
        .says("imported 1 span and 1 score from 1 file\n")
        .says("read as         jsonl (1 file)\n")
        .says("as attributes   host 1, request.temperature 1\n");
    let line = imported(&sandbox).remove(0);
    insta::assert_json_snapshot!(line["span"], @r#"
    {
      "traceId": "d59ce9af9223b9789d75502ef0d39598",
      "spanId": "2e1f170c4447e166",
      "name": "answer",
      "operation": "chat",
      "startedAt": "2026-03-02T09:00:00.01Z",
      "durationNs": 1200000000,
      "status": "ok",
      "lineage": {
        "prompt": "triage",
        "version": "v7",
        "lane": "staging"
      },
      "call": {
        "provider": "openai",
        "model": "gpt-4.1-mini",
        "inputTokens": 140,
        "outputTokens": 2,
        "costUsd": 0.0002,
        "costSource": "reported"
      },
      "origin": {
        "user": "user-7",
        "tags": [
          "eu",
          "vip"
        ]
      },
      "content": {
        "variables": {
          "ticket": "I was charged twice."
        },
        "input": "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"I was charged twice.\"}]}]",
        "output": "billing"
      },
      "attributes": {
        "host": "web-3",
        "http.request.method": "POST",
        "log.trace": "req-1",
        "request.temperature": "0"
      }
    }
    "#);
    assert_eq!(line["scores"][0]["name"], "helpful");
    assert_eq!(line["scores"][0]["value"], 1.0);
}

#[test]
fn the_same_record_is_the_same_span_again_though_it_has_no_id() {
    let mut without = record();
    without["request"]["id"] = Value::Null;
    let mut later = without.clone();
    later["ts"] = json!("2026-03-02T09:00:01Z");
    let sandbox = with(&[without.clone(), later, without]);
    let run = sandbox.pointsman(&IMPORT);
    run.succeeds()
        .says("imported 2 spans")
        .says("already stored  1 span");
    let again = sandbox.pointsman(&IMPORT);
    again.succeeds().says("imported 0 spans and 0 scores");
    let told = imported(&sandbox);
    assert_ne!(told[0]["span"]["traceId"], told[1]["span"]["traceId"]);
}

#[test]
fn what_a_column_cannot_have_stays_an_attribute_and_is_told() {
    let mut odd = record();
    odd["usage"] = json!({ "in": "many", "out": -2, "usd": -1 });
    odd["http.status"] = json!("teapot");
    odd["vars"] = json!("none");
    let mut timeless = record();
    timeless["ts"] = json!("soon");
    let sandbox = with(&[odd, timeless, json!({ "ts": 1_772_442_000 })]);
    let run = sandbox.pointsman(&IMPORT);
    run.succeeds()
        .says("imported 2 spans")
        .says("usage.in 1")
        .says("http.status 1")
        .says("1: it does not say when it began where the mapping says so; first: ../app.log:2 (`ts`)\n");
    let told = imported(&sandbox);
    let odd = told
        .iter()
        .find(|line| line["span"]["attributes"]["usage.in"] == "many");
    let odd = &odd.expect("it is kept")["span"];
    assert_eq!(odd["status"], "unset");
    assert_eq!(odd["attributes"]["usage.usd"], "-1");
    assert_eq!(odd["attributes"]["vars"], "none");
}

#[test]
fn what_is_wrong_with_a_mapping_is_told_with_its_place() {
    let sandbox = with(&[record()]);
    for (text, told) in [
        (
            "[columns]\ntime = \"ts\"\nmodle = \"m\"\n",
            "../log.toml:3:1",
        ),
        ("[columns]\nmodel = \"m\"\n", "the key `time` is missing"),
        (
            "[columns]\ntime = \"ts\"\nduration = \"took\"\n",
            "../log.toml:3:12",
        ),
        ("[columns]\ntime = \"a..b\"\n", "../log.toml:2:8"),
        ("[columns\n", "../log.toml:1:"),
    ] {
        sandbox.write("../log.toml", text);
        sandbox
            .pointsman(&IMPORT)
            .exits(2)
            .has_no_result()
            .tells(told);
    }
    sandbox.write("../log.toml", "[columns]\ntime = \"ts\"\nmodle = \"m\"\n");
    sandbox
        .pointsman(&IMPORT)
        .exits(2)
        .tells("did you mean `model`?");
    sandbox.write("../log.toml", [0xFF, 0xFE]);
    sandbox
        .pointsman(&IMPORT)
        .exits(2)
        .tells("the mapping `../log.toml` cannot be read");
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let sandbox = with(&[record()]);
    sandbox
        .pointsman(&["traces", "import", "--format", "jsonl", "../app.log"])
        .exits(2)
        .has_no_result()
        .tells("`--mapping FILE.toml`");
    let both = [&["traces", "import", "--format", "langfuse"], &IMPORT[2..]].concat();
    sandbox
        .pointsman(&both)
        .exits(2)
        .tells("these files are to be read as langfuse");
    sandbox
        .pointsman(&[
            "traces",
            "import",
            "--mapping",
            "../absent.toml",
            "../app.log",
        ])
        .exits(2)
        .tells("the mapping `../absent.toml` cannot be read");
}
