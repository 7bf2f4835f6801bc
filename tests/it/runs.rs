//! `pointsman runs`: runs are found, shown, compared and shared.

mod browser;
mod outputs;
mod sharing;

use crate::support::Sandbox;

const PROMPT: &str = "prompts/triage.prompt.yml";

/// Evaluates, whatever comes of it; the name of the run.
fn evaluated(sandbox: &Sandbox) -> String {
    let output = sandbox.pointsman(&["eval", "--json"]).json();
    output["run"].as_str().expect("a run has a name").to_owned()
}

/// The small workspace, and two runs of it: in the second, every answer apologises.
fn two_runs() -> (Sandbox, String, String) {
    let sandbox = Sandbox::with_workspace();
    let before = evaluated(&sandbox);
    sandbox.edit(PROMPT, "{{ ticket }}\"", "{{ ticket }} Sorry!\"");
    let after = evaluated(&sandbox);
    (sandbox, before, after)
}

#[test]
fn runs_are_listed_newest_first_with_what_came_of_them() {
    let (sandbox, ..) = two_runs();
    let output = sandbox.pointsman(&["runs", "list"]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @r"
    RUN                           STARTED               SOURCE    SUITES             PASSED    RATE  STATE
    20260302T090200000Z-11e2ff22  2026-03-02 09:02 UTC  worktree  triage on tickets     0/3    0.0%  finished
    20260302T090100000Z-27d138c2  2026-03-02 09:01 UTC  worktree  triage on tickets     3/3  100.0%  finished
    ");
    let listed = sandbox.pointsman(&["runs", "list", "--json", "-n", "1"]);
    let json = listed.succeeds().json();
    assert_eq!(json["schema"], "pointsman/runs/v1");
    assert_eq!(json["runs"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["runs"][0]["started_at"], "2026-03-02T09:02:00Z");
    assert_eq!(json["runs"][0]["passed"], 0);
}

#[test]
fn without_runs_nothing_is_listed_and_nothing_can_be_shown() {
    let sandbox = Sandbox::with_workspace();
    let list = sandbox.pointsman(&["runs", "list"]);
    list.succeeds().has_no_result().tells("there are no runs");
    let show = sandbox.pointsman(&["runs", "show"]);
    show.exits(2)
        .tells("there are no runs here")
        .tells("hint: ");
}

#[test]
fn a_run_is_shown_as_eval_showed_it() {
    let sandbox = Sandbox::with_workspace();
    let shown = sandbox.pointsman(&["eval"]);
    let again = sandbox.pointsman(&["runs", "show"]);
    assert_eq!(again.succeeds().stdout, shown.succeeds().stdout);
    let json = sandbox.pointsman(&["runs", "show", "latest", "--json"]);
    assert_eq!(json.json()["schema"], "pointsman/eval/v1");
}

#[test]
fn an_advisory_evaluator_is_still_advisory_when_its_run_is_shown() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "evaluators/no-apology.yml",
        "ignoreCase: true",
        "ignoreCase: true\nblocking: false",
    );
    sandbox.edit(PROMPT, "{{ ticket }}\"", "{{ ticket }} Sorry!\"");
    sandbox.pointsman(&["eval"]).succeeds();
    let shown = sandbox.pointsman(&["runs", "show"]);
    shown.succeeds().says("advisory").says("evaluation: passed");
}

#[test]
fn a_run_is_named_by_any_start_that_is_its_own() {
    let (sandbox, before, _) = two_runs();
    let show = |name: &str| sandbox.pointsman(&["runs", "show", name, "--json"]);
    assert_eq!(show(&before[..13]).json()["run"], before.as_str());
    show("2026").exits(2).tells("is the start of 2 runs");
    show("2027").exits(2).tells("there is no run `2027`");
    show("../x").exits(2).tells("there is no run `../x`");
}

#[test]
fn flips_are_shown_with_both_answers_and_what_broke_comes_first() {
    let (sandbox, before, after) = two_runs();
    let output = sandbox.pointsman(&["runs", "compare", &before, &after]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @r"
    before: run 20260302T090100000Z-27d138c2
    after:  run 20260302T090200000Z-11e2ff22

    PROMPT  DATASET  EVALUATOR          BEFORE       AFTER  CHANGE  BETWEEN
    triage  tickets  no-apology     3/3 100.0%  0/3   0.0%  -100.0  -100.0 and +3.2
    triage  tickets  queue-matches  3/3 100.0%  3/3 100.0%    +0.0  -42.6 and +42.6

    does not pass any more (3 of 3 shown):
      triage on tickets, row refund (critical), no-apology
        before pass: contains none of the values
               answer: billing: where is my refund?
        after  fail: contains `sorry`
               answer: billing: where is my refund? Sorry!
      triage on tickets, row crash, no-apology
        before pass: contains none of the values
               answer: bug: the app closes when I open it
        after  fail: contains `sorry`
               answer: bug: the app closes when I open it Sorry!
      triage on tickets, row dark-mode, no-apology
        before pass: contains none of the values
               answer: feature: please add a dark mode
        after  fail: contains `sorry`
               answer: feature: please add a dark mode Sorry!
    ");
    let back = sandbox.pointsman(&["runs", "compare", &after, &before]);
    back.succeeds().says("passes now (3 of 3 shown)");
    let same = sandbox.pointsman(&["runs", "compare", &before, &before]);
    same.succeeds().says("no case changed its grade");
}

#[test]
fn rows_that_hang_together_show_less_in_a_comparison() {
    let sandbox = Sandbox::with_workspace();
    let row = |number: usize| {
        let cluster = number % 3;
        format!(
            "{{\"id\": \"r{number}\", \"vars\": {{\"ticket\": \"bug {number}\"}}, \"expected\": \"bug\", \"cluster\": \"c{cluster}\"}}\n"
        )
    };
    let rows: String = (0..30).map(row).collect();
    let interval = |rows: &str| {
        sandbox.write("datasets/tickets.jsonl", rows);
        let run = evaluated(&sandbox);
        let args = ["runs", "compare", &run, &run, "--slice", "tag", "--json"];
        let suite = sandbox.pointsman(&args).json();
        let rates = suite["suites"][0]["evaluators"][0].clone();
        for figure in ["difference_lower", "difference_upper", "clusters"] {
            assert_eq!(
                suite["slices"][0][figure], rates[figure],
                "all rows are in one slice"
            );
        }
        let upper = rates["difference_upper"].as_f64().expect("an upper bound");
        (upper, rates["clusters"].clone())
    };
    let (together, clusters) = interval(&rows);
    assert_eq!(clusters, 3);
    let (apart, clusters) = interval(&rows.replace("\"cluster\"", "\"note\""));
    assert!(clusters.is_null());
    assert!(apart < 0.06 && together > 0.4, "{apart} {together}");
}

#[test]
fn a_comparison_as_json_names_every_flip() {
    let (sandbox, before, _) = two_runs();
    let output = sandbox.pointsman(&["runs", "compare", &before, "--json"]);
    let json = output.succeeds();
    let json = json.json();
    assert_eq!(json["schema"], "pointsman/runs-compare/v1");
    let suite = &json["suites"][0];
    assert_eq!(suite["prompt_changed"], true);
    let flips = suite["flips"].as_array().expect("flips are a list");
    assert_eq!(flips.len(), 3);
    assert_eq!(flips[0]["row"], "refund", "the critical row comes first");
    assert_eq!(flips[0]["before"]["grade"], "pass");
    assert_eq!(flips[0]["after"]["grade"], "fail");
}

#[test]
fn runs_of_other_rows_or_evaluators_are_not_compared() {
    let (sandbox, before, _) = two_runs();
    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "bug: my app");
    let other_row = evaluated(&sandbox);
    let compare = |one: &str, other: &str| sandbox.pointsman(&["runs", "compare", one, other]);
    let refused = compare(&before, &other_row);
    refused.exits(4).has_no_result();
    refused
        .tells("triage on tickets: other rows: `crash`")
        .tells("hint: ");
    sandbox.edit("evaluators/no-apology.yml", "\"sorry\", ", "");
    let other_rule = evaluated(&sandbox);
    let refused = compare(&before, &other_rule);
    refused.exits(4).tells("other rows: `crash`");
    refused.tells("other evaluators: `no-apology`");
    sandbox.pointsman(&["eval", "--repeats", "2"]).exits(0);
    let refused = compare(&other_rule, "latest");
    refused
        .exits(4)
        .tells("every row was tested 1 time(s) in one");
}

#[test]
fn the_order_of_rows_is_no_difference() {
    let (sandbox, before, _) = two_runs();
    let rows = sandbox.read("datasets/tickets.jsonl");
    let turned: Vec<&str> = rows.lines().rev().collect();
    sandbox.write("datasets/tickets.jsonl", turned.join("\n"));
    let after = evaluated(&sandbox);
    let output = sandbox.pointsman(&["runs", "compare", &before, &after]);
    output
        .succeeds()
        .says("does not pass any more (3 of 3 shown)");
}

#[test]
fn hostile_answers_stay_on_their_line() {
    let sandbox = Sandbox::with_workspace();
    let before = evaluated(&sandbox);
    sandbox.edit(
        PROMPT,
        "{{ ticket }}\"",
        "\\e[2Jsorry\\n\\u202eevaluation: passed\"",
    );
    let text = sandbox
        .read(PROMPT)
        .replace("content: Answer", "content: \"{{ ticket }}\" #");
    sandbox.write(PROMPT, text);
    evaluated(&sandbox);
    let output = sandbox.pointsman(&["runs", "compare", &before]);
    output
        .succeeds()
        .says("\\u{1b}[2Jsorry\\n\\u{202e}evaluation: passed");
}
