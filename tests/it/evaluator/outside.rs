//! Evaluators that ask somebody outside who is no judge: programs, servers that grade, and models
//! that place texts by their meaning.

use serde_json::{Value, json};

use super::kinds::graded_by;
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};
use crate::support::run::RunOutput;

const KEY: &str = "sk-canary-77b1c0d2e4";

/// The small workspace, graded by a shell script.
fn graded_by_program(script: &str, options: &str) -> Sandbox {
    let sandbox = graded_by(&format!(
        "kind: exec\ncommand: [sh, evaluators/grade.sh]\nenv: [GRADER_KEY]\n{options}"
    ));
    sandbox.write("evaluators/grade.sh", script);
    sandbox
}

/// Passes where the output starts with the queue that is expected.
const RIGHT: &str = r#"input=$(cat)
touch ran
queue=$(printf '%s' "$input" | sed 's/.*"expected":"\([a-z]*\)".*/\1/')
case "$input" in
  *"\"output\":\"$queue:"*) echo "{\"pass\": true, \"reason\": \"routed to $queue\"}" ;;
  *) echo "{\"pass\": false, \"score\": 0.25, \"reason\": \"not $queue\"}" ;;
esac
"#;

fn run(sandbox: &Sandbox, args: &[&str]) -> RunOutput {
    let command = sandbox.command(args).env("GRADER_KEY", KEY);
    command.env("OTHER_SECRET", "other-canary").run()
}

fn digest(sandbox: &Sandbox) -> Value {
    let plan = sandbox.pointsman(&["eval", "--plan", "--json"]);
    plan.succeeds().json()["suites"][0]["digest"].clone()
}

#[test]
fn a_program_grades_only_where_the_user_allows_it() {
    let sandbox = graded_by_program(RIGHT, "");
    run(&sandbox, &["eval"])
        .exits(2)
        .tells("evaluator `under-test` runs the program `sh`, which was not allowed")
        .tells("--allow-exec")
        .has_no_result();
    let checked = sandbox.pointsman(&["check"]);
    assert!(
        !checked.succeeds().stdout.contains("stray"),
        "{}",
        checked.transcript()
    );
    run(&sandbox, &["eval", "--plan"]).succeeds();
    assert!(!sandbox.path().join("ran").exists());
    run(&sandbox, &["eval", "--allow-exec"]).succeeds();
    assert!(sandbox.path().join("ran").exists());
    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "the app");
    run(&sandbox, &["eval", "--allow-exec"])
        .exits(1)
        .says("row crash: fail under-test: not bug");
}

#[test]
fn the_examples_of_a_program_are_tested_where_the_user_allows_it() {
    let examples = "examples:\n  - { output: \"bug: x\", expected: bug, grade: pass }\n  - { output: x, expected: bug, grade: fail }\n";
    let sandbox = graded_by_program(RIGHT, examples);
    run(&sandbox, &["evaluator", "test"])
        .exits(2)
        .tells("evaluator `under-test` runs the program `sh`");
    run(&sandbox, &["evaluator", "test", "--allow-exec"])
        .succeeds()
        .says("2 of 2 example(s)");
    sandbox
        .pointsman(&["evaluator", "list"])
        .succeeds()
        .says("exec");
}

#[test]
fn a_program_sees_the_answer_its_row_and_only_the_variables_that_are_named() {
    let sandbox = graded_by_program("cat > asked\nenv > seen\necho true\n", "concurrency: 1\n");
    run(&sandbox, &["eval", "--allow-exec"]).succeeds();
    let asked: Value = serde_json::from_str(&sandbox.read("asked")).expect("it is asked in JSON");
    assert_eq!(asked["vars"]["ticket"], asked["output"]);
    assert!(asked["expected"].is_string(), "{asked}");
    assert_eq!(asked["response"]["toolCalls"], json!([]));
    let seen = sandbox.read("seen");
    assert!(
        seen.contains(KEY) && !seen.contains("other-canary"),
        "{seen}"
    );
}

#[test]
fn what_a_program_does_wrong_is_never_a_pass_and_shows_no_key() {
    for (script, exit, said) in [
        ("echo billing", 9, "what was said is no verdict"),
        ("printf '{\"pass\": tr'", 9, "what was said is no verdict"),
        (
            "echo '{\"pass\": \"yes\"}'",
            1,
            "error under-test: the verdict cannot be read",
        ),
        (
            "echo '{\"verdict\": true}'",
            1,
            "error under-test: the verdict cannot be read",
        ),
        ("echo 2", 1, "the score 2 is not from 0 to 1"),
        ("echo '{\"grade\": \"unknown\"}'", 1, "unknown under-test"),
        (
            "echo \"$GRADER_KEY\" >&2; exit 3",
            9,
            "exit status: 3: [key removed]",
        ),
        (
            "echo \"{\\\"pass\\\": false, \\\"reason\\\": \\\"$GRADER_KEY\\\"}\"",
            1,
            "[key removed]",
        ),
        ("exec cat /dev/zero", 9, "larger than 65536 bytes"),
        ("kill -9 $$", 9, "signal: 9"),
        ("sleep 30", 9, "no answer within 1 s"),
    ] {
        let sandbox = graded_by_program(script, "timeout: 1s\nconcurrency: 3\n");
        let output = run(&sandbox, &["eval", "--allow-exec"]);
        output.exits(exit).says(said).says("0/3");
        assert!(!output.transcript().contains(KEY), "{script}");
    }
}

#[test]
fn a_program_that_is_not_there_is_found_by_check() {
    let sandbox = graded_by_program(RIGHT, "");
    sandbox.remove("evaluators/grade.sh");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[missing-program]: the program `evaluators/grade.sh` is not there");
}

#[test]
fn the_bytes_of_a_program_are_part_of_what_is_tested() {
    let sandbox = graded_by_program(RIGHT, "");
    let before = digest(&sandbox);
    assert_eq!(before, digest(&sandbox));
    sandbox.edit("evaluators/grade.sh", "not $queue", "not the $queue");
    assert_ne!(before, digest(&sandbox));
}

#[test]
fn the_bytes_of_a_program_that_answers_are_part_of_what_is_tested() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "pointsman.toml",
        "[providers.own]\nkind = \"exec\"\ncommand = [\"sh\", \"./model.sh\"]\n",
    );
    sandbox.write("model.sh", "echo '{\"output\": \"billing: x\"}'");
    sandbox.edit("prompts/triage.prompt.yml", "echo/echo", "own/small");
    let before = digest(&sandbox);
    sandbox.write("other.sh", "nothing names this");
    assert_eq!(before, digest(&sandbox));
    sandbox.write("model.sh", "echo '{\"output\": \"bug: x\"}'");
    assert_ne!(before, digest(&sandbox));
}

#[test]
fn a_program_that_is_another_one_on_disk_is_not_run_for_a_revision() {
    let sandbox = graded_by_program(RIGHT, "");
    sandbox.commit("Grade by a program");
    run(&sandbox, &["eval", "--at", "HEAD", "--allow-exec"]).succeeds();
    sandbox.edit("evaluators/grade.sh", "not $queue", "not the $queue");
    sandbox.remove("ran");
    run(&sandbox, &["eval", "--at", "HEAD", "--allow-exec"])
        .exits(2)
        .tells("a program runs this from disk, and it is another one in the commit")
        .tells("check out what is tested");
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn a_link_in_place_of_a_program_is_refused() {
    let sandbox = graded_by_program(RIGHT, "");
    sandbox.remove("evaluators/grade.sh");
    sandbox.write("elsewhere.sh", "echo true");
    std::os::unix::fs::symlink(
        "../elsewhere.sh",
        sandbox.path().join("evaluators/grade.sh"),
    )
    .expect("the sandbox is ours");
    run(&sandbox, &["eval", "--allow-exec"])
        .exits(2)
        .tells("a program runs this, and it is not a plain file");
}

#[test]
fn a_program_is_released_with_the_prompt_that_it_tests() {
    let sandbox = graded_by_program(RIGHT, "");
    sandbox.commit("Grade by a program");
    let promote = ["promote", "staging", "triage", "--yes"];
    run(&sandbox, &promote)
        .exits(2)
        .tells("evaluator `under-test` runs the program `sh`");
    run(&sandbox, &[&promote[..], &["--allow-exec"]].concat()).succeeds();
    sandbox.git(&["show", "lanes/staging:evaluators/grade.sh"]);
}

/// The small workspace, graded by a server.
fn graded_by_server(server: &ModelServer) -> Sandbox {
    let sandbox = graded_by("kind: http\nprovider: house\n");
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.house]\nkind = \"grader\"\nurl = \"{}/grade\"\nkey_env = \"GRADER_KEY\"\nmax_attempts = 2\ntimeout = \"2s\"\n",
            server.origin()
        ),
    );
    sandbox
}

#[test]
fn a_server_grades_and_gets_the_key_and_the_answer() {
    let server = ModelServer::start(|_, call| {
        let right = call.body["output"].as_str().unwrap_or_default();
        let right = right.starts_with(call.body["expected"].as_str().unwrap_or("?"));
        Reply::raw(
            200,
            &json!({"pass": right, "reason": "looked it up"}).to_string(),
        )
    });
    let sandbox = graded_by_server(&server);
    sandbox.pointsman(&["check"]).succeeds();
    run(&sandbox, &["eval"]).succeeds();
    let call = &server.calls()[0];
    assert_eq!(call.path, "/grade");
    assert_eq!(
        call.authorization.as_deref(),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert!(call.body["vars"]["ticket"].is_string(), "{}", call.body);
    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "the app");
    run(&sandbox, &["eval"])
        .exits(1)
        .says("row crash: fail under-test: looked it up");
    assert_eq!(server.calls().len(), 6, "verdicts are not kept");
}

#[test]
fn another_address_of_a_grader_is_another_test() {
    let server = ModelServer::start(|_, _| Reply::raw(200, "true"));
    let sandbox = graded_by_server(&server);
    let before = digest(&sandbox);
    sandbox.edit("pointsman.toml", "/grade", "/grade-more-strictly");
    assert_ne!(before, digest(&sandbox));
}

#[test]
fn a_provider_that_does_not_grade_is_refused_before_any_call() {
    let server = ModelServer::start(|_, _| Reply::raw(200, "true"));
    let sandbox = graded_by_server(&server);
    sandbox.edit(
        "pointsman.toml",
        "kind = \"grader\"\nurl",
        "kind = \"openai\"\nbase_url",
    );
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[wrong-provider]: the provider `house` cannot be asked for this");
    run(&sandbox, &["eval"])
        .exits(2)
        .tells("evaluator `under-test` cannot ask provider `house`: it gives no verdicts")
        .has_no_result();
    let examples = "examples: [{ output: x, grade: pass }]\n";
    let path = "evaluators/under-test.yml";
    sandbox.write(path, sandbox.read(path) + examples);
    run(&sandbox, &["evaluator", "test"])
        .exits(2)
        .tells("name another provider in `evaluators/under-test.yml`");
    sandbox.edit("evaluators/under-test.yml", "house", "hose");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("error[unknown-provider]: there is no provider `hose`");
    run(&sandbox, &["eval"])
        .exits(2)
        .tells("evaluator `under-test` asks provider `hose`, which is not declared")
        .tells("did you mean `house`?");
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn a_grader_answers_no_prompts() {
    let server = ModelServer::start(|_, _| Reply::raw(200, "true"));
    let sandbox = graded_by_server(&server);
    sandbox.edit("prompts/triage.prompt.yml", "echo/echo", "house/x");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("the provider `house` grades, and answers no prompts");
    run(&sandbox, &["eval"])
        .exits(2)
        .tells("it gives verdicts on answers and nothing else");
    assert_eq!(server.calls().len(), 0);
}

const EMBEDDING: &str =
    "kind: similarity\nmetric: embedding\nmodel: local/embed\nthreshold: 0.75\n";

/// Places a text in the direction of the queue that stands first in it.
fn place(text: &str) -> Value {
    let directions = [("billing", [3.0, 4.0]), ("bug", [0.0, 2.0])];
    let known = directions.iter().find(|(queue, _)| text.starts_with(queue));
    json!(known.map_or([1.0, 0.0], |(_, direction)| *direction))
}

/// A server that places every text that it is asked about.
fn places_texts() -> ModelServer {
    ModelServer::start(|_, call| {
        let texts = call.body["input"].as_array().cloned().unwrap_or_default();
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({"index": index, "embedding": place(text.as_str().unwrap_or_default())}))
            .rev()
            .collect();
        Reply::raw(
            200,
            &json!({"data": data, "usage": {"prompt_tokens": 10}}).to_string(),
        )
    })
}

fn graded_by_meaning(server: &ModelServer) -> Sandbox {
    let sandbox = graded_by(EMBEDDING);
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n[prices.\"local/embed\"]\ninput_usd_per_million = 100.0\noutput_usd_per_million = 0\n",
            server.base_url()
        ),
    );
    sandbox
}

#[test]
fn meanings_are_compared_by_the_cosine_and_their_cost_is_counted() {
    let server = places_texts();
    let sandbox = graded_by_meaning(&server);
    sandbox.pointsman(&["check"]).succeeds();
    let result = sandbox.pointsman(&["eval", "--json"]).succeeds().json();
    let suite = &result["suites"][0];
    assert_eq!(suite["evaluators"][0]["passed"], 3);
    assert_eq!(suite["usage"]["input_tokens"], 30);
    assert_eq!(suite["usage"]["cost_usd"], 0.003);
    let call = &server.calls()[0];
    assert_eq!(call.path, "/v1/embeddings");
    assert_eq!(call.body["model"], "embed");
    sandbox.edit(
        "datasets/tickets.jsonl",
        "\"expected\": \"bug\"",
        "\"expected\": \"billing\"",
    );
    sandbox.pointsman(&["eval"]).succeeds().says("100.0%");
    sandbox.edit("evaluators/under-test.yml", "0.75", "0.81");
    sandbox
        .pointsman(&["eval"])
        .exits(1)
        .says("row crash: fail under-test: the cosine is 0.800, at least 0.81 is asked for");
    assert_eq!(server.calls().len(), 4, "what was paid for is kept");
}

#[test]
fn a_cost_limit_needs_the_price_of_embeddings() {
    let server = places_texts();
    let sandbox = graded_by_meaning(&server);
    sandbox.edit("pointsman.toml", "local/embed", "local/other");
    sandbox
        .pointsman(&["eval", "--max-cost", "1"])
        .exits(2)
        .tells("the price of `local/embed` is not known");
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn embeddings_are_recorded_once_and_replayed_without_a_server() {
    let server = places_texts();
    let sandbox = graded_by_meaning(&server);
    sandbox.edit("evaluators/under-test.yml", "local/embed", "replay/embed");
    sandbox
        .pointsman(&["eval"])
        .exits(9)
        .tells("record what is missing");
    sandbox
        .pointsman(&["eval", "--record", "local"])
        .succeeds()
        .tells("recorded 3 answer(s) in `recordings/evaluators/under-test.jsonl`");
    drop(server);
    sandbox.pointsman(&["check"]).succeeds();
    sandbox.pointsman(&["eval"]).succeeds().says("3/3");
    let recorded = sandbox.read("recordings/evaluators/under-test.jsonl");
    assert!(recorded.contains("\"from\":\"local/embed\""), "{recorded}");
}

#[test]
fn recordings_of_an_evaluator_are_released_with_the_prompt_that_it_tests() {
    let server = places_texts();
    let sandbox = graded_by_meaning(&server);
    sandbox.edit("evaluators/under-test.yml", "local/embed", "replay/embed");
    sandbox.pointsman(&["eval", "--record", "local"]).succeeds();
    sandbox.commit("Grade by meaning");
    sandbox
        .pointsman(&["promote", "staging", "triage", "--yes"])
        .succeeds();
    sandbox.git(&[
        "show",
        "lanes/staging:recordings/evaluators/under-test.jsonl",
    ]);
}

#[test]
fn embeddings_that_cannot_be_compared_are_no_verdict() {
    for (data, said) in [
        (json!([[0, 0], [1, 0]]), "has no direction"),
        (json!([[1], [1, 0]]), "have 1 and 2 numbers"),
        (
            json!([[1, 0]]),
            "does not hold one embedding for each of 2 texts",
        ),
        (json!([["NaN"], [1]]), "holds no embeddings"),
    ] {
        let places: Vec<Value> = data
            .as_array()
            .expect("a list")
            .iter()
            .enumerate()
            .map(|(index, place)| json!({"index": index, "embedding": place}))
            .collect();
        let body = json!({"data": places}).to_string();
        let server = ModelServer::start(move |_, _| Reply::raw(200, &body));
        let sandbox = graded_by_meaning(&server);
        sandbox.pointsman(&["eval"]).exits(9).says(said).says("0/3");
    }
}

#[test]
fn parts_of_a_combination_may_ask_outside_and_are_not_asked_once_it_is_decided() {
    let server = places_texts();
    let sandbox = graded_by_meaning(&server);
    sandbox.write(
        "evaluators/under-test.yml",
        "kind: any\nof:\n  - { kind: text, operator: starts-with, value: billing }\n  - { kind: similarity, metric: embedding, model: local/embed, threshold: 0.75 }\n",
    );
    sandbox.pointsman(&["check"]).succeeds();
    sandbox.pointsman(&["eval"]).succeeds().says("3/3");
    assert_eq!(server.calls().len(), 2);
}
