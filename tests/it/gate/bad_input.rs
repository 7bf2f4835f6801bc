//! What is no pull request, or cannot be judged: each says what to do.

use super::pull_request::PullRequest;

#[test]
fn where_nothing_changes_the_gate_says_so() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request.sandbox.write("README.md", "# Other words\n");
    let run = request.gate(&[]);
    run.succeeds().says("no prompt and no rule changes");
}

#[test]
fn a_shallow_clone_is_told_how_to_get_the_rest() {
    let base = PullRequest::base().with_remote();
    base.git(&["switch", "--quiet", "-c", "topic"]);
    base.edit("prompts/triage.prompt.yml", "Answer with", "Say");
    base.commit("Reword");
    base.git(&["switch", "--quiet", "main"]);
    base.commit("Go on");
    base.git(&["push", "--quiet", "origin", "main", "topic"]);
    let clone = base.clone_of_remote("runner");
    clone.git(&["switch", "--quiet", "topic"]);
    let url = format!("file://{}", clone.remote_path().display());
    let shallow = clone.path().join("shallow");
    let target = shallow.to_str().expect("temporary folders have text names");
    clone.git(&[
        "clone",
        "--quiet",
        "--template=",
        "--depth=1",
        "--no-single-branch",
        &url,
        target,
    ]);
    let run = clone
        .command(&["gate", "--base", "origin/main", "--head", "origin/topic"])
        .in_folder(&shallow)
        .run();
    run.exits(2)
        .tells("this clone is shallow")
        .tells("fetch-depth: 0");
}

#[test]
fn a_base_that_is_missing_or_of_another_history_is_refused() {
    let base = PullRequest::base();
    base.pointsman(&["gate", "--base", "nowhere"])
        .exits(2)
        .tells("`nowhere` is not a revision");
    base.git(&["switch", "--quiet", "--orphan", "other"]);
    base.write("pointsman.toml", "schema = 1\n");
    base.commit("Start again");
    base.pointsman(&["gate", "--base", "main"])
        .exits(2)
        .tells("no commit in common");
}

#[test]
fn a_base_that_fails_its_own_check_judges_nobody() {
    let base = PullRequest::base();
    base.write("evaluators/one-word.yml", "kind: nonsense\n");
    base.commit("Break a rule");
    let request = PullRequest::to(&base);
    request.improve_prompt();
    let run = request.gate(&[]);
    run.exits(2)
        .tells("fails its own check")
        .tells("evaluators/one-word.yml");
}

#[test]
fn a_head_that_fails_its_check_fails_the_gate() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request
        .sandbox
        .edit("prompts/triage.prompt.yml", "{{ ticket }}", "{{ tikcet }}");
    let run = request.gate(&[]);
    run.exits(1).says("tikcet");
}

#[test]
fn a_base_without_a_gate_cannot_decide() {
    let base = PullRequest::base();
    for lane in ["staging", "production"] {
        base.remove(&format!("environments/{lane}.toml"));
    }
    base.commit("Do without gates");
    let request = PullRequest::to(&base);
    request.improve_prompt();
    request
        .gate(&[])
        .exits(2)
        .tells("no lane of the base has a gate");
    request
        .gate(&["--lane", "dev"])
        .exits(2)
        .tells("lane `dev` of the base has no gate");
}

#[test]
fn programs_run_from_a_checkout_of_the_base_only() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request.improve_prompt();
    let run = request.gate(&["--allow-exec"]);
    run.exits(7).tells("is not the base's there");
    request.sandbox.git(&["switch", "--quiet", "main"]);
    request
        .sandbox
        .pointsman(&["gate", "--base", "main", "--head", "topic", "--allow-exec"])
        .succeeds();
}
