//! Spans of Phoenix with OpenInference's attributes, in the shapes of its API
//! (`GET /v1/projects/{project}/spans`, `SpanResponse` of `routers/v1/spans.py`), of its data frames
//! (`get_spans_dataframe()`) and of its command line (`px trace list --format raw`).

use serde_json::{Map, Value, json};

use super::{imported, lines, span_named};
use crate::support::Sandbox;

fn attributes() -> Map<String, Value> {
    let attributes = json!({
        "openinference.span.kind": "LLM", "llm.model_name": "gpt-4.1-mini", "llm.provider": "openai",
        "llm.token_count.prompt": 654, "llm.token_count.completion": 6,
        "llm.token_count.prompt_details.cache_read": 218,
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "I was charged twice.",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "billing",
        "llm.prompt_template.variables": "{\"ticket\": \"I was charged twice.\"}",
        "llm.prompt_template.version": "v7", "prompt.id": "triage", "session.id": "session-3",
        "tag.tags": ["vip"], "metadata": "{\"tenant\": \"acme\"}",
    });
    attributes.as_object().expect("it is an object").clone()
}

fn span() -> Value {
    json!({
        "id": "U3BhbjoxMg==", "name": "ChatCompletion", "span_kind": "LLM", "parent_id": "00f067aa0ba902b7",
        "context": {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "a2fb4a1d1a96d312"},
        "start_time": "2026-03-02T09:00:00.010000+00:00", "end_time": "2026-03-02T09:00:01.210000+00:00",
        "status_code": "OK", "status_message": "", "attributes": attributes(),
        "events": [{"name": "First Token Stream Event", "timestamp": "2026-03-02T09:00:00.410000+00:00",
            "attributes": {}}],
    })
}

/// The same span as a row of a data frame: lists and objects where a column has a prefix.
fn row() -> Value {
    let mut row = Map::new();
    for (name, value) in span().as_object().expect("it is an object") {
        match name.as_str() {
            "id" | "context" | "attributes" => {}
            // pandas writes times in milliseconds unless it is told otherwise.
            "start_time" => drop(row.insert(name.clone(), json!(1_772_442_000_010_i64))),
            "end_time" => drop(row.insert(name.clone(), json!(1_772_442_001_210_i64))),
            _ => drop(row.insert(name.clone(), value.clone())),
        }
    }
    row.insert(
        "context.trace_id".to_owned(),
        json!("4bf92f3577b34da6a3ce929d0e0e4736"),
    );
    row.insert("context.span_id".to_owned(), json!("a2fb4a1d1a96d312"));
    for (name, value) in attributes() {
        if !name.contains("_messages.") {
            row.insert(format!("attributes.{name}"), value);
        }
    }
    let message =
        |role: &str, text: &str| json!([{ "message.role": role, "message.content": text }]);
    row.insert(
        "attributes.llm.input_messages".to_owned(),
        message("user", "I was charged twice."),
    );
    row.insert(
        "attributes.llm.output_messages".to_owned(),
        message("assistant", "billing"),
    );
    row.insert("attributes.llm.tools".to_owned(), Value::Null);
    Value::Object(row)
}

#[test]
fn a_span_of_the_api_fills_the_columns() {
    let sandbox = Sandbox::with_workspace();
    let page = json!({ "data": [span()], "next_cursor": null });
    sandbox.write("../spans.json", page.to_string());
    let run = sandbox.pointsman(&["traces", "import", "../spans.json"]);
    run.succeeds()
        .says("imported 1 span and 0 scores from 1 file\n")
        .says("read as         phoenix (1 file)\n");
    insta::assert_json_snapshot!(imported(&sandbox)[0]["span"], @r#"
    {
      "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
      "spanId": "a2fb4a1d1a96d312",
      "parentSpanId": "00f067aa0ba902b7",
      "name": "ChatCompletion",
      "operation": "chat",
      "startedAt": "2026-03-02T09:00:00.01Z",
      "durationNs": 1200000000,
      "status": "ok",
      "lineage": {
        "prompt": "triage",
        "version": "v7"
      },
      "call": {
        "provider": "openai",
        "model": "gpt-4.1-mini",
        "inputTokens": 654,
        "outputTokens": 6,
        "cacheReadTokens": 218,
        "costUsd": 0.00020580000000000002,
        "costSource": "computed@2026-11-23"
      },
      "origin": {
        "session": "session-3",
        "tags": [
          "vip"
        ]
      },
      "content": {
        "variables": {
          "ticket": "I was charged twice."
        },
        "input": "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"I was charged twice.\"}]}]",
        "output": "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"billing\"}]}]",
        "events": "[{\"name\":\"First Token Stream Event\",\"time\":\"2026-03-02T09:00:00.41Z\",\"attributes\":{}}]"
      },
      "attributes": {
        "metadata.tenant": "acme"
      }
    }
    "#);
}

#[test]
fn data_frames_traces_and_nested_attributes_tell_the_same() {
    let mut nested = span();
    nested["attributes"] = json!({
        "openinference": { "span": { "kind": "LLM" } },
        "llm": { "model_name": "gpt-4.1-mini", "provider": "openai",
            "token_count": { "prompt": 654, "completion": 6, "prompt_details": { "cache_read": 218 } },
            "input_messages": [{ "message": { "role": "user", "content": "I was charged twice." } }],
            "output_messages": [{ "message": { "role": "assistant", "content": "billing" } }],
            "prompt_template": { "variables": { "ticket": "I was charged twice." }, "version": "v7" } },
        "prompt": { "id": "triage" }, "session": { "id": "session-3" }, "tag": { "tags": ["vip"] },
        "metadata": { "tenant": "acme" },
    });
    let mut column = span();
    column["span_attributes"] = column["attributes"].take();
    let trace = json!({ "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spans": [span()] });
    let mut all = Vec::new();
    for file in [span(), row(), nested, column, trace] {
        let sandbox = Sandbox::with_workspace();
        sandbox.write("../spans.jsonl", lines(&[file]));
        sandbox
            .pointsman(&["traces", "import", "../spans.jsonl"])
            .succeeds();
        all.push(imported(&sandbox));
    }
    assert_eq!(all[0].len(), 1);
    for other in &all[1..] {
        assert_eq!(*other, all[0]);
    }
}

#[test]
fn annotations_become_scores() {
    let mut annotated = span();
    annotated["annotations"] = json!([
        { "id": "1", "name": "correctness", "annotator_kind": "HUMAN", "created_at": "2026-03-02T09:02:00Z",
          "result": { "label": "correct", "score": 1, "explanation": "the right queue" } },
        { "name": "nothing", "annotator_kind": "LLM", "result": {} },
    ]);
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../spans.jsonl", lines(&[annotated]));
    let run = sandbox.pointsman(&["traces", "import", "../spans.jsonl"]);
    run.succeeds()
        .says("imported 1 span and 1 score")
        .says("1: a score does not say what was evaluated");
    let told = imported(&sandbox);
    let score = &span_named(&told, "ChatCompletion")["scores"][0];
    assert_eq!(
        (
            &score["name"],
            &score["value"],
            &score["label"],
            &score["source"]
        ),
        (
            &json!("correctness"),
            &json!(1.0),
            &json!("correct"),
            &json!("human")
        )
    );
}
