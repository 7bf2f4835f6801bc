//! Who wins when a lane moves elsewhere, and what a remote's answer means.

use crate::support::Sandbox;

#[test]
fn a_lane_that_is_not_where_the_caller_expects_it_is_a_lost_race() {
    let sandbox = Sandbox::without_gates();
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--expect", "none"])
        .succeeds();
    let first = sandbox.tip("staging");
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&["promote", "staging", "--yes", "--expect", "none"]);
    run.exits(8).tells("`staging` is now at #1").tells("Cleo");
    assert_eq!(sandbox.tip("staging"), first);
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--expect", &first[..12]])
        .succeeds();
}

#[test]
fn of_two_clones_that_release_at_once_one_wins_and_the_other_is_told_who() {
    let sandbox = Sandbox::with_remote_lanes();
    let second = sandbox.clone_of_remote("second");
    sandbox.reword("briefly");
    second.reword("at length");
    let mut runs = Vec::new();
    for _ in 0..5 {
        let started = [&sandbox, &second].map(|clone| {
            let args = ["promote", "staging", "--yes", "--reason", "race"];
            clone.command(&args).start()
        });
        let outputs = started.map(crate::support::run::Running::wait);
        let codes = outputs.each_ref().map(|output| output.code);
        for output in &outputs {
            if output.code != Some(0) {
                output
                    .exits(8)
                    .tells("is now at #")
                    .tells("Cleo")
                    .tells("race");
            }
        }
        runs.push(codes);
        sandbox.reword(&format!("round {}", runs.len()));
        second.reword(&format!("turn {}", runs.len()));
    }
    assert!(
        runs.iter().all(|codes| codes.contains(&Some(0))),
        "{runs:?}"
    );
    let bare = sandbox.remote_path();
    let bare = bare.to_str().expect("temporary folders have text names");
    let records = sandbox.git(&["--git-dir", bare, "rev-list", "--parents", "lanes/staging"]);
    let wins = runs
        .iter()
        .flatten()
        .filter(|code| **code == Some(0))
        .count();
    assert_eq!(records.lines().count(), wins);
    assert!(
        records.lines().all(|line| line.split(' ').count() <= 2),
        "{records}"
    );
}

#[test]
fn a_lane_that_moves_between_plan_and_move_is_a_lost_race() {
    let sandbox = Sandbox::with_remote_lanes();
    let second = sandbox.clone_of_remote("second");
    let gate = sandbox.remote_path().join("hooks/update");
    let marker = sandbox.path().join("../raced");
    // The remote itself lets the other clone in first, once, when the first one's push arrives.
    let hook = format!(
        "#!/bin/sh\n[ -e '{marker}' ] && exit 0\ntouch '{marker}'\nunset $(env | grep -o '^GIT_[A-Z_]*' | grep -v CONFIG)\n\
         export GIT_COMMITTER_NAME=Rival GIT_COMMITTER_EMAIL=rival@example.com\n\
         cd '{second}' && pointsman promote staging --yes --reason 'I was first' >/dev/null 2>&1\nexit 0\n",
        marker = marker.display(),
        second = second.path().display(),
    );
    std::fs::create_dir_all(gate.parent().expect("a file stands in a folder")).expect("ours");
    std::fs::write(&gate, hook).expect("ours");
    sandbox
        .shell(&format!("chmod +x '{}'", gate.display()))
        .run();
    second.reword("at length");
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(8).tells("Rival").tells("I was first").tells("#1");
    assert_eq!(sandbox.tip("staging"), "", "the local lane did not move");
}

#[test]
fn a_remote_that_refuses_is_told_in_its_own_words_and_nothing_moves() {
    let sandbox = Sandbox::with_remote_lanes();
    let hook = sandbox.remote_path().join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().expect("a file stands in a folder")).expect("ours");
    let script = "#!/bin/sh\nprintf 'lanes are \\033[31mclosed\\n' >&2\nexit 1\n";
    std::fs::write(&hook, script).expect("ours");
    sandbox
        .shell(&format!("chmod +x '{}'", hook.display()))
        .run();
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(9).tells("closed");
    assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn a_remote_that_cannot_be_reached_is_an_error_of_the_network() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.git(&["remote", "set-url", "origin", "file:///nowhere/at/all.git"]);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(9).tells("cannot fetch lanes from `origin`");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn the_local_lane_follows_the_remote_one() {
    let sandbox = Sandbox::with_remote_lanes();
    let second = sandbox.clone_of_remote("second");
    sandbox.promotes("staging");
    second
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds();
    assert_eq!(second.tip("staging"), sandbox.tip("staging"));
    second.reword("briefly");
    second.promotes("staging");
    sandbox
        .pointsman(&["promote", "production", "--yes"])
        .succeeds();
    sandbox.pointsman(&["promote", "staging", "--dry-run"]);
    assert_eq!(second.tip("staging"), sandbox.tip("staging"));
}

#[test]
fn a_local_lane_that_went_its_own_way_is_refused() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.promotes("staging");
    let tree = sandbox.git(&["rev-parse", "lanes/staging^{tree}"]);
    let own = sandbox.git(&["commit-tree", &tree, "-p", "lanes/staging", "-m", "own way"]);
    sandbox.git(&["update-ref", "refs/heads/lanes/staging", &own]);
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2)
        .tells("has records that `origin` does not have");
    assert_eq!(sandbox.tip("staging"), own);
}

#[test]
fn a_remote_that_the_clone_does_not_have_is_never_contacted() {
    let sandbox = Sandbox::without_gates();
    sandbox.write("pointsman.toml", "remote = \"upstream\"\n");
    sandbox.commit("Name a remote");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2)
        .tells("`upstream`")
        .tells("git remote add upstream");
}
