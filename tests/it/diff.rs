//! `pointsman diff`: what differs, by what it means.

use crate::support::Sandbox;
use crate::support::media::{PDF, PNG};

const PROMPT: &str = "prompts/triage.prompt.yml";

#[test]
fn a_view_and_itself_are_the_same() {
    let sandbox = Sandbox::with_workspace();
    let run = sandbox.pointsman(&["diff", "HEAD", "--exit-code"]);
    run.succeeds().has_no_result().tells("are the same");
    sandbox.edit(PROMPT, "name: Triage", "name: Sorting");
    sandbox
        .pointsman(&["diff", "HEAD"])
        .succeeds()
        .says("description");
    sandbox.pointsman(&["diff", "HEAD", "--exit-code"]).exits(1);
}

#[test]
fn each_class_of_a_prompts_change_is_named_and_messages_are_shown_line_by_line() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(PROMPT, "echo/echo", "echo/loud");
    sandbox.edit(
        PROMPT,
        "content: Answer with the queue",
        "content: Name the queue",
    );
    sandbox.edit(
        PROMPT,
        "{ type: string, description: the customer's words }",
        "{ type: string, default: none }",
    );
    sandbox.edit(
        PROMPT,
        "messages:",
        "modelParameters: { temperature: 0 }\nmessages:",
    );
    sandbox.edit(PROMPT, "[queue-matches, no-apology]", "[queue-matches]");
    let run = sandbox.pointsman(&["diff", "HEAD"]);
    insta::assert_snapshot!(run.succeeds().stdout, @r"
    ~ prompt triage (model, parameters, messages, variables, evals, description)
      message 1 (system)
        - Answer with the queue that the ticket belongs to.
        + Name the queue that the ticket belongs to.
    ");
}

#[test]
fn comments_and_the_order_of_keys_are_formatting() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        PROMPT,
        "name: Triage\n",
        "# For the support desk\nname: Triage\n",
    );
    let run = sandbox.pointsman(&["diff", "HEAD", "--stat"]);
    assert_eq!(run.succeeds().stdout, "~ prompt     triage: formatting\n");
}

#[test]
fn a_changed_include_is_a_change_of_each_prompt_that_includes_it() {
    let sandbox = Sandbox::with_workspace();
    let text = sandbox.read(PROMPT);
    sandbox.write("prompts/apart.prompt.yml", &text);
    sandbox.write("prompts/_partials/tone.md", "Be kind.\n");
    for name in ["one", "two"] {
        let with_include = text.replace(
            "Answer with",
            "{% include '_partials/tone.md' %} Answer with",
        );
        let with_include = with_include.replace("content: {%", "content: >-\n      {%");
        sandbox.write(&format!("prompts/{name}.prompt.yml"), with_include);
    }
    sandbox.commit("Share the tone");
    sandbox.write("prompts/_partials/tone.md", "Be very kind.\n");
    let run = sandbox.pointsman(&["diff", "HEAD", "--stat"]);
    assert_eq!(
        run.succeeds().stdout,
        "~ prompt     one: includes\n~ prompt     two: includes\n"
    );
}

#[test]
fn rows_are_compared_by_name_and_by_what_they_test() {
    let sandbox = Sandbox::with_workspace();
    let rows = sandbox.read("datasets/tickets.jsonl");
    let mut lines: Vec<&str> = rows.lines().collect();
    let changed = lines[1].replace("\"bug\"", "\"feature\"");
    let tagged = lines[2].replace("\"vars\"", "\"tags\": [\"x\"], \"vars\"");
    lines = vec![
        &tagged,
        &changed,
        r#"{"id": "new", "vars": {"ticket": "x"}}"#,
    ];
    sandbox.write("datasets/tickets.jsonl", lines.join("\n"));
    let run = sandbox.pointsman(&["diff", "HEAD"]);
    insta::assert_snapshot!(run.succeeds().stdout, @r"
    gate and policy changes
    ~ dataset tickets
        + row new
        ~ row crash
        - row refund
    ");
}

#[test]
fn evaluators_policies_settings_and_recordings_are_part_of_it() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit("evaluators/no-apology.yml", "\"sorry\"", "\"regret\"");
    sandbox.edit("environments/staging.toml", "0.9", "0.5");
    sandbox.write("pointsman.toml", "remote = \"origin\"\n");
    sandbox.write("recordings/triage.jsonl", "");
    sandbox.write("datasets/notes.txt", "");
    sandbox.remove("evaluators/queue-matches.yml");
    let run = sandbox.pointsman(&["diff", "HEAD", "--stat"]);
    insta::assert_snapshot!(run.succeeds().stdout, @r"
    ~ evaluator  no-apology
    - evaluator  queue-matches
    ~ policy     staging
        gate.floors.queue-matches 0.9 → 0.5 (weaker)
    ~ settings   pointsman.toml
    + recordings triage
    + file       datasets/notes.txt
    ");
    let json = sandbox.pointsman(&["diff", "HEAD", "--json"]).json();
    assert_eq!(json["schema"], "pointsman/diff/v1");
    assert_eq!(json["policies"][0]["id"], "staging");
    assert_eq!(json["same"], false);
}

#[test]
fn lanes_and_revisions_are_views_too() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.promotes("production");
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    let stat = |old: &str, new: &str| {
        let run = sandbox.pointsman(&["diff", old, new, "--stat"]);
        run.succeeds().stdout.clone()
    };
    assert_eq!(
        stat("production", "staging"),
        "~ prompt     triage: messages\n"
    );
    assert_eq!(
        stat("lanes/production", "HEAD"),
        "~ prompt     triage: messages\n"
    );
    assert_eq!(stat("HEAD~1", "production"), "");
    assert_eq!(stat("staging", "worktree"), "");
}

#[test]
fn a_name_that_is_both_a_lane_and_a_branch_must_be_said_in_full() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.git(&["branch", "staging"]);
    let run = sandbox.pointsman(&["diff", "staging"]);
    run.exits(2)
        .tells("both a lane and a branch")
        .tells("refs/heads/staging");
    sandbox.pointsman(&["diff", "lanes/staging"]).succeeds();
    sandbox
        .pointsman(&["diff", "refs/heads/staging"])
        .succeeds();
}

#[test]
fn an_unknown_view_is_told_with_a_suggestion() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let run = sandbox.pointsman(&["diff", "stagin"]);
    run.exits(2)
        .tells("`stagin` is not a revision")
        .tells("did you mean `staging`?");
}

#[test]
fn a_prompt_that_cannot_be_read_is_compared_as_text() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(PROMPT, "model: echo/echo", "modle: echo/echo");
    let run = sandbox.pointsman(&["diff", "HEAD"]);
    run.succeeds()
        .says("prompt triage (unreadable)")
        .says("+ modle: echo/echo");
}

#[test]
fn what_files_say_cannot_drive_the_terminal() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        PROMPT,
        "content: Answer with",
        "content: \"\\e[2J\u{202e}Answer\" #",
    );
    let run = sandbox.pointsman(&["diff", "HEAD", "--color", "always"]);
    let text = &run.succeeds().stdout;
    assert!(
        !text.contains('\u{202e}') && !text.contains("\u{1b}[2J"),
        "{text:?}"
    );
}

#[test]
fn another_document_is_a_change_of_the_prompt_that_shows_it_and_another_picture_of_its_row() {
    let sandbox = Sandbox::with_receipts();
    sandbox.write("prompts/_media/rules.pdf", [PDF, b"another"].concat());
    sandbox.write("datasets/photos/lunch.png", [PNG, b"another"].concat());
    sandbox.write("datasets/photos/unused.png", PNG);
    let output = sandbox.pointsman(&["diff", "HEAD"]);
    insta::assert_snapshot!(output.succeeds().stdout, @r"
    ~ prompt receipts (media)
        ~ prompts/_media/rules.pdf
    gate and policy changes
    ~ dataset receipts
        ~ datasets/photos/lunch.png
        + datasets/photos/unused.png
        ~ row lunch
    ");
    let difference = sandbox.pointsman(&["diff", "HEAD", "--json"]);
    let difference = difference.succeeds().json();
    assert_eq!(
        difference["prompts"][0]["aspects"],
        serde_json::json!(["media"])
    );
    assert_eq!(
        difference["prompts"][0]["media"],
        serde_json::json!([{"name": "prompts/_media/rules.pdf", "change": "changed"}])
    );
    assert_eq!(
        difference["datasets"][0]["rows"]["changed"],
        serde_json::json!(["lunch"])
    );
}

/// A prompt whose tests stand in its own file.
const GREET: &str = "model: echo/echo
messages: [{ role: user, content: 'Hello {{name}}' }]
testData: [{ name: Ada }, { name: Bo }]
evaluators:
  - { name: Greets, string: { startsWith: hello } }
  - { name: By name, string: { contains: '{{name}}' } }
";

#[test]
fn tests_in_a_prompts_own_file_are_told_apart_from_its_words() {
    let sandbox = Sandbox::with_workspace();
    let file = "prompts/greet.prompt.yml";
    sandbox.write(file, GREET);
    sandbox.commit("greet");
    sandbox.edit(file, "'Hello ", "'Hello, ");
    let changed = sandbox
        .pointsman(&["diff", "HEAD", "--json"])
        .succeeds()
        .json();
    assert_eq!(changed["prompts"].as_array().map(Vec::len), Some(1));
    assert_eq!(changed["datasets"].as_array().map(Vec::len), Some(0));
    assert_eq!(changed["evaluators"].as_array().map(Vec::len), Some(0));
    sandbox.edit(file, "{ name: Bo }", "{ name: Cy }");
    sandbox.edit(file, "startsWith: hello", "contains: l");
    let run = sandbox.pointsman(&["diff", "HEAD", "--stat"]);
    insta::assert_snapshot!(run.succeeds().stdout, @r"
    ~ prompt     greet: messages, evals
    ~ dataset    prompts/greet: rows 1 changed
    ~ evaluator  prompts/greet/greets
    ");
}
