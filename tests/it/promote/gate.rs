//! What a gate lets in, and what it never does.

use crate::support::Sandbox;
use crate::support::media::{PDF, PDF_BASE64, PNG, PNG_BASE64, SHOWING};
use crate::support::model_server::{ModelServer, Reply};

#[test]
fn a_gate_that_passes_leaves_its_evidence_in_the_record() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds()
        .tells("evaluate  triage");
    let record = sandbox.record("staging");
    let link = &record["evidence"][0];
    let path = link["path"].as_str().expect("a path");
    let digest = link["sha256"].as_str().expect("a digest");
    assert_eq!(path, format!(".lane/evidence/{digest}.json"));
    let shell = format!("git show lanes/staging:{path} | sha256sum | cut -d' ' -f1");
    assert_eq!(sandbox.shell(&shell).run().stdout.trim(), digest);
    let text = sandbox.git(&["show", &format!("lanes/staging:{path}")]);
    let statement: serde_json::Value = serde_json::from_str(&text).expect("evidence is JSON");
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    let subject = &statement["subject"][0]["digest"];
    assert_eq!(subject["sha256"], record["snapshot"]["sha256"]);
    assert_eq!(subject["gitTree"], record["snapshot"]["gitTree"]);
    assert_eq!(statement["predicate"]["result"], "PASSED");
}

#[test]
fn a_gate_that_fails_moves_nothing_and_names_floor_and_critical_row() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    sandbox.edit(
        "datasets/tickets.jsonl",
        "\"expected\": \"billing\"",
        "\"expected\": \"refunds\"",
    );
    sandbox.commit("Expect another queue");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(1)
        .has_no_result()
        .tells("`queue-matches` passed 2 of 3, and the floor is 0.9")
        .tells("`queue-matches` failed critical row(s) `refund`: ");
    assert_eq!(sandbox.tip("staging"), tip);
}

#[test]
fn the_policy_in_force_judges_its_own_change() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    sandbox.edit(
        "datasets/tickets.jsonl",
        "\"expected\": \"bug\"",
        "\"expected\": \"crash\"",
    );
    sandbox.edit("environments/staging.toml", "0.9", "0.1");
    sandbox.commit("Lower the floor to get in");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(1)
        .tells("policies  environments/staging.toml")
        .tells("the floor is 0.9");
    assert_eq!(sandbox.tip("staging"), tip);
}

#[test]
fn only_prompts_that_would_be_others_are_evaluated() {
    let sandbox = Sandbox::with_workspace();
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("prompts/other.prompt.yml", &prompt);
    sandbox.commit("Add another");
    sandbox.promotes("staging");
    let to_test = |sandbox: &Sandbox| {
        let run = sandbox.pointsman(&["promote", "staging", "--dry-run", "--json"]);
        run.succeeds().json()["plan"]["evaluate"].clone()
    };
    sandbox.edit("prompts/other.prompt.yml", "Answer with", "Reply with");
    sandbox.commit("Reword one");
    assert_eq!(to_test(&sandbox), serde_json::json!(["other"]));
    sandbox.promotes("staging");
    sandbox.edit("prompts/other.prompt.yml", "name: Triage", "name: Other");
    sandbox.commit("Rename it for people");
    assert_eq!(to_test(&sandbox), serde_json::json!([]));
    sandbox.edit("evaluators/no-apology.yml", "\"sorry\"", "\"regret\"");
    sandbox.commit("Change what tests both");
    assert_eq!(to_test(&sandbox), serde_json::json!(["other", "triage"]));
}

#[test]
fn a_gate_without_an_evaluation_is_never_passed() {
    let sandbox = Sandbox::with_workspace();
    let evals = "evals:\n  - dataset: tickets\n    evaluators: [queue-matches, no-apology]\n";
    sandbox.edit("prompts/triage.prompt.yml", evals, "");
    sandbox.commit("Test nothing");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(6).tells("was not evaluated");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn a_floor_is_not_got_round_by_taking_its_evaluator_away() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds();
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "evaluators: [queue-matches, no-apology]",
        "evaluators: [no-apology]",
    );
    sandbox.write(
        "prompts/other.prompt.yml",
        sandbox
            .read("prompts/triage.prompt.yml")
            .replace("[no-apology]", "[queue-matches]"),
    );
    sandbox.commit("Test less");
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(7)
        .tells("prompt `triage` would no longer be tested by `queue-matches`")
        .tells("name `queue-matches` under `evals` of the prompt");
}

#[test]
fn another_picture_calls_for_another_evaluation_of_what_is_live_too() {
    let server = ModelServer::start(|_, _| Reply::says("12"));
    let sandbox = Sandbox::with_receipts();
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n",
            server.base_url()
        ),
    );
    sandbox.edit(SHOWING, "model: echo/echo", "model: local/small");
    sandbox.write(
        "environments/staging.toml",
        "order = 1\n[gate]\nmargin = 0.05\non_inconclusive = \"warn\"\n",
    );
    sandbox.commit("Guard the lane");
    sandbox.promotes("staging");
    sandbox.write("prompts/_media/rules.pdf", [PDF, b"another"].concat());
    sandbox.write("datasets/photos/lunch.png", [PNG, b"another"].concat());
    sandbox.commit("Another picture and another document");
    let plan = sandbox.pointsman(&["promote", "staging", "--dry-run", "--json"]);
    assert_eq!(
        plan.json()["plan"]["evaluate"],
        serde_json::json!(["receipts"])
    );
    sandbox.promotes("staging");
    let shown: Vec<(bool, bool)> = server
        .calls()
        .iter()
        .map(|call| {
            let body = call.body.to_string();
            let ends_with = |base64: &str| body.contains(&format!("{base64}\""));
            (ends_with(PNG_BASE64), ends_with(PDF_BASE64))
        })
        .collect();
    let (first, rest) = shown.split_first().expect("the first release was tested");
    assert_eq!(*first, (true, true));
    let (live, candidate) = ((false, true), (false, false));
    assert!(
        rest.contains(&live) && rest.contains(&candidate),
        "{shown:?}"
    );
    assert_eq!(rest.len(), 2, "{shown:?}");
}
