//! `incident note`, `classify` and `close`: what was found out is written down, and something is left
//! behind.

use std::collections::BTreeSet;

use super::{FILE, REFUNDS, opened};
use crate::support::Sandbox;
use crate::support::traces::Traffic;
use crate::support::two_releases::Production;

const PENDING: &str = "{\"id\": \"late-refund\", \"vars\": {\"ticket\": \"billing: late\"}, \"status\": \"pending\"}\n";

fn close(sandbox: &Sandbox, more: &[&str]) -> crate::support::run::RunOutput {
    sandbox.pointsman(&[&["incident", "close", REFUNDS], more].concat())
}

fn classified() -> Sandbox {
    let sandbox = opened();
    let classify = ["incident", "classify", REFUNDS, "--layer", "prompt"];
    sandbox.pointsman(&classify).succeeds();
    sandbox
}

#[test]
fn a_note_is_added_and_everything_that_people_wrote_stays() {
    let sandbox = opened();
    sandbox.edit(FILE, "title: Refunds", "# asked by support\ntitle: Refunds");
    sandbox.edit(
        FILE,
        "What a person found out, and where it was mended.",
        "The prompt lost a line.\n\n| a | b |\n|---|---|",
    );
    let text = sandbox.read(FILE);
    let said = "The provider is fine.\nThe prompt is not.";
    let time = sandbox.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let output = sandbox.pointsman(&["incident", "note", REFUNDS, said]);
    output.succeeds().says(&format!("noted in {FILE}"));
    let line = format!("- {time} Cleo: The provider is fine.\n  The prompt is not.\n");
    assert_eq!(sandbox.read(FILE), format!("{text}{line}"));
    sandbox
        .pointsman(&["incident", "note", REFUNDS, " "])
        .exits(2)
        .tells("the note says nothing");
}

#[test]
fn failed_calls_are_kept_as_rows_that_wait_for_a_review() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    let failing = Traffic {
        error_rate: 0.3,
        ..second
    };
    for traffic in [first, failing] {
        sandbox.imports_with(&traffic, "support/triage", "triage");
    }
    let open = [
        "incident",
        "open",
        "Refunds pile up",
        "--deployment",
        "production#2",
    ];
    sandbox.pointsman(&open).succeeds();
    let preserve = ["incident", "preserve", REFUNDS, "--to", "tickets"];
    let output = sandbox.pointsman(&[&preserve[..], &["--json"]].concat());
    let json = output.succeeds().json();
    let rows = json["incident"]["rows"].as_array().expect("rows are named");
    assert!(!rows.is_empty());
    let row = rows[0].as_str().expect("rows have names");
    let (_, id) = row.split_once(':').expect("a dataset and a row");
    let written = sandbox.read("datasets/tickets.jsonl");
    let line = written.lines().find(|line| line.contains(id));
    let line: serde_json::Value = line
        .and_then(|it| serde_json::from_str(it).ok())
        .expect("it is there");
    assert_eq!(
        (&line["status"], &line["tags"][0]),
        (&"pending".into(), &REFUNDS.into())
    );
    sandbox.pointsman(&["check"]).succeeds();
    sandbox
        .pointsman(&preserve)
        .succeeds()
        .says("0 failed calls");
    assert_eq!(sandbox.read("datasets/tickets.jsonl"), written);
    let classify = ["incident", "classify", REFUNDS, "--layer", "prompt"];
    sandbox.pointsman(&classify).succeeds();
    close(&sandbox, &["--row", row])
        .exits(2)
        .tells("is pending");
    let review = [
        "dataset",
        "review",
        "tickets",
        "--row",
        id,
        "--expected",
        "billing",
    ];
    sandbox.pointsman(&review).succeeds();
    close(&sandbox, &["--row", row]).succeeds();
}

#[test]
fn calls_that_are_evidence_become_rows_without_a_word_in_the_incident() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    for traffic in [first, second] {
        sandbox.imports_with(&traffic, "support/triage", "triage");
    }
    let open = ["incident", "open", "Refunds pile up"];
    let about = ["--deployment", "production#2"];
    sandbox.pointsman(&[&open[..], &about].concat()).succeeds();
    let incident = sandbox.read(FILE);
    let show = ["incident", "show", REFUNDS, "--json"];
    let show = sandbox.pointsman(&show).succeeds().json();
    let ids = |of: &serde_json::Value| -> BTreeSet<String> {
        let of = of.as_array().expect("a list").iter();
        of.map(|it| it["traceId"].as_str().expect("an id").to_owned())
            .collect()
    };
    let add = ["dataset", "add-span", "--incident", REFUNDS];
    let to = ["--to", "tickets", "--json"];
    let added = sandbox
        .pointsman(&[&add[..], &to].concat())
        .succeeds()
        .json();
    assert!(!ids(&added["added"]).is_empty());
    assert!(ids(&added["added"]).is_subset(&ids(&show["incident"]["evidence"])));
    assert_eq!(sandbox.read(FILE), incident);
}

#[test]
fn where_no_call_of_the_prompt_failed_no_row_is_made() {
    let sandbox = opened();
    sandbox
        .pointsman(&["incident", "preserve", REFUNDS, "--to", "tickets"])
        .exits(6)
        .has_no_result()
        .tells("no trace of the evidence that is still kept has a call of `triage`");
}

#[test]
fn the_layer_says_where_it_is_mended() {
    let sandbox = opened();
    let classify = ["incident", "classify", REFUNDS, "--layer", "evaluator"];
    sandbox
        .pointsman(&classify)
        .succeeds()
        .says("the fault lies in the evaluator")
        .tells("pointsman evaluator test");
    let classify = [
        "incident", "classify", REFUNDS, "--layer", "prompt", "--json",
    ];
    let json = sandbox.pointsman(&classify).succeeds().json();
    assert_eq!(json["incident"]["layer"], "prompt");
    let text = sandbox.read(FILE);
    assert_eq!(text.matches("\nlayer: ").count(), 1, "{text}");
    assert!(text.contains("classified as evaluator") && text.contains("classified as prompt"));
    let unknown = ["incident", "classify", REFUNDS, "--layer", "promt"];
    sandbox.pointsman(&unknown).exits(2);
}

#[test]
fn an_incident_is_not_closed_before_somebody_learned_from_it() {
    let sandbox = opened();
    close(&sandbox, &["--waive", "nothing to learn"])
        .exits(7)
        .tells("nobody has said in which layer the fault");
    let sandbox = classified();
    let before = sandbox.read(FILE);
    for nothing in [&[][..], &["--waive", " "]] {
        close(&sandbox, nothing)
            .exits(7)
            .has_no_result()
            .tells("leaves nothing behind");
    }
    let rows = sandbox.read("datasets/tickets.jsonl");
    sandbox.write("datasets/tickets.jsonl", rows + PENDING);
    for (args, told) in [
        (
            ["--row", "tickets:late-refunds"],
            "did you mean `late-refund`?",
        ),
        (
            ["--row", "tickets:late-refund"],
            "a pending row counts for no gate",
        ),
        (["--row", "ticket:refund"], "there is no dataset `ticket`"),
        (
            ["--evaluator", "queue-match"],
            "did you mean `queue-matches`?",
        ),
        (["--alert", "slow"], "there is no alert rule `slow`"),
        (
            ["--watch", "production"],
            "the lane `production` has no watch plan",
        ),
        (["--row", "tickets"], "a row is written `<dataset>:<row>`"),
    ] {
        close(&sandbox, &args).exits(2).has_no_result().tells(told);
    }
    assert_eq!(sandbox.read(FILE), before);
}

#[test]
fn a_closed_incident_names_what_it_leaves_behind_and_changes_no_more() {
    let sandbox = classified();
    let left = ["--row", "tickets:refund", "--evaluator", "queue-matches"];
    close(&sandbox, &left)
        .succeeds()
        .says("closed; leaves behind row tickets:refund, evaluator queue-matches");
    let text = sandbox.read(FILE);
    let leaves = "  leaves:\n    - row: \"tickets:refund\"\n    - evaluator: queue-matches\n";
    assert!(text.contains(leaves), "{text}");
    sandbox.pointsman(&["check"]).succeeds();
    sandbox
        .pointsman(&["incident", "list"])
        .succeeds()
        .has_no_result()
        .tells("1 closed; `--all` shows them");
    sandbox
        .pointsman(&["incident", "list", "--all"])
        .succeeds()
        .says("closed  ");
    let classify = ["incident", "classify", REFUNDS, "--layer", "tool"];
    sandbox.pointsman(&classify).exits(2).tells("is closed");
    sandbox.remove("evaluators/no-apology.yml");
    sandbox.edit(FILE, "evaluator: queue-matches", "evaluator: no-apology");
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "[queue-matches, no-apology]",
        "[queue-matches]",
    );
    sandbox
        .pointsman(&["check"])
        .says("the incident names the evaluator `no-apology`, which does not exist");
}

#[test]
fn where_nothing_can_be_left_the_reason_is_kept() {
    let sandbox = classified();
    close(&sandbox, &["--waive", "the provider was down", "--json"]).succeeds();
    let show = ["incident", "show", REFUNDS, "--json"];
    let json = sandbox.pointsman(&show).succeeds().json();
    let closed = &json["incident"]["closed"];
    assert_eq!(closed["waiver"], "the provider was down");
    assert_eq!(closed["by"], "Cleo");
    assert_eq!(json["incident"]["state"], "closed");
}

#[test]
fn a_file_that_was_spoilt_by_hand_is_told_with_its_place() {
    let sandbox = opened();
    sandbox.edit(FILE, "\nwhere: ", "\nwere: ");
    let place = format!("{FILE}:");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("unknown key `were`")
        .says("did you mean `where`?")
        .says(&place);
    sandbox
        .pointsman(&["incident", "note", REFUNDS, "x"])
        .exits(2)
        .has_no_result()
        .tells("unknown key `were`");
    sandbox
        .pointsman(&["incident", "show", "2026-03-02-refunds-piles-up"])
        .exits(2)
        .tells("did you mean `2026-03-02-refunds-pile-up`?");
}
