//! Secrets that stand where data stands: in rows, in spans, in answers, and in what a server says of an error.

use std::fs;

use serde_json::json;

use super::secrets::everything_kept;
use crate::support::Sandbox;
use crate::support::calls::ModelCall;
use crate::support::model_server::{ModelServer, Reply};

/// Keys of two providers, neither of which is a word.
const KEYS: [(&str, &str); 2] = [
    ("FIRST_KEY", "first-canary-5f0c7e2a9b-41c6"),
    ("SECOND_KEY", "second-canary-8d3b9a7c1e-52d7"),
];

/// How much of a key may be seen of it.
const HARMLESS: usize = 5;

/// A workspace with rows that hold the keys of two providers, one of which is asked.
fn with_keys_in_rows(server: &ModelServer) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let base = server.base_url();
    sandbox.write(
        "pointsman.toml",
        KEYS.map(|(variable, _)| {
            format!(
                "[providers.{}]\nkind = \"openai\"\nbase_url = \"{base}\"\nkey_env = \"{variable}\"\nmax_attempts = 1\n",
                variable.to_lowercase()
            )
        })
        .concat(),
    );
    let prompt = sandbox.read("prompts/triage.prompt.yml");
    let prompt = prompt.replace("echo/echo", "first_key/small");
    sandbox.write("prompts/asked.prompt.yml", prompt);
    let rows = KEYS.iter().enumerate().map(|(number, (_, key))| {
        let row = json!({"id": number.to_string(), "vars": {"ticket": format!("billing: {key}")}, "expected": "billing"});
        format!("{row}\n")
    });
    sandbox.write("datasets/tickets.jsonl", rows.collect::<String>());
    sandbox
}

/// What a command says when it is told both keys.
fn told(sandbox: &Sandbox, line: &str) -> String {
    let args: Vec<&str> = line.split(' ').collect();
    let run = KEYS
        .iter()
        .fold(sandbox.command(&args), |run, (name, key)| {
            run.env(name, key)
        });
    let run = run.run();
    assert!(matches!(run.code, Some(0..=9)), "{}", run.transcript());
    run.transcript()
}

#[track_caller]
fn assert_absent(text: &str, secret: &str) {
    let at = text.find(secret);
    let around = at.map(|at| text[..at].chars().rev().take(200).collect::<String>());
    let around = around.map(|it| it.chars().rev().collect::<String>());
    assert_eq!(around, None, "before {secret}");
}

#[test]
fn a_key_in_a_row_is_told_by_nobody_who_answers_whoever_it_belongs_to() {
    let server = ModelServer::start(|_, call| Reply::says(call.last_message()));
    let sandbox = with_keys_in_rows(&server);
    let lines = [
        "eval -o report.html -o report.xml -o report.md -o cases.jsonl",
        "eval --json --no-cache",
        "runs show -o jsonl=-",
        "runs show --json",
        "runs list",
        "plan",
    ];
    let shown = lines.map(|line| told(&sandbox, line)).concat();
    assert!(shown.contains("[key removed]"), "{shown}");
    fs::remove_file(sandbox.path().join("datasets/tickets.jsonl")).expect("it was written above");
    let everything = shown + &everything_kept(&sandbox);
    for (_, key) in KEYS {
        assert_absent(&everything, key);
    }
}

#[test]
fn of_a_key_that_an_error_repeats_nothing_is_left_wherever_the_error_is_cut_off() {
    let server = ModelServer::start(|number, _| {
        let padding = "x".repeat(250 + number % 60);
        Reply::fails(401, &format!("{padding}{}", KEYS[0].1))
    });
    let sandbox = with_keys_in_rows(&server);
    let rows = (0..60).map(|id| {
        let row = json!({"id": id.to_string(), "vars": {"ticket": "billing: late"}, "expected": "billing"});
        format!("{row}\n")
    });
    sandbox.write("datasets/tickets.jsonl", rows.collect::<String>());
    let lines = [
        "eval asked -o cases.jsonl -o report.html",
        "runs show -o jsonl=-",
    ];
    let shown = lines.map(|line| told(&sandbox, line)).concat();
    assert!(shown.contains("[key removed]"), "{shown}");
    assert_eq!(server.calls().len(), 60);
    assert_absent(
        &(shown + &everything_kept(&sandbox)),
        &KEYS[0].1[..=HARMLESS],
    );
}

/// Secrets that are known by how they look. None was ever valid.
fn known_by_their_looks() -> Vec<String> {
    let body = |length: usize| {
        "C4nary5f0C7e2A9b"
            .chars()
            .cycle()
            .take(length)
            .collect::<String>()
    };
    let mut secrets: Vec<String> = [
        ("sk-", 40),
        ("sk-ant-api03-", 40),
        ("gsk_", 48),
        ("hf_", 34),
        ("AIza", 35),
        ("ghp_", 36),
        ("github_pat_", 40),
        ("glpat-", 20),
        ("xoxb-", 40),
        ("sk_live_", 24),
        ("whsec_", 32),
        ("npm_", 36),
        ("dop_v1_", 64),
        ("shpat_", 32),
    ]
    .map(|(start, length)| format!("{start}{}", body(length)))
    .into();
    secrets.push(format!(
        "AKIA{}",
        "C4N7ARY5F2B6D3E7".replace(['8', '9', '0', '1'], "2")
    ));
    secrets.push(format!("eyJ{}.{}.{}", body(30), body(50), body(40)));
    secrets
}

/// A text that stands for a secret where only its surroundings tell.
const NAMED: &str = "plain-canary-words-7731";

/// Calls that hold every secret in every part.
fn calls() -> Vec<ModelCall> {
    let secrets = known_by_their_looks().into_iter().enumerate();
    let calls = secrets.map(|(number, secret)| {
        let number = u64::try_from(number).expect("there are few") + 1;
        ModelCall::of("triage", number)
            .variable("ticket", &format!("billing: my key {secret} fails"))
            .said(&[
                ("system", &secret),
                ("user", &format!("is {secret}, right?")),
            ])
            .answers(&format!("Your key is {secret}."))
            .with("note", json!(secret))
            .with(
                "payload",
                json!(json!({"deep": [{"a": secret}]}).to_string()),
            )
            .with(
                "http.request.header.authorization",
                json!(format!("Bearer {secret}")),
            )
            .with(
                "url.full",
                json!(format!("https://kim:{NAMED}@example.com/?api_key={NAMED}")),
            )
            .with(
                "gen_ai.tool.call.arguments",
                json!(json!({"password": NAMED}).to_string()),
            )
            .with("app.client_secret", json!(NAMED))
    });
    calls.collect()
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_secret_in_a_span_is_kept_and_shown_nowhere_and_makes_no_row() {
    let sandbox = Sandbox::without_gates();
    let calls = calls();
    let lines = calls.iter().map(|call| call.request().to_string() + "\n");
    let import = sandbox.command(&["traces", "import", "-"]);
    let import = import.stdin(&lines.collect::<String>()).run();
    import.succeeds();
    let first = calls[0].name();
    let trace = first
        .split('/')
        .next()
        .expect("a name has a trace")
        .to_owned();
    let mut shown = import.transcript();
    for line in [
        "traces list",
        "traces list --json",
        &format!("traces show {trace}"),
        &format!("traces show {trace} --json"),
        "traces export -o jsonl=-",
        "traces search key",
        "monitor --json",
        "behaviors scan",
        "behaviors list --json",
        &format!("dataset add-span {first} --to tickets"),
        "dataset show tickets --json",
        "incident open Slow --id slow --window 2h",
        "incident show slow",
        "check --secrets",
        "status",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let run = sandbox.pointsman(&args);
        assert!(matches!(run.code, Some(0..=9)), "{}", run.transcript());
        shown.push_str(&run.transcript());
    }
    sandbox.commit("Keep what came of it");
    let everything = shown + &everything_kept(&sandbox);
    assert!(everything.contains("<api-key>"), "nothing was taken out");
    let secrets = known_by_their_looks();
    for secret in secrets.iter().map(String::as_str).chain([NAMED]) {
        assert_absent(&everything, secret);
    }
    println!(
        "{} secrets in each of ten parts of spans: 0 in what 16 commands show, in the store, in rows or in git's objects",
        secrets.len() + 1
    );
}

#[test]
fn a_secret_in_a_row_is_refused_by_the_check_that_looks_for_them() {
    for secret in known_by_their_looks() {
        let sandbox = Sandbox::with_workspace();
        let row = json!({"id": "own", "vars": {"ticket": format!("billing: {secret}")}, "expected": "billing"});
        let rows = sandbox.read("datasets/tickets.jsonl");
        sandbox.write("datasets/tickets.jsonl", format!("{rows}{row}\n"));
        let run = sandbox.pointsman(&["check", "--secrets"]);
        run.exits(1);
        assert!(!run.transcript().contains(&secret), "{secret}");
    }
}
