//! `pointsman import promptfoo`, as a new user tries it.

use crate::support::Sandbox;

#[test]
fn what_cannot_come_along_is_listed_with_its_place() {
    let sandbox = Sandbox::new();
    let config = "prompts: [Say hello]\nextensions: [file://hooks.js]\n";
    sandbox.write("promptfooconfig.yaml", config);
    let output = sandbox.pointsman(&["import", "promptfoo", "promptfooconfig.yaml"]);
    output
        .exits(1)
        .says("error[unsupported-key]: `extensions` is not imported")
        .says("--> promptfooconfig.yaml:2:1")
        .says("wrote 2 file(s)");
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn existing_files_are_never_touched_and_nothing_is_written_beside_them() {
    let sandbox = Sandbox::new();
    sandbox.write("promptfooconfig.yaml", "prompts: [Say hello]\n");
    sandbox.write("prompts/say-hello-1.prompt.yml", "mine");
    sandbox
        .pointsman(&["import", "promptfoo", "promptfooconfig.yaml"])
        .exits(2)
        .has_no_result()
        .tells("nothing was written");
    assert_eq!(sandbox.read("prompts/say-hello-1.prompt.yml"), "mine");
    assert!(!sandbox.path().join("pointsman.toml").exists());
}
