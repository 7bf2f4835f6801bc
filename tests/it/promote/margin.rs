//! A gate with a margin compares the candidate with the version that is live.

use crate::support::Sandbox;

const PROMPT: &str = "prompts/triage.prompt.yml";

/// A workspace with so many rows, whose `staging` has this gate and a first release.
fn live(rows: usize, gate: &str) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let row = |number: usize| {
        format!(
            "{{\"id\": \"r{number}\", \"vars\": {{\"ticket\": \"bug: case {number}.\"}}, \"expected\": \"bug\"}}\n"
        )
    };
    let rows: String = (0..rows).map(row).collect();
    sandbox.write("datasets/tickets.jsonl", rows);
    sandbox.write(
        "environments/staging.toml",
        format!("order = 1\n[gate]\n{gate}"),
    );
    sandbox.commit("Compare with what is live");
    sandbox.promotes("staging");
    sandbox
}

/// Answers `sorry` to the tickets with these words, and changes the prompt in any case.
fn answer_worse(sandbox: &Sandbox, condition: &str) {
    sandbox.edit(
        PROMPT,
        "\"{{ ticket }}\"",
        &format!("\"{{% if {condition} %}}sorry{{% else %}}{{{{ ticket }}}}{{% endif %}}\""),
    );
    sandbox.commit("Answer otherwise");
}

const MARGIN: &str = "margin = 0.05\n";

#[test]
fn a_version_that_is_no_worse_comes_in_with_the_comparison_as_evidence() {
    let sandbox = live(60, MARGIN);
    answer_worse(&sandbox, "ticket == ''");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds()
        .tells("`queue-matches` went from 100.0% to 100.0%, +0.0 points (-2.7 to +2.7), and the margin is 5.0: pass");
    let record = sandbox.record("staging");
    let path = record["evidence"][0]["path"].as_str().expect("a path");
    let text = sandbox.git(&["show", &format!("lanes/staging:{path}")]);
    let statement: serde_json::Value = serde_json::from_str(&text).expect("evidence is JSON");
    let evaluation = &statement["predicate"]["evaluation"];
    let comparison = &evaluation["decision"]["comparisons"][0];
    assert_eq!(comparison["outcome"], "pass");
    assert_eq!(comparison["rows"], 60);
    let before = &evaluation["baselines"][0]["suite"];
    let after = &evaluation["suites"][0]["suite"];
    assert_ne!(before["fingerprint"], after["fingerprint"]);
    assert_eq!(before["dataset_digest"], after["dataset_digest"]);
    assert_eq!(before["evaluators"], after["evaluators"]);
}

#[test]
fn a_version_that_is_worse_is_refused_without_any_floor() {
    let sandbox = live(60, MARGIN);
    let tip = sandbox.tip("staging");
    answer_worse(&sandbox, "'1' in ticket");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(1)
        .has_no_result()
        .tells("`queue-matches` went from 100.0% to 75.0%, -25.0 points");
    assert_eq!(sandbox.tip("staging"), tip);
    let run = sandbox.pointsman(&["eval", "--gate", "staging"]);
    run.exits(1).says("gate of lane `staging`: failed");
}

#[test]
fn too_few_rows_show_nothing_and_the_lane_says_what_that_means() {
    let sandbox = live(20, MARGIN);
    let tip = sandbox.tip("staging");
    answer_worse(&sandbox, "ticket == ''");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(3)
        .has_no_result()
        .tells("the margin is 5.0: inconclusive")
        .tells("pointsman plan");
    assert_eq!(sandbox.tip("staging"), tip);
    sandbox.pointsman(&["eval", "--gate", "staging"]).exits(3);

    let sandbox = live(20, "margin = 0.05\non_inconclusive = \"warn\"\n");
    answer_worse(&sandbox, "ticket == ''");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds().tells("the margin is 5.0: inconclusive");
    assert_eq!(sandbox.record("staging")["sequence"], 2);
}

#[test]
fn rows_that_are_not_independent_show_less() {
    let sandbox = live(60, MARGIN);
    let rows = sandbox.read("datasets/tickets.jsonl");
    let rows: String = rows
        .lines()
        .enumerate()
        .map(|(number, row)| {
            let cluster = number % 6;
            row.replacen('{', &format!("{{\"cluster\": \"c{cluster}\", "), 1) + "\n"
        })
        .collect();
    sandbox.write("datasets/tickets.jsonl", rows);
    answer_worse(&sandbox, "ticket == ''");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(3).tells("inconclusive");
}

#[test]
fn a_version_that_is_tested_otherwise_cannot_be_compared() {
    let sandbox = live(60, MARGIN);
    let tip = sandbox.tip("staging");
    sandbox.edit(PROMPT, "[queue-matches, no-apology]", "[queue-matches]");
    answer_worse(&sandbox, "'1' in ticket");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(1)
        .tells("`no-apology` tests the version that is live, and not the candidate");
    answer_better(&sandbox);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(4)
        .has_no_result()
        .tells("in two releases, the tests first");
    assert_eq!(sandbox.tip("staging"), tip);
}

#[test]
fn rows_that_the_live_version_cannot_render_are_no_comparison() {
    let sandbox = live(60, MARGIN);
    let rows = sandbox.read("datasets/tickets.jsonl");
    sandbox.write(
        "datasets/tickets.jsonl",
        rows.replace("\"ticket\"", "\"question\""),
    );
    let prompt = sandbox.read(PROMPT);
    sandbox.write(
        PROMPT,
        prompt
            .replace("  ticket:", "  question:")
            .replace("{{ ticket }}", "{{ question }}"),
    );
    sandbox.commit("Rename the variable");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(4)
        .tells("the version that is live has no answer for row `r");
}

/// Takes the worse answers back, but keeps the prompt another one.
fn answer_better(sandbox: &Sandbox) {
    sandbox.edit(PROMPT, "'1' in ticket", "ticket == ''");
    sandbox.commit("Answer well again");
}
