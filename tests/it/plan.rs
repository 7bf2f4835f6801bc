//! `pointsman plan`: what the rows at hand can prove.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

fn with_margin() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "environments/staging.toml",
        "order = 1\n[gate]\nmargin = 0.05\nrepeats = 2\n",
    );
    sandbox
}

#[test]
fn the_smallest_margin_and_the_calls_are_shown_without_any_call() {
    let sandbox = Sandbox::with_workspace();
    let run = sandbox.pointsman(&["plan"]);
    insta::assert_snapshot!(run.succeeds().stdout, @r"
    PROMPT  DATASET  ROWS  REPEATS  CALLS  KNOWN  AT BEST  EXPECTED
    triage  tickets     3        1      0      0     42.6      42.6

    the smallest loss of pass rate, in points, that the rows can rule out: if no row changes, and expected
    ");
    assert_eq!(run.stderr, "");
    assert!(!sandbox.path().join(".git/pointsman/runs").exists());
}

#[test]
fn a_margin_that_the_rows_cannot_prove_is_a_warning_with_what_it_takes() {
    let sandbox = with_margin();
    let run = sandbox.pointsman(&["plan", "triage", "--lane", "staging"]);
    run.succeeds()
        .tells("triage on tickets: a margin of 5.0 points takes 32 rows; with 3 rows and 2 repeat(s) the gate will mostly be inconclusive");
}

#[test]
fn the_json_plan_has_a_versioned_shape() {
    let sandbox = with_margin();
    let run = sandbox.pointsman(&["plan", "--lane", "staging", "--json"]);
    let json = run.succeeds().json();
    assert_eq!(json["schema"], "pointsman/plan/v1");
    assert_eq!(json["lane"], "staging");
    let suite = &json["suites"][0];
    assert_eq!(suite["gating_rows"], 3);
    assert_eq!(suite["repeats"], 2);
    assert_eq!(suite["chance"], "none");
    assert_eq!(suite["wanted"]["rows"], 32);
    assert_eq!(suite["wanted"]["repeats"], serde_json::Value::Null);
    assert_eq!(suite["wanted"]["can_be_expected"], false);
}

#[test]
fn where_answers_vary_more_repeats_help_and_chance_is_assumed_until_it_was_measured() {
    let sandbox = with_margin();
    sandbox.write(
        "pointsman.toml",
        "[providers.local]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n",
    );
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "model: echo/echo",
        "model: local/small",
    );
    let run = sandbox.pointsman(&["plan", "--lane", "staging", "--json"]);
    let suite = run.succeeds().json()["suites"][0].clone();
    assert_eq!(suite["chance"], "assumed");
    assert_eq!(suite["calls"], 6);
    let margin = |name: &str| suite[name].as_f64().expect("a number");
    assert!(margin("provable_margin_expected") > margin("provable_margin_at_best"));
}

#[test]
fn chance_is_measured_from_the_repeats_of_an_earlier_run() {
    let planned_after = |second_answer: &'static str| {
        let server = ModelServer::start(move |number, call| {
            let queue = call.last_message().split(':').next().unwrap_or_default();
            Reply::says(if number == 1 { second_answer } else { queue })
        });
        let sandbox = with_margin();
        let settings = format!(
            "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\nconcurrency = 1\n",
            server.base_url()
        );
        sandbox.write("pointsman.toml", settings);
        let prompt = "prompts/triage.prompt.yml";
        sandbox.edit(prompt, "model: echo/echo", "model: local/small");
        sandbox.pointsman(&["eval", "--repeats", "2"]);
        let run = sandbox.pointsman(&["plan", "--lane", "staging", "--json"]);
        let suite = run.succeeds().json()["suites"][0].clone();
        assert_eq!(suite["chance"], "measured");
        assert_eq!(
            (&suite["known_answers"], &suite["calls"]),
            (&6.into(), &0.into())
        );
        let margin = |name: &str| suite[name].as_f64().expect("a number");
        let margins = ["provable_margin_at_best", "provable_margin_expected"];
        margins.map(margin)
    };
    let [at_best, expected] = planned_after("billing");
    assert!((expected - at_best).abs() < 1e-12, "{expected} {at_best}");
    let [at_best, expected] = planned_after("other");
    assert!(expected > at_best, "one of three rows varies");
}

#[test]
fn where_nothing_is_tested_there_is_nothing_to_plan() {
    let sandbox = Sandbox::with_workspace();
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    let without = prompt.split("evals:").next().expect("text before it");
    sandbox.write("prompts/triage.prompt.yml", without);
    let run = sandbox.pointsman(&["plan"]);
    run.exits(6).tells("nothing to plan");
    sandbox.pointsman(&["plan", "--lane", "nowhere"]).exits(2);
}

/// A lane with a floor, and a model that routes a ticket to the wrong queue while it is told to.
fn unsteady(ticket: &'static str) -> (Sandbox, ModelServer, Arc<AtomicBool>) {
    let astray = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&astray);
    let server = ModelServer::start(move |_, call| {
        let message = call.last_message();
        if message.starts_with(ticket) && told.load(Ordering::SeqCst) {
            return Reply::says("other");
        }
        Reply::says(message.split(':').next().unwrap_or_default())
    });
    let sandbox = Sandbox::with_workspace();
    let settings = format!(
        "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        server.base_url()
    );
    sandbox.write("pointsman.toml", settings);
    let prompt = "prompts/triage.prompt.yml";
    sandbox.edit(prompt, "model: echo/echo", "model: local/small");
    sandbox.edit("environments/staging.toml", "0.9", "0.5");
    (sandbox, server, astray)
}

#[test]
fn a_row_whose_grade_changed_though_nothing_did_is_flaky() {
    let (sandbox, _server, astray) = unsteady("bug");
    sandbox.pointsman(&["eval"]).succeeds();
    sandbox.pointsman(&["eval"]).succeeds();
    astray.store(true, Ordering::SeqCst);
    sandbox.pointsman(&["eval", "--no-cache"]).exits(1);
    let flaky = "flaky, with the same prompt (1 of 1 shown):
  triage on tickets, row crash: queue-matches passed 1 of 2
";
    let run = sandbox.pointsman(&["plan"]);
    run.succeeds().says(flaky);
    let json = sandbox.pointsman(&["plan", "--json"]).json();
    let expected = json!([{
        "row": "crash",
        "evaluator": "queue-matches",
        "passed": 1,
        "total": 2,
        "critical": false,
        "barred_from_critical": false,
    }]);
    assert_eq!(json["suites"][0]["flaky"], expected);
    sandbox.pointsman(&["eval", "--gate", "staging"]).succeeds();

    sandbox.edit(
        "datasets/tickets.jsonl",
        "the app closes",
        "the app crashes",
    );
    let another_row = sandbox.pointsman(&["plan"]).stdout;
    assert!(!another_row.contains("flaky"), "{another_row}");
}

#[test]
fn a_version_that_is_graded_otherwise_makes_no_row_flaky() {
    let (sandbox, _server, astray) = unsteady("bug");
    sandbox.pointsman(&["eval"]).succeeds();
    astray.store(true, Ordering::SeqCst);
    sandbox.edit("prompts/triage.prompt.yml", "Answer with", "Say");
    sandbox.pointsman(&["eval"]).exits(1);
    let output = sandbox.pointsman(&["plan"]).stdout;
    assert!(!output.contains("flaky"), "{output}");
}

#[test]
fn a_flaky_row_cannot_be_critical() {
    let (sandbox, _server, astray) = unsteady("billing");
    astray.store(true, Ordering::SeqCst);
    sandbox.pointsman(&["eval", "--no-cache"]).exits(1);
    astray.store(false, Ordering::SeqCst);
    let barred = "critical row `refund` is flaky: `queue-matches` passed 1 of 2 times with the same \
                  prompt; make it reliable, or take `critical` off it";
    let gate = sandbox.pointsman(&["eval", "--gate", "staging"]);
    gate.exits(3).says("inconclusive").says(barred);
    sandbox.pointsman(&["plan"]).succeeds().tells(barred);
    sandbox.commit("Ask a model");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(3).has_no_result().tells(barred);

    sandbox.edit("datasets/tickets.jsonl", ", \"critical\": true", "");
    sandbox.commit("Let a ticket about a refund be like any other");
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds();
}
