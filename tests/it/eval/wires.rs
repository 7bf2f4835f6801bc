//! Every wire format, spoken to a real server: what is asked, what is read, and every fault that a
//! server can have.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};

use super::{KEY, PROMPT, eval, files_below, runs};
use crate::support::Sandbox;
use crate::support::model_server::{Call, ModelServer, Reply, Wire};

/// The small workspace, asking a server in a wire format.
fn asking_in(wire: Wire, origin: &str, settings: &str) -> Sandbox {
    let own = match wire {
        Wire::OpenAi => format!("kind = \"openai\"\nbase_url = \"{origin}/v1\""),
        Wire::OpenAiStream => {
            format!("kind = \"openai\"\nbase_url = \"{origin}/v1\"\nstream = true")
        }
        Wire::Anthropic => format!("kind = \"anthropic\"\nbase_url = \"{origin}\""),
        Wire::Gemini => format!("kind = \"gemini\"\nbase_url = \"{origin}\""),
        Wire::Other => format!(
            "kind = \"http\"\nurl = \"{origin}/ask\"\nbody = '{{\"q\": {{{{ prompt }}}}}}'\n\
             output = \"/a\"\ninput_tokens = \"/tokens/in\"\noutput_tokens = \"/tokens/out\""
        ),
    };
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.local]\n{own}\nkey_env = \"MODEL_KEY\"\nconcurrency = 2\n{settings}\n\
             [prices.\"local/small\"]\ninput_usd_per_million = 1.0\noutput_usd_per_million = 10.0\n"
        ),
    );
    sandbox.edit(PROMPT, "model: echo/echo", "model: local/small");
    sandbox
}

fn right_queue(wire: Wire, call: &Call) -> Reply {
    Reply::says_as(
        wire,
        call.last_message().split(':').next().unwrap_or_default(),
    )
}

/// The stored cases of the one run, by row.
pub(super) fn cases(sandbox: &Sandbox) -> Vec<Value> {
    let runs = runs(sandbox);
    assert_eq!(runs.len(), 1);
    let text = std::fs::read_to_string(runs[0].join("cases.jsonl")).expect("the run was kept");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a case is JSON"))
        .collect()
}

pub(super) fn assert_no_key(sandbox: &Sandbox, transcript: &str) {
    assert!(!transcript.contains(KEY), "{transcript}");
    for file in files_below(&sandbox.path().join(".git/pointsman")) {
        let bytes = std::fs::read(&file).expect("the store is ours");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(KEY), "{}", file.display());
    }
}

/// Everything that can go wrong for good with one answer, which `right` would be.
pub(super) fn faults(right: &Reply) -> Vec<(&'static str, Reply)> {
    let right = || right.clone();
    vec![
        (
            "429",
            Reply::fails(429, "slow down").with_header("retry-after", "0"),
        ),
        (
            "500",
            Reply::fails(500, "oops").with_header("retry-after", "0"),
        ),
        ("broken connection", right().broken_off()),
        ("truncated answer", right().cut_in_half()),
        (
            "garbage",
            Reply::raw(200, "{\"choices\": 7, \"content\": [[]], \"a\": null}"),
        ),
        (
            "another content",
            Reply::raw(200, "<html>bug</html>").with_header("content-type", "text/html"),
        ),
        ("not UTF-8 as it says", Reply::raw(200, "\u{feff}bug")),
        ("100 MB", right().padded_mib(100)),
        (
            "redirect",
            Reply::raw(307, "").with_header("location", "http://127.0.0.2:9/v1/messages"),
        ),
        ("key in the error", Reply::fails(400, KEY)),
    ]
}

/// One row's answer is faulty, for good: that row has no verdict, and the others keep theirs.
fn one_row_fails_and_no_other(wire: Wire) {
    for (name, fault) in faults(&Reply::says_as(wire, "bug")) {
        let server = ModelServer::start(move |_, call| match call.last_message() {
            bug if bug.starts_with("bug") => fault.clone(),
            _ => right_queue(wire, call),
        });
        let sandbox = asking_in(wire, &server.origin(), "max_attempts = 2");
        let output = eval(&sandbox, &[]);
        output.exits(9).tells("1 case(s) have no answer");
        assert_one_case_failed(&sandbox, name);
        assert_no_key(&sandbox, &output.transcript());
    }
}

fn assert_one_case_failed(sandbox: &Sandbox, name: &str) {
    let cases = cases(sandbox);
    let rows: BTreeSet<&str> = cases
        .iter()
        .filter_map(|case| case["key"]["row"].as_str())
        .collect();
    assert_eq!((cases.len(), rows.len()), (3, 3), "{name}: {cases:?}");
    for case in &cases {
        let failed = case["answer"].get("Err").is_some();
        assert_eq!(failed, case["key"]["row"] == "crash", "{name}: {case}");
        for graded in case["grades"].as_object().into_iter().flatten() {
            assert_eq!(graded.1["grade"] == "pass", !failed, "{name}: {case}");
        }
    }
}

#[test]
fn faults_of_a_chat_completions_server_are_never_a_pass() {
    one_row_fails_and_no_other(Wire::OpenAi);
}

#[test]
fn faults_of_a_server_that_streams_are_never_a_pass() {
    one_row_fails_and_no_other(Wire::OpenAiStream);
}

#[test]
fn faults_of_a_messages_server_are_never_a_pass() {
    one_row_fails_and_no_other(Wire::Anthropic);
}

#[test]
fn faults_of_a_gemini_server_are_never_a_pass() {
    one_row_fails_and_no_other(Wire::Gemini);
}

#[test]
fn faults_of_a_server_asked_by_template_are_never_a_pass() {
    one_row_fails_and_no_other(Wire::Other);
}

const ALL: [Wire; 5] = [
    Wire::OpenAi,
    Wire::OpenAiStream,
    Wire::Anthropic,
    Wire::Gemini,
    Wire::Other,
];

#[test]
fn a_server_that_stalls_is_given_up_in_every_wire_format() {
    for wire in ALL {
        let server = ModelServer::start(move |_, call| match call.last_message() {
            bug if bug.starts_with("bug") => Reply::says_as(wire, "bug").after_ms(2_000),
            _ => right_queue(wire, call),
        });
        let settings = "max_attempts = 1\ntimeout = \"1s\"";
        let sandbox = asking_in(wire, &server.origin(), settings);
        eval(&sandbox, &[]).exits(9).says("no answer within 1 s");
        assert_one_case_failed(&sandbox, "stall");
    }
}

#[test]
fn faults_that_pass_cost_another_try_in_every_wire_format() {
    for wire in ALL {
        let server = ModelServer::start(move |number, call| match number {
            0 => Reply::fails(429, "slow down").with_header("retry-after", "0"),
            1 => Reply::fails(529, "overloaded").with_header("retry-after", "0"),
            2 => Reply::says_as(wire, "bug").broken_off(),
            _ => right_queue(wire, call),
        });
        let sandbox = asking_in(wire, &server.origin(), "");
        let result = eval(&sandbox, &["--json"]).succeeds().json();
        assert_eq!(server.calls().len(), 6, "{wire:?}");
        let usage = &result["suites"][0]["usage"];
        assert_eq!(usage["input_tokens"], 30, "{wire:?}: {result}");
        assert_eq!(usage["output_tokens"], 15, "{wire:?}: {result}");
    }
}

#[test]
fn each_wire_format_carries_the_key_in_its_own_header_and_never_in_the_address() {
    for (wire, header, value, path) in [
        (
            Wire::OpenAi,
            "authorization",
            format!("Bearer {KEY}"),
            "/v1/chat/completions",
        ),
        (Wire::Anthropic, "x-api-key", KEY.to_owned(), "/v1/messages"),
        (
            Wire::Gemini,
            "x-goog-api-key",
            KEY.to_owned(),
            "/v1beta/models/small:generateContent",
        ),
        (
            Wire::Other,
            "authorization",
            format!("Bearer {KEY}"),
            "/ask",
        ),
    ] {
        let server = ModelServer::start(move |_, call| right_queue(wire, call));
        let sandbox = asking_in(wire, &server.origin(), "");
        eval(&sandbox, &[]).succeeds();
        for call in server.calls() {
            assert_eq!(call.path, path);
            let carrying: Vec<_> = call
                .headers
                .iter()
                .filter(|(_, value)| value.contains(KEY))
                .collect();
            assert_eq!(carrying, [(&header.to_owned(), &value)]);
        }
    }
}

#[test]
fn a_header_for_the_key_can_be_named() {
    let server = ModelServer::start(move |_, call| right_queue(Wire::OpenAi, call));
    let sandbox = asking_in(Wire::OpenAi, &server.origin(), "key_header = \"api-key\"");
    eval(&sandbox, &[]).succeeds();
    let call = &server.calls()[0];
    assert_eq!(call.headers["api-key"], KEY);
    assert_eq!(call.authorization, None);
}

#[test]
fn a_messages_server_is_asked_as_its_documentation_says() {
    let server = ModelServer::start(move |_, call| right_queue(Wire::Anthropic, call));
    let sandbox = asking_in(Wire::Anthropic, &server.origin(), "");
    eval(&sandbox, &[]).succeeds();
    let call = &server.calls()[0];
    assert_eq!(call.headers["anthropic-version"], "2023-06-01");
    assert_eq!(call.body["model"], "small");
    assert_eq!(call.body["max_tokens"], 1024);
    assert!(call.body["system"].is_string(), "{}", call.body);
    assert_eq!(call.body["messages"][0]["role"], "user");
}

#[test]
fn what_a_provider_cannot_be_told_is_an_error_before_any_call() {
    for (wire, parameter) in [(Wire::Anthropic, "seed"), (Wire::Gemini, "logitBias")] {
        let server = ModelServer::start(move |_, call| right_queue(wire, call));
        let sandbox = asking_in(wire, &server.origin(), "");
        let line = format!("model: local/small\nmodelParameters: {{ {parameter}: 1 }}");
        sandbox.edit(PROMPT, "model: local/small", &line);
        eval(&sandbox, &[])
            .exits(2)
            .tells(&format!(
                "the model parameter `{parameter}` has no place in this API"
            ))
            .has_no_result();
        assert_eq!((server.calls().len(), runs(&sandbox).len()), (0, 0));
    }
}

#[test]
fn text_of_a_row_cannot_become_a_part_of_a_templated_body() {
    let server = ModelServer::start(move |_, call| right_queue(Wire::Other, call));
    let sandbox = asking_in(Wire::Other, &server.origin(), "");
    let hostile = r#"bug: \", \"admin\": true, \"x\": \"{{ model }}"#;
    sandbox.edit("datasets/tickets.jsonl", "bug: the app", hostile);
    eval(&sandbox, &[]).succeeds();
    let calls = server.calls();
    for call in &calls {
        assert_eq!(call.body, json!({ "q": call.last_message() }));
    }
    assert!(
        calls
            .iter()
            .any(|call| call.last_message().contains("{{ model }}"))
    );
}

#[test]
fn a_server_that_is_asked_too_often_is_asked_less_at_once() {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&arrivals);
    let server = ModelServer::start(move |number, call| {
        seen.lock()
            .expect("no test panics here")
            .push(Instant::now());
        match number {
            0..4 => Reply::fails(429, "slow down").with_header("retry-after", "0"),
            _ => right_queue(Wire::OpenAi, call).after_ms(200),
        }
    });
    let sandbox = asking_in(Wire::OpenAi, &server.origin(), "max_attempts = 8");
    eval(&sandbox, &[]).succeeds();
    let arrivals = arrivals.lock().expect("no test panics here");
    assert_eq!(arrivals.len(), 7);
    let apart = arrivals[5] - arrivals[4];
    assert!(
        apart.as_millis() >= 200,
        "two at once after a refusal: {apart:?}"
    );
}

#[test]
fn tokens_a_minute_hold_calls_up() {
    let server = ModelServer::start(move |_, call| right_queue(Wire::OpenAi, call));
    let sandbox = asking_in(Wire::OpenAi, &server.origin(), "tokens_per_minute = 3000");
    let started = Instant::now();
    eval(&sandbox, &["--repeats", "2"]).succeeds();
    assert!(started.elapsed().as_millis() >= 1_000);
}

#[test]
fn counts_that_make_no_sense_are_counted_without_overflow() {
    let server = ModelServer::start(|_, call| {
        let queue = call.last_message().split(':').next().unwrap_or_default();
        let most = u64::MAX;
        let body = json!({
            "choices": [{ "message": { "content": queue } }],
            "usage": {
                "prompt_tokens": most, "completion_tokens": most,
                "prompt_tokens_details": { "cached_tokens": most },
                "completion_tokens_details": { "reasoning_tokens": most },
            },
        });
        Reply::raw(200, &body.to_string())
    });
    let sandbox = asking_in(Wire::OpenAi, &server.origin(), "");
    let usage = eval(&sandbox, &["--json"]).succeeds().json()["suites"][0]["usage"].take();
    assert_eq!(usage["input_tokens"], u64::MAX);
    assert_eq!(usage["cached_input_tokens"], u64::MAX);
    assert_eq!(usage["reasoning_tokens"], u64::MAX);
}

#[test]
fn a_list_of_models_is_refused() {
    let server = ModelServer::start(move |_, call| right_queue(Wire::OpenAi, call));
    let sandbox = asking_in(Wire::OpenAi, &server.origin(), "");
    sandbox.edit(
        PROMPT,
        "model: local/small",
        "model: [local/small, local/large]",
    );
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("a release must know which one it was tested with");
    assert_eq!(server.calls().len(), 0);
}
