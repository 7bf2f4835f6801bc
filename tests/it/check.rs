//! `pointsman check`: what a user sees of a workspace that is right, and of one that is not.

mod media;
mod own_tests;
mod secrets;

use crate::support::Sandbox;

#[test]
fn a_workspace_without_problems_is_counted_and_passes() {
    let sandbox = Sandbox::with_workspace();
    let output = sandbox.pointsman(&["check"]);
    output
        .succeeds()
        .says("checked 1 prompt, 1 dataset with 3 rows, 2 evaluators and 2 lanes: no problems\n");
    assert_eq!(output.stderr, "");
}

#[test]
fn a_finding_names_file_line_and_column_shows_the_line_and_says_what_to_do() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "description: Routes",
        "descripton: Routes",
    );
    let output = sandbox.pointsman(&["check"]);
    output.exits(1);
    insta::assert_snapshot!(output.stdout, @r#"
    error[unknown-key]: unknown key `descripton`
      --> prompts/triage.prompt.yml:2:1
      |
    2 | descripton: Routes a ticket to a queue
      | ^^^^^^^^^^
      = help: did you mean `description`?

    checked 1 prompt, 1 dataset with 3 rows, 2 evaluators and 2 lanes: 1 error
    "#);
}

#[test]
fn all_findings_of_all_files_are_shown_at_once() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit("prompts/triage.prompt.yml", "{{ ticket }}", "{{ tickt }}");
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "queue-matches, no-apology",
        "queue-match, no-apology",
    );
    sandbox.edit(
        "environments/production.toml",
        "from = \"staging\"",
        "from = \"stagin\"",
    );
    sandbox.edit(
        "environments/staging.toml",
        "queue-matches = 0.9",
        "queue-matches = 90",
    );
    sandbox.write(
        "datasets/tickets.jsonl",
        "{\"id\": \"a\", \"vars\": {}, \"expected\": \"x\"}\n{\"id\": \"a\", \"vars\": {}}\n",
    );
    sandbox.edit("evaluators/no-apology.yml", "kind: text", "kind: txt");
    let output = sandbox.pointsman(&["check", "--json"]);
    let report = output.exits(1).json();
    let idents: Vec<String> = report["findings"]
        .as_array()
        .expect("findings are a list")
        .iter()
        .map(|finding| {
            format!(
                "{}:{} {}",
                finding["place"]["path"].as_str().unwrap_or_default(),
                finding["place"]["span"]["line"],
                finding["ident"].as_str().unwrap_or_default()
            )
        })
        .collect();
    insta::assert_snapshot!(idents.join("\n"), @r#"
    datasets/tickets.jsonl:1 missing-column
    datasets/tickets.jsonl:2 duplicate-row-id
    environments/production.toml:2 missing-lane
    environments/production.toml:5 idle-floor
    environments/staging.toml:4 out-of-range
    evaluators/no-apology.yml:2 unknown-word
    prompts/triage.prompt.yml:10 undeclared-variable
    prompts/triage.prompt.yml:13 missing-evaluator
    "#);
}

#[test]
fn an_empty_dataset_is_an_error_and_never_a_pass() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("datasets/tickets.jsonl", "\n\n");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[empty-dataset]: there are no rows");
}

#[test]
fn a_row_without_its_column_is_found_by_its_line() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "datasets/tickets.jsonl",
        "{\"ticket\": \"bug:",
        "{\"tiket\": \"bug:",
    );
    let output = sandbox.pointsman(&["check"]);
    output
        .exits(1)
        .says("row `crash` has no `ticket`, which the prompt `triage` needs")
        .says("--> datasets/tickets.jsonl:2:1")
        .says("2 | {\"id\": \"crash\", \"vars\": {\"tiket\"")
        .says("did you mean `tiket`?");
}

#[test]
fn a_variable_that_is_declared_and_not_used_is_found() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "variables:\n",
        "variables:\n  locale: { default: en }\n",
    );
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[unused-variable]: the variable `locale` is declared, but no template uses it")
        .says("--> prompts/triage.prompt.yml:5:3");
}

#[test]
fn lanes_that_form_a_circle_are_found() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "environments/staging.toml",
        "order = 1\n",
        "order = 1\nfrom = \"production\"\n",
    );
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("the lanes form a circle: production from staging from production");
}

#[test]
fn a_link_is_never_followed() {
    let sandbox = Sandbox::with_workspace();
    std::os::unix::fs::symlink(
        "/etc/passwd",
        sandbox.path().join("prompts/leak.prompt.yml"),
    )
    .expect("links work here");
    let output = sandbox.pointsman(&["check"]);
    output.exits(1).says("error[not-a-file]");
    assert!(
        !output.transcript().contains("root:"),
        "{}",
        output.transcript()
    );
}

#[test]
fn an_include_reaches_nothing_but_partials() {
    let sandbox = Sandbox::with_workspace();
    for name in [
        "/etc/passwd",
        "../pointsman.toml",
        "_partials/../../pointsman.toml",
        "triage.prompt.yml",
    ] {
        sandbox.write(
            "prompts/triage.prompt.yml",
            format!("model: echo/echo\nmessages:\n  - role: user\n    content: \"{{% include '{name}' %}}\"\n"),
        );
        sandbox
            .pointsman(&["check"])
            .exits(1)
            .says("error[invalid-include]");
    }
}

#[test]
fn a_revision_and_a_lane_can_be_checked_as_well_as_the_files_on_disk() {
    let sandbox = Sandbox::with_workspace();
    sandbox.remove("datasets/tickets.jsonl");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[missing-rows]");
    sandbox.pointsman(&["check", "--at", "HEAD"]).succeeds();
    sandbox
        .pointsman(&["check", "--at", "nowhere"])
        .exits(2)
        .tells("`nowhere` is not a revision of this repository");
}

#[test]
fn a_workspace_may_live_in_a_folder_of_a_larger_repository() {
    let sandbox = Sandbox::new();
    sandbox.write("services/bot/pointsman.toml", "");
    sandbox.write(
        "services/bot/prompts/a.prompt.yml",
        "model: echo/echo\nmessages: [{role: user, content: hi}]\n",
    );
    sandbox.commit("Add a workspace below");
    for folder in ["services/bot", "services/bot/prompts"] {
        let run = |args: &[&str]| sandbox.command(args).in_folder(folder).run();
        run(&["check"]).succeeds().says("checked 1 prompt");
        run(&["check", "--at", "HEAD"])
            .succeeds()
            .says("checked 1 prompt");
    }
    sandbox
        .pointsman(&["check"])
        .exits(2)
        .tells("there is no `pointsman.toml`")
        .tells("there is a workspace in `services/bot`");
}

#[test]
fn hostile_text_in_a_finding_cannot_drive_the_terminal() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "prompts/triage.prompt.yml",
        "\"\u{202e}mod\\eel\": x\nmodel: echo/echo\nmessages: [{role: user, content: hi}]\n",
    );
    let output = sandbox.pointsman(&["check"]);
    output.exits(1).says("unknown key");
    assert!(
        !output.stdout.contains(['\u{1b}', '\u{202e}']),
        "{:?}",
        output.stdout
    );
}
