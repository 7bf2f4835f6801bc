//! `pointsman lanes at` and `lanes log --prompt`: what was live when, and how it came there.

use serde_json::{Value, json};

use crate::support::Sandbox;

/// `staging` goes from one to two, back to one, and is held; `production` has one.
fn with_stays() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    sandbox.reword("one");
    sandbox.promotes("staging");
    sandbox.promotes("production");
    sandbox.reword("two");
    sandbox.wait_seconds(3_600);
    sandbox.promotes("staging");
    sandbox.wait_seconds(3_600);
    sandbox
        .pointsman(&["rollback", "staging", "--yes", "--reason", "wrong queue"])
        .succeeds();
    sandbox
        .pointsman(&[
            "lanes",
            "hold",
            "staging",
            "--yes",
            "--reason",
            "not that either",
        ])
        .succeeds();
    sandbox
}

fn at(sandbox: &Sandbox, args: &[&str]) -> Value {
    let run = sandbox.pointsman(&[&["lanes", "at", "--json"], args].concat());
    run.succeeds().json()
}

/// For each stay: the lane, the numbers of the record, of the first and of the one after.
fn stays(answer: &Value) -> Vec<(String, Value, Value, Value)> {
    let lanes = answer["lanes"].as_array().expect("a list");
    let sequence = |record: &Value| record["deployment"]["sequence"].clone();
    let found = lanes.iter().flat_map(|lane| {
        let name = lane["lane"].as_str().expect("a name").to_owned();
        let stays = lane["stays"].as_array().expect("a list");
        stays.iter().map(move |stay| {
            let [record, since, until] = ["record", "since", "until"].map(|it| sequence(&stay[it]));
            (name.clone(), record, since, until)
        })
    });
    found.collect()
}

fn stay(lane: &str, record: u64, since: u64, until: Option<u64>) -> (String, Value, Value, Value) {
    (lane.to_owned(), record.into(), since.into(), until.into())
}

#[test]
fn a_time_finds_what_was_live_in_each_lane() {
    let sandbox = with_stays();
    let answer = at(&sandbox, &["2026-03-02T10:30:00Z"]);
    assert_eq!(answer["schema"], "pointsman/lanes-at/v1");
    let expected = [
        stay("production", 1, 1, None),
        stay("staging", 2, 2, Some(3)),
    ];
    assert_eq!(stays(&answer), expected);
    let answer = at(&sandbox, &["now", "--lane", "staging"]);
    assert_eq!(stays(&answer), [stay("staging", 4, 3, None)]);
    let answer = at(&sandbox, &["90m", "ago", "--lane", "staging"]);
    assert_eq!(stays(&answer), [stay("staging", 1, 1, Some(2))]);
    let answer = at(&sandbox, &["2026-03-02", "--lane", "staging"]);
    assert_eq!(answer["at"], "2026-03-02T00:00:00Z");
    assert_eq!(stays(&answer), []);
    sandbox
        .pointsman(&["lanes", "at", "2026-03-02"])
        .succeeds()
        .says("staging: nothing was live then");
}

#[test]
fn a_record_or_a_snapshot_finds_its_stays() {
    let sandbox = with_stays();
    let by_number = at(&sandbox, &["#1"]);
    let expected = [
        stay("production", 1, 1, None),
        stay("staging", 1, 1, Some(2)),
    ];
    assert_eq!(stays(&by_number), expected);
    let tip = sandbox.tip("staging");
    assert_eq!(
        stays(&at(&sandbox, &[&tip[..10]])),
        [stay("staging", 4, 3, None)]
    );
    let snapshot = sandbox.record("staging")["snapshot"]["sha256"].clone();
    let snapshot = snapshot.as_str().expect("a digest");
    assert_eq!(
        stays(&at(&sandbox, &[&snapshot[..12]])),
        [
            stay("production", 1, 1, None),
            stay("staging", 4, 3, None),
            stay("staging", 1, 1, Some(2)),
        ]
    );
}

#[test]
fn the_fingerprint_of_a_prompt_finds_where_that_version_was_live() {
    let sandbox = with_stays();
    let show = sandbox.pointsman(&["prompt", "show", "triage", "--json"]);
    let two = show.succeeds().json()["fingerprint"].clone();
    let two = two.as_str().expect("a digest");
    let answer = at(&sandbox, &[two]);
    assert_eq!(stays(&answer), [stay("staging", 2, 2, Some(3))]);
    assert_eq!(answer["lanes"][0]["stays"][0]["prompt"], "triage");
    // Beside other prompts it is the same version.
    sandbox.write("recordings/triage.jsonl", "");
    sandbox.commit("Record");
    sandbox.promotes("staging");
    let answer = at(&sandbox, &[&two[..10]]);
    assert_eq!(
        stays(&answer),
        [stay("staging", 5, 5, None), stay("staging", 2, 2, Some(3))]
    );
    sandbox
        .pointsman(&["lanes", "at", two, "--lane", "production"])
        .exits(1)
        .tells("has not been live");
}

#[test]
fn the_answer_says_who_let_it_in_who_wrote_it_and_what_was_shown() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--reason", "first"])
        .succeeds();
    let head = sandbox.git(&["rev-parse", "--short=10", "HEAD"]);
    let tip = sandbox.tip("staging");
    let record = sandbox.record("staging");
    let text = format!(
        "staging #1 since 2026-03-02 09:01:00Z, live now
  record    {tip}
  let in    promote by Cleo <cleo@example.com>
  why       first
  from      commit {head}
  author    Ada <ada@example.com>
  snapshot  {}
  evidence  {}
",
        record["snapshot"]["sha256"].as_str().expect("a digest"),
        record["evidence"][0]["path"].as_str().expect("a path"),
    );
    let run = sandbox.pointsman(&["lanes", "at", "now"]);
    assert_eq!(run.succeeds().stdout, text);
    assert_eq!(
        at(&sandbox, &["now"])["lanes"][0]["stays"][0]["author"],
        "Ada <ada@example.com>"
    );
}

#[test]
fn what_is_neither_a_time_nor_a_record_is_told_so() {
    let sandbox = with_stays();
    for text in ["yesterday", "2026-02-30", "abc"] {
        sandbox
            .pointsman(&["lanes", "at", text])
            .exits(2)
            .tells("is neither a time nor a record nor a fingerprint")
            .tells("`2h ago`");
    }
    sandbox
        .pointsman(&["lanes", "at", "now", "--lane", "stagin"])
        .exits(2)
        .tells("did you mean `staging`?");
    sandbox.pointsman(&["lanes", "at", "0123456789"]).exits(1);
}

#[test]
fn the_log_of_a_prompt_shows_the_records_that_changed_it() {
    let sandbox = with_stays();
    sandbox.write("recordings/triage.jsonl", "");
    sandbox.write(
        "prompts/other.prompt.yml",
        sandbox.read("prompts/triage.prompt.yml"),
    );
    sandbox.commit("Add another");
    sandbox
        .pointsman(&["promote", "staging", "other", "--yes"])
        .succeeds();
    let numbers = |args: &[&str]| -> Vec<Value> {
        let run = sandbox.pointsman(&[&["lanes", "log", "staging", "--json"], args].concat());
        let log = run.succeeds().json();
        let records = log["records"].as_array().expect("a list").iter();
        records
            .map(|it| it["deployment"]["sequence"].clone())
            .collect()
    };
    assert_eq!(numbers(&["--prompt", "triage"]), [3, 2, 1]);
    assert_eq!(numbers(&["--prompt", "triage", "-n", "1"]), [3]);
    assert_eq!(numbers(&["--prompt", "other"]), [5]);
    assert_eq!(numbers(&["--prompt", "prompts/other.prompt.yml"]), [5]);
    sandbox
        .pointsman(&["lanes", "log", "staging", "--prompt", "nobody"])
        .succeeds()
        .has_no_result()
        .tells("no record of lane staging changed nobody");
}

/// A span of a call that names its lane, in trace `4bf9…`, and one of a trace that names none.
fn keep_traces(sandbox: &Sandbox, deployment: &str) {
    let span = |trace: &str, id: &str, lane: &str| {
        json!({ "traceId": trace, "spanId": id, "name": "triage",
            "startTimeUnixNano": "1772445600000000000", "endTimeUnixNano": "1772445601000000000",
            "attributes": [
                { "key": "pointsman.lane", "value": { "stringValue": lane } },
                { "key": "pointsman.deployment.id", "value": { "stringValue": deployment } },
            ] })
    };
    let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [
        span("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "staging"),
        span("4bf92f3577b34da6a3ce929d0e0e4736", "a2fb4a1d1a96d312", "staging"),
        span("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "nowhere"),
    ] }] }] });
    sandbox.write("../traces.jsonl", request.to_string());
    sandbox
        .pointsman(&["traces", "import", "../traces.jsonl"])
        .succeeds();
}

#[test]
fn a_trace_finds_what_was_live_when_it_ran() {
    let sandbox = with_stays();
    let first = sandbox.git(&["rev-parse", "lanes/staging~3"]);
    keep_traces(&sandbox, first.trim());
    let answer = at(&sandbox, &["4bf92f3577b3"]);
    assert_eq!(answer["trace"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(stays(&answer), [stay("staging", 1, 1, Some(2))]);
    assert_eq!(
        answer["lanes"][0]["stays"][0]["author"],
        "Ada <ada@example.com>"
    );
    assert_eq!(answer["lanes"][0]["stays"][0]["approvals"], json!([]));
    let run = sandbox.pointsman(&["lanes", "at", "4bf92f3577b3"]);
    run.succeeds()
        .says("trace 4bf92f3577b34da6a3ce929d0e0e4736, 2 spans\nstaging #1 since");
    let run = sandbox.pointsman(&["lanes", "at", "4bf92f3577b3/a2fb"]);
    run.succeeds().says("1 span\nstaging #1 since");
    sandbox
        .pointsman(&["lanes", "at", "0af7651916cd43dd"])
        .exits(1)
        .tells("it names no lane that is asked about");
    sandbox
        .pointsman(&["lanes", "at", "4bf92f3577b3", "--lane", "production"])
        .exits(1);
    sandbox
        .pointsman(&["lanes", "at", "4bf92f3577b3/ffff"])
        .exits(2);
}
