//! The whole way again, by recorded answers and without any server.

use super::scene::{self, CANDIDATE, KEY, PROMPT, Scene, prompt_file};

#[test]
fn what_was_recorded_needs_no_server() {
    let scene = Scene::whose_model_proposes(scene::cure);
    let sandbox = &scene.sandbox;
    let record = |text: &str| {
        sandbox.write(PROMPT, text);
        let args = ["eval", "--record", "local"];
        let run = sandbox.command(&args).env("MODEL_KEY", KEY).run();
        assert!(matches!(run.code, Some(0 | 1)), "{}", run.transcript());
    };
    record(&prompt_file().replace(scene::OLD, &format!("{} {}", scene::OLD, scene::CURE)));
    record(&prompt_file());
    sandbox.commit("Record the answers");
    let start = ["start", "--prompt", "triage", "--record", "local"];
    scene
        .improve(&start)
        .succeeds()
        .tells("recorded 1 answer(s) in `recordings/improve/propose.jsonl`");
    scene
        .improve(&["reject", CANDIDATE, "--reason", "recorded only"])
        .succeeds();
    sandbox.commit("Record the proposal");

    // From here on nobody answers, and no key is there.
    let Scene { sandbox, server } = scene;
    drop(server);
    let improve = |args: &[&str]| {
        let args = [&["improve"], args].concat();
        sandbox.pointsman(&args)
    };
    let again = [
        "start",
        "--prompt",
        "triage",
        "--model",
        "local/big",
        "--recorded",
    ];
    improve(&again).succeeds().says("candidate triage/2");
    improve(&["check", "triage/2"]).exits(2).tells("MODEL_KEY");
    improve(&["check", "triage/2", "--recorded"])
        .succeeds()
        .says("nothing that passes today fails");
    improve(&["approve", "triage/2", "--yes"]).succeeds();
    sandbox.pointsman(&["eval", "--recorded"]).succeeds();
}
