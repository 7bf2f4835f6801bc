//! Runs of LangSmith, in its published run data format (docs.langchain.com/langsmith/run-data-format) as
//! `Run` of langsmith-sdk 0.6 writes it.

use serde_json::{Value, json};

use super::{imported, lines, span_named};
use crate::support::Sandbox;

const TRACE: &str = "1b64098b-4ab7-43f6-afee-992304f198d8";
const CALL: &str = "809ed3a2-0172-4f4d-8a02-a64e9b7a0f8a";

fn root() -> Value {
    json!({
        "id": TRACE, "trace_id": TRACE, "name": "support agent", "run_type": "chain", "status": "success",
        "start_time": "2026-03-02T09:00:00.000000", "end_time": "2026-03-02T09:00:02.410000",
        "inputs": {"ticket": "I was charged twice."}, "outputs": {"queue": "billing"},
        "extra": {"metadata": {"session_id": "session-3", "revision_id": "v42", "user_id": "user-7"},
            "runtime": {"sdk": "langsmith-py", "sdk_version": "0.6.0"}},
        "tags": ["vip"], "session_id": "d8e5e1b4-0000-4000-8000-000000000001", "parent_run_id": null,
        "dotted_order": "20260302T090000000000Z1b64098b-4ab7-43f6-afee-992304f198d8",
        "prompt_tokens": 654, "completion_tokens": 6, "total_tokens": 660, "total_cost": "0.000312",
        "feedback_stats": {"correctness": {"n": 2, "avg": 0.5, "stdev": 0.5, "errors": 0}},
        "child_run_ids": [CALL], "app_path": "/o/x/projects/p/y", "serialized": null, "events": [],
        "error": null,
    })
}

fn call() -> Value {
    json!({
        "id": CALL, "trace_id": TRACE, "name": "ChatOpenAI", "run_type": "llm", "status": "success",
        "start_time": "2026-03-02T09:00:00.010000+00:00", "end_time": "2026-03-02T09:00:01.210000+00:00",
        "first_token_time": "2026-03-02T09:00:00.410000",
        "inputs": {"messages": [[
            {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "SystemMessage"],
             "kwargs": {"content": "Answer with the queue."}},
            {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"],
             "kwargs": {"content": "I was charged twice.", "type": "human"}}]]},
        "outputs": {"generations": [[{"text": "billing", "generation_info": {"finish_reason": "stop"},
            "message": {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"],
                "kwargs": {"content": "billing", "type": "ai"}}}]], "llm_output": null},
        "extra": {"metadata": {"ls_provider": "openai", "ls_model_name": "gpt-4.1-mini",
                "lc_hub_repo": "triage", "lc_hub_commit_hash": "0d7820b5", "pointsman.lane": "staging",
                "tenant": "acme"},
            "invocation_params": {"model": "gpt-4.1-mini", "temperature": 0,
                "tools": [{"type": "function", "function": {"name": "refund"}}]}},
        "parent_run_id": TRACE, "prompt_tokens": 654, "completion_tokens": 6, "total_tokens": 660,
        "prompt_token_details": {"cache_read": 218}, "completion_token_details": {"reasoning": 2},
        "total_cost": 0.000_312,
        "events": [{"name": "start", "time": "2026-03-02T09:00:00.010000"},
            {"name": "retry", "time": "2026-03-02T09:00:00.100000", "kwargs": {"attempt": 2}}],
    })
}

#[test]
fn a_run_of_a_model_fills_the_columns_of_a_span() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../runs.jsonl", lines(&[root(), call()]));
    let run = sandbox.pointsman(&["traces", "import", "../runs.jsonl"]);
    run.succeeds()
        .says("imported 2 spans and 1 score from 1 file\n")
        .says("read as         langsmith (1 file)\n");
    let told = imported(&sandbox);
    insta::assert_json_snapshot!(span_named(&told, "ChatOpenAI")["span"], @r#"
    {
      "traceId": "1b64098b4ab743f6afee992304f198d8",
      "spanId": "4610b7f6a6e299b2",
      "parentSpanId": "ab460f9f01ca351a",
      "name": "ChatOpenAI",
      "operation": "chat",
      "startedAt": "2026-03-02T09:00:00.01Z",
      "durationNs": 1200000000,
      "status": "ok",
      "lineage": {
        "prompt": "triage",
        "version": "0d7820b5",
        "lane": "staging"
      },
      "call": {
        "provider": "openai",
        "model": "gpt-4.1-mini",
        "inputTokens": 654,
        "outputTokens": 6,
        "cacheReadTokens": 218,
        "reasoningTokens": 2,
        "costUsd": 0.000312,
        "costSource": "reported",
        "timeToFirstChunkNs": 400000000,
        "finishReason": "stop"
      },
      "content": {
        "input": "[{\"role\":\"system\",\"parts\":[{\"type\":\"text\",\"content\":\"Answer with the queue.\"}]},{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"I was charged twice.\"}]}]",
        "output": "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"billing\"}],\"finish_reason\":\"stop\"}]",
        "toolDefinitions": "[{\"type\":\"function\",\"function\":{\"name\":\"refund\"}}]",
        "events": "[{\"name\":\"retry\",\"time\":\"2026-03-02T09:00:00.1Z\",\"attributes\":{\"kwargs\":{\"attempt\":2}}}]"
      },
      "attributes": {
        "langsmith.invocation_params": "{\"model\":\"gpt-4.1-mini\",\"temperature\":0}",
        "langsmith.metadata.tenant": "acme",
        "langsmith.run.id": "809ed3a2-0172-4f4d-8a02-a64e9b7a0f8a"
      }
    }
    "#);
    let agent = span_named(&told, "support agent");
    assert_eq!(agent["span"]["traceId"], "1b64098b4ab743f6afee992304f198d8");
    assert_eq!(agent["span"]["origin"]["session"], "session-3");
    // What it adds up of the calls below it is not counted twice.
    assert_eq!(agent["span"]["call"], Value::Null);
    assert_eq!(agent["scores"][0]["name"], "correctness");
    assert_eq!(agent["scores"][0]["value"], 0.5);
}

#[test]
fn pages_trees_and_bulk_exports_tell_the_same() {
    let mut bulk = vec![root(), call()];
    for run in &mut bulk {
        for field in ["inputs", "outputs", "extra", "events"] {
            run[field] = json!(run[field].to_string());
        }
        run.as_object_mut()
            .expect("it is an object")
            .remove("parent_run_id");
    }
    bulk[1]["dotted_order"] = json!(
        "20260302T090000000000Z1b64098b-4ab7-43f6-afee-992304f198d8.\
         20260302T090000010000Z809ed3a2-0172-4f4d-8a02-a64e9b7a0f8a"
    );
    let mut tree = root();
    tree["child_runs"] = json!([call()]);
    let page = json!({ "runs": [root(), call()], "cursors": { "next": null } });
    let mut all = Vec::new();
    for file in [
        lines(&[root(), call()]),
        lines(&bulk),
        tree.to_string(),
        page.to_string(),
    ] {
        let sandbox = Sandbox::with_workspace();
        sandbox.write("../runs.json", file);
        sandbox
            .pointsman(&["traces", "import", "../runs.json"])
            .succeeds();
        all.push(imported(&sandbox));
    }
    assert_eq!(all[0].len(), 2);
    for other in &all[1..] {
        assert_eq!(*other, all[0]);
    }
}

#[test]
fn a_run_that_failed_or_did_not_end_is_told() {
    let mut failed = call();
    failed["status"] = json!("error");
    failed["error"] =
        json!("RateLimitError('429 Too Many Requests')Traceback (most recent call last): …");
    failed["outputs"] = Value::Null;
    let mut pending = root();
    pending["status"] = json!("pending");
    pending["end_time"] = Value::Null;
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "../runs.jsonl",
        lines(&[failed, pending, json!({ "run_type": "llm" })]),
    );
    let run = sandbox.pointsman(&["traces", "import", "../runs.jsonl"]);
    run.succeeds()
        .says("1: it ends before it begins, or does not end; first: ../runs.jsonl:2\n")
        .says("1: it is no run of LangSmith: it has no `id`, `run_type` or `start_time`; first: ../runs.jsonl:3\n");
    let told = imported(&sandbox);
    let span = &span_named(&told, "ChatOpenAI")["span"];
    assert_eq!(span["status"], "error");
    assert_eq!(span["errorType"], "RateLimitError");
}
