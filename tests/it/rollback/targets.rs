//! Where a rollback goes: to a number, an id, a tag, or what passed last.

use super::lane_with;
use crate::support::Sandbox;

#[track_caller]
fn rolls_back(sandbox: &Sandbox, to: &str) {
    sandbox
        .pointsman(&["rollback", "staging", "--to", to, "--yes", "--reason", "x"])
        .succeeds();
}

#[test]
fn a_record_is_named_by_number_by_id_or_by_a_tag() {
    let sandbox = lane_with(&["one", "two", "three"]);
    let first = sandbox.git(&["rev-parse", "lanes/staging~2"]);
    let live = |sandbox: &Sandbox| sandbox.record("staging")["snapshot"]["gitTree"].clone();
    sandbox.git(&["tag", "-a", "-m", "good", "known-good", "lanes/staging~2"]);
    let tags = ["#1", "1", &first[..7], "known-good"];
    for to in tags {
        rolls_back(&sandbox, to);
        let record = sandbox.record("staging");
        let unhold = ["lanes", "unhold", "staging", "--yes", "--reason", "again"];
        sandbox.pointsman(&unhold).succeeds();
        assert_eq!(record["snapshot"]["gitTree"], live(&sandbox), "{to}");
        assert_eq!(record["rollbackTarget"], serde_json::Value::Null);
        sandbox.promotes("staging");
    }
}

#[test]
fn what_names_no_record_is_told_so() {
    let sandbox = lane_with(&["one", "two"]);
    let asks = |to: &str| {
        let args = ["rollback", "staging", "--to", to, "--yes", "--reason", "x"];
        sandbox.pointsman(&args)
    };
    asks("latest")
        .exits(2)
        .tells("`latest` names neither a record nor a tag");
    sandbox.git(&["tag", "elsewhere"]);
    asks("elsewhere").exits(2).tells("has no record");
    asks("last-passed")
        .exits(7)
        .tells("no earlier record of lane `staging` shows that its gate passed");
}

#[test]
fn what_passed_last_is_found_past_what_was_let_in_without_a_gate() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    let passed = sandbox.record("staging")["snapshot"].clone();
    // The policy that stands in the lane asks for nothing from here on.
    sandbox.write("environments/staging.toml", "order = 1\n");
    sandbox.commit("Ask for nothing");
    sandbox.promotes("staging");
    for words in ["badly", "worse"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    rolls_back(&sandbox, "last-passed");
    let record = sandbox.record("staging");
    assert_eq!(record["snapshot"], passed);
    assert_eq!(record["evidence"].as_array().map(Vec::len), Some(1));
}

#[test]
fn evidence_that_was_altered_shows_no_pass() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    sandbox.write("environments/staging.toml", "order = 1\n");
    sandbox.reword("badly");
    sandbox.promotes("staging");
    // A history in which the statement of the first record is about another snapshot.
    let path = sandbox.git(&[
        "ls-tree",
        "-r",
        "--name-only",
        "lanes/staging~1",
        ".lane/evidence/",
    ]);
    let text = sandbox.git(&["show", &format!("lanes/staging~1:{path}")]);
    let forged = text.replace("\"result\":\"PASSED\"", "\"result\":\"PASSED\" ");
    assert_ne!(forged, text);
    let first = sandbox.amend("lanes/staging~1", &path, &forged, None);
    let old = sandbox.git(&["rev-parse", "lanes/staging~1"]);
    let record = sandbox.git(&["show", "lanes/staging:.lane/deployment.json"]);
    let record = record.replace(&old, &first);
    let tip = sandbox.amend(
        "lanes/staging",
        ".lane/deployment.json",
        &record,
        Some(&first),
    );
    sandbox.git(&["update-ref", "refs/heads/lanes/staging", &tip]);
    let run = sandbox.pointsman(&[
        "rollback",
        "staging",
        "--to",
        "last-passed",
        "--yes",
        "--reason",
        "x",
    ]);
    run.exits(7)
        .tells("no earlier record of lane `staging` shows");
}

#[test]
fn a_snapshot_under_a_hold_is_not_gone_back_to() {
    let sandbox = lane_with(&["one", "two"]);
    let bad = sandbox.git(&["show", "lanes/staging~1:.lane/deployment.json"]);
    let bad: serde_json::Value = serde_json::from_str(&bad).expect("a record is JSON");
    let bad = bad["snapshot"]["sha256"].as_str().expect("a digest");
    let reason = ["--yes", "--reason", "leaks names"];
    let hold = ["lanes", "hold", "staging", "--snapshot", &bad[..12]];
    sandbox.pointsman(&[&hold[..], &reason].concat()).succeeds();
    let run = sandbox.pointsman(&[&["rollback", "staging"][..], &reason].concat());
    run.exits(7)
        .tells("is under a hold since #3: leaks names")
        .tells("pointsman lanes unhold staging");
}

#[test]
fn what_does_not_render_is_not_gone_back_to() {
    let sandbox = lane_with(&["well"]);
    // A first record that pointsman itself would not have written.
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    let broken = prompt.replace("{{ ticket }}", "{{ nobody }}");
    let first = sandbox.amend("lanes/staging", "prompts/triage.prompt.yml", &broken, None);
    sandbox.git(&["update-ref", "refs/heads/lanes/staging", &first]);
    sandbox.reword("better");
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    let run = sandbox.pointsman(&["rollback", "staging", "--to", "1", "--yes", "--reason", "x"]);
    run.exits(7)
        .tells("#1 cannot be gone back to: `triage` does not render there")
        .tells("name one with `--to`");
    assert_eq!(sandbox.tip("staging"), tip);
}
