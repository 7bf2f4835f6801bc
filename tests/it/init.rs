//! `pointsman init`: from an empty repository to a workspace that works.

mod hooks;
mod linted;
mod pipelines;
mod played;

use crate::support::Sandbox;

#[test]
fn a_new_workspace_has_no_problems_and_can_be_evaluated_at_once() {
    let sandbox = Sandbox::new();
    sandbox
        .pointsman(&["init"])
        .succeeds()
        .says("wrote 46 files")
        .tells("pointsman check");
    sandbox.pointsman(&["check"]).succeeds().says("no problems");
    let report = sandbox
        .pointsman(&["eval", "--gate", "production", "--json"])
        .succeeds()
        .json();
    assert_eq!(report["schema"], "pointsman/eval/v1");
}

#[test]
fn existing_files_are_never_touched() {
    let sandbox = Sandbox::new();
    sandbox.write("evaluators/fast.yml", "mine");
    sandbox
        .pointsman(&["init"])
        .exits(2)
        .has_no_result()
        .tells("evaluators/fast.yml")
        .tells("nothing was written");
    assert_eq!(sandbox.read("evaluators/fast.yml"), "mine");
    assert!(!sandbox.path().join("pointsman.toml").exists());
}

#[test]
fn outside_a_repository_the_way_on_is_named() {
    let sandbox = Sandbox::without_git();
    sandbox
        .pointsman(&["init"])
        .exits(2)
        .has_no_result()
        .tells("is not in a git repository")
        .tells("git init");
}

#[test]
fn a_bare_repository_has_no_place_for_files() {
    let sandbox = Sandbox::without_git();
    sandbox.git(&["init", "--quiet", "--bare", "."]);
    sandbox
        .pointsman(&["init"])
        .exits(2)
        .has_no_result()
        .tells("this repository is bare");
    assert!(!sandbox.path().join("pointsman.toml").exists());
}

#[test]
fn the_prompts_by_which_a_model_helps_are_written_to_be_edited() {
    let sandbox = Sandbox::with_workspace();
    let proposer = "prompts/improve/propose.prompt.yml";
    sandbox
        .pointsman(&["init", "--helpers"])
        .succeeds()
        .says("wrote 2 files")
        .says(proposer)
        .says("prompts/behaviors/label.prompt.yml")
        .tells("which model is asked");
    sandbox.pointsman(&["check"]).succeeds();
    sandbox.edit(proposer, "You improve prompts.", "You are careful.");
    let edited = sandbox.read(proposer);
    sandbox
        .pointsman(&["init", "--helpers"])
        .succeeds()
        .says("wrote 0 files")
        .tells("kept `prompts/improve/propose.prompt.yml`");
    assert_eq!(sandbox.read(proposer), edited);
}
