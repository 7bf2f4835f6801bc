//! Deciding: nothing is merged that breaks what passes, or that was not checked as it is.

use super::scene::{self, CANDIDATE, CURE, OLD, POISON, PROMPT, Scene};

/// A candidate that helps, checked.
fn checked() -> Scene {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    scene.improve(&["check", CANDIDATE]).succeeds();
    scene
}

const APPROVE: [&str; 3] = ["approve", CANDIDATE, "--yes"];

#[test]
fn a_candidate_that_breaks_a_row_that_gates_is_stopped() {
    let scene = Scene::whose_model_proposes(scene::poisoned_cure);
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    let before = scene.everything_but_the_records();
    let check = scene.improve(&["check", CANDIDATE]);
    check
        .exits(1)
        .says("it breaks what passes today")
        .says("does not pass any more (2 of 2 shown)")
        .says("bug-1 on tickets (critical), queue-matches");
    scene
        .improve(&APPROVE)
        .exits(7)
        .tells("breaks 2 case(s) that pass today");
    scene
        .improve(&["show", CANDIDATE])
        .succeeds()
        .says("STOP: 2 case(s) that passed fail now");
    assert_eq!(scene.everything_but_the_records(), before);
}

#[test]
fn an_advisory_row_or_evaluator_stops_nothing() {
    let scene = Scene::whose_model_proposes(scene::poisoned_cure);
    let rows = scene.sandbox.read("datasets/tickets.jsonl");
    let rows = rows
        .replace(
            "\"expected\": \"bug\", \"critical\": true",
            "\"expected\": \"bug\"",
        )
        .replace(
            "\"expected\": \"bug\"",
            "\"expected\": \"bug\", \"priority\": \"advisory\"",
        );
    scene.sandbox.write("datasets/tickets.jsonl", rows);
    scene.sandbox.commit("Bugs do not gate");
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    scene.improve(&["check", CANDIDATE]).succeeds();
    scene.improve(&APPROVE).succeeds();
}

#[test]
fn nothing_is_merged_before_it_was_checked() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    scene
        .improve(&APPROVE)
        .exits(7)
        .tells("was not checked")
        .tells("pointsman improve check triage/1");
}

#[test]
fn other_rows_than_those_of_the_check_take_another_check() {
    let scene = checked();
    let rows = scene.sandbox.read("datasets/tickets.jsonl");
    let row = "{\"id\": \"wish-3\", \"vars\": {\"ticket\": \"feature: sound\"}, \"expected\": \"feature\"}\n";
    scene.sandbox.write("datasets/tickets.jsonl", rows + row);
    scene.sandbox.commit("Another row");
    scene
        .improve(&APPROVE)
        .exits(7)
        .tells("of other rows, evaluators or settings");
    scene.improve(&["check", CANDIDATE]).succeeds();
    scene.improve(&APPROVE).succeeds();
    let rows = scene.sandbox.read("datasets/tickets.jsonl");
    assert!(rows.contains("wish-3"), "what came in meanwhile stays");
}

#[test]
fn a_prompt_that_was_changed_meanwhile_is_not_overwritten() {
    let scene = checked();
    scene.sandbox.edit(PROMPT, "Answer with", "Say");
    scene.sandbox.commit("Reword by hand");
    for args in [&APPROVE[..], &["check", CANDIDATE]] {
        scene
            .improve(args)
            .exits(7)
            .tells("was changed since candidate `triage/1` was made");
    }
    scene
        .improve(&["show", CANDIDATE])
        .succeeds()
        .says("STOP: the prompt that is checked out is not the one that it was made from");
    assert!(!scene.sandbox.read(PROMPT).contains(CURE));
}

#[test]
fn a_change_elsewhere_takes_no_other_check() {
    let scene = checked();
    scene.sandbox.write("README.md", "About us");
    scene.sandbox.commit("Say something");
    scene.improve(&APPROVE).succeeds();
    assert_eq!(scene.sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn work_that_is_not_committed_is_never_lost() {
    let scene = checked();
    scene.sandbox.edit(PROMPT, "Answer with", "Say");
    scene
        .improve(&APPROVE)
        .exits(7)
        .tells("has changes that are not committed")
        .tells("git stash push");
    assert!(scene.sandbox.read(PROMPT).contains("Say the queue"));
    scene.sandbox.git(&["checkout", "--quiet", "--", PROMPT]);
    scene.sandbox.write("notes.txt", "mine");
    scene
        .sandbox
        .edit("datasets/tickets.yml", "golden", "regression");
    scene.improve(&APPROVE).succeeds();
    let status = scene.sandbox.git(&["status", "--porcelain"]);
    assert_eq!(status, " M datasets/tickets.yml\n?? notes.txt");
}

#[test]
fn it_is_merged_into_a_branch_of_people_and_nowhere_else() {
    let scene = checked();
    scene
        .sandbox
        .git(&["switch", "--quiet", "improve/triage/1"]);
    scene
        .improve(&APPROVE)
        .exits(7)
        .tells("a candidate's own branch");
    scene
        .sandbox
        .git(&["switch", "--quiet", "--detach", "main"]);
    scene
        .improve(&APPROVE)
        .exits(2)
        .tells("no branch is checked out");
    scene
        .sandbox
        .git(&["switch", "--quiet", "--create", "lanes/production", "main"]);
    scene
        .improve(&APPROVE)
        .exits(7)
        .tells("a lane, which only `promote`");
}

#[test]
fn nobody_merges_without_consent_and_a_dry_run_merges_nothing() {
    let scene = checked();
    let before = scene.everything_but_the_records();
    scene
        .improve(&["approve", CANDIDATE])
        .exits(2)
        .tells("nobody is here to confirm this");
    scene
        .improve(&["approve", CANDIDATE, "--dry-run"])
        .succeeds()
        .tells("merge candidate triage/1 into main");
    assert_eq!(scene.everything_but_the_records(), before);
}

#[test]
fn a_candidate_that_was_edited_is_another_one_and_checked_again() {
    let scene = Scene::whose_model_proposes(scene::poisoned_cure);
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    scene.improve(&["check", CANDIDATE]).exits(1);
    let edit = scene
        .command(&["edit", CANDIDATE])
        .env("EDITOR", &format!("sed -i s/{POISON}//"))
        .run();
    // The editor's words are split at spaces, and no shell reads them.
    edit.exits(2)
        .tells("the editor `sed -i s/Be terse.//` gave nothing back");
    let edit = scene
        .command(&["edit", CANDIDATE])
        .env("EDITOR", "sed -i s/Be.terse.//")
        .run();
    edit.succeeds().says("candidate triage/2");
    let list = scene
        .improve(&["list", "--all", "--json"])
        .succeeds()
        .json();
    let states = |index: usize| list["attempts"][index]["state"].as_str();
    assert_eq!((states(0), states(1)), (Some("edited"), Some("unchecked")));
    scene.improve(&APPROVE).exits(2).tells("is edited already");
    scene.improve(&["approve", "triage/2", "--yes"]).exits(7);
    scene.improve(&["check", "triage/2"]).succeeds();
    let check = &scene.record("triage/2")["checks"][0];
    assert_eq!(check["train"]["recovered"], 3, "what its model saw, it saw");
    scene.improve(&["approve", "triage/2", "--yes"]).succeeds();
    let text = scene.sandbox.read(PROMPT);
    assert!(text.contains(CURE) && !text.contains(POISON), "{text}");
}

#[test]
fn an_edit_that_breaks_the_contract_leaves_the_candidate_as_it_is() {
    let scene = checked();
    let edit = scene
        .command(&["edit", CANDIDATE, "--from", "-"])
        .stdin("model: echo/echo\n")
        .run();
    edit.exits(1).says("refused triage/2");
    scene.improve(&APPROVE).succeeds();
}

#[test]
fn a_branch_that_was_worked_on_is_not_what_is_approved() {
    let scene = checked();
    let sandbox = &scene.sandbox;
    sandbox.git(&["switch", "--quiet", "improve/triage/1"]);
    sandbox.edit(PROMPT, OLD, "Always say billing.");
    sandbox.commit("A little more");
    sandbox.git(&["switch", "--quiet", "main"]);
    scene
        .improve(&["show", CANDIDATE])
        .succeeds()
        .says("STOP: branch `improve/triage/1` does not stand at the candidate");
    scene.improve(&APPROVE).succeeds();
    assert!(
        sandbox.read(PROMPT).contains(OLD),
        "what was checked is what came in"
    );
}

#[test]
fn a_record_that_came_from_somebody_else_counts_by_its_results_only() {
    let scene = checked();
    let sandbox = &scene.sandbox;
    let record = "refs/pointsman/improve/triage/1";
    let runs = sandbox.path().join(".git/pointsman/runs");
    let away = sandbox.path().join(".git/away");
    std::fs::rename(&runs, &away).expect("the runs are ours");
    scene
        .improve(&APPROVE)
        .exits(7)
        .tells("are not here")
        .tells("pointsman runs fetch");
    std::fs::rename(&away, &runs).expect("the runs are ours");
    // Somebody says that other results were those of the check.
    let text = sandbox.git(&["show", &format!("{record}:improve.json")]);
    let mut forged: serde_json::Value = serde_json::from_str(&text).expect("a record is JSON");
    let check = &mut forged["checks"][0];
    check["after"][0]["results"] = check["before"][0]["results"].clone();
    sandbox.write("improve.json", forged.to_string());
    let forge = format!(
        "blob=$(git hash-object -w improve.json) && rm improve.json && \
         tree=$(printf '100644 blob %s\\timprove.json\\n' $blob | git mktree) && \
         git update-ref {record} $(git commit-tree $tree -p {record} -m forged)"
    );
    sandbox.shell(&forge).run().succeeds();
    scene.improve(&APPROVE).exits(7).tells("are not here");
    scene.improve(&["check", CANDIDATE]).succeeds();
    scene.improve(&APPROVE).succeeds();
}
