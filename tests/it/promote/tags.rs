//! `--tag`: milestones as annotated tags, which never stand in the way of a release.

use crate::support::Sandbox;

const TAG: [&str; 4] = ["promote", "staging", "--yes", "--tag"];

#[test]
fn a_milestone_is_an_annotated_tag_on_the_record() {
    let sandbox = Sandbox::without_gates();
    let run = sandbox.pointsman(&["promote", "staging", "--yes", "--tag", "--reason", "launch"]);
    run.succeeds().tells("tagged deploy/staging/1");
    let target = sandbox.git(&["rev-parse", "deploy/staging/1^{commit}"]);
    assert_eq!(target, sandbox.tip("staging"));
    let text = sandbox.git(&["cat-file", "tag", "deploy/staging/1"]);
    assert!(
        text.contains("tagger Cleo <cleo@example.com> 1772442"),
        "{text}"
    );
    assert!(
        text.contains("\n\npromote staging #1\n\nlaunch\n\nSnapshot: "),
        "{text}"
    );
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    let back = [
        "rollback",
        "staging",
        "--to",
        "deploy/staging/1",
        "--yes",
        "--reason",
        "x",
    ];
    let run = sandbox.pointsman(&[&back[..], &["--tag", "--json"]].concat());
    let tag = serde_json::json!({ "name": "deploy/staging/3", "problem": null });
    assert_eq!(run.succeeds().json()["tag"], tag);
    assert_eq!(
        sandbox.git(&["tag", "--list"]),
        "deploy/staging/1\ndeploy/staging/3"
    );
}

#[test]
fn a_tag_that_fails_undoes_nothing_and_is_made_up_for_by_the_same_command() {
    let sandbox = Sandbox::without_gates();
    // Where a file is in the way, git cannot make the folder of the tag.
    sandbox.write(".git/refs/tags/deploy", "");
    let run = sandbox.pointsman(&TAG);
    run.succeeds()
        .says("lane staging is at #1")
        .tells("the tag `deploy/staging/1` could not be made")
        .tells("run the same command again");
    sandbox.remove(".git/refs/tags/deploy");
    sandbox
        .pointsman(&["promote", "staging", "--tag"])
        .exits(2)
        .tells("--yes");
    sandbox
        .pointsman(&[&TAG[..], &["--dry-run"]].concat())
        .succeeds();
    assert_eq!(sandbox.git(&["tag", "--list"]), "");
    for _ in 0..2 {
        let run = sandbox.pointsman(&TAG);
        run.succeeds()
            .says("has all of this already")
            .tells("tagged deploy/staging/1");
    }
    assert_eq!(sandbox.git(&["tag", "--list"]), "deploy/staging/1");
}

#[test]
fn a_tag_that_names_something_else_is_left_alone() {
    let sandbox = Sandbox::without_gates();
    sandbox.git(&["tag", "deploy/staging/1"]);
    let before = sandbox.git(&["rev-parse", "deploy/staging/1"]);
    let run = sandbox.pointsman(&TAG);
    run.succeeds()
        .tells("the tag `deploy/staging/1` is there already: it names ");
    assert_eq!(sandbox.git(&["rev-parse", "deploy/staging/1"]), before);
}

#[test]
fn with_a_remote_the_tag_is_pushed() {
    let sandbox = Sandbox::with_remote_lanes();
    sandbox.pointsman(&TAG).succeeds();
    let there = || sandbox.git(&["ls-remote", "--tags", "origin"]);
    assert!(
        there().contains("refs/tags/deploy/staging/1^{}"),
        "{}",
        there()
    );
    let hook = sandbox.remote_path().join("hooks/update");
    std::fs::create_dir_all(hook.parent().expect("a file stands in a folder")).expect("ours");
    let script = "#!/bin/sh\ncase $1 in refs/tags/*) echo no tags here >&2; exit 1;; esac\n";
    std::fs::write(&hook, script).expect("ours");
    sandbox
        .shell(&format!("chmod +x '{}'", hook.display()))
        .run();
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&TAG);
    run.succeeds()
        .says("lane staging is at #2")
        .tells("the tag `deploy/staging/2` could not be pushed to `origin`")
        .tells("no tags here");
    std::fs::remove_file(&hook).expect("ours");
    sandbox.pointsman(&TAG).succeeds();
    assert!(
        there().contains("refs/tags/deploy/staging/2^{}"),
        "{}",
        there()
    );
}

#[test]
fn a_tag_is_signed_where_git_signs_tags_and_never_by_a_program_of_the_repository() {
    let sandbox = Sandbox::without_gates();
    let keygen = sandbox
        .shell("ssh-keygen -q -t ed25519 -N '' -f ../key")
        .run();
    if keygen.code != Some(0) {
        // Nothing here can make a key.
        return;
    }
    for (key, value) in [
        ("tag.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", "../key.pub"),
        ("gpg.ssh.program", "../evil"),
        ("gpg.ssh.defaultKeyCommand", "../evil"),
    ] {
        sandbox.git(&["config", key, value]);
    }
    sandbox.write(
        "../evil",
        "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\nexit 1\n",
    );
    sandbox.shell("chmod +x ../evil").run();
    sandbox.pointsman(&TAG).succeeds();
    let text = sandbox.git(&["cat-file", "tag", "deploy/staging/1"]);
    assert!(text.contains("-----BEGIN SSH SIGNATURE-----"), "{text}");
    assert!(!sandbox.path().join("../ran").exists());
}
