//! A gate that asks nobody: recorded answers stand in for models that only whoever has a key can ask.

use super::pull_request::PullRequest;
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

const RECORD: [&str; 5] = ["eval", "triage", "--repeats=2", "--record", "live"];

/// A base whose prompt asks a live model, with its answers recorded.
fn base(server: &ModelServer) -> Sandbox {
    let base = PullRequest::base();
    base.write(
        "pointsman.toml",
        format!(
            "[providers.live]\nkind = \"openai\"\nbase_url = \"{}\"\nkey_env = \"MODEL_KEY\"\n",
            server.base_url()
        ),
    );
    base.edit("prompts/triage.prompt.yml", "echo/echo", "live/small");
    record(&base);
    base.commit("Record");
    base
}

/// What whoever has the key does.
fn record(sandbox: &Sandbox) {
    let command = sandbox.command(&RECORD).env("MODEL_KEY", "secret");
    command.run().succeeds();
}

#[test]
fn a_pull_request_is_judged_without_a_key() {
    let server = ModelServer::start(|_, call| Reply::says(call.last_message()));
    let base = base(&server);
    let request = PullRequest::to(&base);
    request.improve_prompt();
    record(&request.sandbox);
    let asked = server.calls().len();
    assert_eq!(asked, 12, "three rows, twice, of two prompts");
    let run = request.gate(&["--recorded"]);
    run.succeeds()
        .says("the author recorded answers in recordings/triage.jsonl");
    assert_eq!(server.calls().len(), asked);
    let run = request.gate(&[]);
    run.exits(2).tells("MODEL_KEY").tells("`--recorded`");
}

#[test]
fn what_the_author_did_not_record_is_no_verdict() {
    let server = ModelServer::start(|_, call| Reply::says(call.last_message()));
    let base = base(&server);
    let request = PullRequest::to(&base);
    request.improve_prompt();
    let run = request.gate(&["--recorded"]);
    run.exits(9)
        .tells("6 case(s) have no answer")
        .tells("pointsman eval --record <provider>");
}

#[test]
fn recorded_answers_are_no_evidence_of_what_the_model_says() {
    let server = ModelServer::start(|_, call| Reply::says(call.last_message()));
    let base = base(&server);
    base.pointsman(&["eval", "triage", "--recorded", "--repeats=2"])
        .succeeds();
    let staging = "environments/staging.toml";
    base.edit(staging, "from = \"dev\"\n", "");
    base.edit(staging, "[freeze]\nsoak = \"1h\"\n", "");
    base.commit("Release from anywhere");
    let promote = ["promote", "staging", "--yes"];
    base.pointsman(&promote).exits(2).tells("MODEL_KEY");
}
