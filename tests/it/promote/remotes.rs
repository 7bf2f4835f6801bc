//! Lanes on a server: over smart HTTP, behind a guard, and when its answers are lost.

use std::path::PathBuf;

use crate::support::Sandbox;
use crate::support::git_server::{GitServer, Mood};

/// Lanes on a remote that is reached over HTTP.
fn over_http() -> (Sandbox, GitServer) {
    let sandbox = Sandbox::with_remote_lanes();
    let root = sandbox.remote_path();
    let root = root.parent().expect("the remote stands in a folder");
    let server = GitServer::start(root.to_owned());
    sandbox.set_remote_url(&server.url("remote.git"));
    (sandbox, server)
}

/// The id of a lane on the remote, as the remote itself sees it.
fn there(sandbox: &Sandbox) -> String {
    let bare = sandbox.remote_path();
    let bare = bare.to_str().expect("temporary folders have text names");
    let output = sandbox.try_git(&[
        "--git-dir",
        bare,
        "rev-parse",
        "-q",
        "--verify",
        "lanes/staging",
    ]);
    output.stdout.trim().to_owned()
}

/// Puts a hook into the bare repository.
fn install(sandbox: &Sandbox, name: &str, script: &str) {
    let hook = sandbox.remote_path().join("hooks").join(name);
    std::fs::create_dir_all(hook.parent().expect("a file stands in a folder")).expect("ours");
    std::fs::write(&hook, script).expect("ours");
    sandbox
        .shell(&format!("chmod +x '{}'", hook.display()))
        .run()
        .succeeds();
}

#[test]
fn a_lane_moves_over_http_and_others_follow() {
    let (sandbox, server) = over_http();
    let second = sandbox.clone_of_remote("second");
    second.set_remote_url(&server.url("remote.git"));
    sandbox.promotes("staging");
    assert_eq!(there(&sandbox), sandbox.tip("staging"));
    second.reword("briefly");
    second.promotes("staging");
    second
        .pointsman(&["rollback", "staging", "--yes", "--reason", "x"])
        .succeeds();
    assert_eq!(there(&sandbox), second.tip("staging"));
    assert_eq!(second.record("staging")["sequence"], 3);
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--tag"])
        .succeeds()
        .says("has all of this already")
        .tells("tagged deploy/staging/3");
    assert_eq!(sandbox.tip("staging"), second.tip("staging"));
}

#[test]
fn of_two_that_push_over_http_at_once_one_wins() {
    let (sandbox, server) = over_http();
    let second = sandbox.clone_of_remote("second");
    second.set_remote_url(&server.url("remote.git"));
    for round in 0..3 {
        sandbox.reword(&format!("round {round}"));
        second.reword(&format!("turn {round}"));
        let started = [&sandbox, &second].map(|clone| {
            let args = ["promote", "staging", "--yes", "--reason", "race"];
            clone.command(&args).start()
        });
        let outputs = started.map(crate::support::run::Running::wait);
        assert!(outputs.iter().any(|output| output.code == Some(0)));
        for output in outputs.iter().filter(|output| output.code != Some(0)) {
            output.exits(8).tells("is now at #").tells("race");
        }
    }
}

#[test]
fn an_answer_that_is_lost_is_found_by_asking_again() {
    let (sandbox, server) = over_http();
    server.behave(Mood::LosesAnswers);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds().says("lane staging is at #1");
    assert_eq!(there(&sandbox), sandbox.tip("staging"));
}

#[test]
fn where_nobody_answers_any_more_it_is_said_that_nothing_is_known() {
    let (sandbox, server) = over_http();
    server.behave(Mood::Dies);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(9)
        .has_no_result()
        .tells("it is not known whether `origin` took record ")
        .tells("run the command again when `origin` can be reached");
    assert!(!run.stderr.contains("nothing was moved"), "{}", run.stderr);
    assert_ne!(there(&sandbox), "", "the push had arrived");
    assert_eq!(sandbox.tip("staging"), "");
    server.behave(Mood::Well);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds().says("has all of this already");
    assert_eq!(there(&sandbox), sandbox.tip("staging"));
}

#[test]
fn a_lost_answer_is_found_below_what_others_have_put_on_top() {
    let (sandbox, server) = over_http();
    let second = sandbox.clone_of_remote("second");
    // Right after the first record came in, and before its sender asks again, another comes, by
    // another way.
    second.reword("at length");
    let marker = sandbox.path().join("../raced");
    let script = format!(
        "#!/bin/sh\n[ -e '{marker}' ] && exit 0\ntouch '{marker}'\n\
         unset $(env | grep -o '^GIT_[A-Z_]*' | grep -v CONFIG)\n\
         export GIT_COMMITTER_NAME=Rival GIT_COMMITTER_EMAIL=rival@example.com\n\
         cd '{second}' && pointsman promote staging --yes >/dev/null 2>&1\nexit 0\n",
        marker = marker.display(),
        second = second.path().display(),
    );
    install(&sandbox, "post-receive", &script);
    server.behave(Mood::LosesAnswers);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds().says("lane staging is at #1");
    assert_eq!(sandbox.record("staging")["sequence"], 2);
    assert_eq!(
        sandbox.record("staging")["actor"],
        "Rival <rival@example.com>"
    );
    assert_eq!(there(&sandbox), sandbox.tip("staging"));
}

#[test]
fn a_branch_that_is_protected_is_told_with_what_to_do() {
    let (sandbox, _server) = over_http();
    let script = "#!/bin/sh\necho 'GitLab: You are not allowed to push code to protected branches on this project.' >&2\nexit 1\n";
    install(&sandbox, "pre-receive", script);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(9)
        .tells("You are not allowed to push code to protected branches")
        .tells("nothing was moved; in GitLab under Settings, Repository, Protected branches");
    assert_eq!(sandbox.tip("staging"), "");
}

/// The guard that comes with pointsman.
fn guard() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("contrib/pre-receive");
    std::fs::read_to_string(path).expect("the hook stands in the repository")
}

#[track_caller]
fn guard_lets_in_one_record_at_a_time(sandbox: &Sandbox) {
    install(sandbox, "pre-receive", &guard());
    for words in ["one", "two"] {
        sandbox.reword(words);
        sandbox
            .pointsman(&["promote", "staging", "--yes", "--tag"])
            .succeeds();
    }
    sandbox
        .pointsman(&["rollback", "staging", "--yes", "--reason", "x"])
        .succeeds();
    let tip = sandbox.tip("staging");
    let refuses = |args: &[&str], says: &str| {
        let output = sandbox.try_git(&[&["push", "origin"][..], args].concat());
        output.exits(1).tells(says);
        assert_eq!(there(sandbox), tip);
    };
    refuses(
        &["--delete", "lanes/staging"],
        "lanes/staging: a lane is never deleted",
    );
    refuses(
        &["--delete", "deploy/staging/1"],
        "a milestone is never moved or deleted",
    );
    let by_one = "a push appends exactly one record to what is there";
    refuses(&["--force", "lanes/staging~1:lanes/staging"], by_one);
    let one = sandbox.amend("lanes/staging", "notes", "x", Some("lanes/staging"));
    let two = sandbox.amend(&one, "notes", "y", Some(&one));
    refuses(&[&format!("{two}:lanes/staging")], by_one);
    refuses(&["lanes/staging:refs/heads/lanes/other"], by_one);
    let foreign = sandbox.git(&["commit-tree", "lanes/staging^{tree}", "-m", "foreign"]);
    refuses(
        &[&format!("{foreign}:refs/heads/lanes/other")],
        "is not a record of this lane",
    );
    let plain = sandbox.git(&[
        "commit-tree",
        "HEAD^{tree}",
        "-p",
        "lanes/staging",
        "-m",
        "plain",
    ]);
    refuses(
        &[&format!("{plain}:lanes/staging")],
        "is not a record of this lane",
    );
    sandbox.git(&["push", "--quiet", "origin", "main"]);
}

#[test]
fn the_guard_of_a_server_of_ones_own_lets_in_one_record_at_a_time() {
    guard_lets_in_one_record_at_a_time(&Sandbox::with_remote_lanes());
}

#[test]
fn the_guard_does_the_same_over_http() {
    let (sandbox, _server) = over_http();
    guard_lets_in_one_record_at_a_time(&sandbox);
}
