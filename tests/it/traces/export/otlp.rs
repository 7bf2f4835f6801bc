//! `traces export -o otlp=`: what comes back when it is imported is what there was.

use serde_json::Value;

use super::super::made::{HOSTILE, keep, sandbox, span};
use crate::support::Sandbox;
use crate::support::traces::Traffic;

/// What a store tells in full, and as a list.
fn told(sandbox: &Sandbox) -> (Vec<Value>, String) {
    let lines = sandbox.pointsman(&["traces", "export", "-o", "jsonl=-"]);
    let lines = lines.succeeds().stdout.lines();
    let lines = lines.map(|line| serde_json::from_str(line).expect("this is JSON"));
    let list = sandbox.pointsman(&["traces", "list", "-n", "1000"]);
    (lines.collect(), list.succeeds().stdout.clone())
}

/// A store of its own with what another one exports.
fn brought_over(from: &Sandbox) -> Sandbox {
    let export = ["traces", "export", "-o", "otlp=spans.jsonl"];
    from.pointsman(&export).succeeds().has_no_result();
    let to = Sandbox::with_workspace();
    to.write("../spans.jsonl", from.read("spans.jsonl"));
    to.pointsman(&["traces", "import", "--strict", "../spans.jsonl"])
        .succeeds();
    to
}

#[test]
fn what_was_exported_comes_back_span_for_span_and_score_for_score() {
    for seed in [1, 2] {
        let traffic = Traffic::new(seed, 60);
        let sandbox = Sandbox::with_workspace();
        sandbox.write("../traces.jsonl", traffic.ndjson());
        sandbox.write("../scores.jsonl", traffic.scores_ndjson());
        let args = ["traces", "import", "../traces.jsonl", "../scores.jsonl"];
        sandbox.pointsman(&args).succeeds();
        let there = told(&sandbox);
        assert_eq!(there.0.len(), traffic.span_count());
        assert!(
            there
                .0
                .iter()
                .any(|line| line["scores"] != Value::Array(Vec::new()))
        );
        assert_eq!(told(&brought_over(&sandbox)), there);
    }
}

#[test]
fn odd_texts_come_back_as_they_were() {
    let sandbox = sandbox();
    let mut odd = span(
        "0af7651916cd43dd8448eb211c80319d",
        "00f067aa0ba902b8",
        "",
        HOSTILE,
        (0, 5),
    );
    odd.content
        .variables
        .insert("empty".to_owned(), String::new());
    odd.content.input = Some("plain \"role\"".to_owned());
    odd.content.events = Some(
        serde_json::json!([{ "name": "x", "time": null,
            "attributes": { "none": null, "list": [1, 2.5, true, "a"], "map": { "deep": { "er": -1 } } } }])
        .to_string(),
    );
    odd.attributes
        .insert("span.kind".to_owned(), "client".to_owned());
    odd.attributes
        .insert("größe".to_owned(), HOSTILE.to_owned());
    keep(&sandbox, &[odd], &[]);
    let mut there = told(&sandbox);
    let mut here = told(&brought_over(&sandbox));
    // What was computed by older prices is computed anew, and another file has another order.
    for lines in [&mut there.0, &mut here.0] {
        for line in lines.iter_mut() {
            let call = line
                .pointer_mut("/span/call")
                .and_then(Value::as_object_mut);
            if let Some(call) = call {
                call.remove("costUsd");
                call.remove("costSource");
            }
        }
        lines.sort_by_key(|line| line["span"]["spanId"].to_string());
    }
    assert_eq!(here.0, there.0);
}

#[test]
fn a_cost_that_was_computed_is_not_exported_as_if_it_were_reported() {
    let sandbox = sandbox();
    let output = sandbox.pointsman(&["traces", "export", "-o", "otlp=-"]);
    let text = &output.succeeds().stdout;
    assert!(text.contains("gen_ai.usage.input_tokens"), "{text}");
    assert!(!text.contains("gen_ai.usage.cost"), "{text}");
    assert!(
        text.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
}
