//! `pointsman eval`: what a user sees of an evaluation that passes, fails, shows nothing, or is
//! cut off.

mod conversations;
mod faults;
mod graders;
mod incremental;
mod judges;
mod limits;
mod media;
mod own_tests;
mod programs;
mod recordings;
mod resume;
mod wires;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

/// The key of the tests' provider. It must never show up anywhere.
const KEY: &str = "sk-canary-5f0c7e2a9b";

const PROMPT: &str = "prompts/triage.prompt.yml";

/// The small workspace, asking a server; calls are tried twice, two at a time.
pub(crate) fn asking(server: &ModelServer) -> Sandbox {
    asking_at(&server.base_url(), "")
}

fn asking_at(base_url: &str, settings: &str) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.local]\nkind = \"openai\"\nbase_url = \"{base_url}\"\nkey_env = \"MODEL_KEY\"\n\
             concurrency = 2\nmax_attempts = 2\n{settings}\n\
             [prices.\"local/small\"]\ninput_usd_per_million = 1.0\noutput_usd_per_million = 10.0\n"
        ),
    );
    sandbox.edit(PROMPT, "model: echo/echo", "model: local/small");
    sandbox
}

pub(crate) fn eval(sandbox: &Sandbox, args: &[&str]) -> crate::support::run::RunOutput {
    let args = [&["eval"], args].concat();
    sandbox.command(&args).env("MODEL_KEY", KEY).run()
}

/// A model that always finds the right queue: the tickets start with theirs.
pub(crate) fn finds_the_queue() -> ModelServer {
    ModelServer::start(|_, call| {
        let ticket = call.last_message();
        Reply::says(ticket.split(':').next().unwrap_or_default())
    })
}

pub(crate) fn runs(sandbox: &Sandbox) -> Vec<std::path::PathBuf> {
    let folder = sandbox.path().join(".git/pointsman/runs");
    let mut runs: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("the folder is ours").path())
        .collect();
    runs.sort();
    runs
}

#[test]
fn a_workspace_whose_answers_are_right_passes() {
    let sandbox = Sandbox::with_workspace();
    let output = sandbox.pointsman(&["eval"]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @r#"
    PROMPT  DATASET  EVALUATOR      PASSED    RATE  SCORE
    triage  tickets  no-apology        3/3  100.0%  1.000
    triage  tickets  queue-matches     3/3  100.0%  1.000

    triage on tickets: 3 of 3 cases; cost not known

    evaluation: passed
    "#);
    assert_eq!(output.stderr, "");
}

#[test]
fn a_wrong_answer_fails_and_is_shown_with_its_reason() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "datasets/tickets.jsonl",
        "bug: the app",
        "sorry\\u001b[2J: the app",
    );
    let output = sandbox.pointsman(&["eval"]);
    output.exits(1);
    insta::assert_snapshot!(output.stdout, @r#"
    PROMPT  DATASET  EVALUATOR      PASSED   RATE  SCORE
    triage  tickets  no-apology        2/3  66.7%  0.667
    triage  tickets  queue-matches     2/3  66.7%  0.667

    triage on tickets: 3 of 3 cases; cost not known

    not passed (2 of 2 shown):
      triage on tickets, row crash: fail no-apology: contains `sorry`
        answer: sorry\u{1b}[2J: the app closes when I open it
      triage on tickets, row crash: fail queue-matches: does not start with `bug`
        answer: sorry\u{1b}[2J: the app closes when I open it

    evaluation: failed
      triage on tickets: no-apology passed 2 of 3 (66.7%), and must reach 100.0%
      triage on tickets: queue-matches passed 2 of 3 (66.7%), and must reach 100.0%
    "#);
}

#[test]
fn the_json_result_has_a_versioned_shape() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "the app");
    let mut result = sandbox.pointsman(&["eval", "--json"]).exits(1).json();
    let digest = result["suites"][0]["digest"].take();
    assert_eq!(digest.as_str().map(str::len), Some(64));
    let run = result["run"].take();
    assert!(
        run.as_str().is_some_and(|run| run.starts_with("20260302T")),
        "{run}"
    );
    insta::assert_json_snapshot!("eval-v1", result);
}

#[test]
fn nothing_to_evaluate_is_never_a_pass() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("datasets/tickets.jsonl", "");
    let empty = sandbox.pointsman(&["eval"]);
    empty
        .exits(6)
        .tells("nothing was evaluated")
        .has_no_result();

    let text = sandbox.read(PROMPT);
    let (without, _) = text
        .split_once("evals:")
        .expect("the prompt names a dataset");
    sandbox.write(PROMPT, without);
    let none = sandbox.pointsman(&["eval", "triage"]);
    none.exits(6)
        .tells("name a dataset and evaluators")
        .has_no_result();
    assert_eq!(runs(&sandbox).len(), 0);
}

#[test]
fn rows_that_do_not_gate_show_nothing() {
    let sandbox = Sandbox::with_workspace();
    let rows = sandbox.read("datasets/tickets.jsonl");
    let pending = rows.replace("\"expected\"", "\"status\": \"pending\", \"expected\"");
    sandbox.write("datasets/tickets.jsonl", pending);
    sandbox
        .pointsman(&["eval"])
        .exits(6)
        .says("nothing was evaluated")
        .tells("nothing that gates was evaluated");
}

#[test]
fn a_lanes_policy_decides_where_it_is_asked() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "datasets/tickets.jsonl",
        "bug: the app",
        "sorry, bug: the app",
    );
    sandbox
        .pointsman(&["eval", "--gate", "staging"])
        .exits(1)
        .says("gate of lane `staging`: failed\n  triage on tickets: queue-matches passed 2 of 3 (66.7%), and must reach 90.0%\n");
    sandbox.edit(
        "environments/staging.toml",
        "queue-matches = 0.9",
        "queue-matches = 0.6",
    );
    sandbox
        .pointsman(&["eval", "--gate", "staging"])
        .succeeds()
        .says("gate of lane `staging`: passed\n");
    sandbox
        .pointsman(&["eval", "--gate", "stagin"])
        .exits(2)
        .tells("staging");
    sandbox.write("environments/staging.toml", "order = 1\n");
    sandbox
        .pointsman(&["eval", "--gate", "staging"])
        .exits(2)
        .tells("lane `staging` has no gate");
}

#[test]
fn a_critical_row_must_pass_whatever_the_floor_says() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit(
        "environments/staging.toml",
        "queue-matches = 0.9",
        "queue-matches = 0.5",
    );
    sandbox.edit("datasets/tickets.jsonl", "billing: where", "where");
    sandbox
        .pointsman(&["eval", "--gate", "staging"])
        .exits(1)
        .says("critical row refund must pass queue-matches");
}

#[test]
fn a_prompt_or_an_evaluator_that_is_not_there_is_named() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["eval", "triag"])
        .exits(2)
        .tells("did you mean `triage`?")
        .has_no_result();
    sandbox.edit(
        PROMPT,
        "[queue-matches, no-apology]",
        "[queue-match, no-apology]",
    );
    sandbox.pointsman(&["eval"]).exits(2).tells("queue-match");
    assert_eq!(runs(&sandbox).len(), 0);
}

#[test]
fn files_are_read_at_a_revision_where_one_is_named() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "the app");
    sandbox.pointsman(&["eval"]).exits(1);
    let result = sandbox
        .pointsman(&["eval", "--at", "HEAD", "--json"])
        .succeeds()
        .json();
    assert!(
        result["source"]
            .as_str()
            .is_some_and(|source| source.starts_with("commit ")),
        "{result}"
    );
}

#[test]
fn a_model_is_asked_in_its_own_words_and_its_use_is_counted() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    sandbox.edit(
        PROMPT,
        "variables:",
        "modelParameters: { temperature: 0, maxTokens: 9 }\nvariables:",
    );
    let result = eval(&sandbox, &["--json"]).succeeds().json();
    let calls = server.calls();
    assert_eq!(calls.len(), 3);
    let mut refund = calls
        .iter()
        .filter(|call| call.last_message().starts_with("billing"));
    let refund = refund.next().expect("the row was asked");
    assert_eq!(
        refund.body,
        json!({
            "model": "small",
            "messages": [
                {"role": "system", "content": "Answer with the queue that the ticket belongs to."},
                {"role": "user", "content": "billing: where is my refund?"},
            ],
            "temperature": 0,
            "max_tokens": 9,
        })
    );
    assert_eq!(
        refund.authorization.as_deref(),
        Some(format!("Bearer {KEY}").as_str())
    );
    let usage = &result["suites"][0]["usage"];
    assert_eq!(usage["input_tokens"], 30);
    assert_eq!(usage["cost_usd"], 0.000_18);
    assert!(
        result["suites"][0]["latency_ms"]["p95"]
            .as_f64()
            .is_some_and(|ms| ms > 0.0)
    );
}

#[test]
fn an_answer_that_was_paid_for_is_not_asked_for_again() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    let reused = |result: Value| result["suites"][0]["usage"]["reused_answers"].clone();
    eval(&sandbox, &["--json"]).succeeds();
    assert_eq!(reused(eval(&sandbox, &["--json"]).succeeds().json()), 3);
    assert_eq!(server.calls().len(), 3);

    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "bug: my app");
    eval(&sandbox, &[]).succeeds();
    assert_eq!(
        server.calls().len(),
        4,
        "only the row that changed is asked for"
    );

    eval(&sandbox, &["--repeats", "2"]).succeeds();
    assert_eq!(server.calls().len(), 7, "a repeat is another draw");

    eval(&sandbox, &["--no-cache"]).succeeds();
    assert_eq!(server.calls().len(), 10);
}

#[test]
fn a_kept_answer_that_was_changed_on_disk_is_asked_for_again() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    eval(&sandbox, &[]).succeeds();
    for file in files_below(&sandbox.path().join(".git/pointsman/cache")) {
        let text = std::fs::read_to_string(&file).expect("the cache is ours");
        std::fs::write(&file, text.replace("output", "OUTPUT")).expect("the cache is ours");
    }
    eval(&sandbox, &[]).succeeds();
    assert_eq!(server.calls().len(), 6);
}

#[test]
fn a_plan_shows_what_would_be_asked_and_asks_nothing() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    eval(&sandbox, &[]).succeeds();
    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "bug: my app");
    let output = sandbox.pointsman(&["eval", "--plan"]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @r#"
    PROMPT  DATASET  MODEL        ROWS  REPEATS  CASES  KNOWN  CALLS  JUDGE CALLS
    triage  tickets  local/small     3        1      3      2      1            0

    cases: 3; calls that cost money or time: 1
    "#);
    let plan = sandbox
        .pointsman(&["eval", "--plan", "--json"])
        .succeeds()
        .json();
    assert_eq!(plan["suites"][0]["calls"], 1);
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn no_more_calls_run_at_once_than_the_settings_allow() {
    let server = ModelServer::start(|_, _| Reply::says("billing").after_ms(20));
    let sandbox = asking(&server);
    let rows: Vec<String> = (0..12)
        .map(|index| {
            format!(
                r#"{{"id": "r{index}", "vars": {{"ticket": "t{index}"}}, "expected": "billing"}}"#
            )
        })
        .collect();
    sandbox.write("datasets/tickets.jsonl", rows.join("\n"));
    eval(&sandbox, &[]).succeeds();
    assert_eq!(server.calls().len(), 12);
    assert_eq!(server.most_at_once(), 2);
}

/// Every file below a folder.
fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
