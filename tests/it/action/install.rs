//! Installing: a release whose bytes are known, or a build of the action's own files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use pointsman::domain::digest::Digest;
use serde_json::json;

use crate::support::Sandbox;
use crate::support::github::GitHub;
use crate::support::runner::Runner;
use crate::support::source::root;

const RELEASE: &str =
    "/acme/pointsman/releases/download/v0.1.0/pointsman-x86_64-unknown-linux-musl";

/// A release that says which version it is.
const PROGRAM: &str = "#!/bin/sh\necho pointsman 0.1.0\n";

fn set_up(runner: &mut Runner<'_>, github: &GitHub, sha256: &str) -> i32 {
    runner.set("GITHUB_SERVER_URL", &github.url());
    runner.action("setup", &[("version", "0.1.0"), ("sha256", sha256)])
}

#[test]
fn a_release_is_installed_if_its_bytes_are_the_named_ones() {
    let sandbox = Sandbox::with_workspace();
    let github = GitHub::start();
    github.release(RELEASE, PROGRAM.into());
    let digest = Digest::of(PROGRAM.as_bytes()).to_string();
    let mut runner = Runner::new(&sandbox, "push", &json!({}));
    assert_eq!(set_up(&mut runner, &github, &digest), 0, "{}", runner.log);
    assert!(runner.log.ends_with("pointsman 0.1.0\n"), "{}", runner.log);
    let later = "jobs: { later: { steps: [{ run: 'command -v pointsman' }] } }";
    assert_eq!(runner.workflow(later, json!({})), 0);
    let installed = runner.temporary().join("pointsman/bin/pointsman");
    assert!(
        runner.log.ends_with("/temporary/pointsman/bin/pointsman\n"),
        "{}",
        runner.log
    );
    assert!(installed.exists());
}

#[test]
fn other_bytes_are_thrown_away() {
    let sandbox = Sandbox::with_workspace();
    let github = GitHub::start();
    github.release(RELEASE, b"#!/bin/sh\ntouch ../stolen\n".into());
    let digest = Digest::of(PROGRAM.as_bytes()).to_string();
    let mut runner = Runner::new(&sandbox, "push", &json!({}));
    assert_eq!(set_up(&mut runner, &github, &digest), 2);
    assert!(
        runner.commands[0].contains("the release is not the one that 'sha256' names"),
        "{:?}",
        runner.commands
    );
    assert!(!runner.temporary().join("pointsman/download").exists());
    assert!(!runner.temporary().join("pointsman/bin/pointsman").exists());
    assert!(!sandbox.path().join("../stolen").exists());
}

#[test]
fn a_release_needs_its_digest_and_one_that_is_missing_is_told() {
    let sandbox = Sandbox::with_workspace();
    let github = GitHub::start();
    let mut runner = Runner::new(&sandbox, "push", &json!({}));
    assert_eq!(set_up(&mut runner, &github, ""), 2);
    assert!(
        runner.commands[0].contains("the input 'sha256' must name"),
        "{:?}",
        runner.commands
    );
    let mut runner = Runner::new(&sandbox, "push", &json!({}));
    assert_eq!(set_up(&mut runner, &github, &"0".repeat(64)), 2);
    assert!(
        runner.commands[0].contains("cannot be downloaded"),
        "{:?}",
        runner.commands
    );
    let mut runner = Runner::new(&sandbox, "push", &json!({}));
    let code = runner.action(
        "setup",
        &[("version", "../../x"), ("sha256", &"0".repeat(64))],
    );
    assert_eq!(code, 2);
    assert!(
        runner.commands[0].contains("must be a version"),
        "{:?}",
        runner.commands
    );
}

#[test]
fn the_action_is_built_away_from_the_files_of_the_pull_request() {
    let sandbox = Sandbox::with_workspace();
    // Settings of cargo, which would run a program of the pull request.
    sandbox.write(
        ".cargo/config.toml",
        "[build]\nrustc-wrapper = \"./steal\"\n",
    );
    sandbox.write(
        "../cargo/cargo",
        "#!/bin/sh\npwd\necho \"$@\"\nmkdir -p \"$7/bin\" && printf '#!/bin/sh\\necho built\\n' >\"$7/bin/pointsman\" && chmod +x \"$7/bin/pointsman\"\n",
    );
    let cargo = sandbox.path().join("../cargo/cargo");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    let mut runner = Runner::new(&sandbox, "push", &json!({}));
    let folder = cargo.parent().expect("a file stands in a folder");
    runner.set("PATH", &format!("{}:/usr/bin:/bin", folder.display()));
    assert_eq!(runner.action("setup", &[]), 0, "{}", runner.log);
    let expected = format!(
        "{}\ninstall --locked --quiet --path . --root",
        root().display()
    );
    assert!(runner.log.contains(&expected), "{}", runner.log);
    assert!(runner.log.ends_with("built\n"), "{}", runner.log);
}
