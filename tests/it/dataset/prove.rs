//! Rows that are shown to fail before a change and to pass after it.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};
use crate::support::run::RunOutput;

use super::ROWS;

const PROMPT: &str = "prompts/triage.prompt.yml";

/// The small workspace whose prompt gets every queue wrong in its newest commit, and is mended on disk.
fn mended() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(PROMPT, "\"{{ ticket }}\"", "\"Ticket: {{ ticket }}\"");
    sandbox.commit("Say that it is a ticket");
    sandbox.edit(PROMPT, "\"Ticket: {{ ticket }}\"", "\"{{ ticket }}\"");
    sandbox
}

fn prove(sandbox: &Sandbox, args: &[&str]) -> RunOutput {
    let args = [&["dataset", "prove", "tickets"], args].concat();
    sandbox.command(&args).env("MODEL_KEY", "k").run()
}

/// The rows as they stand in the file.
fn rows(sandbox: &Sandbox) -> Vec<Value> {
    let text = sandbox.read(ROWS);
    let row = |line: &str| serde_json::from_str(line).expect("a line of JSON");
    text.lines().map(row).collect()
}

#[test]
fn a_row_that_failed_before_and_passes_after_says_so_with_the_runs_that_showed_it() {
    let sandbox = mended();
    let bad = sandbox.git(&["rev-parse", "HEAD"]);
    let output = prove(&sandbox, &["crash", "--before", "HEAD"]);
    insta::assert_snapshot!(output.succeeds().stdout, @r"
    row `crash` of tickets, 1 time(s) with each version of triage
      before  commit 3ecc9b9682, run 20260302T090200000Z-66172268
      after   worktree, run 20260302T090200000Z-87153f13

    EVALUATOR      BEFORE  AFTER
    no-apology     1 pass  1 pass
    queue-matches  1 fail  1 pass
    before, queue-matches: does not start with `bug`

    proved: the row failed before and passes after; the proof stands in the row
    ");
    let rows = rows(&sandbox);
    assert_eq!(rows[0].get("proof"), None);
    let proof = &rows[1]["proof"];
    assert_eq!(proof["failed"], json!(["queue-matches"]));
    assert_eq!(
        (&proof["times"], &proof["prompt"]),
        (&json!(1), &json!("triage"))
    );
    assert_eq!(proof["before"]["commit"], bad.trim());
    assert_eq!(proof["after"].get("commit"), None);
    for side in ["before", "after"] {
        let run = proof[side]["run"].as_str().expect("a run is named");
        sandbox.pointsman(&["runs", "show", run]).succeeds();
    }
    sandbox.pointsman(&["check"]).succeeds();
    let shown = sandbox.pointsman(&["dataset", "show", "tickets", "crash"]);
    shown.succeeds().says("queue-matches");
    let again = prove(&sandbox, &["crash", "--before", "HEAD", "--json"]);
    let again = again.succeeds().json();
    assert_eq!(again["schema"], "pointsman/dataset-prove/v1");
    assert_eq!(again["shown"], "proved");
    assert_eq!(again["after"]["run"], proof["after"]["run"]);
}

#[test]
fn a_row_that_passes_before_or_fails_after_is_not_proved_and_stays_as_it_is() {
    let sandbox = mended();
    let before = sandbox.read(ROWS);
    prove(&sandbox, &["crash", "--before", "HEAD~1"])
        .exits(1)
        .says("not proved: the row passes before, too");
    prove(&sandbox, &["crash", "--before", "HEAD", "--after", "HEAD"])
        .exits(1)
        .says("not proved: the row still fails after");
    assert_eq!(sandbox.read(ROWS), before);
}

#[test]
fn what_an_evaluator_cannot_say_proves_nothing() {
    let sandbox = mended();
    sandbox.write(
        "evaluators/odd.yml",
        "kind: javascript\nscript: \"return {grade: 'unknown'}\"\n",
    );
    let output = prove(
        &sandbox,
        &["crash", "--before", "HEAD", "--evaluator", "odd"],
    );
    output.exits(1).says("an evaluator could not say");
}

/// The small workspace with a model behind a server, whose prompt has two wordings.
fn asking(server: &ModelServer) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\nkey_env = \"MODEL_KEY\"\n\
             concurrency = 1\nmax_attempts = 1\n\
             [prices.\"local/small\"]\ninput_usd_per_million = 1.0\noutput_usd_per_million = 10.0\n",
            server.base_url()
        ),
    );
    sandbox.edit(PROMPT, "model: echo/echo", "model: local/small");
    sandbox.commit("Ask a model");
    sandbox.edit(
        PROMPT,
        "Answer with the queue",
        "Answer with nothing but the queue",
    );
    sandbox
}

/// Whether the mended prompt asks.
fn is_mended(body: &Value) -> bool {
    body.to_string().contains("nothing but")
}

#[test]
fn models_are_asked_several_times_and_only_with_consent() {
    let server = ModelServer::start(|_, call| {
        Reply::says(if is_mended(&call.body) {
            "bug"
        } else {
            "It is a bug."
        })
    });
    let sandbox = asking(&server);
    prove(&sandbox, &["crash", "--before", "HEAD"])
        .exits(2)
        .tells("at most 6 call(s), and nobody agreed");
    assert_eq!(server.calls().len(), 0);
    prove(&sandbox, &["crash", "--before", "HEAD", "--yes"])
        .succeeds()
        .says("3 fail");
    assert_eq!(server.calls().len(), 6);
    assert_eq!(rows(&sandbox)[1]["proof"]["times"], 3);
    prove(&sandbox, &["crash", "--before", "HEAD"]).succeeds();
    assert_eq!(server.calls().len(), 6);
    prove(
        &sandbox,
        &["dark-mode", "--before", "HEAD", "--yes", "--max-calls", "2"],
    )
    .exits(5)
    .tells("the limit of calls was reached");
}

#[test]
fn a_flaky_row_is_told_and_proves_nothing() {
    let asked = AtomicUsize::new(0);
    let server = ModelServer::start(move |_, call| {
        let turn = asked.fetch_add(1, Ordering::SeqCst);
        let right = is_mended(&call.body) || turn == 1;
        Reply::says(if right { "bug" } else { "It is a bug." })
    });
    let sandbox = asking(&server);
    let before = sandbox.read(ROWS);
    prove(
        &sandbox,
        &["crash", "--before", "HEAD", "--yes", "--repeat", "4"],
    )
    .exits(1)
    .says("1 pass, 3 fail")
    .says("the row is flaky");
    assert_eq!(sandbox.read(ROWS), before);
}

#[test]
fn a_model_that_does_not_answer_proves_nothing() {
    let server = ModelServer::start(|_, _| Reply::fails(400, "not now"));
    let sandbox = asking(&server);
    prove(&sandbox, &["crash", "--before", "HEAD", "--yes"]).exits(9);
    assert_eq!(rows(&sandbox)[1].get("proof"), None);
}

#[test]
fn what_cannot_be_tested_is_refused_with_the_way_out() {
    let sandbox = mended();
    sandbox.write("datasets/plain.yml", "kind: golden\nrows: plain.csv\n");
    sandbox.write("datasets/plain.csv", "id,ticket\na,b\n");
    for (args, told) in [
        (&["crush", "--before", "HEAD"][..], "did you mean `crash`?"),
        (&["crash", "--before", "HAED"], "HAED"),
        (
            &["crash", "--before", "HEAD", "--evaluator", "no-apologies"],
            "did you mean `no-apology`?",
        ),
        (
            &["crash", "--before", "HEAD", "--prompt", "triag"],
            "did you mean `triage`?",
        ),
        (&["crash"], "--before"),
    ] {
        prove(&sandbox, args).exits(2).tells(told).has_no_result();
    }
    let plain = ["dataset", "prove", "plain", "a", "--before", "HEAD"];
    sandbox
        .pointsman(&plain)
        .exits(2)
        .tells("cannot hold a review");
}
