//! `pointsman lanes`: what is live where, and how it came there.

mod at;
mod holds;

use crate::support::Sandbox;

fn with_history() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--reason", "first"])
        .succeeds();
    sandbox.promotes("production");
    sandbox.reword("badly");
    sandbox.promotes("staging");
    sandbox
        .pointsman(&["rollback", "staging", "--yes", "--reason", "wrong queue"])
        .succeeds();
    sandbox
}

#[test]
fn every_lane_is_listed_with_what_is_live_there() {
    let sandbox = with_history();
    sandbox.write("environments/canary.toml", "order = 0\n");
    sandbox.git(&["branch", "lanes/Not_A_Lane"]);
    insta::assert_snapshot!(sandbox.pointsman(&["lanes", "list"]).succeeds().stdout);
    sandbox.remove("environments/production.toml");
    let lanes = sandbox.pointsman(&["lanes", "list", "--json"]).json();
    assert_eq!(lanes["schema"], "pointsman/lanes/v1");
    let declared: Vec<_> = ["canary", "staging", "production"].into();
    for (index, name) in declared.iter().enumerate() {
        assert_eq!(lanes["lanes"][index]["name"], *name);
    }
    assert_eq!(lanes["lanes"][0]["current"], serde_json::Value::Null);
    assert_eq!(lanes["lanes"][2]["declared"], false);
}

#[test]
fn a_lane_is_shown_with_its_record_and_its_prompts() {
    let sandbox = with_history();
    insta::assert_snapshot!(
        sandbox
            .pointsman(&["lanes", "show", "staging"])
            .succeeds()
            .stdout
    );
    let shown = sandbox
        .pointsman(&["lanes", "show", "staging", "--json"])
        .json();
    assert_eq!(shown["current"]["id"], sandbox.tip("staging").as_str());
    assert_eq!(shown["prompts"], serde_json::json!(["triage"]));
}

#[test]
fn the_log_goes_from_the_newest_record_to_the_first() {
    let sandbox = with_history();
    insta::assert_snapshot!(
        sandbox
            .pointsman(&["lanes", "log", "staging"])
            .succeeds()
            .stdout
    );
    let log = sandbox
        .pointsman(&["lanes", "log", "staging", "-n", "2", "--json"])
        .json();
    assert_eq!(log["records"].as_array().map(Vec::len), Some(2));
    assert_eq!(log["records"][0]["deployment"]["kind"], "rollback");
}

#[test]
fn a_lane_without_records_is_told_with_what_to_do() {
    let sandbox = with_history();
    let run = sandbox.pointsman(&["lanes", "show", "stagin"]);
    run.exits(2)
        .tells("has no records yet")
        .tells("did you mean `staging`?");
}

#[test]
fn a_branch_that_only_looks_like_a_lane_is_not_believed() {
    let sandbox = Sandbox::without_gates();
    sandbox.git(&["branch", "lanes/staging"]);
    let run = sandbox.pointsman(&["lanes", "show", "staging"]);
    run.exits(2).tells("is not a record of lane `staging`");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2).tells("is not a record of lane `staging`");
}

#[test]
fn holds_are_released_one_by_one_or_all_at_once() {
    let sandbox = Sandbox::without_gates();
    for words in ["one", "two", "three"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    sandbox
        .pointsman(&["rollback", "staging", "--to", "1", "--yes", "--reason", "x"])
        .succeeds();
    let record = sandbox.record("staging");
    let held = record["holds"][0]["snapshot"].as_str().expect("a digest");
    let one = [
        "lanes",
        "unhold",
        "staging",
        "--snapshot",
        &held[..12],
        "--reason",
        "fine",
    ];
    sandbox.pointsman(&one).exits(2).tells("--yes");
    sandbox
        .pointsman(&[&one[..], &["--dry-run"]].concat())
        .succeeds();
    sandbox
        .pointsman(&[&one[..], &["--yes"]].concat())
        .succeeds();
    let after = sandbox.record("staging");
    assert_eq!(after["holds"].as_array().map(Vec::len), Some(1));
    assert_eq!(after["kind"], "unhold");
    assert_eq!(after["snapshot"], record["snapshot"]);
    sandbox
        .pointsman(&[&one[..], &["--yes"]].concat())
        .exits(2)
        .tells("has no such hold");
}
