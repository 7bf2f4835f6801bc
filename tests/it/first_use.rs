//! The first minutes, wherever somebody starts: each place leads somewhere sensible.

use std::time::Instant;

use crate::support::Sandbox;

/// From nothing to a release, in a folder of the repository; how long it took is printed.
#[expect(
    clippy::print_stdout,
    reason = "whoever measures a first use wants the figure"
)]
fn walks(sandbox: &Sandbox, folder: &str) {
    let started = Instant::now();
    let run = |args: &[&str]| sandbox.pointsman(&[&["-C", folder], args].concat());
    run(&["init"]).succeeds().tells("pointsman check");
    run(&["check"]).succeeds().says("no problems");
    run(&["eval", "--gate", "staging"]).succeeds();
    sandbox.commit("Start a workspace");
    run(&["promote", "staging", "--yes"]).succeeds();
    run(&["status"]).succeeds().says("#1 promote");
    println!(
        "from `init` to a release: {} ms",
        started.elapsed().as_millis()
    );
}

#[test]
fn in_an_empty_folder_git_comes_first() {
    let sandbox = Sandbox::without_git();
    for command in ["init", "check", "status"] {
        sandbox.pointsman(&[command]).exits(2).tells("git init");
    }
    sandbox.git(&["init", "--quiet"]);
    walks(&sandbox, ".");
}

#[test]
fn in_a_repository_without_commits_a_release_asks_for_one() {
    let sandbox = Sandbox::new();
    sandbox.pointsman(&["init"]).succeeds();
    sandbox.pointsman(&["eval", "--gate", "staging"]).succeeds();
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(2)
        .tells("git commit");
    sandbox.pointsman(&["status"]).succeeds();
}

#[test]
fn in_a_folder_of_a_larger_repository_that_folder_is_the_workspace() {
    let sandbox = Sandbox::new();
    sandbox.write("README.md", "many projects");
    sandbox.write("services/support/README.md", "one of them");
    sandbox.commit("Projects");
    sandbox
        .pointsman(&["check"])
        .exits(2)
        .tells("pointsman init");
    walks(&sandbox, "services/support");
    assert!(!sandbox.path().join("pointsman.toml").exists());
    for command in ["check", "status"] {
        sandbox
            .pointsman(&[command])
            .exits(2)
            .tells("there is a workspace in `services/support`: go there, or name it with `-C`");
    }
    let deep = ["-C", "services/support/prompts", "check"];
    sandbox.pointsman(&deep).succeeds().says("no problems");
}

#[test]
fn in_a_worktree_lanes_are_those_of_the_repository() {
    let sandbox = Sandbox::new();
    walks(&sandbox, ".");
    sandbox.git(&["worktree", "add", "--quiet", "-b", "work", "../work"]);
    let there = |args: &[&str]| sandbox.pointsman(&[&["-C", "../work"], args].concat());
    there(&["status"]).succeeds().says("#1 promote");
    there(&["check"]).succeeds();
    there(&["promote", "production", "--yes"]).succeeds();
    let live = sandbox.pointsman(&["lanes", "show", "production"]);
    live.succeeds().says("#1");
}

#[test]
fn on_a_detached_head_releases_come_from_the_commit_that_is_checked_out() {
    let sandbox = Sandbox::new();
    sandbox.write("README.md", "before");
    sandbox.commit("Before");
    sandbox.git(&["checkout", "--quiet", "--detach"]);
    walks(&sandbox, ".");
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let live = sandbox.pointsman(&["lanes", "show", "staging", "--json"]);
    live.succeeds().says(head.trim());
}
