//! Honest pull requests: prompts that are no worse, and changes of rules that come alone.

use serde_json::Value;

use crate::support::Sandbox;

use super::pull_request::PullRequest;

const STAGING: &str = "environments/staging.toml";
const ROWS: &str = "datasets/tickets.jsonl";
const PROMPT: &str = "prompts/triage.prompt.yml";

/// What the author does, and what the gate says about it beside letting it in.
type Change = (&'static str, fn(&Sandbox), &'static str);

/// Each in a pull request of its own, which changes no prompt.
const ALONE: [Change; 9] = [
    (
        "lowers a floor",
        |it| it.edit(STAGING, "queue-matches = 0.9", "queue-matches = 0.8"),
        "`gate.floors.queue-matches` 0.9 → 0.8 (weaker)",
    ),
    (
        "corrects a label",
        |it| it.edit(ROWS, "\"expected\": \"bug\"", "\"expected\": \"defect\""),
        "crash",
    ),
    (
        "removes a row that says nothing",
        |it| {
            let rows = it.read(ROWS);
            let kept: Vec<&str> = rows.lines().filter(|row| !row.contains("crash")).collect();
            it.write(ROWS, kept.join("\n"));
        },
        "are removed: crash",
    ),
    (
        "corrects a pattern",
        |it| it.edit("evaluators/one-word.yml", "^[a-z]+:", "^[a-z]+"),
        "the rule of evaluator `one-word` is another",
    ),
    (
        "improves the judge",
        |it| it.edit("prompts/judges/polite.prompt.yml", "rudeness", "rude words"),
        "`judges/polite` grades answers",
    ),
    (
        "moves a provider",
        |it| it.edit("pointsman.toml", "127.0.0.1:9", "127.0.0.1:8"),
        "provider `local`",
    ),
    (
        "tests a prompt no more on a dataset",
        |it| {
            it.edit(PROMPT, ", no-apology]", "]");
            it.edit("environments/production.toml", ", no-apology = 0.9", "");
        },
        "`triage` is not tested by `no-apology`",
    ),
    (
        "retires a prompt",
        |it| it.remove("prompts/other.prompt.yml"),
        "prompt `other` is removed",
    ),
    (
        "edits the workflow",
        |it| it.write(".github/workflows/gate.yml", "on: push\n"),
        "`.github/workflows/gate.yml`",
    ),
];

/// Beside a change of a prompt: what adds to the rules.
const BESIDE: [Change; 5] = [
    (
        "adds a row",
        |it| {
            it.write(ROWS, it.read(ROWS) + "{\"id\": \"new\", \"vars\": {\"ticket\": \"bug: x\"}, \"expected\": \"bug\"}\n");
        },
        "new rows: new",
    ),
    (
        "raises a floor",
        |it| it.edit(STAGING, "queue-matches = 0.9", "queue-matches = 1"),
        "(stronger)",
    ),
    (
        "adds an evaluator",
        |it| {
            it.write(
                "evaluators/short.yml",
                "kind: length\nunit: characters\nmax: 99\n",
            );
            it.edit(PROMPT, ", no-apology]", ", no-apology, short]");
        },
        "evaluator `short` is new",
    ),
    (
        "lets an evaluator block",
        |it| {
            it.edit(
                "evaluators/no-apology.yml",
                "blocking: false",
                "blocking: true",
            );
        },
        "`no-apology` blocks now",
    ),
    (
        "adds a lane",
        |it| it.write("environments/canary.toml", "order = 8\n"),
        "lane `canary` is new",
    ),
];

fn proposed(json: &Value) -> String {
    let findings = json["proposed"].as_array().expect("a list");
    let messages = findings.iter().filter_map(|it| it["message"].as_str());
    messages.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_change_of_rules_comes_in_with_a_pull_request_of_its_own() {
    let base = PullRequest::base();
    for (what, change, note) in ALONE {
        let request = PullRequest::to(&base);
        change(&request.sandbox);
        let run = request.gate(&["--json"]);
        run.succeeds();
        let json = run.json();
        let notes = proposed(&json);
        assert!(notes.contains(note), "the author {what}:\n{notes}");
        assert_eq!(json["decision"], Value::Null, "the author {what}");
        assert_eq!(json["nothing_changed"], false);
    }
}

#[test]
fn what_adds_to_the_rules_comes_in_with_a_prompt() {
    let base = PullRequest::base();
    for (what, change, note) in BESIDE {
        let request = PullRequest::to(&base);
        request.improve_prompt();
        change(&request.sandbox);
        let run = request.gate(&["--json"]);
        run.succeeds();
        let json = run.json();
        let notes = proposed(&json);
        assert!(notes.contains(note), "the author {what}:\n{notes}");
        assert_eq!(json["decision"]["verdict"], "pass");
    }
}

#[test]
fn a_new_prompt_is_tested_by_what_the_base_has() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    let sandbox = &request.sandbox;
    sandbox.write("prompts/router.prompt.yml", sandbox.read(PROMPT));
    let run = request.gate(&["--json"]);
    run.succeeds();
    let json = run.json();
    assert_eq!(json["prompts"]["added"][0], "router");
    assert_eq!(json["decision"]["checks"][0]["prompt"], "router");
    sandbox.write("datasets/own.yml", "kind: golden\nrows: tickets.jsonl\n");
    sandbox.edit(
        "prompts/router.prompt.yml",
        "dataset: tickets",
        "dataset: own",
    );
    let run = request.gate(&[]);
    run.exits(6).says("nothing in the base tests router");
}

#[test]
fn a_prompt_that_both_sides_changed_is_not_comparable() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request.improve_prompt();
    request.sandbox.commit("Reword");
    request.sandbox.git(&["switch", "--quiet", "main"]);
    request.sandbox.edit(PROMPT, "Answer with", "Say");
    request.sandbox.commit("Reword otherwise");
    request.sandbox.git(&["switch", "--quiet", "topic"]);
    let run = request.gate(&[]);
    run.exits(4)
        .says("triage was changed in the base, too")
        .says("merge the base into the head");
}

#[test]
fn recorded_answers_of_the_author_are_a_claim_and_can_be_refused() {
    let base = PullRequest::base();
    base.edit(PROMPT, "echo/echo", "replay/small");
    base.write(
        "model.sh",
        "cat > asked; printf '{\"output\": \"bug: ok\"}'\n",
    );
    base.write(
        "pointsman.toml",
        "[providers.stand-in]\nkind = \"exec\"\ncommand = [\"sh\", \"model.sh\"]\nconcurrency = 1\n",
    );
    base.write(
        ROWS,
        "{\"id\": \"crash\", \"vars\": {\"ticket\": \"x\"}, \"expected\": \"bug\"}\n",
    );
    let record = [
        "eval",
        "triage",
        "--repeats=2",
        "--record=stand-in",
        "--allow-exec",
    ];
    base.pointsman(&record).succeeds();
    base.commit("Record");
    let request = PullRequest::to(&base);
    request.improve_prompt();
    request.sandbox.pointsman(&record).succeeds();
    let run = request.gate(&[]);
    run.succeeds()
        .says("the author recorded answers in recordings/triage.jsonl");
    let run = request.gate(&["--recordings", "base"]);
    run.exits(9);
}
