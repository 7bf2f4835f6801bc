//! `pointsman import promptfoo`, as a new user tries it.

mod assertions;
mod faults;
mod reference;
mod tests;

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::run::RunOutput;

/// Imports a configuration; what is printed.
fn import(sandbox: &Sandbox, config: &str) -> RunOutput {
    sandbox.write("promptfooconfig.yaml", config);
    sandbox.pointsman(&["import", "promptfoo", "promptfooconfig.yaml"])
}

/// The cases of an evaluation of everything, by row.
fn evaluated(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.pointsman(&["check"]).succeeds();
    let cases = sandbox.pointsman(&["eval", "-o", "jsonl=-"]).stdout;
    let lines = cases.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).expect("cases are JSON"))
        .collect()
}

/// The grades of a row, by evaluator.
fn grades(cases: &[Value], prompt: &str, row: &str) -> Vec<(String, String)> {
    let case = cases
        .iter()
        .find(|case| case["prompt"] == prompt && case["row"] == row);
    let case = case.unwrap_or_else(|| panic!("there is no row `{row}` of `{prompt}`"));
    let grades = case["grades"].as_array().expect("grades are a list");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    grades
        .iter()
        .map(|it| (text(&it["evaluator"]), text(&it["grade"])))
        .collect()
}

const TRIAGE: &str = r#"
description: Ticket triage
prompts:
  - "{{queue}}: {{ticket}}"
providers: [echo]
defaultTest:
  assert:
    - { type: word-count, value: { max: 6 }, metric: short }
tests:
  - description: a refund
    vars: { queue: billing, ticket: where is my money }
    assert:
      - { type: starts-with, value: billing }
      - { type: not-icontains, value: SORRY }
  - vars: { queue: bug, ticket: it crashes }
    assert:
      - { type: starts-with, value: "{{queue}}" }
      - { type: not-icontains, value: SORRY }
"#;

#[test]
fn a_configuration_becomes_a_workspace_that_is_evaluated_with_the_same_verdicts() {
    let sandbox = Sandbox::new();
    let output = import(&sandbox, TRIAGE);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @r"
    wrote 7 file(s)
      datasets/tests.jsonl
      datasets/tests.yml
      evaluators/not-icontains-sorry.yml
      evaluators/short.yml
      evaluators/starts-with.yml
      pointsman.toml
      prompts/queue-ticket.prompt.yml
    everything came along
    ");
    insta::assert_snapshot!(sandbox.read("prompts/queue-ticket.prompt.yml"), @r#"
    model: echo/echo
    variables:
      queue:
        type: string
      ticket:
        type: string
    messages:
      - role: user
        content: "{{ queue }}: {{ ticket }}"
    evals:
      - dataset: tests
        evaluators: [short, starts-with, not-icontains-sorry]
    "#);
    insta::assert_snapshot!(sandbox.read("datasets/tests.jsonl"), @r#"
    {"id":"test-1","vars":{"queue":"billing","ticket":"where is my money"},"expected":"billing","note":"a refund"}
    {"id":"test-2","vars":{"queue":"bug","ticket":"it crashes"},"expected":"bug"}
    "#);
    insta::assert_snapshot!(sandbox.read("evaluators/starts-with.yml"), @r"
    kind: text
    operator: starts-with
    value:
      column: expected
    ");
    sandbox.pointsman(&["check"]).succeeds().says("no problems");
    sandbox
        .pointsman(&["eval"])
        .succeeds()
        .says("evaluation: passed");
}

#[test]
fn what_cannot_come_along_is_listed_with_its_place() {
    let sandbox = Sandbox::new();
    let config = "prompts: [Say hello]\nproviders: [echo]\nextensions: [file://hooks.js]\n";
    let output = import(&sandbox, config);
    output.exits(1);
    insta::assert_snapshot!(output.stdout, @r"
    error[unsupported-key]: `extensions` is not imported
      --> promptfooconfig.yaml:3:1
      = help: there is no counterpart, or it is set elsewhere: see docs/files.md

    wrote 2 file(s)
      pointsman.toml
      prompts/say-hello.prompt.yml
    1 thing(s) did not come along
    ");
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn json_names_what_was_written_and_what_was_not() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "c.json",
        r#"{"prompts": ["Hi"], "providers": ["echo"], "tracing": {}}"#,
    );
    let output = sandbox.pointsman(&["import", "promptfoo", "c.json", "--dry-run", "--json"]);
    let report = output.exits(1).json();
    assert_eq!(report["schema"], "pointsman/import/v1");
    assert_eq!(report["dry_run"], true);
    assert_eq!(report["written"][1], "prompts/hi.prompt.yml");
    let left_out = &report["left_out"][0];
    assert_eq!(left_out["place"]["path"], "c.json");
    assert_eq!(left_out["place"]["span"]["column"], 44);
    assert!(!sandbox.path().join("pointsman.toml").exists());
}

#[test]
fn settings_that_cannot_be_read_are_shown_and_are_no_matter_for_check() {
    let sandbox = Sandbox::new();
    sandbox.write("a.yaml", "prompts: [a\ntests: }\n");
    let run = sandbox.pointsman(&["import", "promptfoo", "a.yaml"]);
    run.exits(2)
        .tells("--> a.yaml:2:")
        .tells("error: this cannot be read, and nothing was written")
        .tells("hint: correct it, and import it again");
    assert!(!sandbox.path().join("pointsman.toml").exists());
}
