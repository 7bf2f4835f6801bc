//! `pointsman promote`: one record for each move, or nothing at all.

mod gate;
mod limits;
mod margin;
mod own_tests;
mod policy;
mod races;
mod remotes;
mod soak;
mod tags;

use crate::support::Sandbox;
use crate::support::media::PDF;

#[test]
fn the_first_record_holds_the_whole_workspace_and_says_where_it_comes_from() {
    let sandbox = Sandbox::without_gates();
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let run = sandbox.pointsman(&["promote", "staging", "--yes", "--reason", "first release"]);
    run.succeeds().says("lane staging is at #1: record ");
    insta::assert_snapshot!(sandbox.git(&["ls-tree", "-r", "--name-only", "lanes/staging"]), @r"
    .lane/deployment.json
    .lane/manifest.sha256
    datasets/tickets.jsonl
    datasets/tickets.yml
    environments/production.toml
    environments/staging.toml
    evaluators/no-apology.yml
    evaluators/queue-matches.yml
    pointsman.toml
    prompts/triage.prompt.yml
    ");
    let record = sandbox.record("staging");
    assert_eq!(record["sequence"], 1);
    assert_eq!(record["source"]["commit"], head.as_str());
    assert_eq!(record["actor"], "Cleo <cleo@example.com>");
    assert_eq!(record["reason"], "first release");
    assert_eq!(record["rollbackTarget"], serde_json::Value::Null);
}

#[test]
fn what_is_live_can_be_read_without_pointsman() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.promotes("production");
    assert_eq!(
        sandbox.git(&["show", "lanes/production:prompts/triage.prompt.yml"]),
        sandbox.read("prompts/triage.prompt.yml").trim_end()
    );
    let check = "git archive lanes/production | tar -x -C \"$(mktemp -d -p .)\" && cd tmp.* && \
                 sha256sum --check --quiet .lane/manifest.sha256 && \
                 sha256sum < .lane/manifest.sha256 | cut -d' ' -f1";
    let output = sandbox.shell(check).run();
    let record = sandbox.record("production");
    let digest = record["snapshot"]["sha256"].as_str().expect("a digest");
    assert_eq!(output.succeeds().stdout.trim(), digest);
}

#[test]
fn the_commit_repeats_the_record_in_trailers_that_no_reason_can_forge() {
    let sandbox = Sandbox::without_gates();
    let reason = "calmer tone\n\nLane: production\nActor: Mallory <m@example.com>";
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--reason", reason])
        .succeeds();
    let format =
        "--format=%s%n%(trailers:key=Lane,key=Deploy-Seq,key=Deploy-Kind,key=Reason,key=Actor)";
    insta::assert_snapshot!(sandbox.git(&["log", "-1", format, "lanes/staging"]), @r"
    promote staging #1: add triage
    Lane: staging
    Deploy-Seq: 1
    Deploy-Kind: promote
    Reason: calmer tone Lane: production Actor: Mallory <m@example.com>
    Actor: Cleo <cleo@example.com>
    ");
}

#[test]
fn the_plan_is_shown_and_without_consent_nothing_moves() {
    let sandbox = Sandbox::without_gates();
    let run = sandbox.pointsman(&["promote", "staging"]);
    run.exits(2)
        .has_no_result()
        .tells("promote to lane staging, as #1")
        .tells("nobody is here to confirm this")
        .tells("--yes");
    let run = sandbox.pointsman(&["promote", "staging", "--dry-run", "--yes", "--json"]);
    assert_eq!(run.succeeds().json()["outcome"], "planned");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn what_is_live_already_makes_no_record() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    sandbox.write("README.md", "outside of the workspace's folders\n");
    sandbox.commit("Say something");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds().says("has all of this already");
    assert_eq!(sandbox.tip("staging"), tip);
}

#[test]
fn a_lane_that_names_its_source_takes_that_and_refuses_others() {
    let sandbox = Sandbox::without_gates();
    let run = sandbox.pointsman(&["promote", "production", "--yes"]);
    run.exits(7)
        .tells("which has none yet")
        .tells("pointsman promote staging");
    sandbox.promotes("staging");
    sandbox.reword("briefly");
    let run = sandbox.pointsman(&["promote", "production", "--from", "HEAD", "--yes"]);
    run.exits(7)
        .tells("takes releases from lane `staging` only");
    assert_eq!(sandbox.tip("production"), "");
    sandbox.promotes("production");
    let record = sandbox.record("production");
    assert_eq!(record["source"]["lane"], "staging");
    assert_eq!(record["source"]["record"], sandbox.tip("staging").as_str());
}

#[test]
fn many_prompts_come_in_one_record_with_one_parent() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let first = sandbox.tip("staging");
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    for number in 0..20 {
        sandbox.write(&format!("prompts/copy-{number}.prompt.yml"), &prompt);
    }
    sandbox.commit("Add many");
    sandbox.promotes("staging");
    let parents = sandbox.git(&["log", "-1", "--format=%P", "lanes/staging"]);
    assert_eq!(parents, first);
    let added = sandbox.record("staging")["changes"]["added"].clone();
    assert_eq!(added.as_array().map(Vec::len), Some(20));
    assert_eq!(
        sandbox
            .git(&["log", "--format=%H", "lanes/staging"])
            .lines()
            .count(),
        2
    );
}

#[test]
fn a_named_prompt_brings_what_it_includes_and_leaves_the_rest_as_it_is() {
    let sandbox = Sandbox::without_gates();
    let other = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("prompts/other.prompt.yml", other);
    sandbox.commit("Add another");
    sandbox.promotes("staging");
    sandbox.write("prompts/_partials/tone.md", "Be kind.\n");
    sandbox.reword("kindly {% include \"_partials/tone.md\" %}");
    sandbox.edit("prompts/other.prompt.yml", "Answer with", "Reply with");
    sandbox.commit("Change both");
    sandbox
        .pointsman(&["promote", "staging", "triage", "--yes"])
        .succeeds();
    let changes = sandbox.record("staging")["changes"].clone();
    assert_eq!(changes["changed"], serde_json::json!(["triage"]));
    assert_eq!(
        changes["files"],
        serde_json::json!(["prompts/_partials/tone.md"])
    );
    let differ = sandbox.git(&[
        "diff",
        "--name-only",
        "lanes/staging",
        "HEAD",
        "--",
        "prompts",
    ]);
    assert_eq!(differ, "prompts/other.prompt.yml");
}

#[test]
fn a_named_prompt_brings_the_pictures_and_documents_that_it_and_its_rows_show() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.write_receipts();
    sandbox.write("prompts/_media/other.pdf", PDF);
    sandbox.reword("otherwise");
    sandbox
        .pointsman(&["promote", "staging", "receipts", "--yes"])
        .succeeds();
    let differ = [
        "diff",
        "--name-only",
        "lanes/staging",
        "HEAD",
        "--",
        "prompts",
        "datasets",
    ];
    assert_eq!(
        sandbox.git(&differ),
        "prompts/_media/other.pdf\nprompts/triage.prompt.yml"
    );
    let render = ["prompt", "render", "receipts", "--row", "receipts:lunch"];
    let at_lane = [&render[..], &["--at", "lanes/staging"]].concat();
    assert_eq!(
        sandbox.pointsman(&at_lane).succeeds().stdout,
        sandbox.pointsman(&render).succeeds().stdout
    );
    sandbox.write("prompts/_media/rules.pdf", [PDF, b"another"].concat());
    sandbox.commit("Another document");
    sandbox
        .pointsman(&["promote", "staging", "receipts", "--yes"])
        .succeeds();
    let changes = sandbox.record("staging")["changes"].clone();
    assert_eq!(changes["changed"], serde_json::json!(["receipts"]));
    assert_eq!(
        changes["files"],
        serde_json::json!(["prompts/_media/rules.pdf"])
    );
    sandbox
        .pointsman(&["rollback", "staging", "--yes", "--reason", "wrong rules"])
        .succeeds();
    assert_eq!(
        sandbox.git(&["rev-parse", "lanes/staging:prompts/_media/rules.pdf"]),
        sandbox.git(&["rev-parse", "HEAD~1:prompts/_media/rules.pdf"])
    );
}

#[test]
fn a_file_that_a_prompt_shows_and_that_is_gone_is_told_before_it_is_live() {
    let sandbox = Sandbox::without_gates();
    sandbox.write_receipts();
    sandbox.remove("prompts/_media/rules.pdf");
    sandbox.commit("Forget the document");
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(2)
        .tells("there is no `prompts/_media/rules.pdf`");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn changes_that_are_not_committed_are_refused_unless_head_is_asked_for() {
    let sandbox = Sandbox::without_gates();
    let refused = |sandbox: &Sandbox, path: &str| {
        let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
        run.exits(2)
            .tells("not committed")
            .tells(path)
            .tells("--from HEAD");
        assert_eq!(sandbox.tip("staging"), "");
    };
    sandbox.edit("prompts/triage.prompt.yml", "Answer with", "Say");
    refused(&sandbox, "prompts/triage.prompt.yml");
    sandbox.git(&["add", "--all"]);
    refused(&sandbox, "prompts/triage.prompt.yml");
    sandbox.git(&["reset", "--quiet", "--hard"]);
    sandbox.write("evaluators/new.yml", "kind: json\n");
    refused(&sandbox, "evaluators/new.yml");
    sandbox.write(".gitignore", "new.yml\n");
    sandbox.write("notes.txt", "outside of the workspace's folders\n");
    sandbox.promotes("staging");
    sandbox.remove("prompts/triage.prompt.yml");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--from", "HEAD"])
        .succeeds()
        .says("has all of this already");
}

#[test]
fn a_broken_file_is_told_before_it_is_live() {
    let sandbox = Sandbox::without_gates();
    sandbox.edit("prompts/triage.prompt.yml", "{{ ticket }}", "{{ tickt }}");
    sandbox.edit("prompts/triage.prompt.yml", "no-apology]", "no-such-rule]");
    sandbox.commit("Break it");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2).tells("prompts/triage.prompt.yml:");
    assert_eq!(sandbox.tip("staging"), "");
}

#[cfg(unix)]
#[test]
fn links_in_the_workspace_are_never_released() {
    let sandbox = Sandbox::without_gates();
    let link = sandbox.path().join("prompts/_partials");
    std::os::unix::fs::symlink("/etc", link).expect("the folder is ours");
    sandbox.commit("Add a link");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(2).tells("prompts/_partials").tells("link");
    assert_eq!(sandbox.tip("staging"), "");
}

#[test]
fn an_unknown_lane_is_told_with_a_suggestion() {
    let sandbox = Sandbox::without_gates();
    let run = sandbox.pointsman(&["promote", "stagin", "--yes"]);
    run.exits(2).tells("did you mean `staging`?");
}

#[test]
fn without_an_identity_nothing_is_written() {
    let sandbox = Sandbox::without_gates();
    let mut run = sandbox.command(&["promote", "staging", "--yes"]);
    for name in ["GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"] {
        run = run.env(name, "");
    }
    run.run().exits(2).tells("git config --global user.name");
    assert_eq!(sandbox.tip("staging"), "");
}
