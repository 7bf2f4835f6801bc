//! Moves that are killed, and moves that another one overtakes: at every system call that changes
//! something, for the program itself and for the `git` that it starts.

use crate::support::Sandbox;
use crate::support::strace::{Point, Process, can_trace};

const PROMOTE: [&str; 5] = ["promote", "staging", "--yes", "--reason", "clearer"];
const ROLLBACK: [&str; 5] = ["rollback", "staging", "--yes", "--reason", "wrong"];

/// A lane with two records, and a third wording that is not released yet.
fn lane_of_two() -> Sandbox {
    third_wording(Sandbox::without_gates())
}

/// The same on a remote.
fn remote_lane_of_two() -> Sandbox {
    third_wording(Sandbox::with_remote_lanes())
}

fn third_wording(sandbox: Sandbox) -> Sandbox {
    for words in ["well", "better"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    sandbox.reword("best");
    sandbox
}

/// Kills a move at every point. The lane is old or new, nothing is corrupt, and the same command
/// brings the move to its end, if need be after the cure that it names.
fn is_old_or_new_wherever_it_dies(process: Process, args: &[&str]) {
    let start = lane_of_two();
    if !can_trace(&start) {
        return;
    }
    let (mut old, mut new) = (0, 0);
    let calls = start.copy().changes_of(process, args);
    Point::each(process, &calls, |point| {
        let sandbox = start.copy();
        let before = sandbox.tip("staging");
        let Some(killed) = sandbox.killed_at(point, args) else {
            return false;
        };
        sandbox.git(&["fsck", "--strict", "--no-dangling"]);
        if sandbox.tip("staging") == before {
            old += 1;
            assert_ne!(killed.code, Some(0), "{point:?}\n{}", killed.transcript());
            sandbox.again_after_the_cure(args).succeeds();
        } else {
            new += 1;
        }
        assert_eq!(sandbox.record("staging")["sequence"], 3, "{point:?}");
        assert_eq!(sandbox.git(&["rev-parse", "lanes/staging~1"]), before);
        true
    });
    // Both sides of the move were seen, or the test has shown nothing.
    assert!(old > 0 && new > 0, "{old} times old, {new} times new");
    told(
        process,
        args,
        &format!(
            "killed {} times: the lane is old after {old}, new after {new}",
            old + new
        ),
    );
}

/// Prints a figure, and whose.
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn told(process: Process, args: &[&str], figure: &str) {
    println!("{} of {process:?}, {figure}", args[0]);
}

#[test]
fn a_promotion_that_dies_anywhere_leaves_the_lane_old_or_new() {
    is_old_or_new_wherever_it_dies(Process::Pointsman, &PROMOTE);
}

#[test]
fn a_promotion_whose_git_dies_anywhere_leaves_the_lane_old_or_new() {
    is_old_or_new_wherever_it_dies(Process::Git("update-ref"), &PROMOTE);
}

#[test]
fn a_rollback_that_dies_anywhere_leaves_the_lane_old_or_new() {
    is_old_or_new_wherever_it_dies(Process::Pointsman, &ROLLBACK);
}

#[test]
fn a_rollback_whose_git_dies_anywhere_leaves_the_lane_old_or_new() {
    is_old_or_new_wherever_it_dies(Process::Git("update-ref"), &ROLLBACK);
}

/// Kills a promotion at every point where the lane lives on a remote. There it is old or new, and
/// the same command brings both repositories to its end.
fn is_old_or_new_on_the_remote_wherever_it_dies(process: Process) {
    let start = remote_lane_of_two();
    if !can_trace(&start) {
        return;
    }
    let (mut old, mut new) = (0, 0);
    let calls = start.copy().changes_of(process, &PROMOTE);
    Point::each(process, &calls, |point| {
        let sandbox = start.copy();
        let before = remote_tip(&sandbox);
        let Some(killed) = sandbox.killed_at(point, &PROMOTE) else {
            return false;
        };
        if remote_tip(&sandbox) == before {
            old += 1;
            assert_ne!(killed.code, Some(0), "{point:?}\n{}", killed.transcript());
        } else {
            new += 1;
        }
        sandbox.again_after_the_cure(&PROMOTE).succeeds();
        let transcript = killed.transcript();
        assert_eq!(sandbox.tip("staging"), remote_tip(&sandbox), "{transcript}");
        assert_eq!(sandbox.record("staging")["sequence"], 3, "{transcript}");
        assert_eq!(sandbox.git(&["rev-parse", "lanes/staging~1"]), before);
        true
    });
    assert!(old > 0, "{old} times old, {new} times new");
    let figure = format!(
        "killed {} times: the remote is old after {old}, new after {new}",
        old + new
    );
    told(process, &PROMOTE, &figure);
}

fn remote_tip(sandbox: &Sandbox) -> String {
    let remote = sandbox.remote_path();
    let remote = remote.to_str().expect("temporary folders have text names");
    sandbox.git(&["--git-dir", remote, "rev-parse", "lanes/staging"])
}

#[test]
fn a_promotion_to_a_remote_that_dies_anywhere_leaves_the_lane_there_old_or_new() {
    is_old_or_new_on_the_remote_wherever_it_dies(Process::Pointsman);
}

#[test]
fn a_promotion_whose_push_dies_anywhere_leaves_the_lane_there_old_or_new() {
    is_old_or_new_on_the_remote_wherever_it_dies(Process::Git("push"));
}

/// Halts a promotion at every point and lets another one run from its start to its end. Exactly
/// one of them moves the lane.
fn has_one_winner_wherever_it_is_overtaken(process: Process) {
    let start = lane_of_two();
    if !can_trace(&start) {
        return;
    }
    let expected = start.tip("staging");
    let mut args = PROMOTE.to_vec();
    args.extend(["--expect", &expected]);
    let (mut first_wins, mut second_wins) = (0, 0);
    let calls = start.copy().changes_of(process, &args);
    Point::each(process, &calls, |point| {
        let sandbox = start.copy();
        let Some(halted) = sandbox.halted_at(point, &args) else {
            return false;
        };
        let second = sandbox.pointsman(&args);
        let first = halted.resume(&sandbox);
        let transcripts = format!("{point:?}\n{}\n{}", first.transcript(), second.transcript());
        match (first.code, second.code) {
            (Some(0), Some(8)) => first_wins += 1,
            (Some(8), Some(0)) => second_wins += 1,
            // The first one holds git's lock while it halts.
            (Some(0), Some(2)) => {
                second.tells("staging.lock");
                first_wins += 1;
            }
            _ => panic!("no single winner:\n{transcripts}"),
        }
        assert_eq!(sandbox.record("staging")["sequence"], 3, "{transcripts}");
        let parent = sandbox.git(&["rev-parse", "lanes/staging~1"]);
        assert_eq!(parent, expected, "{transcripts}");
        true
    });
    assert!(
        first_wins > 0 && second_wins > 0,
        "{first_wins} to {second_wins}"
    );
    let figure = format!(
        "overtaken {} times: one winner each, {first_wins} to {second_wins}",
        first_wins + second_wins
    );
    told(process, &args, &figure);
}

#[test]
fn a_promotion_that_is_overtaken_anywhere_has_one_winner() {
    has_one_winner_wherever_it_is_overtaken(Process::Pointsman);
}

#[test]
fn a_promotion_whose_git_is_overtaken_anywhere_has_one_winner() {
    has_one_winner_wherever_it_is_overtaken(Process::Git("update-ref"));
}

/// Lets one call after another fail as on a full or a broken disk. No failure is taken for a
/// success, and the lane is old or new.
fn is_honest_about_every_failure(process: Process, error: &str) {
    let start = lane_of_two();
    if !can_trace(&start) {
        return;
    }
    let before = start.tip("staging");
    let mut failures = 0;
    let calls = start.copy().changes_of(process, &PROMOTE);
    Point::each(process, &calls, |point| {
        let sandbox = start.copy();
        let Some(run) = sandbox.failing_at(error, point, &PROMOTE) else {
            return false;
        };
        sandbox.git(&["fsck", "--strict", "--no-dangling"]);
        if sandbox.tip("staging") == before {
            failures += 1;
            assert_ne!(run.code, Some(0), "{point:?}\n{}", run.transcript());
            sandbox.again_after_the_cure(&PROMOTE).succeeds();
        }
        assert_eq!(sandbox.record("staging")["sequence"], 3, "{point:?}");
        true
    });
    assert!(failures > 0, "no call failed");
    told(
        process,
        &PROMOTE,
        &format!("{failures} times {error}: told, and the lane is old"),
    );
}

#[test]
fn a_disk_that_is_full_at_any_call_is_told_and_leaves_the_lane_old_or_new() {
    is_honest_about_every_failure(Process::Pointsman, "ENOSPC");
    is_honest_about_every_failure(Process::Git("update-ref"), "ENOSPC");
}

#[test]
fn a_disk_that_fails_at_any_call_is_told_and_leaves_the_lane_old_or_new() {
    is_honest_about_every_failure(Process::Pointsman, "EIO");
    is_honest_about_every_failure(Process::Git("update-ref"), "EIO");
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "the test harness shows what a test that cannot run has to say"
)]
fn a_disk_without_room_is_told_and_with_room_the_same_command_goes_through() {
    let sandbox = Sandbox::without_gates();
    // A small file system that only this shell, and what it starts, can see.
    let own_mounts = "unshare --user --map-root-user --mount";
    if sandbox.shell(&format!("{own_mounts} true")).run().code != Some(0) {
        eprintln!("skipped: a file system cannot be mounted here");
        return;
    }
    sandbox.write(
        "../full.sh",
        "set -eu\nmkdir ../disk\nmount -t tmpfs -o size=2m none ../disk\n\
         cp -a . ../disk/repository\ncd ../disk/repository\n\
         head -c 4m /dev/zero > ../filler 2>/dev/null || true\n\
         ! pointsman promote staging --yes || exit 70\n\
         ! git rev-parse --verify --quiet lanes/staging || exit 71\n\
         rm ../filler\npointsman promote staging --yes\ngit fsck --strict --no-dangling\n",
    );
    let run = sandbox.shell(&format!("{own_mounts} sh ../full.sh")).run();
    run.succeeds()
        .says("No space left on device")
        .says("lane staging is at #1");
}

#[test]
fn what_a_record_needs_is_on_disk_before_the_lane_moves_and_the_move_before_success_is_told() {
    let sandbox = Sandbox::without_gates();
    if !can_trace(&sandbox) {
        return;
    }
    let trace = sandbox.trace_of(&PROMOTE);
    let lines: Vec<&str> = trace.lines().collect();
    let place = |what: &str, part: &str| {
        let found = lines
            .iter()
            .position(|line| line.contains(what) && line.contains(part));
        found.unwrap_or_else(|| panic!("no {what} of {part}:\n{trace}"))
    };
    let moved = place("rename", "refs/heads/lanes/staging.lock");
    let told = place("write(1", "lane staging is at #1");
    assert!(place("fsync(", "refs/heads/lanes/staging.lock>") < moved);
    let objects = sandbox.git(&["rev-list", "--objects", "lanes/staging"]);
    for line in objects.lines() {
        let id = line.split(' ').next().expect("a line starts with an id");
        let (folder, name) = (format!("objects/{}", &id[..2]), &id[2..]);
        let file = place("fsync(", &format!("{folder}/{name}>"));
        let folder = place("fsync(", &format!("{folder}>"));
        assert!(file < folder && folder < moved, "{line}");
    }
    let name = place("fsync(", "refs/heads/lanes>");
    assert!(moved < name && name < told);
}
