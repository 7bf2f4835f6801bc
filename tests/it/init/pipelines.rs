//! The files that make a git host judge pull requests: what is written where, and what is kept.

use std::os::unix::fs::symlink;

use crate::support::Sandbox;
use crate::support::runner::read;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const WORKFLOWS: [&str; 4] = ["gate", "measure", "promote", "rollback"];

pub(super) fn github() -> String {
    format!("--github=acme/pointsman@{COMMIT}")
}

pub(super) fn gitlab() -> String {
    format!("--gitlab=https://git.example.com/acme/pointsman@{COMMIT}")
}

pub(super) fn workflow(name: &str) -> String {
    format!(".github/workflows/pointsman-{name}.yml")
}

#[test]
fn a_fresh_repository_gets_the_sample_and_its_workflows() {
    let sandbox = Sandbox::new();
    let run = sandbox.pointsman(&["init", &github()]);
    run.succeeds()
        .says("wrote 50 files")
        .says("  .github/workflows/pointsman-gate.yml")
        .tells("say `remote = \"origin\"` in `pointsman.toml`");
    sandbox.pointsman(&["check"]).succeeds();
    for name in WORKFLOWS {
        let text = sandbox.read(&workflow(name));
        assert!(!text.contains("POINTSMAN_"), "{text}");
        assert!(text.contains(&format!("@{COMMIT} # v")), "{text}");
        let json = read(name, &text);
        assert_eq!(json["permissions"], serde_json::json!({}), "{name}");
        let used = text.lines().filter(|line| line.contains("uses: "));
        for line in used {
            let (_, pinned) = line.split_once('@').expect("an action is pinned");
            let commit = pinned.split(' ').next().expect("a text has a first word");
            assert_eq!(commit.len(), 40, "{line}");
        }
    }
    let promote = sandbox.read(&workflow("promote"));
    assert!(
        promote.contains("options: [staging, production]"),
        "{promote}"
    );
    assert!(promote.contains("queue: max"), "{promote}");
}

#[test]
fn a_workspace_gets_what_it_lacks_and_keeps_what_it_has() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "pointsman.toml",
        "remote = \"origin\"\n[providers.small]\nkind = \"openai\"\nbase_url = \"https://m.example.com\"\nkey_env = \"SMALL_KEY\"\n",
    );
    let staging = "environments/staging.toml";
    sandbox.write(
        staging,
        sandbox.read(staging)
            + "[[webhook]]\nurl_env = \"HOOK_URL\"\nsecret_env = \"HOOK_SECRET\"\n",
    );
    sandbox.write(&workflow("gate"), "mine");
    let run = sandbox.pointsman(&["init", &github(), &gitlab()]);
    run.succeeds()
        .says("wrote 5 files")
        .tells("kept `.github/workflows/pointsman-gate.yml`, which is there already");
    assert!(!run.stderr.contains("remote"), "{}", run.stderr);
    assert_eq!(sandbox.read(&workflow("gate")), "mine");
    let secrets = |name: &str| -> Vec<String> {
        let text = sandbox.read(&workflow(name));
        let lines = text
            .lines()
            .filter_map(|line| line.split_once("${{ secrets."));
        lines
            .map(|(_, rest)| rest.trim_end_matches(" }}").to_owned())
            .collect()
    };
    assert_eq!(secrets("measure"), ["SMALL_KEY"]);
    assert_eq!(secrets("promote"), ["HOOK_SECRET", "HOOK_URL", "SMALL_KEY"]);
    assert_eq!(secrets("rollback"), ["HOOK_SECRET", "HOOK_URL"]);
    assert!(
        !sandbox.path().join("prompts/support").exists(),
        "no sample beside what is there"
    );

    let again = sandbox.pointsman(&["init", &github(), &gitlab(), "--json"]);
    again.succeeds();
    let json = again.json();
    assert_eq!(json["written"], serde_json::json!([]));
    assert_eq!(json["kept"].as_array().map(Vec::len), Some(6));
}

#[test]
fn a_workspace_below_the_top_is_named_in_files_at_the_top() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path().join("my app")).expect("the folder is ours");
    let command = sandbox.command(&["init", &github(), &gitlab()]);
    command.in_folder("my app").run().succeeds();
    let gate = read("gate", &sandbox.read(&workflow("gate")));
    assert_eq!(
        gate["jobs"]["gate"]["steps"][1]["with"]["directory"],
        "my app"
    );
    let jobs = read("gitlab", &sandbox.read(".gitlab/pointsman.yml"));
    let variables = &jobs["pointsman-gate"]["variables"];
    assert_eq!(variables["POINTSMAN_DIRECTORY"], "my app");
    assert_eq!(variables["POINTSMAN_COMMIT"], COMMIT);
    assert_eq!(
        sandbox.read(".gitlab-ci.yml"),
        "include:\n  - local: .gitlab/pointsman.yml\n"
    );
}

#[test]
fn a_pipeline_of_ones_own_on_gitlab_is_told_what_to_include() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(".gitlab-ci.yml", "build:\n  script: [make]\n");
    sandbox
        .pointsman(&["init", &gitlab()])
        .succeeds()
        .tells("kept `.gitlab-ci.yml`")
        .tells("add `.gitlab/pointsman.yml` to `include` in `.gitlab-ci.yml`");
    assert!(!sandbox.path().join(".github").exists());
}

#[test]
fn what_cannot_be_written_is_refused_with_its_reason() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["init", "--github"])
        .exits(2)
        .tells("does not know the commit that it was released from");
    sandbox
        .pointsman(&["init", "--github=acme/pointsman@v1"])
        .exits(2)
        .tells("`v1` is not the whole id of a commit");
    std::fs::create_dir(sandbox.path().join("../elsewhere")).expect("the folder is ours");
    symlink("../elsewhere", sandbox.path().join(".github")).expect("the folder is ours");
    sandbox
        .pointsman(&["init", &github()])
        .exits(2)
        .tells("`[SANDBOX]/repository/.github` is a link");
    sandbox.write("environments/staging.toml", "orders = 1\n");
    sandbox
        .pointsman(&["init", &gitlab()])
        .exits(2)
        .tells("did you mean `order`?");
}
