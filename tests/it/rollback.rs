//! `pointsman rollback`: forward to an old snapshot, and a hold on what was left.

mod prompts;
mod targets;

use proptest::prelude::*;

use crate::support::Sandbox;

fn snapshot(sandbox: &Sandbox) -> String {
    sandbox.record("staging")["snapshot"]["sha256"].to_string()
}

/// A lane with as many records as wordings.
fn lane_with(wordings: &[&str]) -> Sandbox {
    let sandbox = Sandbox::without_gates();
    for words in wordings {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    sandbox
}

#[test]
fn a_rollback_is_a_new_record_with_the_old_tree_and_a_hold() {
    let sandbox = lane_with(&["well", "badly"]);
    let (first, second) = (
        sandbox.git(&["rev-parse", "lanes/staging~1"]),
        sandbox.tip("staging"),
    );
    let run = sandbox.pointsman(&["rollback", "staging", "--yes", "--reason", "wrong queue"]);
    run.succeeds().says("lane staging is at #3");
    assert_eq!(sandbox.git(&["rev-parse", "lanes/staging~1"]), second);
    let differ = sandbox.git(&["diff", "--name-only", &first, "lanes/staging"]);
    assert_eq!(differ, ".lane/deployment.json");
    let record = sandbox.record("staging");
    assert_eq!(record["kind"], "rollback");
    assert_eq!(record["holds"][0]["reason"], "wrong queue");
    assert_eq!(record["holds"][0]["setBySequence"], 3);
    assert_eq!(record["rollbackTarget"], serde_json::Value::Null);
}

#[test]
fn a_held_snapshot_comes_in_again_only_after_it_was_released() {
    let sandbox = lane_with(&["well", "badly"]);
    sandbox
        .pointsman(&["rollback", "staging", "--yes", "--reason", "wrong queue"])
        .succeeds();
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(7)
        .tells("under a hold since #3: wrong queue")
        .tells("pointsman lanes unhold staging");
    sandbox
        .pointsman(&[
            "lanes",
            "unhold",
            "staging",
            "--yes",
            "--reason",
            "was right",
        ])
        .succeeds();
    sandbox.promotes("staging");
    assert_eq!(sandbox.record("staging")["sequence"], 5);
    assert_eq!(sandbox.record("staging")["holds"], serde_json::json!([]));
}

#[test]
fn every_snapshot_on_the_way_back_is_held() {
    let sandbox = lane_with(&["one", "two", "three"]);
    sandbox
        .pointsman(&[
            "rollback",
            "staging",
            "--to",
            "1",
            "--yes",
            "--reason",
            "all wrong",
        ])
        .succeeds();
    let holds = sandbox.record("staging")["holds"].clone();
    assert_eq!(holds.as_array().map(Vec::len), Some(2));
    let run = sandbox.pointsman(&["rollback", "staging", "--to", "2", "--yes", "--reason", "x"]);
    run.exits(7).tells("under a hold");
}

#[test]
fn where_there_is_nothing_to_go_back_to_the_reason_is_told() {
    let sandbox = lane_with(&["once"]);
    let run = sandbox.pointsman(&["rollback", "staging", "--yes", "--reason", "x"]);
    run.exits(7).tells("nothing to go back to from #1");
    let run = sandbox.pointsman(&["rollback", "production", "--yes", "--reason", "x"]);
    run.exits(7).tells("has no records yet");
    let run = sandbox.pointsman(&["rollback", "staging", "--to", "9", "--yes", "--reason", "x"]);
    run.exits(2).tells("has no record `#9`");
    let run = sandbox.pointsman(&["rollback", "staging", "--to", "1", "--yes", "--reason", "x"]);
    run.succeeds().says("has this already");
}

#[test]
fn a_rollback_asks_for_consent_and_for_a_reason() {
    let sandbox = lane_with(&["well", "badly"]);
    let tip = sandbox.tip("staging");
    sandbox
        .pointsman(&["rollback", "staging", "--yes"])
        .exits(2)
        .tells("--reason");
    let run = sandbox.pointsman(&["rollback", "staging", "--reason", "x"]);
    run.exits(2)
        .tells("roll back lane staging, as #3")
        .tells("--yes");
    let run = sandbox.pointsman(&[
        "rollback",
        "staging",
        "--reason",
        "x",
        "--dry-run",
        "--json",
    ]);
    assert_eq!(run.succeeds().json()["plan"]["previous"], tip.as_str());
    let expect = [
        "rollback", "staging", "--reason", "x", "--yes", "--expect", "0000000",
    ];
    sandbox.pointsman(&expect).exits(8).tells("is now at #2");
    assert_eq!(sandbox.tip("staging"), tip);
}

#[test]
fn a_lane_on_a_remote_is_rolled_back_there() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.promotes("staging");
    sandbox.reword("badly");
    sandbox.promotes("staging");
    sandbox
        .pointsman(&["rollback", "staging", "--yes", "--reason", "wrong queue"])
        .succeeds();
    let there = sandbox.git(&["ls-remote", "origin", "refs/heads/lanes/staging"]);
    assert!(there.starts_with(&sandbox.tip("staging")), "{there}");
}

#[test]
fn the_record_before_is_no_target_if_its_prompts_do_not_render_there() {
    let sandbox = lane_with(&["well"]);
    // A record that pointsman itself would not have written.
    let good = sandbox.tip("staging");
    sandbox.git(&["switch", "--quiet", "--detach", "lanes/staging"]);
    sandbox.edit("prompts/triage.prompt.yml", "{{ ticket }}", "{{ nobody }}");
    let text = sandbox.read(".lane/deployment.json");
    let text = text.replace("\"sequence\": 1", "\"sequence\": 2");
    let text = text.replace("\"previous\": null", &format!("\"previous\": \"{good}\""));
    sandbox.write(".lane/deployment.json", text);
    let broken = sandbox.commit("By hand");
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&["update-ref", "refs/heads/lanes/staging", &broken]);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds().tells("`triage` does not render there");
    assert_eq!(
        sandbox.record("staging")["rollbackTarget"],
        serde_json::Value::Null
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promote_and_roll_back_leave_the_snapshot_as_it_was(
        before in "[a-z]{1,12}",
        after in "[a-z ]{1,20}",
        adds_a_file in any::<bool>(),
    ) {
        let sandbox = lane_with(&[&before]);
        let snapshot_before = snapshot(&sandbox);
        let tree = |sandbox: &Sandbox| sandbox.record("staging")["snapshot"]["gitTree"].to_string();
        let tree_before = tree(&sandbox);
        sandbox.reword(&format!("not {after}!"));
        if adds_a_file {
            sandbox.write("recordings/triage.jsonl", "");
            sandbox.commit("Record");
        }
        sandbox.promotes("staging");
        prop_assert_ne!(&snapshot(&sandbox), &snapshot_before);
        sandbox.pointsman(&["rollback", "staging", "--yes", "--reason", "x"]).succeeds();
        prop_assert_eq!(snapshot(&sandbox), snapshot_before);
        prop_assert_eq!(tree(&sandbox), tree_before);
        let parents = sandbox.git(&["log", "--format=%P", "lanes/staging"]);
        prop_assert!(parents.lines().all(|line| line.split(' ').count() == 1));
    }
}
