//! Gates that read tests from a prompt's own file.

use crate::support::Sandbox;

const FILE: &str = "prompts/greet.prompt.yml";

const GREET: &str = "model: echo/echo
messages: [{ role: user, content: 'Hello {{name}}' }]
testData: [{ name: Ada }, { name: Bo }]
evaluators:
  - { name: Greets, string: { startsWith: hello } }
";

/// A lane with a floor for an evaluator that stands in the prompt's file.
fn gated() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("pointsman.toml", "schema = 1\n");
    sandbox.write(FILE, GREET);
    sandbox.write(
        "environments/production.toml",
        "[gate]\nfloors = { \"prompts/greet/greets\" = 1.0 }\n",
    );
    sandbox.commit("greet");
    sandbox.pointsman(&["check"]).succeeds();
    sandbox
}

#[test]
fn a_floor_holds_a_prompt_to_the_tests_in_its_own_file() {
    let sandbox = gated();
    sandbox
        .pointsman(&["promote", "production", "--yes"])
        .succeeds();
    sandbox.edit(FILE, "Hello ", "Good day ");
    sandbox.commit("formal");
    let refused = sandbox.pointsman(&["promote", "production", "--yes"]);
    refused.exits(1).tells("0 of 2");
    sandbox.edit(FILE, "Good day ", "Hello dear ");
    sandbox.commit("warm");
    sandbox
        .pointsman(&["promote", "production", "greet", "--yes"])
        .succeeds();
}

#[test]
fn weaker_tests_are_tested_again_and_shown_and_a_floor_cannot_be_removed_with_its_evaluator() {
    let sandbox = gated();
    sandbox
        .pointsman(&["promote", "production", "--yes"])
        .succeeds();
    sandbox.edit(FILE, "startsWith: hello", "contains: l");
    sandbox.commit("weaker");
    let planned = sandbox.pointsman(&["promote", "production", "--dry-run"]);
    planned
        .succeeds()
        .tells("evaluate  greet")
        .tells("~ evaluator prompts/greet/greets");
    sandbox.edit(FILE, "name: Greets", "name: Other");
    sandbox.commit("another name");
    sandbox
        .pointsman(&["promote", "production", "--yes"])
        .exits(7)
        .tells("would no longer be tested by `prompts/greet/greets`");
}
