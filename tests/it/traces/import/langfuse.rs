//! Files of Langfuse, in the shapes of its public API (`fern/apis/server/definition/commons.yml`) and of
//! its exports to blob storage (`LEGACY_OBSERVATION_EXPORT_FIELDS` and the queries
//! `get{Traces,Scores}ForBlobStorageExport` of its repository, 2026).

use serde_json::{Value, json};

use super::{imported, lines, span_named};
use crate::support::Sandbox;

/// A generation in `observations_v2/`: names in `snake_case`, JSON in texts, times of ClickHouse.
fn generation() -> Value {
    json!({
        "id": "a2fb4a1d1a96d312", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "project_id": "clkpwwm0m000gmm094odg11gi", "environment": "production",
        "type": "GENERATION", "parent_observation_id": "00f067aa0ba902b7",
        "start_time": "2026-03-02 09:00:00.010000", "end_time": "2026-03-02 09:00:01.210000",
        "name": "triage", "level": "DEFAULT", "status_message": null, "version": "2026.3.1",
        "input": "[{\"role\":\"system\",\"content\":\"Answer with the queue.\"},{\"role\":\"user\",\"content\":\"I was charged twice.\"}]",
        "output": "{\"role\":\"assistant\",\"content\":\"billing\"}",
        "metadata": {"tenant": "acme",
            "attributes": "{\"pointsman.lane\":\"staging\",\"pointsman.prompt.fingerprint\":\"0d7820b565e4\"}",
            "resourceAttributes": "{\"service.name\":\"support-api\"}",
            "scope": "{\"name\":\"langfuse-sdk\",\"version\":\"3.2.1\"}"},
        "provided_model_name": "gpt-4.1-mini-2025-04-14",
        "model_parameters": "{\"temperature\":0}",
        "usage_details": {"input": 436, "input_cached_tokens": 218, "output": 6, "total": 660},
        "cost_details": {"input": 0.000_196, "output": 0.000_009_6, "total": 0.000_205_6},
        "total_cost": 0.000_205_6, "completion_start_time": "2026-03-02 09:00:00.410000",
        "prompt_id": "cm7", "prompt_name": "support/triage", "prompt_version": 7,
        "latency": 1.2, "time_to_first_token": 0.4, "tags": ["eu", "vip"], "release": "v42",
        "trace_name": "POST /tickets", "user_id": "user-7", "session_id": "session-3",
        "tool_calls": [], "tool_call_names": [], "tool_definitions": {},
        "created_at": "2026-03-02 09:00:02.000000", "updated_at": "2026-03-02 09:00:02.000000",
        "usage_pricing_tier_name": null, "a_new_field": 7,
    })
}

fn score() -> Value {
    json!({
        "id": "s1", "timestamp": "2026-03-02 09:02:00.000000", "project_id": "clkpwwm0m000gmm094odg11gi",
        "environment": "production", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "observation_id": "a2fb4a1d1a96d312", "session_id": null, "dataset_run_id": null,
        "name": "queue-matches", "value": 1, "source": "ANNOTATION", "comment": "right queue",
        "data_type": "BOOLEAN", "string_value": "True",
        "created_at": "2026-03-02 09:02:00.000000", "updated_at": "2026-03-02 09:02:00.000000",
    })
}

#[test]
fn an_observation_of_a_blob_export_fills_the_columns_of_a_span() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../observations_v2.jsonl", lines(&[generation()]));
    sandbox.write("../scores.jsonl", lines(&[score()]));
    let args = [
        "traces",
        "import",
        "../observations_v2.jsonl",
        "../scores.jsonl",
    ];
    let run = sandbox.pointsman(&args);
    run.succeeds()
        .says("imported 1 span and 1 score from 2 files\n")
        .says("read as         langfuse (2 files)\n")
        .says("as attributes   langfuse.a_new_field 1\n");
    let line = imported(&sandbox).remove(0);
    let span = &line["span"];
    insta::assert_json_snapshot!(span, @r#"
    {
      "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
      "spanId": "a2fb4a1d1a96d312",
      "parentSpanId": "00f067aa0ba902b7",
      "name": "triage",
      "operation": "chat",
      "startedAt": "2026-03-02T09:00:00.01Z",
      "durationNs": 1200000000,
      "status": "unset",
      "lineage": {
        "prompt": "support/triage",
        "version": "7",
        "fingerprint": "0d7820b565e4",
        "lane": "staging",
        "deployment": "v42"
      },
      "call": {
        "model": "gpt-4.1-mini-2025-04-14",
        "inputTokens": 654,
        "outputTokens": 6,
        "cacheReadTokens": 218,
        "costUsd": 0.0002056,
        "costSource": "reported",
        "timeToFirstChunkNs": 400000000
      },
      "origin": {
        "service": "support-api",
        "session": "session-3",
        "user": "user-7",
        "tags": [
          "eu",
          "vip"
        ]
      },
      "content": {
        "input": "[{\"role\":\"system\",\"parts\":[{\"type\":\"text\",\"content\":\"Answer with the queue.\"}]},{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"I was charged twice.\"}]}]",
        "output": "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"billing\"}]}]"
      },
      "attributes": {
        "langfuse.a_new_field": "7",
        "langfuse.environment": "production",
        "langfuse.observation.model.parameters": "{\"temperature\":0}",
        "langfuse.trace.name": "POST /tickets",
        "langfuse.version": "2026.3.1",
        "metadata.tenant": "acme",
        "otel.scope.name": "langfuse-sdk"
      }
    }
    "#);
    sandbox
        .pointsman(&args)
        .succeeds()
        .says("already stored  1 span, 1 score\n");
}

#[test]
fn a_score_finds_its_observation_from_another_file() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../exports/observations_v2.jsonl", lines(&[generation()]));
    sandbox.write("../exports/scores.jsonl", lines(&[score()]));
    sandbox
        .pointsman(&["traces", "import", "../exports"])
        .succeeds();
    let line = imported(&sandbox).remove(0);
    assert_eq!(
        line["scores"],
        json!([{ "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "a2fb4a1d1a96d312",
            "name": "queue-matches", "value": 1.0, "label": "True", "explanation": "right queue",
            "source": "annotation", "recordedAt": "2026-03-02T09:02:00Z" }])
    );
}

#[test]
fn a_trace_of_the_api_becomes_the_root_of_its_observations() {
    let trace = json!({
        "id": "9b2c7a1e-3d7f-4f63-8a55-1f0c3f9f2f11", "timestamp": "2026-03-02T09:00:00.000Z",
        "name": "POST /tickets", "userId": "user-7", "sessionId": "session-3", "tags": ["vip"],
        "release": "v42", "version": null, "environment": "production", "public": false,
        "metadata": {"tenant": "acme"}, "input": {"ticket": "Where is it?"}, "output": "shipping",
        "htmlPath": "/project/p/traces/9b2c", "latency": 2.41, "totalCost": 0.0002,
        "observations": [{
            "id": "clx3k2h7w0001", "traceId": "9b2c7a1e-3d7f-4f63-8a55-1f0c3f9f2f11", "type": "GENERATION",
            "name": "triage", "startTime": "2026-03-02T09:00:00.010Z", "endTime": "2026-03-02T09:00:01.210Z",
            "model": "gpt-4.1-mini", "modelParameters": {"temperature": 0}, "input": "Where is it?",
            "output": "shipping", "usage": {"input": 140, "output": 2, "total": 142, "unit": "TOKENS",
                "inputCost": 1.0, "outputCost": 0.5, "totalCost": 1.5},
            "calculatedTotalCost": 0.0002, "level": "ERROR", "statusMessage": "cut off",
            "parentObservationId": null, "promptName": "support/triage", "promptVersion": 7,
        }, {
            "id": "clx3k2h7w0002", "traceId": "9b2c7a1e-3d7f-4f63-8a55-1f0c3f9f2f11", "type": "EVENT",
            "name": "retried", "startTime": "2026-03-02T09:00:00.500Z", "endTime": null,
            "parentObservationId": "clx3k2h7w0001", "level": "DEFAULT",
        }],
        "scores": [{
            "id": "s2", "traceId": "9b2c7a1e-3d7f-4f63-8a55-1f0c3f9f2f11", "observationId": null,
            "name": "tone", "value": 3, "stringValue": "kind", "dataType": "CATEGORICAL", "source": "EVAL",
            "comment": null, "timestamp": "2026-03-02T09:02:00.000Z",
        }],
    });
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../trace.json", trace.to_string());
    let run = sandbox.pointsman(&["traces", "import", "../trace.json"]);
    run.succeeds()
        .says("imported 3 spans and 1 score from 1 file\n");
    let told = imported(&sandbox);
    let root = span_named(&told, "POST /tickets");
    assert_eq!(root["span"]["traceId"], "9b2c7a1e3d7f4f638a551f0c3f9f2f11");
    assert_eq!(root["span"]["parentSpanId"], Value::Null);
    assert_eq!(root["span"]["durationNs"], 2_410_000_000_u64);
    // A category has a name and no number.
    assert_eq!(root["scores"][0]["label"], "kind");
    assert_eq!(root["scores"][0]["value"], Value::Null);
    let triage = &span_named(&told, "triage")["span"];
    assert_eq!(triage["parentSpanId"], root["span"]["spanId"]);
    assert_eq!(
        triage["attributes"]["langfuse.observation.id"],
        "clx3k2h7w0001"
    );
    assert_eq!(triage["call"]["inputTokens"], 140);
    assert_eq!(triage["call"]["costUsd"], 0.0002);
    assert_eq!(triage["status"], "error");
    assert_eq!(triage["statusMessage"], "cut off");
    assert_eq!(triage["origin"]["user"], "user-7");
    let event = &span_named(&told, "retried")["span"];
    assert_eq!(
        (&event["durationNs"], &event["parentSpanId"]),
        (&json!(0), &triage["spanId"])
    );
}

#[test]
fn a_page_of_the_api_is_taken_apart_and_what_it_lacks_is_told() {
    let page = json!({ "data": [
        generation(),
        { "id": "x", "traceId": "t", "type": "SPAN", "name": "unfinished", "startTime": "2026-03-02T09:00:00Z",
          "endTime": null },
        { "id": "y", "name": "nobody knows what this is" },
        7,
        { "id": "s3", "sessionId": "session-3", "name": "of-a-session", "value": 1, "dataType": "NUMERIC",
          "source": "API", "timestamp": "2026-03-02T09:02:00Z" },
    ], "meta": { "page": 1, "limit": 50, "totalItems": 5, "totalPages": 1 } });
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../page.json", page.to_string());
    let run = sandbox.pointsman(&["traces", "import", "../page.json"]);
    run.succeeds()
        .says("imported 1 span and 0 scores")
        .says("1: an item of a list is not a JSON object; first: ../page.json:1\n")
        .says("1: it ends before it begins, or does not end")
        .says("1: it is none of Langfuse's observations, traces and scores")
        .says("1: a score does not say what was evaluated");
}

#[test]
fn what_langfuse_holds_is_redacted_as_everything_else() {
    let mut row = generation();
    row["input"] = json!("write to kim@example.com");
    row["metadata"] = json!({ "api_key": "hunter2hunter2" });
    row["user_id"] = json!("kim@example.com");
    row["another_field"] = json!({ "to": "kim@example.com" });
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../rows.jsonl", lines(&[row]));
    sandbox
        .pointsman(&["traces", "import", "../rows.jsonl"])
        .succeeds()
        .says("email 3")
        .says("secret 1");
    let found = sandbox
        .shell("grep -rl -e 'kim@example' -e hunter2 .git; true")
        .run();
    assert_eq!(found.succeeds().stdout, "");
}
