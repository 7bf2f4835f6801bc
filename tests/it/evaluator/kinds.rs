//! Evaluations by combinations, likeness, tool calls and scripts, as a user sees them.

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};
use serde_json::json;

/// The small workspace, graded by one evaluator with this text.
pub(super) fn graded_by(text: &str) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("evaluators/under-test.yml", text);
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "[queue-matches, no-apology]",
        "[under-test]",
    );
    let gate = "[gate]\nfloors = { under-test = 1.0 }\n";
    sandbox.write("environments/staging.toml", format!("order = 1\n\n{gate}"));
    let production = format!("order = 2\nfrom = \"staging\"\n\n{gate}");
    sandbox.write("environments/production.toml", production);
    sandbox
}

#[test]
fn a_combination_says_which_part_decided() {
    let sandbox =
        graded_by("kind: all\nof:\n  - queue-matches\n  - { kind: length, unit: words, max: 5 }\n");
    sandbox
        .pointsman(&["eval"])
        .exits(1)
        .says("row crash: fail under-test: part 2 (length): has 8 word(s), at most 5 are allowed");
    sandbox.write("evaluators/under-test.yml", "kind: not\nof: no-apology\n");
    sandbox
        .pointsman(&["eval"])
        .exits(1)
        .says("fail under-test: `no-apology`: contains none of the values");
}

#[test]
fn a_part_that_changes_is_another_test() {
    let sandbox = graded_by("kind: any\nof: [queue-matches, no-apology]\n");
    let digest = || {
        let plan = sandbox.pointsman(&["eval", "--plan", "--json"]);
        plan.succeeds().json()["suites"][0]["digest"].clone()
    };
    let before = digest();
    sandbox.edit("evaluators/no-apology.yml", "\"sorry\"", "\"pardon\"");
    assert_ne!(before, digest());
}

#[test]
fn a_part_that_asks_a_judge_costs_nothing_once_the_grade_is_decided() {
    let server = ModelServer::start(|_, _| Reply::says(r#"{"score": 5, "reason": "fine"}"#));
    let sandbox = graded_by(
        "kind: any\nof:\n  - { kind: text, operator: starts-with, value: billing }\n  - { kind: llm-judge, prompt: judges/polite, scale: { min: 1, max: 5 }, threshold: 4 }\n",
    );
    sandbox.write("prompts/judges/polite.prompt.yml", "model: local/small\nvariables:\n  output: { type: string }\nmessages:\n  - { role: user, content: \"Judge {{ output }}\" }\n");
    let provider = format!(
        "schema = 1\n\n[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        server.base_url()
    );
    sandbox.write("pointsman.toml", provider);
    let result = sandbox.pointsman(&["eval", "--json"]).succeeds().json();
    assert_eq!(result["suites"][0]["evaluators"][0]["passed"], 3);
    assert_eq!(server.calls().len(), 2);
}

#[test]
fn likeness_is_measured_against_the_expected_value() {
    let sandbox = graded_by("kind: similarity\nmetric: jaro-winkler\nthreshold: 0.99\n");
    sandbox
        .pointsman(&["eval"])
        .exits(1)
        .says("fail under-test: jaro-winkler is 0.");
}

#[test]
fn the_tools_that_a_model_calls_are_graded() {
    let server = ModelServer::start(|_, call| {
        let arguments = if call.last_message().starts_with("bug") {
            "{}"
        } else {
            r#"{"queue": "billing"}"#
        };
        let body = json!({"choices": [{"finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": null,
            "tool_calls": [{"id": "1", "type": "function",
                "function": {"name": "route", "arguments": arguments}}]}}]});
        Reply::raw(200, &body.to_string())
    });
    let sandbox = graded_by("kind: tool-calls\ncalls: [route]\norder: exact\nschema: true\n");
    let provider = format!(
        "schema = 1\n\n[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        server.base_url()
    );
    sandbox.write("pointsman.toml", provider);
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "model: echo/echo",
        "model: local/small\ntools:\n  - type: function\n    function: { name: route, parameters: { type: object, required: [queue], properties: { queue: { type: string } } } }",
    );
    let result = sandbox.pointsman(&["eval"]);
    result
        .exits(1)
        .says("row crash: fail under-test: the arguments of `route` do not follow their schema");
    let counted = sandbox.pointsman(&["eval", "--json"]).exits(1).json();
    assert_eq!(counted["suites"][0]["evaluators"][0]["passed"], 2);
}

#[test]
fn a_script_beside_the_evaluator_grades_and_is_part_of_what_is_tested() {
    let sandbox = graded_by("kind: javascript\nfile: rules/queue.js\n");
    sandbox.write(
        "evaluators/rules/queue.js",
        "const queue = output.split(':')[0];\nreturn { pass: queue === expected, reason: `routed to ${queue}` };\n",
    );
    sandbox.pointsman(&["eval"]).succeeds();
    let digest = || {
        let plan = sandbox.pointsman(&["eval", "--plan", "--json"]);
        plan.succeeds().json()["suites"][0]["digest"].clone()
    };
    let before = digest();
    sandbox.edit("evaluators/rules/queue.js", "=== expected", "!== expected");
    assert_ne!(before, digest());
    sandbox
        .pointsman(&["eval"])
        .exits(1)
        .says("fail under-test: routed to billing");
    sandbox.write("evaluators/rules/queue.js", "return output ===;");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[invalid-script]: this script does not compile");
    sandbox.remove("evaluators/rules/queue.js");
    sandbox
        .pointsman(&["eval"])
        .exits(2)
        .tells("there is no `evaluators/rules/queue.js`");
}

#[test]
fn a_script_without_end_is_an_error_and_the_evaluation_goes_on() {
    let sandbox = graded_by(
        "kind: javascript\ntimeLimitMs: 100\nscript: |\n  while (output.startsWith('bug')) {}\n  return true\n",
    );
    let result = sandbox.pointsman(&["eval"]);
    result
        .exits(1)
        .says("row crash: error under-test: the script took longer than 100 ms")
        .says("2/3");
}

#[test]
fn a_script_is_released_with_the_prompt_that_it_tests() {
    let sandbox = graded_by("kind: all\nof: [scripted]\n");
    sandbox.write(
        "evaluators/scripted.yml",
        "kind: javascript\nfile: always.js\n",
    );
    sandbox.write("evaluators/always.js", "return true\n");
    sandbox.commit("Grade by a script");
    sandbox
        .pointsman(&["promote", "staging", "triage", "--yes"])
        .succeeds();
    for file in ["evaluators/scripted.yml", "evaluators/always.js"] {
        sandbox.git(&["show", &format!("lanes/staging:{file}")]);
    }
}
