//! What a gate shows of latency, of cost, of being asked again, and of several evaluators at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

const PROMPT: &str = "prompts/triage.prompt.yml";
const RECORDINGS: &str = "recordings/triage.jsonl";

/// A workspace with so many tickets about bugs, asking this model, whose `staging` has this gate.
fn asking(server: &ModelServer, model: &str, rows: usize, gate: &str) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let row = |number: usize| {
        format!(
            "{{\"id\": \"r{number}\", \"vars\": {{\"ticket\": \"bug: case {number}.\"}}, \"expected\": \"bug\"}}\n"
        )
    };
    sandbox.write(
        "datasets/tickets.jsonl",
        (0..rows).map(row).collect::<String>(),
    );
    sandbox.write(
        "environments/staging.toml",
        format!("order = 1\n[gate]\n{gate}"),
    );
    let settings = format!(
        "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        server.base_url()
    );
    sandbox.write("pointsman.toml", settings);
    sandbox.edit(PROMPT, "model: echo/echo", &format!("model: {model}"));
    sandbox
}

/// A model that says `bug`, whatever it is asked.
fn says_bug() -> ModelServer {
    ModelServer::start(|_, _| Reply::says("bug"))
}

/// Records answers to what is not recorded yet, and writes into them what they took: a value for
/// the first row, and a little more for each of the next ones.
fn record(sandbox: &Sandbox, figure: &str, first: f64) {
    let request = |line: &str| {
        line.split_once(",\"answer\"")
            .expect("a request")
            .0
            .to_owned()
    };
    let old = std::fs::read_to_string(sandbox.path().join(RECORDINGS)).unwrap_or_default();
    let old: BTreeSet<String> = old.lines().map(request).collect();
    sandbox.pointsman(&["eval", "--record", "local"]).succeeds();
    // The answers as they came would count as evidence, too.
    let runs = sandbox.path().join(".git/pointsman/runs");
    std::fs::remove_dir_all(runs).expect("the evaluation was kept");
    let mut lines = Vec::new();
    let mut value = first;
    for line in sandbox.read(RECORDINGS).lines() {
        if old.contains(&request(line)) {
            lines.push(line.to_owned());
            continue;
        }
        let mut recording: Value = serde_json::from_str(line).expect("a recording is JSON");
        recording["answer"][figure] = value.into();
        value += first / 1_000.0;
        lines.push(recording.to_string());
    }
    sandbox.write(RECORDINGS, lines.join("\n") + "\n");
}

/// A lane with a gate, on which one version is live that takes 1 of something; the candidate takes
/// `candidate` of it.
fn beside(rows: usize, gate: &str, figure: &str, candidate: f64) -> Sandbox {
    let server = says_bug();
    let sandbox = asking(&server, "replay/small", rows, gate);
    record(&sandbox, figure, 1.0);
    sandbox.commit("Record what is live");
    sandbox.promotes("staging");
    sandbox.edit(PROMPT, "Answer with the queue", "Say the queue");
    record(&sandbox, figure, candidate);
    sandbox.commit("Record the candidate");
    sandbox
}

fn promote(sandbox: &Sandbox) -> crate::support::run::RunOutput {
    sandbox.pointsman(&["promote", "staging", "--yes"])
}

#[test]
fn a_version_that_takes_longer_than_the_policy_allows_is_refused() {
    let slower = |rows, by| {
        let sandbox = beside(rows, "max_latency_p95_ratio = 1.2\n", "latency_ms", by);
        promote(&sandbox)
    };
    slower(80, 2.0)
        .exits(1)
        .has_no_result()
        .tells("latency p95 is 2.0");
    slower(80, 1.1).succeeds();
    slower(40, 1.1)
        .exits(3)
        .tells("there are too few answers for a percentile");
}

#[test]
fn a_version_that_costs_more_than_the_policy_allows_is_refused() {
    let dearer = |by| {
        let sandbox = beside(30, "max_cost_ratio = 1.3\n", "cost_usd", by);
        promote(&sandbox)
    };
    dearer(2.0).exits(1).has_no_result().tells("cost is 2.0");
    dearer(1.1).succeeds();
}

#[test]
fn an_unknown_cost_shows_nothing() {
    let sandbox = beside(30, "max_cost_ratio = 1.3\n", "latency_ms", 1.0);
    promote(&sandbox).exits(3).tells("not every cost is known");
}

#[test]
fn answers_that_are_drawn_again_make_the_gate_ask_for_more() {
    let draw = Arc::new(AtomicUsize::new(0));
    let drawn = Arc::clone(&draw);
    let server = ModelServer::start(move |_, _| {
        Reply::says(&format!("bug, draw {}", drawn.load(Ordering::SeqCst)))
    });
    // Without a flip, 60 rows show ±2.7 points at 5 %, and ±3.2 at 2.5 %.
    let sandbox = asking(&server, "local/small", 60, "margin = 0.03\n");
    sandbox.commit("Compare with what is live");
    sandbox.promotes("staging");
    sandbox.edit(PROMPT, "Answer with the queue", "Say the queue");
    let gate = |args: &[&str]| sandbox.pointsman(&[&["eval", "--gate", "staging"], args].concat());
    gate(&[]).succeeds();
    gate(&[]).succeeds().says("(-2.7 to +2.7)");
    draw.store(1, Ordering::SeqCst);
    gate(&["--no-cache"])
        .exits(3)
        .says("(-3.2 to +3.2)")
        .says("inconclusive");
}

#[test]
fn two_evaluators_share_the_level_of_failing() {
    let server = says_bug();
    // Four rows of sixty: alone that fails (p = 0.036), as one of two it does not reach 0.025.
    let worse = |advisory: bool| {
        let sandbox = asking(&server, "echo/echo", 60, "margin = 0.05\n");
        if advisory {
            let path = "evaluators/queue-matches.yml";
            sandbox.edit(path, "blocking: true", "blocking: false");
        }
        sandbox.commit("Compare with what is live");
        sandbox.promotes("staging");
        let apology = "{% if ticket[-3:] in ('11.', '21.', '31.', '41.') %} sorry{% endif %}";
        sandbox.edit(
            PROMPT,
            "{{ ticket }}",
            &format!("{{{{ ticket }}}}{apology}"),
        );
        sandbox.commit("Apologise to four");
        promote(&sandbox)
    };
    worse(true)
        .exits(1)
        .tells("`no-apology` went from 100.0% to 93.3%");
    worse(false)
        .exits(3)
        .tells("`no-apology` went from 100.0% to 93.3%");
}
