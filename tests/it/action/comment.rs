//! One comment on the pull request, which is kept up to date.

use super::checkout;
use crate::gate::pull_request::PullRequest;
use crate::support::Sandbox;
use crate::support::github::{BOT, GitHub};
use crate::support::runner::Runner;

const MARKER: &str = "<!-- pointsman:gate lane=staging -->";

/// Runs the action with a token; its exit code, and what it said to the runner.
fn gate(sandbox: &Sandbox, head: &str, github: &GitHub) -> (i32, Vec<String>) {
    let mut runner = Runner::on_pull_request(sandbox, head);
    runner.has_pointsman();
    runner.set("GITHUB_API_URL", &github.url());
    let code = runner.action(".", &[("github-token", "token-of-the-job")]);
    (code, runner.commands)
}

fn failing() -> (Sandbox, String) {
    let request = PullRequest::to(&PullRequest::base());
    request.break_prompt();
    checkout(request)
}

#[test]
fn the_first_run_writes_it_and_later_ones_replace_what_it_says() {
    let (sandbox, head) = failing();
    if sandbox.lacks("jq") {
        return;
    }
    let github = GitHub::start();
    github.comment("mallory", &format!("{MARKER}\n## pointsman: passed"));
    assert_eq!(gate(&sandbox, &head, &github).0, 1);
    let comments = github.comments();
    assert_eq!(comments.len(), 2);
    assert_eq!(comments[1].0, BOT);
    assert!(comments[1].1.starts_with(&format!(
        "{MARKER}\n## pointsman: gate of lane staging: failed"
    )));

    sandbox.git(&["switch", "--quiet", "-C", "topic", &head]);
    sandbox.edit("prompts/triage.prompt.yml", "Sorry: ", "");
    let head = sandbox.commit("Do not apologise");
    github.comment("ada", "Better now?");
    assert_eq!(gate(&sandbox, &head, &github).0, 0);
    let comments = github.comments();
    assert_eq!(comments.len(), 3);
    assert!(
        comments[1]
            .1
            .contains("passed: no prompt and no rule changes"),
        "{}",
        comments[1].1
    );
    assert!(comments[0].1.ends_with("passed"), "what others wrote stays");
    assert_eq!(github.requests(), ["GET 1", "POST", "GET 1", "PATCH 2"]);
}

#[test]
fn it_is_found_among_hundreds_and_not_written_where_nothing_is_said() {
    let (sandbox, head) = failing();
    if sandbox.lacks("jq") {
        return;
    }
    let github = GitHub::start();
    for number in 0..210 {
        github.comment("ada", &format!("Thought {number}"));
    }
    github.comment(
        BOT,
        "<!-- pointsman:gate lane=production -->\r\nof another lane",
    );
    github.comment(BOT, &format!("{MARKER}\r\nold"));
    gate(&sandbox, &head, &github);
    assert_eq!(github.requests(), ["GET 1", "GET 2", "GET 3", "PATCH 212"]);

    let quiet = PullRequest::to(&PullRequest::base());
    quiet.sandbox.write("README.md", "# Other words\n");
    let (sandbox, head) = checkout(quiet);
    let github = GitHub::start();
    assert_eq!(gate(&sandbox, &head, &github).0, 0);
    assert_eq!(github.requests(), ["GET 1"]);
}

#[test]
fn a_fork_has_no_token_that_may_write_and_gets_its_verdict_all_the_same() {
    let (sandbox, head) = failing();
    if sandbox.lacks("jq") {
        return;
    }
    let github = GitHub::start();
    github.refuses_to_write();
    let (code, commands) = gate(&sandbox, &head, &github);
    assert_eq!(code, 1);
    assert_eq!(
        commands,
        [
            "notice title=pointsman::no comment: GitHub answered with status 403; \
          a pull request from a fork gets no token that may write"
        ]
    );
}

#[test]
fn an_old_verdict_does_not_stand_beside_a_head_that_has_none() {
    let (sandbox, head) = failing();
    if sandbox.lacks("jq") {
        return;
    }
    let github = GitHub::start();
    gate(&sandbox, &head, &github);
    sandbox.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    assert_eq!(gate(&sandbox, &head, &github).0, 2);
    let comments = github.comments();
    assert_eq!(comments.len(), 1);
    let expected = format!("{MARKER}\n## pointsman: no verdict (exit code 2)\n\n<pre>\nerror: ");
    assert!(comments[0].1.starts_with(&expected), "{}", comments[0].1);
}

#[test]
fn where_github_is_down_the_verdict_stands() {
    let (sandbox, head) = failing();
    let mut runner = Runner::on_pull_request(&sandbox, &head);
    runner.has_pointsman();
    runner.set("GITHUB_API_URL", "http://127.0.0.1:9");
    let code = runner.action(".", &[("github-token", "token-of-the-job")]);
    assert_eq!(code, 1, "{}", runner.log);
    assert!(
        runner.commands[0].contains("no comment: "),
        "{:?}",
        runner.commands
    );
    assert!(!runner.log.contains("token-of-the-job"));
}
