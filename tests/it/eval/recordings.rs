//! Recorded answers: written by `--record`, read by the provider `replay`.

use super::{KEY, PROMPT, asking, eval, finds_the_queue};
use crate::support::Sandbox;
use crate::support::model_server::ModelServer;

const RECORDINGS: &str = "recordings/triage.jsonl";

fn replaying(server: &ModelServer) -> Sandbox {
    let sandbox = asking(server);
    sandbox.edit(PROMPT, "model: local/small", "model: replay/small");
    sandbox
}

#[test]
fn a_request_that_is_not_recorded_has_no_answer_and_the_way_to_record_is_told() {
    let server = finds_the_queue();
    let sandbox = replaying(&server);
    let output = sandbox.pointsman(&["eval"]);
    output
        .exits(9)
        .says("no recorded answer for request")
        .tells("pointsman eval --record <provider>");
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn what_is_recorded_is_answered_without_a_server() {
    let server = finds_the_queue();
    let sandbox = replaying(&server);
    eval(&sandbox, &["--record", "local"])
        .succeeds()
        .tells("recorded 3 answer(s) in `recordings/triage.jsonl`");
    let recorded = sandbox.read(RECORDINGS);
    assert_eq!(recorded.lines().count(), 3);
    assert!(recorded.lines().is_sorted(), "{recorded}");
    assert!(recorded.contains(r#""from":"local/small""#), "{recorded}");
    assert!(!recorded.contains(KEY));

    eval(&sandbox, &["--record", "local"]).succeeds();
    assert_eq!(
        server.calls().len(),
        3,
        "what is recorded is not asked for again"
    );
    assert_eq!(sandbox.read(RECORDINGS), recorded);
    drop(server);
    sandbox.pointsman(&["eval"]).succeeds();

    sandbox.edit(PROMPT, "Answer with the queue", "Say the queue");
    sandbox.pointsman(&["eval"]).exits(9);
}

#[test]
fn other_recorded_answers_are_another_test() {
    let server = finds_the_queue();
    let sandbox = replaying(&server);
    eval(&sandbox, &["--record", "local"]).succeeds();
    sandbox.pointsman(&["eval"]).succeeds();

    let recorded = sandbox.read(RECORDINGS);
    let others = recorded.replace("\"output\":\"billing", "\"output\":\"bug");
    assert_ne!(others, recorded);
    sandbox.write(RECORDINGS, others);
    sandbox.commit("Record something else");
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(1)
        .tells("queue-matches passed 2 of 3, floor 0.9: not met");
}

#[test]
fn a_recording_that_is_not_one_is_refused_with_its_line() {
    let server = finds_the_queue();
    let sandbox = replaying(&server);
    eval(&sandbox, &["--record", "local"]).succeeds();
    let recorded = sandbox.read(RECORDINGS);
    sandbox.write(
        RECORDINGS,
        recorded.replacen("\"output\"", "\"outputs\"", 1),
    );
    sandbox
        .pointsman(&["eval"])
        .exits(2)
        .tells("recordings/triage.jsonl:1:")
        .tells("unknown field `outputs`");
}

#[test]
fn recording_needs_a_declared_provider_and_something_to_record() {
    let server = finds_the_queue();
    let sandbox = replaying(&server);
    eval(&sandbox, &["--record", "locl"])
        .exits(2)
        .tells("did you mean `local`?");
    sandbox.edit(PROMPT, "replay/small", "echo/echo");
    eval(&sandbox, &["--record", "local"])
        .exits(2)
        .tells("there is nothing to record");
}
