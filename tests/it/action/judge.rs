//! Judging: what the job learns, and what it cannot be told by those who are judged.

use std::fs;

use serde_json::json;

use super::checkout;
use crate::gate::pull_request::PullRequest;
use crate::support::runner::Runner;

#[test]
fn a_pull_request_that_keeps_its_promises_passes() {
    let request = PullRequest::to(&PullRequest::base());
    request.improve_prompt();
    let (sandbox, head) = checkout(request);
    let mut runner = Runner::on_pull_request(&sandbox, &head);
    runner.has_pointsman();
    assert_eq!(runner.action(".", &[]), 0, "{}", runner.log);
    assert_eq!(runner.output("gate", "verdict").as_deref(), Some("pass"));
    assert_eq!(runner.output("gate", "exit-code").as_deref(), Some("0"));
    assert!(
        runner
            .summary()
            .contains("## pointsman: gate of lane staging: passed")
    );
    assert_eq!(runner.commands, [""; 0]);
}

#[test]
fn one_that_does_not_fails_the_job_and_leaves_its_reports() {
    let request = PullRequest::to(&PullRequest::base());
    request.break_prompt();
    request
        .sandbox
        .edit("environments/staging.toml", "margin = 0.45", "margin = 0.5");
    let (sandbox, head) = checkout(request);
    let mut runner = Runner::on_pull_request(&sandbox, &head);
    runner.has_pointsman();
    assert_eq!(runner.action(".", &[]), 1, "{}", runner.log);
    assert_eq!(runner.output("gate", "verdict").as_deref(), Some("fail"));
    assert!(
        runner.commands[0].starts_with("error file=environments/staging.toml,title=gate-policy::"),
        "{:?}",
        runner.commands
    );
    for (name, start) in [
        ("markdown", "<!-- pointsman:gate lane=staging -->"),
        ("json", "{\n  \"schema\": \"pointsman/gate/v1\""),
        ("junit", "<?xml"),
        ("sarif", "{\n  \"$schema\""),
    ] {
        let path = runner
            .output("gate", name)
            .expect("every report is an output");
        let report = fs::read_to_string(path).expect("the report is there");
        assert!(report.starts_with(start), "{name}: {report}");
    }
}

#[test]
fn nothing_that_is_printed_about_a_pull_request_is_a_command() {
    let base = PullRequest::base();
    let request = PullRequest::to(&base);
    request.sandbox.edit(
        "prompts/triage.prompt.yml",
        "\"{{ ticket }}\"",
        "\"Sorry\\n::error::forged\\n::stop-commands::x\\n::add-mask::a\\n{{ ticket }}\"",
    );
    let (sandbox, head) = checkout(request);
    let mut runner = Runner::on_pull_request(&sandbox, &head);
    runner.has_pointsman();
    assert_eq!(runner.action(".", &[]), 1, "{}", runner.log);
    assert!(runner.log.contains(":error::forged"), "{}", runner.log);
    assert_eq!(runner.commands, [""; 0]);
}

#[test]
fn the_lane_the_folder_and_the_revisions_can_be_said() {
    let base = PullRequest::base();
    base.shell("mkdir app && git mv pointsman.toml prompts datasets evaluators environments app")
        .run()
        .succeeds();
    base.commit("Move");
    let request = PullRequest::to(&base);
    let prompt = "app/prompts/triage.prompt.yml";
    request
        .sandbox
        .edit(prompt, "\"{{ ticket }}\"", "\"Sorry: {{ ticket }}\"");
    let (sandbox, head) = checkout(request);
    let mut runner = Runner::new(&sandbox, "push", &json!({}));
    runner.has_pointsman();
    let said = [
        ("lane", "production"),
        ("directory", "app"),
        ("base", "origin/main"),
        ("head", &head),
    ];
    assert_eq!(runner.action(".", &said), 1, "{}", runner.log);
    assert!(runner.summary().contains("gate of lane production: failed"));

    let mut runner = Runner::new(&sandbox, "push", &json!({}));
    runner.has_pointsman();
    assert_eq!(runner.action(".", &[]), 2);
    assert!(
        runner.commands[0].contains("the input 'base' is needed"),
        "{:?}",
        runner.commands
    );
}

#[test]
fn a_group_of_the_merge_queue_is_judged_from_where_it_starts() {
    let request = PullRequest::to(&PullRequest::base());
    request.break_prompt();
    let (sandbox, _) = checkout(request);
    let [base, head] =
        ["origin/main", "HEAD"].map(|revision| sandbox.git(&["rev-parse", revision]));
    let payload = json!({"merge_group": {"base_sha": base, "head_sha": head}});
    let mut runner = Runner::new(&sandbox, "merge_group", &payload);
    runner.has_pointsman();
    assert_eq!(runner.action(".", &[]), 1, "{}", runner.log);
    assert_eq!(runner.output("gate", "verdict").as_deref(), Some("fail"));
}

#[test]
fn where_nothing_can_be_judged_the_summary_says_why() {
    let request = PullRequest::to(&PullRequest::base());
    request.improve_prompt();
    let (sandbox, head) = checkout(request);
    sandbox.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    let mut runner = Runner::on_pull_request(&sandbox, &head);
    runner.has_pointsman();
    assert_eq!(runner.action(".", &[]), 2, "{}", runner.log);
    assert_eq!(runner.output("gate", "verdict").as_deref(), Some(""));
    let summary = runner.summary();
    assert!(
        summary.contains("## pointsman: no verdict (exit code 2)"),
        "{summary}"
    );
    assert!(
        summary.contains("`refs/remotes/origin/main` is not a revision"),
        "{summary}"
    );
}
