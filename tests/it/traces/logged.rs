//! Content of spans that comes as log records is shown as if the spans had said it, whichever comes first.

use serde_json::{Value, json};

use super::receive::Receiving;
use crate::support::Sandbox;
use crate::support::run::RunOutput;

const SPAN: &str = "0000000000000007";
const TRACE: &str = "00000000000000000000000000000007";

/// An export of a call to a model that says nothing of its content.
fn call() -> String {
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "chat test-model",
        "startTimeUnixNano": "1772438400000000000",
        "endTimeUnixNano": "1772438401000000000",
        "attributes": [
            { "key": "gen_ai.operation.name", "value": { "stringValue": "chat" } },
            { "key": "gen_ai.request.model", "value": { "stringValue": "test-model" } },
        ],
    }]}]}]})
    .to_string()
}

fn logs(records: &[Value]) -> String {
    json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": records }] }] }).to_string()
}

/// A record about the call, so many milliseconds after it began.
fn record(event: &str, millisecond: u64, rest: &Value) -> Value {
    let mut record = json!({
        "traceId": TRACE,
        "spanId": SPAN,
        "eventName": event,
        "timeUnixNano": format!("{}", 1_772_438_400_000_000_000 + millisecond * 1_000_000),
    });
    for (key, value) in rest.as_object().expect("the rest is an object") {
        record[key] = value.clone();
    }
    record
}

/// What was asked and answered, in one record, as conventions say since 1.37.
fn details() -> String {
    let message = |role: &str, text: &str| {
        let text = json!({ "kvlistValue": { "values": [
            { "key": "type", "value": { "stringValue": "text" } },
            { "key": "content", "value": { "stringValue": text } },
        ]}});
        json!({ "arrayValue": { "values": [{ "kvlistValue": { "values": [
            { "key": "role", "value": { "stringValue": role } },
            { "key": "parts", "value": { "arrayValue": { "values": [text] } } },
        ]}}]}})
    };
    let asked = message("user", "Where is my parcel? Write to kim@example.com");
    let attributes = json!([
        { "key": "gen_ai.input.messages", "value": asked },
        { "key": "gen_ai.output.messages", "value": message("assistant", "It is late.") },
    ]);
    let rest = json!({ "attributes": attributes });
    let record = record("gen_ai.client.inference.operation.details", 900, &rest);
    logs(&[record])
}

/// The same, with a record for each message, as conventions said before.
fn messages() -> [Value; 3] {
    let said = |text: &str| {
        json!({ "body": { "kvlistValue": { "values": [
            { "key": "content", "value": { "stringValue": text } },
        ]}}})
    };
    let answer = json!({ "body": { "kvlistValue": { "values": [
        { "key": "index", "value": { "intValue": "0" } },
        { "key": "finish_reason", "value": { "stringValue": "stop" } },
        { "key": "message", "value": { "kvlistValue": { "values": [
            { "key": "role", "value": { "stringValue": "assistant" } },
            { "key": "content", "value": { "stringValue": "It is late." } },
        ]}}},
    ]}}});
    [
        record("gen_ai.choice", 900, &answer),
        record(
            "gen_ai.user.message",
            2,
            &said("Where is my parcel? Write to kim@example.com"),
        ),
        record("gen_ai.system.message", 1, &said("Be brief.")),
    ]
}

fn import(sandbox: &Sandbox, text: &str) -> RunOutput {
    sandbox.write("../sent.jsonl", text);
    let import = sandbox.pointsman(&["traces", "import", "../sent.jsonl"]);
    import.succeeds();
    import
}

/// What is shown of the call's content.
#[track_caller]
fn content(sandbox: &Sandbox) -> Value {
    let call = format!("{TRACE}/{SPAN}");
    let show = sandbox.pointsman(&["traces", "show", &call, "--json"]);
    show.succeeds().json()["span"]["content"].clone()
}

#[track_caller]
fn is_joined(sandbox: &Sandbox) {
    let content = content(sandbox);
    let text = content.to_string();
    assert!(
        text.contains("Where is my parcel? Write to <email>"),
        "{text}"
    );
    assert!(text.contains("It is late."), "{text}");
    let stored = sandbox.shell("grep -rl 'kim@example' .git; true").run();
    assert_eq!(stored.succeeds().stdout, "");
    let found = sandbox.pointsman(&["traces", "search", "parcel"]);
    found.succeeds().says("parcel");
}

#[test]
fn content_is_joined_whether_it_comes_before_with_or_after_its_span() {
    for order in [
        vec![call(), details()],
        vec![details(), call()],
        vec![format!("{}\n{}", details(), call())],
        vec![call(), details(), details(), call()],
        vec![call(), format!("{}\n{}", call(), details())],
        vec![call(), format!("{}\n{}", details(), call())],
        vec![format!("{}\n{}\n{}", call(), details(), call())],
    ] {
        let sandbox = Sandbox::with_workspace();
        for text in &order {
            import(&sandbox, text);
        }
        is_joined(&sandbox);
    }
}

#[test]
fn a_record_for_each_message_becomes_one_conversation_in_the_order_in_which_it_was_had() {
    let sandbox = Sandbox::with_workspace();
    let output = import(&sandbox, &format!("{}\n{}", logs(&messages()), call()));
    output.says("  content         3 log records of spans\n");
    is_joined(&sandbox);
    let content = content(&sandbox);
    let parse = |key: &str| {
        let text = content[key].as_str().expect("it is a text");
        serde_json::from_str::<Value>(text).expect("it is JSON")
    };
    let input = parse("input");
    let roles: Vec<&Value> = input
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| &it["role"])
        .collect();
    assert_eq!(roles, ["system", "user"]);
    assert_eq!(parse("output")[0]["finish_reason"], "stop");
}

#[test]
fn what_a_span_says_itself_stays_and_what_says_nothing_of_a_span_is_counted() {
    let sandbox = Sandbox::with_workspace();
    let own = call().replace(
        "\"gen_ai.request.model\"",
        "\"gen_ai.output.messages\",\"value\":{\"stringValue\":\"own words\"}},{\"key\":\"gen_ai.request.model\"",
    );
    import(&sandbox, &format!("{own}\n{}", details()));
    let content = content(&sandbox);
    assert_eq!(content["output"], "own words");
    assert!(content["input"].to_string().contains("parcel"), "{content}");
    let mut without_span = messages()[1].clone();
    without_span["spanId"] = json!("");
    let silent = record("gen_ai.user.message", 1, &json!({ "body": {} }));
    let output = import(&sandbox, &logs(&[without_span, silent]));
    output.says("  other logs      2 records\n");
}

#[test]
fn what_was_acknowledged_waits_for_its_span_though_the_receiver_is_killed() {
    let sandbox = Sandbox::with_workspace();
    let first = Receiving::start(&sandbox);
    let answer = first.sends_to("/v1/logs", &details());
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    first.stop("-KILL");
    let second = Receiving::start(&sandbox);
    assert_eq!(second.sends_to("/v1/traces", &call()).status, 200);
    is_joined(&sandbox);
    second.stop("-TERM").succeeds();
    is_joined(&sandbox);
    let logs = sandbox.shell("ls .git/pointsman/traces/log").run();
    assert_eq!(logs.succeeds().stdout, "", "nothing waits any more");
}

#[test]
fn content_whose_span_never_comes_waits_for_a_day() {
    let sandbox = Sandbox::with_workspace();
    import(&sandbox, &details());
    let logs = || {
        sandbox
            .shell("ls .git/pointsman/traces/log | wc -l")
            .run()
            .stdout
    };
    assert_eq!(logs().trim(), "1");
    sandbox.write("../sent.jsonl", call().replace(SPAN, "00000000000000aa"));
    let later = ["traces", "import", "../sent.jsonl"];
    let later = sandbox
        .command(&later)
        .env("POINTSMAN_CLOCK", "2026-03-09T00:00:00Z");
    later.run().succeeds();
    assert_eq!(logs().trim(), "0");
}
