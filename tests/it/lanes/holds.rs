//! `pointsman lanes hold`: what must not come in again, without moving what is live.

use crate::support::Sandbox;

fn hold<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let args = [
        "lanes",
        "hold",
        "staging",
        "--yes",
        "--reason",
        "leaks names",
    ];
    [&args[..], more].concat()
}

#[test]
fn a_hold_leaves_what_is_live_and_bars_it_from_coming_again() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let live = sandbox.record("staging");
    let run = sandbox.pointsman(&hold(&["--json"]));
    assert_eq!(run.succeeds().json()["outcome"], "moved");
    let record = sandbox.record("staging");
    assert_eq!(record["kind"], "hold");
    assert_eq!(record["snapshot"], live["snapshot"]);
    assert_eq!(record["holds"][0]["snapshot"], live["snapshot"]["sha256"]);
    assert_eq!(record["rollbackTarget"], live["rollbackTarget"]);
    sandbox
        .pointsman(&hold(&[]))
        .succeeds()
        .says("lane staging holds this already");
    sandbox
        .pointsman(&["lanes", "verify", "staging"])
        .succeeds();
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    let run = sandbox.pointsman(&["promote", "staging", "--from", &first, "--yes"]);
    run.exits(7).tells("is under a hold since #2: leaks names");
}

#[test]
fn what_is_held_where_it_is_live_is_not_promoted_from_there() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.pointsman(&hold(&[])).succeeds();
    let run = sandbox.pointsman(&["promote", "production", "--yes"]);
    run.exits(7)
        .tells("is live in lane `staging`, and under a hold there since #2: leaks names")
        .tells("pointsman lanes unhold staging");
    let unhold = [
        "lanes",
        "unhold",
        "staging",
        "--yes",
        "--reason",
        "it does not",
    ];
    sandbox.pointsman(&unhold).succeeds();
    sandbox.promotes("production");
}

#[test]
fn one_version_of_a_prompt_is_held_in_whatever_snapshot_it_comes() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let bad = sandbox.read("prompts/triage.prompt.yml");
    sandbox.pointsman(&hold(&["--prompt", "triage"])).succeeds();
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    sandbox.write("prompts/triage.prompt.yml", bad);
    sandbox.write("recordings/triage.jsonl", "");
    sandbox.commit("The bad version, in other company");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(7)
        .tells("prompt `triage` at ")
        .tells("is under a hold since #2: leaks names");
}

#[test]
fn a_version_of_a_prompt_that_is_held_is_not_promoted_from_there_either() {
    let sandbox = Sandbox::without_gates();
    let other = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("prompts/other.prompt.yml", other);
    sandbox.commit("Add another");
    sandbox.promotes("staging");
    sandbox.pointsman(&hold(&["--prompt", "triage"])).succeeds();
    let run = sandbox.pointsman(&["promote", "production", "--yes"]);
    run.exits(7)
        .tells("prompt `triage` at ")
        .tells("under a hold there since #2");
    sandbox
        .pointsman(&["promote", "production", "other", "--yes"])
        .succeeds();
}

#[test]
fn a_snapshot_is_held_before_it_ever_comes() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let snapshot = sandbox.record("staging")["snapshot"]["sha256"].clone();
    let snapshot = snapshot.as_str().expect("a digest");
    sandbox.promotes("production");
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    let next = sandbox.record("staging")["snapshot"]["sha256"].clone();
    let next = &next.as_str().expect("a digest")[..10];
    let args = [
        "lanes",
        "hold",
        "production",
        "--yes",
        "--reason",
        "wait",
        "--snapshot",
        next,
    ];
    sandbox.pointsman(&args).succeeds();
    sandbox
        .pointsman(&["promote", "production", "--yes"])
        .exits(7)
        .tells("is under a hold since #2: wait");
    assert_eq!(
        sandbox.record("production")["snapshot"]["sha256"],
        snapshot,
        "what is live stays"
    );
    let unknown = hold(&["--snapshot", "0123456789"]);
    sandbox
        .pointsman(&unknown)
        .exits(2)
        .tells("no record of any lane has a snapshot `0123456789`");
    sandbox
        .pointsman(&hold(&["--snapshot", "01"]))
        .exits(2)
        .tells("is too short");
}

#[test]
fn a_hold_asks_for_consent_and_for_a_reason() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    sandbox
        .pointsman(&["lanes", "hold", "staging", "--yes"])
        .exits(2)
        .tells("--reason");
    sandbox
        .pointsman(&["lanes", "hold", "staging", "--reason", "x"])
        .exits(2)
        .tells("set a hold; what is live stays as it is")
        .tells("--yes");
    sandbox.pointsman(&hold(&["--dry-run"])).succeeds();
    sandbox.pointsman(&hold(&["--expect", "none"])).exits(8);
    assert_eq!(sandbox.tip("staging"), tip);
    let run = sandbox.pointsman(&["lanes", "hold", "production", "--yes", "--reason", "x"]);
    run.exits(2).tells("lane `production` has no records yet");
}
