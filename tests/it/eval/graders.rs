//! Every fault that a server can have, for every kind of evaluator: no row is lost or doubled, and
//! none passes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::wires::{assert_no_key, cases, faults};
use super::{PROMPT, asking_at, eval};
use crate::support::Sandbox;
use crate::support::model_server::{Call, ModelServer, Reply};

/// One evaluator of every kind, with the grade of an answer that names the right queue.
const KINDS: [(&str, &str, &str); 19] = [
    (
        "text",
        "kind: text\noperator: equals\nvalue: { column: expected }\n",
        "pass",
    ),
    ("json", "kind: json\ncheck: valid\n", "fail"),
    (
        "json-schema",
        "kind: json\ncheck: schema\nschema: {}\n",
        "fail",
    ),
    ("expected", "kind: expected\ncomparison: exact\n", "pass"),
    (
        "likeness",
        "kind: similarity\nmetric: rouge-l\nthreshold: 0.9\n",
        "pass",
    ),
    ("meaning", MEANING, "pass"),
    ("tool-calls", "kind: tool-calls\nschema: true\n", "pass"),
    ("words", "kind: length\nunit: words\nmax: 3\n", "pass"),
    ("tokens", "kind: length\nunit: tokens\nmax: 5\n", "pass"),
    ("latency", "kind: latency\nmaxMs: 600000\n", "pass"),
    ("cost", "kind: cost\nmaxUsd: 1\n", "pass"),
    ("judge", JUDGE, "pass"),
    ("better", BETTER, "pass"),
    (
        "script",
        "kind: javascript\nscript: return output === expected\ntimeLimitMs: 10000\n",
        "pass",
    ),
    (
        "program",
        "kind: exec\ncommand: [sh, -c, cat > input; echo true]\nconcurrency: 1\n",
        "pass",
    ),
    ("server", SERVER, "pass"),
    ("all", "kind: all\nof: [text, judge, server]\n", "pass"),
    ("not", "kind: not\nof: json\n", "pass"),
    (
        "weighted",
        "kind: weighted\nthreshold: 0.5\nof: [text, better, meaning]\n",
        "pass",
    ),
];

const MEANING: &str = "kind: similarity\nmetric: embedding\nmodel: local/small\nthreshold: 0.9\n";
const JUDGE: &str = "kind: llm-judge\nprompt: judges/good\nlabels: [good, bad]\npass: [good]\n";
const BETTER: &str = "kind: llm-judge\nprompt: judges/better\ncompareWith: { column: ticket }\n";
const SERVER: &str = "kind: http\nprovider: house\n";

fn judge(variables: &[&str]) -> String {
    let declared = variables
        .iter()
        .map(|name| format!("  {name}: {{ type: string }}\n"));
    let used = variables.iter().map(|name| format!("{{{{ {name} }}}} "));
    format!(
        "model: local/small\nvariables:\n{}messages:\n  - {{ role: system, content: Judge. }}\n  - {{ role: user, content: \"{}\" }}\n",
        declared.collect::<String>(),
        used.collect::<String>()
    )
}

/// The small workspace, whose model, judges, embeddings and grader are all behind one server.
fn graded_by(server: &ModelServer, evaluators: &[&str]) -> Sandbox {
    let settings = format!(
        "timeout = \"1s\"\n[providers.house]\nkind = \"grader\"\nurl = \"{}/grade\"\n\
         key_env = \"MODEL_KEY\"\nmax_attempts = 2\ntimeout = \"1s\"",
        server.origin()
    );
    let sandbox = asking_at(&server.base_url(), &settings);
    for (name, text, _) in KINDS {
        sandbox.write(&format!("evaluators/{name}.yml"), text);
    }
    sandbox.write("prompts/judges/good.prompt.yml", judge(&["output"]));
    sandbox.write(
        "prompts/judges/better.prompt.yml",
        judge(&["first", "second"]),
    );
    let named = format!("[{}]", evaluators.join(", "));
    sandbox.edit(PROMPT, "[queue-matches, no-apology]", &named);
    sandbox
}

/// Who is asked by a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Model,
    Judge,
    JudgeOfTwo,
    Embeddings,
    Grader,
}

fn asked(call: &Call) -> Asked {
    match call.path.as_str() {
        "/grade" => Asked::Grader,
        "/v1/embeddings" => Asked::Embeddings,
        _ if call.body["messages"][0]["content"] != "Judge." => Asked::Model,
        _ if call.last_message().matches(": ").count() > 0 => Asked::JudgeOfTwo,
        _ => Asked::Judge,
    }
}

/// What a server without faults says. Of two answers, the one that is a ticket is worse.
fn right(call: &Call) -> Reply {
    match asked(call) {
        Asked::Model => Reply::says(call.last_message().split(':').next().unwrap_or_default()),
        Asked::Judge => Reply::says(r#"{"label": "good", "reason": "r"}"#),
        Asked::JudgeOfTwo => {
            let lines: Vec<&str> = call.last_message().lines().collect();
            let better = if lines[1].contains(": ") {
                "second"
            } else {
                "first"
            };
            Reply::says(&json!({"better": better, "reason": "r"}).to_string())
        }
        Asked::Embeddings => {
            let data = [0, 1].map(|index| json!({"index": index, "embedding": [1, 2]}));
            let usage = json!({"prompt_tokens": 4});
            Reply::raw(200, &json!({"data": data, "usage": usage}).to_string())
        }
        Asked::Grader => Reply::raw(200, r#"{"pass": true, "reason": "r"}"#),
    }
}

/// Whether a call is about the row `crash`, whoever is asked.
fn is_about_crash(call: &Call) -> bool {
    call.body.to_string().contains("bug")
}

fn grades(case: &Value) -> Vec<(&str, &str)> {
    let grades = case["grades"].as_object().into_iter().flatten();
    grades
        .map(|(name, graded)| (name.as_str(), graded["grade"].as_str().unwrap_or_default()))
        .collect()
}

/// Three cases, each once, of which only `crash` has grades that are errors.
fn assert_only_crash_failed(sandbox: &Sandbox, fault: &str, wanted: &dyn Fn(&str) -> &'static str) {
    let cases = cases(sandbox);
    let rows: BTreeSet<&str> = cases
        .iter()
        .filter_map(|case| case["key"]["row"].as_str())
        .collect();
    assert_eq!((cases.len(), rows.len()), (3, 3), "{fault}");
    for case in &cases {
        let crash = case["key"]["row"] == "crash";
        for (name, grade) in grades(case) {
            let right = if crash { "error" } else { wanted(name) };
            assert_eq!(grade, right, "{fault}, {name}: {case}");
        }
    }
}

#[test]
fn an_answer_that_fails_is_an_error_by_every_kind_of_evaluator() {
    let names = KINDS.map(|(name, _, _)| name);
    let wanted = |name: &str| {
        let known = KINDS.iter().find(|(known, _, _)| *known == name);
        known.map_or("", |(_, _, grade)| *grade)
    };
    let mut all = faults(&Reply::says("bug"));
    all.push(("stall", Reply::says("bug").after_ms(2_500)));
    for (name, fault) in all {
        let server = ModelServer::start(move |_, call| match asked(call) {
            Asked::Model if is_about_crash(call) => fault.clone(),
            _ => right(call),
        });
        let sandbox = graded_by(&server, &names);
        let output = eval(&sandbox, &["triage", "--allow-exec"]);
        output.exits(9).tells("1 case(s) have no answer");
        assert_only_crash_failed(&sandbox, name, &wanted);
        assert_no_key(&sandbox, &output.transcript());
    }
}

/// The one who is asked about the row `crash` by `evaluator` fails, and later does not any more.
fn a_grader_fails_for_a_while(evaluator: &str, failing: Asked, right_reply: &Reply) {
    let mut all = faults(right_reply);
    all.push(("stall", right_reply.clone().after_ms(2_500)));
    for (name, fault) in all {
        let broken = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&broken);
        let server = ModelServer::start(move |_, call| {
            let fails = asked(call) == failing && is_about_crash(call);
            if fails && still.load(Ordering::SeqCst) {
                fault.clone()
            } else {
                right(call)
            }
        });
        let sandbox = graded_by(&server, &[evaluator]);
        let output = eval(&sandbox, &["triage"]);
        assert_only_crash_failed(&sandbox, name, &|_| "pass");
        assert_no_key(&sandbox, &output.transcript());
        if output.code == Some(1) {
            // The server answered, and what it said is no verdict.
            assert_eq!(name, "garbage", "{}", output.transcript());
            continue;
        }
        output.exits(9).tells("1 case(s) have no answer");
        broken.store(false, Ordering::SeqCst);
        let before = server.calls().len();
        eval(&sandbox, &["triage", "--resume"])
            .succeeds()
            .says("3/3");
        let again = &server.calls()[before..];
        assert!(again.iter().all(is_about_crash), "{name}: {again:?}");
    }
}

#[test]
fn a_judge_that_fails_is_never_a_pass_and_can_be_asked_again() {
    let verdict = Reply::says(r#"{"label": "good", "reason": "r"}"#);
    a_grader_fails_for_a_while("judge", Asked::Judge, &verdict);
}

#[test]
fn a_judge_of_two_answers_that_fails_is_never_a_pass_and_can_be_asked_again() {
    let verdict = Reply::says(r#"{"better": "first", "reason": "r"}"#);
    a_grader_fails_for_a_while("better", Asked::JudgeOfTwo, &verdict);
}

#[test]
fn embeddings_that_fail_are_never_a_pass_and_can_be_asked_for_again() {
    let places = r#"{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1]}]}"#;
    a_grader_fails_for_a_while("meaning", Asked::Embeddings, &Reply::raw(200, places));
}

#[test]
fn a_server_that_grades_and_fails_is_never_a_pass_and_can_be_asked_again() {
    let verdict = Reply::raw(200, r#"{"pass": true, "reason": "r"}"#);
    a_grader_fails_for_a_while("server", Asked::Grader, &verdict);
}
