//! Secrets that are handed to the program, and servers that send them back: they are shown and kept nowhere.

use std::fmt::Write as _;
use std::fs;

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};
use crate::support::run::Run;

/// The providers, each of which has a key.
const PROVIDERS: usize = 32;

/// A secret that stands nowhere else.
fn canary(name: &str) -> String {
    format!("canary-{name}-5f0c7e2a9b")
}

/// The variables that hold secrets, and what is looked for.
fn secrets() -> Vec<(String, String)> {
    let mut secrets: Vec<(String, String)> = (0..PROVIDERS)
        .map(|number| (format!("KEY_{number}"), canary(&format!("key-{number}"))))
        .collect();
    for name in [
        "HOOK_TOKEN",
        "CLICKHOUSE_PASSWORD",
        "OTHER_SECRET",
        "OTHER_TOKEN",
    ] {
        secrets.push((name.to_owned(), canary(name)));
    }
    secrets
}

/// What is in no variable by itself: parts of addresses.
const IN_ADDRESSES: [&str; 4] = ["hook-path", "hook-query", "remote-user", "remote-password"];

/// A server that sends back whatever it got, in every part of its answers.
fn echoing() -> ModelServer {
    ModelServer::start(|number, call| {
        let headers: String = call
            .headers
            .values()
            .fold(String::new(), |all, value| all + value + " ");
        let reply = match number % 4 {
            0 => Reply::fails(401, &format!("wrong key: {headers}")),
            1 => Reply::raw(500, &format!("<pre>{headers}</pre>")),
            2 => Reply::says(&headers),
            _ => Reply::raw(
                400,
                &format!("{{\"error\": \"{headers}\", \"detail\": [\"{headers}\"]}}"),
            ),
        };
        reply.with_header("x-request", headers.trim())
    })
}

/// A workspace with a provider and a prompt for each key, a webhook, and traces in ClickHouse.
fn workspace(server: &ModelServer) -> Sandbox {
    let sandbox = Sandbox::without_gates();
    let mut settings = String::new();
    for number in 0..PROVIDERS {
        let (kind, base) = match number % 3 {
            0 => ("openai", server.base_url()),
            1 => ("anthropic", server.origin()),
            _ => ("gemini", server.origin()),
        };
        let _ = writeln!(
            settings,
            "[providers.p{number}]\nkind = \"{kind}\"\nbase_url = \"{base}\"\nkey_env = \"KEY_{number}\"\nmax_attempts = 1"
        );
        let prompt = sandbox.read("prompts/triage.prompt.yml");
        let prompt = prompt.replace("echo/echo", &format!("p{number}/small"));
        sandbox.write(&format!("prompts/p{number}.prompt.yml"), prompt);
    }
    sandbox.write(
        "pointsman.toml",
        settings + "[traces]\nstore = \"clickhouse\"\n",
    );
    sandbox.write(
        "environments/staging.toml",
        "order = 1\n[[webhook]]\nformat = \"github\"\nurl_env = \"HOOK\"\ntoken_env = \"HOOK_TOKEN\"\n",
    );
    sandbox.commit("Ask many");
    let remote = format!(
        "http://{}:{}@127.0.0.1:9/none.git",
        canary("remote-user"),
        canary("remote-password")
    );
    sandbox.git(&["remote", "add", "origin", &remote]);
    sandbox
}

/// A command that is told every secret.
fn with_secrets(mut run: Run, server: &ModelServer) -> Run {
    for (name, value) in secrets() {
        run = run.env(&name, &value);
    }
    let origin = server.origin();
    let hook = format!(
        "{origin}/{}?key={}",
        canary("hook-path"),
        canary("hook-query")
    );
    run.env("HOOK", &hook)
        .env("POINTSMAN_WEBHOOK_HOSTS", "127.0.0.1")
        .env("CLICKHOUSE_URL", &origin)
}

/// Every file of the sandbox but git's own settings, where the remote's address stands because git put it there.
pub(super) fn everything_kept(sandbox: &Sandbox) -> String {
    let mut kept = String::new();
    let mut folders = vec![sandbox.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with(".git/config") {
                let bytes = fs::read(&path).expect("the sandbox is ours");
                kept.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
    let objects = sandbox.git(&["cat-file", "--batch-all-objects", "--batch"]);
    kept + &objects
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn forty_secrets_are_shown_and_kept_nowhere() {
    let server = echoing();
    let sandbox = workspace(&server);
    let mut shown = String::new();
    for line in [
        "eval -o report.html -o report.xml -o report.md -o cases.jsonl",
        "eval --json --no-cache",
        "runs show -o jsonl=-",
        "runs list",
        "promote staging --yes",
        "webhook deliver",
        "webhook deliveries --json",
        "webhook test staging",
        "lanes log staging",
        "evidence show staging -o evidence.html",
        "traces list",
        "traces list --json",
        "runs push",
        "runs fetch",
        "status --all",
        "check --secrets",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let run = with_secrets(sandbox.command(&args), &server).run();
        let has_ended = matches!(run.code, Some(0..=9));
        assert!(has_ended, "{}", run.transcript());
        shown.push_str(&run.transcript());
    }
    let calls = server.calls();
    let sent: String = calls
        .iter()
        .flat_map(|call| call.headers.values())
        .cloned()
        .collect();
    for (name, value) in secrets()
        .iter()
        .filter(|(name, _)| !name.starts_with("OTHER"))
    {
        assert!(
            sent.contains(value),
            "{name} was never sent, and so not sent back"
        );
    }
    assert!(shown.contains("[key removed]"), "what came back was read");
    let everything = shown + &everything_kept(&sandbox);
    let values = secrets().into_iter().map(|(_, value)| value);
    let values: Vec<String> = values.chain(IN_ADDRESSES.map(canary)).collect();
    for value in &values {
        let at = everything.find(value.as_str());
        let around = at.map(|at| everything[..at].chars().rev().take(200).collect::<String>());
        let around = around.map(|it| it.chars().rev().collect::<String>());
        assert_eq!(around, None, "before {value}");
    }
    println!(
        "{} secrets: 0 are in what is shown, in files or in git's objects",
        values.len()
    );
}
