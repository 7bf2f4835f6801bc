//! A person's own candidate: no model is asked for it, and it is checked like any other.

use super::scene::{self, CANDIDATE, CURE, OLD, PROMPT, Scene, prompt_file};

fn cured() -> String {
    prompt_file().replace(OLD, &format!("{OLD} {CURE}"))
}

#[test]
fn a_file_is_a_candidate_without_any_model() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.sandbox.write("better.prompt.yml", cured());
    let start = ["start", "--prompt", "triage", "--from", "better.prompt.yml"];
    scene.improve(&start).succeeds().says("candidate triage/1");
    assert_eq!(scene.server.calls().len(), 0);
    scene.improve(&["check", CANDIDATE]).succeeds();
    let record = scene.record(CANDIDATE);
    assert!(record["author"]["person"].is_object(), "{record}");
    assert_eq!(record["checks"][0]["train"]["rows"], 0);
    assert_eq!(record["checks"][0]["validation"]["recovered"], 4);
    scene.sandbox.remove("better.prompt.yml");
    scene.improve(&["approve", CANDIDATE, "--yes"]).succeeds();
    assert_eq!(scene.sandbox.read(PROMPT), cured());
}

#[test]
fn an_edit_on_disk_becomes_a_candidate_and_is_committed_by_approving() {
    let scene = Scene::whose_model_proposes(scene::cure);
    scene.sandbox.write(PROMPT, cured());
    let start = ["start", "--prompt", "triage", "--from", PROMPT];
    scene
        .improve(&start)
        .succeeds()
        .tells("has changes that are not committed");
    scene.improve(&["check", CANDIDATE]).succeeds();
    scene.improve(&["approve", CANDIDATE, "--yes"]).succeeds();
    assert_eq!(scene.sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_editor_is_opened_on_the_prompt() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let start = ["start", "--prompt", "triage", "--edit"];
    scene
        .improve(&start)
        .exits(2)
        .tells("neither by `VISUAL` nor by `EDITOR`");
    let edit = scene
        .command(&start)
        .env("VISUAL", "sed -i s/belongs.to/belongs.in/")
        .env("EDITOR", "false")
        .run();
    edit.succeeds().says("candidate triage/1");
    let words = scene.sandbox.git(&["show", "improve/triage/1"]);
    assert!(words.contains("belongs.in"), "{words}");
    let failing = scene.command(&start).env("EDITOR", "false").run();
    failing.exits(2).tells("gave nothing back");
}

#[test]
fn a_person_keeps_the_contract_too() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let start = ["start", "--prompt", "triage", "--from", "-"];
    let run = scene.command(&start).stdin("model: [").run();
    run.exits(1).says("prompts/triage.prompt.yml:");
    let bad = scene.improve(&["start", "--prompt", "triage", "--from", "none.yml"]);
    bad.exits(2).tells("cannot read `none.yml`");
}

#[test]
fn a_workspace_below_the_top_of_the_repository_works_alike() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let sandbox = &scene.sandbox;
    sandbox
        .shell("mkdir app && git mv pointsman.toml prompts datasets evaluators environments app/")
        .run()
        .succeeds();
    sandbox.commit("Move the workspace");
    let in_app = |args: &[&str]| scene.command(args).in_folder("app").run();
    in_app(&["start", "--prompt", "triage"]).succeeds();
    in_app(&["check", CANDIDATE]).succeeds();
    in_app(&["approve", CANDIDATE, "--yes"]).succeeds();
    assert!(sandbox.read("app/prompts/triage.prompt.yml").contains(CURE));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}
