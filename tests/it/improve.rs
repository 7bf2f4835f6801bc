//! `pointsman improve`: from what fails to a candidate that is merged, or not.

mod broken_off;
mod by_hand;
mod deciding;
mod hostile;
mod recordings;
mod scene;
mod shown;
mod traffic;

use scene::{CANDIDATE, PROMPT, Scene};

/// The whole way: what fails is proposed a cure for, the cure is checked, read and merged.
#[test]
fn a_candidate_that_recovers_what_fails_is_checked_reviewed_and_merged() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let before = scene.everything_but_the_records();
    let start = scene.improve(&["start", "--prompt", "triage"]);
    start
        .succeeds()
        .says("candidate triage/1: commit ")
        .says("on branch improve/triage/1")
        .says("4 of 8 rows; 3 were shown, 1 held back");
    assert_eq!(
        scene.everything_but_the_records(),
        before,
        "nothing is checked out, and no branch moved"
    );
    let diff = scene
        .sandbox
        .git(&["diff", "--stat", "HEAD", "improve/triage/1"]);
    assert!(diff.contains("1 file changed"), "{diff}");

    scene
        .improve(&["check", CANDIDATE])
        .succeeds()
        .says("nothing that passes today fails")
        .says("seen by the author")
        .says("passes now (4 of 4 shown)");
    let show = scene.improve(&["show", CANDIDATE]);
    for section in [
        "1. Diagnosis",
        "2. Candidate",
        "3. Prompt diff",
        "4. Traffic comparison",
        "5. Regression report",
        "6. Cost, tokens, latency",
        "7. Deployment target",
    ] {
        show.succeeds().says(section);
    }
    assert_eq!(show.stdout.matches("Stop if ").count(), 7);
    scene
        .improve(&["approve", CANDIDATE, "--yes", "--reason", "read the diff"])
        .succeeds()
        .says("candidate triage/1 is merged into main: commit ")
        .tells("no lane has moved");
    let sandbox = &scene.sandbox;
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    assert!(sandbox.read(PROMPT).contains(scene::CURE));
    let parents = sandbox.git(&["log", "-1", "--format=%P"]);
    let candidate = sandbox.git(&["rev-parse", "improve/triage/1"]);
    assert!(parents.ends_with(&candidate), "{parents}");
    scene.eval().succeeds();
    assert_eq!(sandbox.git(&["for-each-ref", "refs/heads/lanes"]), "");
}

#[test]
fn the_whole_cycle_is_kept_in_git_with_who_when_and_what() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    let sandbox = &scene.sandbox;
    let status = sandbox.pointsman(&["status", "--all"]);
    status
        .succeeds()
        .says("next: candidate triage/1 is unchecked")
        .says("    pointsman improve check triage/1");
    scene.improve(&["check", CANDIDATE]).succeeds();
    scene.improve(&["approve", CANDIDATE, "--yes"]).succeeds();
    let record = "refs/pointsman/improve/triage/1";
    let log = sandbox.git(&["log", "-3", "--format=%s by %cn", record]);
    insta::assert_snapshot!(log, @r"
    Approve candidate triage/1 by Cleo
    Check candidate triage/1 by Cleo
    Propose candidate triage/1 by Cleo
    ");
    let text = sandbox.git(&["show", &format!("{record}:improve.json")]);
    let kept: serde_json::Value = serde_json::from_str(&text).expect("a record is JSON");
    let branch = sandbox.git(&["rev-parse", "improve/triage/1"]);
    assert_eq!(kept["candidate"]["commit"], branch.as_str());
    let blob = sandbox.git(&["rev-parse", &format!("improve/triage/1:{PROMPT}")]);
    assert_eq!(kept["candidate"]["blob"], blob.as_str());
    assert_eq!(kept["started_by"], "Cleo <cleo@example.com>");
    assert_eq!(kept["author"]["model"]["model"], "local/big");
    assert_eq!(kept["checks"][0]["after"][0]["suite"]["dataset"], "tickets");
    let merge = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(
        kept["decision"]["kind"]["approved"]["commit"],
        merge.as_str()
    );
    sandbox.git(&["fsck", "--strict", "--no-dangling"]);
    // The record alone brings the candidate along.
    sandbox.git(&["branch", "-D", "improve/triage/1"]);
    sandbox.git(&["merge-base", "--is-ancestor", &branch, record]);
}

#[test]
fn the_open_candidates_are_listed_with_what_to_do_next() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene
        .improve(&["list"])
        .succeeds()
        .has_no_result()
        .tells("no candidate waits");
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    let list = scene.improve(&["list"]);
    list.succeeds()
        .says("unchecked")
        .says("pointsman improve check triage/1");
    scene.improve(&["check", CANDIDATE]).succeeds();
    let json = scene.improve(&["list", "--json"]).succeeds().json();
    assert_eq!(json["schema"], "pointsman/improve-list/v1");
    assert_eq!(json["attempts"][0]["state"], "checked");
    scene
        .improve(&["reject", CANDIDATE, "--reason", "not now"])
        .succeeds();
    let none = scene.improve(&["list", "--json"]).succeeds().json();
    assert_eq!(none["attempts"].as_array().map(Vec::len), Some(0));
    let all = scene
        .improve(&["list", "--all", "--json"])
        .succeeds()
        .json();
    assert_eq!(all["attempts"][0]["state"], "rejected");
    assert_eq!(
        all["attempts"][0]["record"]["decision"]["reason"],
        "not now"
    );
    scene
        .improve(&["approve", CANDIDATE, "--yes"])
        .exits(2)
        .tells("is rejected already");
}

#[test]
fn a_candidate_that_is_not_there_is_named_with_one_that_is() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    scene
        .improve(&["show", "triage/2"])
        .exits(2)
        .tells("there is no candidate `triage/2`")
        .tells("triage/1");
    scene
        .improve(&["show", "triage"])
        .exits(2)
        .tells("as in `support/triage/1`");
}
