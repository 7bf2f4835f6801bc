//! What is wrong with tests in a prompt's own file.

use crate::support::Sandbox;

const FILE: &str = "prompts/greet.prompt.yml";

const GREET: &str = "model: echo/echo
messages:
  - role: user
    content: 'Greet {{name}}'
testData:
  - name: Ada
evaluators:
";

fn holding(evaluators: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("pointsman.toml", "schema = 1\n");
    sandbox.write(FILE, format!("{GREET}{evaluators}"));
    sandbox
}

#[test]
fn what_cannot_be_run_is_a_finding_with_its_place_and_a_way_out() {
    let sandbox = holding(
        "  - name: unknown
    uses: github/similarty
  - name: none
  - name: two ways
    string: { contains: a, equals: b }
  - name: mixed
    string: { contains: 'Hello {{name}}' }
  - name: nothing
    string: { contains: '' }
  - name: blind
    llm: { modelId: openai/gpt-4o, prompt: Good?, choices: [{ choice: a, score: 1 }] }
  - name: never
    llm: { modelId: openai/gpt-4o, prompt: '{{completion}}', choices: [{ choice: a, score: 0 }] }
  - name: twice
    string: { contains: a }
  - name: Twice!
    string: { contains: b }
",
    );
    let run = sandbox.pointsman(&["check", "--json"]);
    let findings = run.exits(1).json();
    let findings = findings["findings"].as_array().expect("a list");
    let seen: Vec<(&str, u64)> = findings
        .iter()
        .map(|it| {
            let ident = it["ident"].as_str().expect("an ident");
            (ident, it["place"]["span"]["line"].as_u64().expect("a line"))
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("unknown-evaluator", 9),
            ("missing-key", 10),
            ("missing-key", 12),
            ("unsupported-template", 14),
            ("empty-value", 16),
            ("blind-judge", 18),
            ("out-of-range", 20),
            ("duplicate-name", 23),
        ]
    );
    assert_eq!(findings[0]["help"], "did you mean `github/similarity`?");
}

#[test]
fn a_row_without_what_the_template_prints_is_found() {
    let sandbox = holding("  - { name: any, string: { contains: a } }\n");
    sandbox.pointsman(&["check"]).succeeds();
    sandbox.edit(FILE, "  - name: Ada", "  - nam: Ada");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[missing-column]: row `test-1` has no `name`")
        .says("prompts/greet.prompt.yml:6:");
}

#[test]
fn a_judges_provider_must_be_declared() {
    let sandbox = holding("  - { name: alike, uses: github/fluency }\n");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[unknown-provider]: there is no provider `openai`")
        .says("prompts/greet.prompt.yml:8:26");
}

#[test]
fn a_template_that_does_more_than_print_declares_its_variables() {
    let sandbox = holding("  - { name: any, string: { contains: a } }\n");
    sandbox.edit(FILE, "{{name}}", "{{ name | upper }}");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[undeclared-variable]: the variable `name` is not declared");
}

#[test]
fn no_file_takes_the_name_of_tests_in_a_prompt() {
    let sandbox = holding("  - { name: any, string: { contains: a } }\n");
    let rule = "kind: text\noperator: equals\nvalue: a\n";
    sandbox.write("evaluators/prompts/greet/any.yml", rule);
    sandbox.write(
        "evaluators/both.yml",
        "kind: all\nof: [prompts/greet/any]\n",
    );
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[invalid-name]: names that begin with `prompts/`")
        .says("error[own-evaluator]: `prompts/greet/any` belongs to the prompt `greet`");
}
