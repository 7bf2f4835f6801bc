//! Repositories that we must not or cannot use: one clear error, a hint, and nothing half done.

use crate::support::Sandbox;

#[test]
fn outside_of_a_repository_the_hint_is_git_init() {
    let sandbox = Sandbox::without_git();
    let run = sandbox.pointsman(&["lanes", "list"]);
    run.exits(2)
        .tells("is not in a git repository")
        .tells("git init");
}

#[test]
fn a_repository_without_a_workspace_names_the_file_that_makes_one() {
    let sandbox = Sandbox::new();
    let run = sandbox.pointsman(&["lanes", "list"]);
    run.exits(2)
        .tells("no `pointsman.toml`")
        .tells("pointsman init");
}

#[test]
fn a_repository_without_commits_asks_for_the_first_one() {
    let sandbox = Sandbox::new();
    sandbox.write("pointsman.toml", "");
    sandbox.write("environments/staging.toml", "order = 1\n");
    sandbox.pointsman(&["lanes", "list"]).succeeds();
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2).tells("no commits yet").tells("git commit");
    sandbox
        .pointsman(&["diff", "HEAD"])
        .exits(2)
        .tells("no commits yet");
}

#[test]
fn a_bare_repository_is_read_at_a_revision_and_has_no_worktree() {
    let sandbox = Sandbox::without_gates().with_remote();
    let bare = sandbox.remote_path();
    let run = |args: &[&str]| sandbox.command(args).in_folder(&bare).run();
    run(&["diff", "HEAD"])
        .exits(2)
        .tells("is bare")
        .tells("--at <rev>");
    run(&["diff", "HEAD", "main"]).succeeds();
    run(&["promote", "staging", "--yes"]).succeeds();
    run(&["lanes", "show", "staging"]).succeeds().says("triage");
}

#[test]
fn a_reftable_repository_is_refused_by_name() {
    let sandbox = Sandbox::without_git();
    sandbox.git(&[
        "init",
        "--quiet",
        "--template=",
        "--ref-format=reftable",
        "-b",
        "main",
    ]);
    sandbox.write("pointsman.toml", "");
    sandbox.commit("Start");
    let run = sandbox.pointsman(&["lanes", "list"]);
    run.exits(2)
        .tells("`reftable`")
        .tells("git refs migrate --ref-format=files");
}

#[test]
fn a_shallow_clone_releases_what_it_has_and_says_what_it_lacks() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.promotes("staging");
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    let url = format!("file://{}", sandbox.remote_path().display());
    let target = sandbox.path().join("../shallow");
    let target = target.to_str().expect("temporary folders have text names");
    sandbox.git(&["clone", "--quiet", "--template=", "--depth=1", &url, target]);
    let run = |args: &[&str]| sandbox.command(args).in_folder(target).run();
    run(&["diff", "HEAD~1"])
        .exits(2)
        .tells("git fetch --unshallow");
    run(&["promote", "production", "--yes"]).succeeds();
}

#[test]
fn a_workspace_in_a_folder_of_a_larger_repository_is_found_from_below() {
    let sandbox = Sandbox::without_gates();
    sandbox.git(&["rm", "--quiet", "-r", "--cached", "."]);
    let script =
        "mkdir -p team/ai && mv pointsman.toml prompts datasets evaluators environments team/ai";
    sandbox.shell(script).run().succeeds();
    sandbox.commit("Move the workspace");
    let folder = "team/ai/prompts";
    let run = |args: &[&str]| sandbox.command(args).in_folder(folder).run();
    sandbox.pointsman(&["lanes", "list"]).exits(2);
    run(&["promote", "staging", "--yes"]).succeeds();
    run(&["diff", "staging", "HEAD", "--exit-code"]).succeeds();
    run(&["diff", "staging", "worktree", "--exit-code"]).succeeds();
    let files = sandbox.git(&["ls-tree", "--name-only", "lanes/staging"]);
    assert!(
        files.contains("\nprompts") && !files.contains("team"),
        "{files}"
    );
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "the test harness shows what a test that cannot run has to say"
)]
fn a_repository_of_another_user_is_refused_until_it_is_trusted_by_name() {
    let sandbox = Sandbox::without_gates();
    // Nobody but the superuser can give a file away.
    if sandbox.shell("chown -R 65534 .").run().code != Some(0) {
        eprintln!("skipped: only the superuser can give a repository to another user");
        return;
    }
    let promote = ["promote", "staging", "--yes"];
    let run = sandbox.pointsman(&promote);
    run.exits(2)
        .tells("belongs to another user")
        .tells("safe.directory");
    sandbox.write(
        "../home/gitconfig",
        format!("[safe]\n\tdirectory = {}\n", sandbox.path().display()),
    );
    let settings = sandbox.path().join("../home/gitconfig");
    let settings = settings
        .to_str()
        .expect("temporary folders have text names");
    let trusted = sandbox.command(&promote).env("GIT_CONFIG_GLOBAL", settings);
    trusted.run().succeeds();
}

#[test]
fn a_lane_that_is_checked_out_does_not_move_under_ones_feet() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.git(&["switch", "--quiet", "lanes/staging"]);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2)
        .tells("is checked out here")
        .tells("git switch");
}

#[test]
fn a_git_that_is_missing_or_too_old_is_told() {
    let sandbox = Sandbox::without_gates();
    let folder = sandbox.path().join("../old");
    std::fs::create_dir(&folder).expect("ours");
    let path = folder.to_str().expect("temporary folders have text names");
    let promote = || {
        sandbox
            .command(&["promote", "staging", "--yes"])
            .env("PATH", path)
    };
    promote()
        .run()
        .exits(2)
        .tells("cannot run `git`")
        .tells("2.41");
    let git = folder.join("git");
    std::fs::write(&git, "#!/bin/sh\necho git version 2.30.1\n").expect("ours");
    let script = format!("chmod +x '{}'", git.display());
    sandbox.shell(&script).run().succeeds();
    promote().run().exits(2).tells("git 2.30.1 is too old");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn a_stale_lock_is_named_and_nothing_is_half_done() {
    let sandbox = Sandbox::without_gates();
    sandbox.write(".git/refs/heads/lanes/staging.lock", "");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2)
        .tells("staging.lock")
        .tells("lock file of a dead process");
    assert_eq!(sandbox.tip("staging"), "");
}
