//! Commands that die: whatever they leave is whole, and the same command brings it to its end.

use super::scene::{self, CANDIDATE, CURE, PROMPT, Scene, prompt_file};
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};
use crate::support::strace::{Point, Process, can_trace};

const APPROVE: [&str; 4] = ["improve", "approve", "triage/1", "--yes"];

/// A candidate that was checked.
fn checked() -> Scene {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.improve(&["start", "--prompt", "triage"]).succeeds();
    scene.improve(&["check", CANDIDATE]).succeeds();
    scene
}

#[test]
fn who_dies_while_a_model_thinks_leaves_nothing() {
    let scene = Scene::with_server(ModelServer::start(|_, call| {
        if call.body["model"] == "big" {
            Reply::says("{}").after_ms(60_000)
        } else {
            Reply::says("other")
        }
    }));
    let before = scene.everything_but_the_records();
    let running = scene.command(&["start", "--prompt", "triage"]).start();
    let mut waited_ms = 0;
    while scene.shown_to_the_proposer().is_empty() {
        assert!(waited_ms < 60_000, "the proposer is never asked");
        std::thread::sleep(std::time::Duration::from_millis(5));
        waited_ms += 5;
    }
    let kill = format!("kill -KILL {}", running.process_id());
    scene.sandbox.shell(&kill).run().succeeds();
    assert_eq!(running.wait().code, None);
    assert_eq!(scene.refs_of_attempts(), "");
    assert_eq!(scene.everything_but_the_records(), before);
}

/// What stands on the branch, and whether the record says that it was merged.
fn is_merged(sandbox: &Sandbox) -> (bool, bool) {
    let head = sandbox.git(&["show", &format!("HEAD:{PROMPT}")]);
    let show = sandbox.pointsman(&["improve", "show", CANDIDATE, "--json"]);
    let state = show.succeeds().json()["attempt"]["state"].clone();
    (head.contains(CURE), state == "approved")
}

/// Runs a command again, if need be after the locks of the dead are gone, which it names.
fn finish_after_the_cure(sandbox: &Sandbox, args: &[&str]) {
    let again = sandbox.pointsman(args);
    if again.code != Some(0) {
        again.tells(".lock");
        let locks = "find .git -name '*.lock' -delete";
        sandbox.shell(locks).run().succeeds();
        sandbox.pointsman(args).succeeds();
    }
}

/// Kills an approval at every point of a process. Branch and record are old or new, and the same
/// command brings the merge to its end, if need be after the cure that it names.
fn is_whole_wherever_it_dies(process: Process) {
    let start = checked();
    if !can_trace(&start.sandbox) {
        return;
    }
    let (mut old, mut new) = (0, 0);
    let calls = start.sandbox.copy().changes_of(process, &APPROVE);
    Point::each(process, &calls, |point| {
        let sandbox = start.sandbox.copy();
        if sandbox.killed_at(point, &APPROVE).is_none() {
            return false;
        }
        sandbox.git(&["fsck", "--strict", "--no-dangling"]);
        let file = sandbox.read(PROMPT);
        let whole = file == prompt_file() || file.contains(CURE);
        assert!(whole, "{point:?}: a file is old or new:\n{file}");
        if is_merged(&sandbox).1 {
            new += 1;
        } else {
            old += 1;
            finish_after_the_cure(&sandbox, &APPROVE);
        }
        assert_eq!(is_merged(&sandbox), (true, true), "{point:?}");
        // Who dies while a file is written leaves what was written so far beside it.
        let status = sandbox.git(&["status", "--porcelain"]);
        let mut lines = status.lines();
        assert!(
            lines.all(|line| line.starts_with("?? prompts/.tmp")),
            "{point:?}: {status}"
        );
        true
    });
    // Both sides of the move were seen, or the test has shown nothing.
    assert!(old > 0, "{old} times old, {new} times new");
}

#[test]
fn an_approval_that_dies_anywhere_is_brought_to_its_end_by_the_same_command() {
    is_whole_wherever_it_dies(Process::Pointsman);
}

#[test]
fn an_approval_whose_git_dies_anywhere_is_brought_to_its_end_by_the_same_command() {
    is_whole_wherever_it_dies(Process::Git("update-ref"));
    is_whole_wherever_it_dies(Process::Git("update-index"));
}

#[test]
fn a_start_whose_git_dies_anywhere_leaves_candidates_that_can_be_used_or_none() {
    let start = Scene::whose_model_proposes(scene::cure);
    if !can_trace(&start.sandbox) {
        return;
    }
    let better = prompt_file().replace(scene::OLD, CURE);
    start.sandbox.write("../better.yml", better);
    let args = [
        "improve",
        "start",
        "--prompt",
        "triage",
        "--from",
        "../better.yml",
    ];
    let (mut none, mut one) = (0, 0);
    let copy = || {
        let sandbox = start.sandbox.copy();
        sandbox.write("../better.yml", start.sandbox.read("../better.yml"));
        sandbox
    };
    let process = Process::Git("update-ref");
    let calls = copy().changes_of(process, &args);
    Point::each(process, &calls, |point| {
        let sandbox = copy();
        if sandbox.killed_at(point, &args).is_none() {
            return false;
        }
        let list = || {
            sandbox
                .pointsman(&["improve", "list", "--json"])
                .succeeds()
                .json()
        };
        let count = |list: &serde_json::Value| list["attempts"].as_array().map_or(0, Vec::len);
        match count(&list()) {
            0 => none += 1,
            _ => one += 1,
        }
        finish_after_the_cure(&sandbox, &args);
        let after = list();
        for index in 0..count(&after) {
            let id = after["attempts"][index]["candidate"]
                .as_str()
                .unwrap_or_default();
            sandbox.pointsman(&["improve", "show", id]).succeeds();
        }
        assert!(count(&after) > 0);
        true
    });
    assert!(none > 0, "{none} times none, {one} times one");
}

#[test]
fn a_branch_that_moves_at_the_last_moment_wins_and_the_files_are_as_before() {
    let scene = checked();
    let sandbox = &scene.sandbox;
    // A lock of somebody else's: git cannot move the branch.
    sandbox.write(".git/refs/heads/main.lock", "");
    scene
        .improve(&["approve", CANDIDATE, "--yes"])
        .exits(2)
        .tells("main.lock");
    sandbox.remove(".git/refs/heads/main.lock");
    assert_eq!(sandbox.read(PROMPT), prompt_file());
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    scene.improve(&["approve", CANDIDATE, "--yes"]).succeeds();
}

#[test]
fn a_merge_whose_record_was_lost_is_made_up_for() {
    let scene = checked();
    let sandbox = &scene.sandbox;
    let record = "refs/pointsman/improve/triage/1";
    let before = sandbox.git(&["rev-parse", record]);
    scene.improve(&["approve", CANDIDATE, "--yes"]).succeeds();
    let merge = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["update-ref", record, &before]);
    scene.improve(&["approve", CANDIDATE, "--yes"]).succeeds();
    assert_eq!(
        sandbox.git(&["rev-parse", "HEAD"]),
        merge,
        "nothing is merged twice"
    );
    assert_eq!(is_merged(sandbox), (true, true));
}
