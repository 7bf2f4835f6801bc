//! `pointsman evaluator list|test|calibrate`, and evaluations by every kind of evaluator.

mod judges;
mod kinds;
mod outside;

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

const NO_APOLOGY: &str = "evaluators/no-apology.yml";

/// A judge whose model is `echo`: it answers with what its own prompt makes of the output.
const STAND_IN: &str = r#"model: echo/echo
variables:
  output: { type: string }
  fence: { type: string }
messages:
  - role: system
    content: "Say how polite the answer between the lines {{ fence }} is."
  - role: user
    content: '{"score": {% if "please" in output %}5{% else %}1{% endif %}, "reason": "looks for a please"}'
"#;

const POLITE: &str = "kind: llm-judge
prompt: judges/polite
scale: { min: 1, max: 5 }
threshold: 4
examples:
  - { output: please wait, grade: pass }
  - { output: wait, grade: fail }
";

const GRADED: &str = r#"{"id": "kind", "vars": {"output": "please wait"}, "expected": 5}
{"id": "curt", "vars": {"output": "wait"}, "expected": "1"}
{"id": "kind-in-other-words", "vars": {"output": "would you mind waiting?"}, "expected": true}
{"id": "begging", "vars": {"output": "please please please"}, "expected": 2}
"#;

fn with_judge() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("prompts/judges/polite.prompt.yml", STAND_IN);
    sandbox.write("evaluators/polite.yml", POLITE);
    sandbox.write("datasets/graded.yml", "kind: golden\nrows: graded.jsonl\n");
    sandbox.write("datasets/graded.jsonl", GRADED);
    sandbox
}

#[test]
fn evaluators_are_listed_with_what_they_do() {
    let sandbox = with_judge();
    let output = sandbox.pointsman(&["evaluator", "list"]);
    insta::assert_snapshot!(output.succeeds().stdout, @r#"
    EVALUATOR      KIND       EFFECT    EXAMPLES  TESTS
    no-apology     text       blocking         0  triage
    polite         llm-judge  blocking         2
    queue-matches  text       blocking         0  triage
    "#);
    let listed = sandbox.pointsman(&["evaluator", "list", "--json"]);
    let listed = listed.succeeds().json();
    assert_eq!(listed["schema"], "pointsman/evaluator-list/v1");
    assert_eq!(listed["evaluators"][2]["kind"], "text");
    assert_eq!(listed["evaluators"][2]["prompts"][0], "triage");
}

#[test]
fn examples_must_get_their_grades() {
    let sandbox = with_judge();
    let output = sandbox.pointsman(&["evaluator", "test"]);
    output
        .succeeds()
        .says("2 of 2 example(s) of 1 evaluator(s) got the right grade")
        .tells("without examples: no-apology, queue-matches");
    let examples =
        "examples:\n  - { output: fine, grade: pass }\n  - { output: So sorry, grade: pass }\n";
    sandbox.write(NO_APOLOGY, sandbox.read(NO_APOLOGY) + examples);
    let output = sandbox.pointsman(&["evaluator", "test", NO_APOLOGY]);
    insta::assert_snapshot!(output.exits(1).stdout, @r#"
    evaluators/no-apology.yml:8: should be pass, is fail: contains `sorry`
      output: So sorry

    1 of 2 example(s) of 1 evaluator(s) got the right grade
    "#);
    let tested = sandbox.pointsman(&["evaluator", "test", "--json"]);
    let tested = tested.exits(1).json();
    assert_eq!(tested["schema"], "pointsman/evaluator-test/v1");
    assert_eq!((&tested["right"], &tested["wrong"]), (&3.into(), &1.into()));
    assert_eq!(tested["examples"][1]["right"], false);
    assert_eq!(tested["examples"][1]["line"], 8);
}

#[test]
fn without_any_example_nothing_was_tested() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["evaluator", "test"])
        .exits(6)
        .has_no_result()
        .tells("the evaluators have no examples")
        .tells("write `examples`");
    sandbox
        .pointsman(&["evaluator", "test", "no-apologies"])
        .exits(2)
        .tells("did you mean `no-apology`?");
}

#[test]
fn an_example_that_no_run_could_confirm_is_found_by_check() {
    let sandbox = Sandbox::with_workspace();
    let examples = "examples:\n  - { output: billing, grade: pass }\n";
    let path = "evaluators/queue-matches.yml";
    sandbox.write(path, sandbox.read(path) + examples);
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[incomplete-example]: the example has no `expected`")
        .says("evaluators/queue-matches.yml:7:5");
}

#[test]
fn a_circle_of_evaluators_is_found_by_check() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("evaluators/a.yml", "kind: not\nof: b\n");
    sandbox.write("evaluators/b.yml", "kind: not\nof: a\n");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[evaluator-circle]: the evaluators form a circle: a → b → a")
        .says("error[evaluator-circle]: the evaluators form a circle: b → a → b");
}

#[test]
fn a_judge_is_held_against_people_in_plain_words() {
    let sandbox = with_judge();
    let args = ["evaluator", "calibrate", "polite", "--dataset", "graded"];
    let output = sandbox.pointsman(&args);
    insta::assert_snapshot!(output.succeeds().stdout, @r#"
    polite on graded

                 JUDGE PASSES  JUDGE FAILS
    people pass             1            1
    people fail             1            1

    of 2 answers that people fail, the judge lets 1 through
    of 2 answers that people pass, the judge fails 1
    agreement: 50.0% (2 of 4)
    Cohen's kappa: 0.000, with 95% confidence from -0.980 to 0.980
    verdicts that could not be read: 0

    seen differently:
      kind-in-other-words: people pass, judge fail: 1 of 5: looks for a please
      begging: people fail, judge pass: 5 of 5: looks for a please
    "#);
    let calibrated = sandbox.pointsman(&[&args[..], &["--json"]].concat());
    let calibrated = calibrated.succeeds().json();
    assert_eq!(calibrated["schema"], "pointsman/evaluator-calibrate/v1");
    assert_eq!(calibrated["truth_table"]["only_judge_passes"], 1);
    assert_eq!(calibrated["agreement"], 0.5);
    assert_eq!(calibrated["kappa"]["value"], 0.0);
    assert_eq!(calibrated["differences"][1]["row"], "begging");
}

#[test]
fn a_judge_that_always_says_the_same_is_named() {
    let sandbox = with_judge();
    sandbox.edit(
        "prompts/judges/polite.prompt.yml",
        "\"please\" in output",
        "output",
    );
    sandbox
        .pointsman(&["evaluator", "calibrate", "polite", "--dataset", "graded"])
        .succeeds()
        .tells("said the same of every answer");
}

#[test]
fn verdicts_that_cannot_be_read_are_counted_apart() {
    let sandbox = with_judge();
    sandbox.edit("prompts/judges/polite.prompt.yml", "%}1{%", "%}one{%");
    sandbox
        .pointsman(&["evaluator", "calibrate", "polite", "--dataset", "graded"])
        .succeeds()
        .says("verdicts that could not be read: 2")
        .says("curt: people fail, judge error: the judge did not answer with one JSON object");
}

#[test]
fn rows_that_nobody_graded_and_rules_that_are_no_judges_are_refused() {
    let sandbox = with_judge();
    let calibrate = |evaluator: &str, dataset: &str| {
        sandbox.pointsman(&["evaluator", "calibrate", evaluator, "--dataset", dataset])
    };
    calibrate("no-apology", "graded")
        .exits(2)
        .tells("`no-apology` is no judge: its kind is `text`");
    calibrate("polite", "tickets")
        .exits(2)
        .tells("row `refund` has no text `output` to judge");
    sandbox.write(
        "datasets/graded.jsonl",
        GRADED.replace("\"expected\": 5", "\"expected\": 6"),
    );
    calibrate("polite", "graded")
        .exits(2)
        .tells("is no verdict that the judge may give")
        .tells("give a score from 1 to 5");
}

#[test]
fn a_judge_that_does_not_answer_is_a_provider_error() {
    let server = ModelServer::start(|_, _| Reply::fails(400, "no judge today"));
    let sandbox = with_judge();
    sandbox.write(
        "pointsman.toml",
        format!(
            "schema = 1\n\n[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n",
            server.base_url()
        ),
    );
    sandbox.edit(
        "prompts/judges/polite.prompt.yml",
        "echo/echo",
        "local/small",
    );
    sandbox
        .pointsman(&["evaluator", "calibrate", "polite", "--dataset", "graded"])
        .exits(9)
        .tells("4 judgement(s) have no answer")
        .tells("no judge today");
    sandbox
        .pointsman(&["evaluator", "test", "polite"])
        .exits(9)
        .tells("2 judgement(s) have no answer");
}
