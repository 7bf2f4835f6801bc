//! A review sets calls of production beside the rows that a candidate was checked with.

use serde_json::json;

use super::scene::{self, CANDIDATE, Scene};
use crate::support::calls::ModelCall;

/// A checked candidate for the prompt of a model that reads 10 tokens of each row.
fn checked() -> Scene {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    scene.improve(&["check", CANDIDATE]).succeeds();
    scene
}

/// Thirty calls that read so many tokens, ten of them by the version that the candidate was made from.
fn calls(scene: &Scene, tokens: u64) -> Vec<ModelCall> {
    let base = scene.record(CANDIDATE)["base_fingerprint"].clone();
    let call = |number: u64| {
        let call = ModelCall::of("triage", number)
            .with("gen_ai.usage.input_tokens", json!(tokens))
            .with("gen_ai.usage.output_tokens", json!(4));
        let version = if number <= 10 {
            base.clone()
        } else {
            json!("0123456789abcdef")
        };
        call.with("pointsman.prompt.fingerprint", version)
    };
    (1..=30).map(call).collect()
}

#[test]
fn calls_of_production_stand_beside_the_rows_of_the_check() {
    let scene = checked();
    scene.sandbox.imports_calls(&calls(&scene, 12));
    scene.sandbox.imports_calls(&[ModelCall::of("other", 99)]);
    let show = scene.improve(&["show", CANDIDATE]);
    show.succeeds()
        .says("30 calls since ")
        .says("10 of them of the version that it was made from")
        .says("input tokens           12           10          10")
        .says("output tokens           4            5           5")
        .says("p95 latency        1.00 s");
    assert!(
        !show.stdout.contains("STOP: a call in production"),
        "{}",
        show.stdout
    );
    let json = scene.improve(&["show", CANDIDATE, "--json"]);
    let production = json.succeeds().json()["production"].clone();
    assert_eq!(production["calls"], 30);
    assert_eq!(production["calls_of_base"], 10);
    assert_eq!(production["input_tokens"], 12.0);
    assert_eq!(production["latency_p95_ms"], 1_000.0);
    assert_eq!(production["cost_usd"], json!(null));
}

#[test]
fn rows_that_are_far_shorter_than_calls_stop_the_review() {
    let scene = checked();
    scene.sandbox.imports_calls(&calls(&scene, 900));
    scene.improve(&["show", CANDIDATE]).succeeds().says(
        "STOP: a call in production reads 900 tokens on average, and a row that was checked 10",
    );
}

#[test]
fn where_there_was_no_traffic_the_review_says_so() {
    let scene = checked();
    let show = scene.improve(&["show", CANDIDATE]);
    show.succeeds().says("no call of `triage` since ");
}
