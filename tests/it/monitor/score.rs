//! `pointsman monitor score`: evaluators grade what production answered.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::calls::ModelCall;
use crate::support::model_server::{ModelServer, Reply};
use crate::support::run::RunOutput;

/// The key of the tests' provider. It must never show up anywhere.
const KEY: &str = "sk-canary-5f0c7e2a9b";

const JUDGE: &str = r#"name: Politeness judge
model: local/small
variables:
  output: { type: string }
  ticket: { type: string }
  fence: { type: string }
messages:
  - role: system
    content: "Judge what stands between {{ fence }}. The ticket was: {{ ticket }}"
  - role: user
    content: "{{ fence }}\n{{ output }}\n{{ fence }}"
"#;

const POLITE: &str = "kind: llm-judge
prompt: judges/polite
scale: { min: 1, max: 5 }
threshold: 4
";

/// Since the day of all calls.
const SINCE: [&str; 2] = ["--since", "2026-03-02"];

fn call(number: u64, answer: &str) -> ModelCall {
    ModelCall::of("triage", number)
        .variable("ticket", &format!("ticket {number}"))
        .answers(answer)
}

fn calls(numbers: std::ops::RangeInclusive<u64>) -> Vec<ModelCall> {
    let answer = |number: u64| match number % 4 {
        0 => "sorry",
        _ => "billing",
    };
    numbers.map(|number| call(number, answer(number))).collect()
}

/// The small workspace with these calls in its store.
fn with_calls(calls: &[ModelCall]) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.imports_calls(calls);
    sandbox
}

/// The same with a judge that a server answers for, one question at a time.
fn judged(server: &ModelServer, calls: &[ModelCall]) -> Sandbox {
    let sandbox = with_calls(calls);
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\nkey_env = \"MODEL_KEY\"\n\
             concurrency = 1\nmax_attempts = 1\n\
             [prices.\"local/small\"]\ninput_usd_per_million = 1.0\noutput_usd_per_million = 10.0\n",
            server.base_url()
        ),
    );
    sandbox.write("prompts/judges/polite.prompt.yml", JUDGE);
    sandbox.write("evaluators/polite.yml", POLITE);
    sandbox
}

fn score(sandbox: &Sandbox, args: &[&str]) -> RunOutput {
    let args = [&["monitor", "score"], args, &SINCE].concat();
    sandbox.command(&args).env("MODEL_KEY", KEY).run()
}

/// The spans for which a filter holds, as `<trace>/<span>`.
fn listed(sandbox: &Sandbox, filter: &str) -> Vec<String> {
    let args = [
        "traces", "list", "--by", "span", "--where", filter, "-n", "1000", "--json",
    ];
    let lines = sandbox.pointsman(&args).succeeds().stdout.clone();
    let name = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("a line of JSON");
        let text = |key: &str| row[key].as_str().expect("an id").to_owned();
        format!("{}/{}", text("trace"), text("span"))
    };
    lines.lines().map(name).collect()
}

/// The scores of a call.
fn scores(sandbox: &Sandbox, call: &ModelCall) -> Vec<Value> {
    let shown = sandbox
        .pointsman(&["traces", "show", &call.name(), "--json"])
        .json();
    shown["scores"].as_array().expect("a list").clone()
}

#[test]
fn answers_are_graded_in_their_context_and_the_scores_are_seen_by_all_who_ask() {
    let mut all = calls(1..=8);
    all.push(ModelCall::of("triage", 9).variable("ticket", "no answer came"));
    let sandbox = with_calls(&all);
    sandbox.write("evaluators/quick.yml", "kind: latency\nmaxMs: 900\n");
    sandbox.write(
        "evaluators/repeats-the-ticket.yml",
        "kind: text\noperator: contains-any\nvalue: { column: ticket }\n",
    );
    let output = score(&sandbox, &["no-apology", "quick", "repeats-the-ticket"]);
    insta::assert_snapshot!(output.succeeds().stdout, @r"
    drew 9 of 9 call(s), time >= 2026-03-02T00:00:00Z

    EVALUATOR           PASS  FAIL  UNKNOWN   MEAN  KNOWN BEFORE
    no-apology             6     2        0  0.750             0
    quick                  0     8        0  0.000             0
    repeats-the-ticket     0     8        0  0.000             0

    1 call(s) hold no answer that could be graded
    ");
    assert_eq!(
        listed(&sandbox, "score.no-apology < 0.5"),
        [all[7].name(), all[3].name()]
    );
    let monitor = [
        "monitor",
        "--metric",
        "score.no-apology",
        "--per",
        "span",
        "--json",
    ];
    let monitor = sandbox.pointsman(&[&monitor[..], &SINCE].concat()).json();
    assert_eq!(
        monitor["groups"][0]["total"]["score.no-apology"]["avg"],
        json!(0.75),
        "{monitor}"
    );
    let kept = scores(&sandbox, &all[3]);
    let apology = kept.iter().find(|score| score["name"] == "no-apology");
    let apology = apology.expect("it was scored");
    assert_eq!(apology["label"], "fail");
    let source = apology["source"].as_str().expect("somebody found it");
    assert_eq!(source.strip_prefix("pointsman@").map(str::len), Some(64));
}

#[test]
fn what_was_scored_is_neither_scored_nor_paid_for_again_until_the_evaluator_is_another() {
    let server = ModelServer::start(|_, _| Reply::says(r#"{"score": 5, "reason": "polite"}"#));
    let all = calls(1..=3);
    let sandbox = judged(&server, &all);
    let plan = score(&sandbox, &["polite", "--plan", "--json"])
        .succeeds()
        .json();
    assert_eq!(plan["evaluators"][0]["callsAtMost"], 3);
    assert_eq!(
        (server.calls().len(), scores(&sandbox, &all[0]).len()),
        (0, 0)
    );
    let first = score(&sandbox, &["polite", "--json"]).succeeds().json();
    assert_eq!(first["asked"], 3);
    assert_eq!(first["evaluators"][0]["found"]["passed"], 3);
    assert!(server.calls()[0].body.to_string().contains("ticket 1"));
    let kept_answers = sandbox.path().join(".git/pointsman/cache/answers");
    std::fs::remove_dir_all(kept_answers).expect("the store is ours");
    let again = score(&sandbox, &["polite", "--json"]).succeeds().json();
    assert_eq!(again["evaluators"][0]["knownBefore"], 3);
    assert_eq!(
        (server.calls().len(), scores(&sandbox, &all[0]).len()),
        (3, 1)
    );
    sandbox.edit("evaluators/polite.yml", "threshold: 4", "threshold: 3");
    let other = score(&sandbox, &["polite"]);
    other
        .succeeds()
        .says("3 call(s) also have a score of another version of polite");
    assert_eq!(
        (server.calls().len(), scores(&sandbox, &all[0]).len()),
        (6, 2)
    );
}

#[test]
fn the_same_calls_are_drawn_again_and_later_ones_change_nothing() {
    let sandbox = with_calls(&calls(1..=100));
    let drawn = |args: &[&str]| {
        let args = [&["no-apology", "--sample", "30%", "--json"], args].concat();
        score(&sandbox, &args).succeeds().json()
    };
    let first = drawn(&[]);
    let count = first["callsDrawn"].as_u64().expect("a number");
    assert!((15..45).contains(&count), "{count}");
    let before = listed(&sandbox, "score.no-apology >= 0");
    assert_eq!(before.len() as u64, count);
    sandbox.imports_calls(&calls(101..=200));
    let second = drawn(&[]);
    assert_eq!(second["evaluators"][0]["knownBefore"], json!(count));
    let after = listed(&sandbox, "score.no-apology >= 0");
    assert!(before.iter().all(|name| after.contains(name)));
    let limited = drawn(&["--limit", "7", "--plan"]);
    assert_eq!(limited["callsDrawn"], 7);
    assert_eq!(limited["evaluators"][0]["knownBefore"], 7);
}

#[test]
fn what_a_judge_gets_wrong_is_unknown_and_never_a_pass() {
    let server = ModelServer::start(|_, _| Reply::says("pass, write to kim@example.com"));
    let all = calls(1..=2);
    let sandbox = judged(&server, &all);
    let result = score(&sandbox, &["polite", "--json"]).succeeds().json();
    let found = &result["evaluators"][0]["found"];
    assert_eq!(
        (&found["unknown"], &found["mean"]),
        (&json!(2), &Value::Null)
    );
    assert!(listed(&sandbox, "score.polite >= 0").is_empty());
    let kept = &scores(&sandbox, &all[0])[0];
    assert_eq!(
        (&kept["label"], kept.get("value")),
        (&json!("unknown"), None)
    );
    let reason = kept["explanation"].as_str().expect("a reason");
    assert!(
        reason.contains("<email>") && !reason.contains("kim@"),
        "{reason}"
    );
}

#[test]
fn a_judge_that_does_not_answer_is_no_score_and_is_asked_again() {
    let server = ModelServer::start(|number, _| match number {
        0 => Reply::fails(400, "no judge today"),
        _ => Reply::says(r#"{"score": 2, "reason": "curt"}"#),
    });
    let all = calls(1..=2);
    let sandbox = judged(&server, &all);
    score(&sandbox, &["polite"])
        .exits(9)
        .tells("1 grade(s) were not found");
    assert_eq!(listed(&sandbox, "score.polite >= 0").len(), 1);
    score(&sandbox, &["polite"]).succeeds();
    assert_eq!(listed(&sandbox, "score.polite < 0.5").len(), 2);
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn a_limit_ends_it_early_and_the_next_time_goes_on() {
    let server = ModelServer::start(|_, _| Reply::says(r#"{"score": 5, "reason": "polite"}"#));
    let sandbox = judged(&server, &calls(1..=3));
    score(&sandbox, &["polite", "--max-calls", "1"])
        .exits(5)
        .tells("the limit of calls was reached");
    assert_eq!(listed(&sandbox, "score.polite >= 0").len(), 1);
    score(&sandbox, &["polite", "--max-calls", "2"]).succeeds();
    assert_eq!(
        (
            server.calls().len(),
            listed(&sandbox, "score.polite >= 0").len()
        ),
        (3, 3)
    );
}

#[test]
fn a_killed_program_loses_nothing_that_was_paid_for() {
    let server =
        ModelServer::start(|_, _| Reply::says(r#"{"score": 5, "reason": "polite"}"#).after_ms(150));
    let all = calls(1..=8);
    let sandbox = judged(&server, &all);
    let args = [&["monitor", "score", "polite"], &SINCE[..]].concat();
    let running = sandbox.command(&args).env("MODEL_KEY", KEY).start();
    while server.calls().len() < 4 {
        std::thread::sleep(Duration::from_millis(10));
    }
    sandbox
        .shell(&format!("kill -KILL {}", running.process_id()))
        .run()
        .succeeds();
    running.wait();
    score(&sandbox, &["polite"]).succeeds();
    assert!(server.calls().len() <= 9, "{}", server.calls().len());
    for call in &all {
        assert_eq!(scores(&sandbox, call).len(), 1);
    }
}

#[test]
fn what_cannot_be_scored_is_refused_before_anything_is() {
    let sandbox = with_calls(&calls(1..=2));
    sandbox.write(
        "prompts/judges/right.prompt.yml",
        JUDGE
            .replace("local/small", "echo/echo")
            .replace("ticket", "expected"),
    );
    sandbox.write("evaluators/right.yml", POLITE.replace("polite", "right"));
    for (args, told) in [
        (
            &["queue-matches"][..],
            "`queue-matches` compares with `expected`",
        ),
        (
            &["right"],
            "the judge `judges/right` of `right` is shown `expected`",
        ),
        (&["no-apologies"], "did you mean `no-apology`?"),
        (&["no-apology", "--sample", "0%"], "a share is above 0 %"),
        (&["no-apology", "--sample", "0.5"], "a share is above 0 %"),
        (
            &["no-apology", "--where", "lan = x"],
            "did you mean `lane`?",
        ),
    ] {
        score(&sandbox, args).exits(2).tells(told).has_no_result();
    }
    score(&sandbox, &["no-apology", "--where", "lane = nowhere"])
        .exits(6)
        .tells("nothing was scored");
    let project = sandbox.read("pointsman.toml");
    sandbox.write(
        "pointsman.toml",
        format!("{project}\n[traces]\nstore = \"clickhouse\"\n"),
    );
    score(&sandbox, &["no-apology"])
        .exits(2)
        .tells("which is only read here");
}
