//! `pointsman fmt`: prompts and evaluators in one layout.

use serde_json::json;

use crate::support::Sandbox;

const PROMPT: &str = "prompts/untidy.prompt.yml";

const UNTIDY: &str = "# Ours.\nmessages:\n- role: system\n  content: \"Be brief.\\nBe kind.\\n\"\n\n\n\
                      - role: user   \n  content: hi # short\nmodel: echo/echo\n";

const TIDY: &str = "# Ours.\nmodel: echo/echo\nmessages:\n  - role: system\n    content: |\n      \
                    Be brief.\n      Be kind.\n\n  - role: user\n    content: hi # short\n";

fn fingerprint(sandbox: &Sandbox) -> String {
    let shown = sandbox
        .pointsman(&["prompt", "show", "untidy", "--json"])
        .json();
    shown["fingerprint"].to_string()
}

#[test]
fn a_file_gets_the_layout_and_keeps_its_fingerprint() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["fmt", "--check"])
        .succeeds()
        .has_no_result();
    sandbox.write(PROMPT, UNTIDY);
    let before = fingerprint(&sandbox);
    sandbox
        .pointsman(&["fmt", "--check"])
        .exits(1)
        .says("would change prompts/untidy.prompt.yml\n");
    assert_eq!(sandbox.read(PROMPT), UNTIDY, "`--check` changes nothing");
    let output = sandbox.pointsman(&["fmt"]);
    output
        .succeeds()
        .says("changed prompts/untidy.prompt.yml\n");
    assert_eq!(sandbox.read(PROMPT), TIDY);
    assert_eq!(fingerprint(&sandbox), before);
    let again = sandbox.pointsman(&["fmt", "--json"]).json();
    assert_eq!(again["schema"], "pointsman/fmt/v1");
    assert_eq!(again["changed"], json!([]));
}

#[test]
fn files_and_folders_can_be_named_from_where_one_stands() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(PROMPT, UNTIDY);
    sandbox.write("evaluators/untidy.yml", "maxMs: 1\nkind: latency\n");
    let in_prompts = |args: &[&str]| sandbox.command(args).in_folder("prompts").run();
    in_prompts(&["fmt", "../evaluators"])
        .succeeds()
        .says("changed evaluators/untidy.yml\n");
    assert_eq!(
        sandbox.read("evaluators/untidy.yml"),
        "kind: latency\nmaxMs: 1\n"
    );
    assert_eq!(sandbox.read(PROMPT), UNTIDY);
    in_prompts(&["fmt", "untidy.prompt.yml"]).succeeds();
    assert_eq!(sandbox.read(PROMPT), TIDY);
    in_prompts(&["fmt", "none.prompt.yml"])
        .exits(2)
        .tells("`none.prompt.yml` is no prompt, no evaluator and no folder of them");
}

#[test]
fn a_file_that_cannot_be_read_is_reported_and_the_others_are_done() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(PROMPT, UNTIDY);
    sandbox.write("evaluators/broken.yml", "kind: [\n");
    sandbox
        .pointsman(&["fmt"])
        .exits(1)
        .tells("evaluators/broken.yml:2:1");
    assert_eq!(sandbox.read(PROMPT), TIDY);
}

#[test]
fn a_file_whose_meaning_could_change_is_left_alone_and_named() {
    let sandbox = Sandbox::with_workspace();
    let text = "messages:\n    - content: |2\n           two\n      role: user\nmodel: echo/echo\n";
    sandbox.write(PROMPT, text);
    sandbox
        .pointsman(&["fmt"])
        .succeeds()
        .tells("`prompts/untidy.prompt.yml` is left as it is");
    assert_eq!(sandbox.read(PROMPT), text);
}

#[test]
fn the_sample_has_the_layout() {
    let sandbox = Sandbox::new();
    sandbox.pointsman(&["init"]).succeeds();
    sandbox
        .pointsman(&["fmt", "--check"])
        .succeeds()
        .has_no_result();
}
