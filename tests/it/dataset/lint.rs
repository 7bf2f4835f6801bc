//! What makes a dataset prove less than it seems to is found.

use std::fmt::Write as _;

use crate::support::Sandbox;

use super::ROWS;

fn linted(sandbox: &Sandbox) -> Vec<String> {
    let output = sandbox.pointsman(&["dataset", "lint", "tickets", "--json"]);
    let json = output.json();
    let findings = json["findings"].as_array().expect("a list").clone();
    let idents = findings
        .iter()
        .map(|it| it["ident"].as_str().expect("a name").to_owned());
    idents.collect()
}

#[test]
fn a_dataset_without_fault_has_nothing_said_about_it() {
    let sandbox = Sandbox::with_workspace();
    let output = sandbox.pointsman(&["dataset", "lint"]);
    output
        .succeeds()
        .says("looked at 1 dataset(s): nothing to say");
}

#[test]
fn a_row_that_stands_in_the_prompt_is_found_with_its_line() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "Answer with the queue that the ticket belongs to.",
        "\"Answer with the queue, as in: Bug: the app  closes when I open it\"",
    );
    let output = sandbox.pointsman(&["dataset", "lint"]);
    insta::assert_snapshot!(output.exits(1).stdout, @r#"
    warning[leaked-row]: `ticket` of row `crash` stands word for word in the prompt `triage`
      --> datasets/tickets.jsonl:2:1
      |
    2 | {"id": "crash", "vars": {"ticket": "bug: the app closes when I open it"}, "expected": "bug"}
      | ^
      = help: test with another case: the prompt gives this one away

    looked at 1 dataset(s): 1 remark(s)
    "#);
}

#[test]
fn rows_that_ask_the_same_are_found_whether_they_agree_or_not() {
    let sandbox = Sandbox::with_workspace();
    let rows = [
        r#"{"id": "a", "vars": {"ticket": "bug: it  crashes"}, "expected": "bug"}"#,
        r#"{"id": "b", "vars": {"ticket": "BUG: it crashes"}, "expected": "bug"}"#,
        r#"{"id": "c", "vars": {"ticket": "bug: it crashes"}, "expected": "feature"}"#,
        r#"{"id": "d", "vars": {"ticket": "bug: it hangs"}, "status": "pending"}"#,
    ];
    sandbox.write(ROWS, rows.join("\n"));
    assert_eq!(
        linted(&sandbox),
        ["pending-rows", "duplicate-row", "contradictory-rows"]
    );
}

#[test]
fn a_label_that_is_too_rare_is_found() {
    let sandbox = Sandbox::with_workspace();
    let mut rows = String::new();
    for number in 0..40 {
        let label = if number == 0 { "feature" } else { "bug" };
        let _ = writeln!(
            rows,
            r#"{{"id": "r{number}", "vars": {{"ticket": "{label}: {number}"}}, "expected": "{label}"}}"#
        );
    }
    sandbox.write(ROWS, &rows);
    assert_eq!(linted(&sandbox), ["rare-label"]);
}

#[test]
fn rows_that_never_failed_with_any_version_are_found() {
    let sandbox = Sandbox::with_workspace();
    for version in ["one", "two"] {
        sandbox.edit(
            "prompts/triage.prompt.yml",
            "Answer with",
            &format!("In {version} answer with"),
        );
        sandbox.pointsman(&["eval"]).succeeds();
        sandbox.edit(
            "prompts/triage.prompt.yml",
            &format!("In {version} answer with"),
            "Answer with",
        );
        assert_eq!(linted(&sandbox), [""; 0]);
    }
    sandbox.pointsman(&["eval"]).succeeds();
    let output = sandbox.pointsman(&["dataset", "lint"]);
    output
        .exits(1)
        .says("2 of 3 rows never failed with 3 or more versions: `crash`, `dark-mode`");
}
