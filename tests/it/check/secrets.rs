//! `pointsman check --secrets`: what is committed holds nothing that redaction would take out of traces.

use serde_json::{Value, json};

use crate::support::Sandbox;

/// What must not stand in a file, and nowhere in what is said about it.
const SECRETS: [&str; 3] = ["kim@example.com", "4111 1111 1111 1111", "hunter2"];

/// A workspace whose rows and recordings hold secrets.
fn with_secrets() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let rows = sandbox.read("datasets/tickets.jsonl");
    sandbox.write(
        "datasets/tickets.jsonl",
        format!(
            "{rows}{}\n",
            json!({"id": "leak", "vars": {"ticket": "bug: kim@example.com pays with 4111 1111 1111 1111"},
                   "expected": "bug", "note": "é"})
        ),
    );
    sandbox.write(
        "operations/exports/one.json",
        "{\"password\": \"hunter2\"}\n",
    );
    sandbox
}

#[test]
fn each_secret_is_told_with_its_place_and_rule_and_never_shown() {
    let sandbox = with_secrets();
    sandbox.pointsman(&["check"]).succeeds();
    let outputs = ["-o", "../check.sarif", "-o", "github=-"];
    let run = sandbox.pointsman(&[&["check", "--secrets"][..], &outputs].concat());
    run.exits(1).says(
        "::error file=datasets/tickets.jsonl,line=4,col=37,endColumn=51,title=secret-in-file\
         ::the rule `email` of redaction matches here",
    );
    let sarif: Value = serde_json::from_str(&sandbox.read("../check.sarif")).expect("it is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("a list");
    let places: Vec<(&str, u64, &str)> = results
        .iter()
        .map(|it| {
            let place = &it["locations"][0]["physicalLocation"];
            let path = place["artifactLocation"]["uri"].as_str().expect("a path");
            let line = place["region"]["startLine"].as_u64().expect("a line");
            (path, line, it["ruleId"].as_str().expect("a rule"))
        })
        .collect();
    assert_eq!(
        places,
        [
            ("datasets/tickets.jsonl", 4, "secret-in-file"),
            ("datasets/tickets.jsonl", 4, "secret-in-file"),
            ("operations/exports/one.json", 1, "secret-in-file"),
        ]
    );
    let json = sandbox.pointsman(&["--json", "check", "--secrets"]);
    assert_eq!(json.exits(1).json()["usable"], false);
    let text = sandbox.pointsman(&["check", "--secrets"]);
    text.exits(1)
        .says("  --> operations/exports/one.json:1:14\n")
        .says("= help: write `<secret>` in its place");
    let said = [
        run.transcript(),
        json.transcript(),
        text.transcript(),
        sandbox.read("../check.sarif"),
    ];
    for secret in SECRETS {
        assert!(said.iter().all(|it| !it.contains(secret)), "{secret}");
    }
}

#[test]
fn what_the_rules_allow_is_no_secret_and_a_commit_is_looked_through_too() {
    let sandbox = with_secrets();
    sandbox.commit("Leak");
    let settings = sandbox.read("pointsman.toml");
    let rules = "[redaction]\nallow = [\"*@example.com\"]\noff = [\"card\", \"secret\"]\n";
    sandbox.write("pointsman.toml", format!("{settings}\n{rules}"));
    let run = sandbox.pointsman(&["check", "--secrets"]);
    run.succeeds().says("no problems");
    let run = sandbox.pointsman(&["check", "--secrets", "--at", "HEAD"]);
    run.exits(1).says("3 errors");
}
