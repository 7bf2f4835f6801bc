//! Evaluations that are cut off, and go on.

use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{KEY, asking, eval, runs};
use crate::support::model_server::{ModelServer, Reply};

/// A server that refuses tickets about bugs until it is told otherwise.
fn refuses_bugs() -> (ModelServer, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&well);
    let server = ModelServer::start(move |_, call| {
        let ticket = call.last_message();
        if ticket.starts_with("bug") && !told.load(Ordering::SeqCst) {
            return Reply::fails(400, "not now");
        }
        Reply::says(ticket.split(':').next().unwrap_or_default())
    });
    (server, well)
}

#[test]
fn a_resumed_run_asks_only_for_what_has_no_answer() {
    let (server, well) = refuses_bugs();
    let sandbox = asking(&server);
    eval(&sandbox, &["--no-cache"]).exits(9);
    well.store(true, Ordering::SeqCst);
    let output = eval(&sandbox, &["--no-cache", "--resume"]);
    output
        .succeeds()
        .tells("2 of 3 cases are done")
        .says("3 of 3 cases");
    assert_eq!(server.calls().len(), 4);
    assert_eq!(runs(&sandbox).len(), 1);
    eval(&sandbox, &["--resume"])
        .exits(2)
        .tells("there is no unfinished run");
}

#[test]
fn a_result_that_stands_in_the_store_twice_counts_once() {
    let (server, well) = refuses_bugs();
    let sandbox = asking(&server);
    eval(&sandbox, &["--no-cache"]).exits(9);
    well.store(true, Ordering::SeqCst);
    let cases = runs(&sandbox)[0].join("cases.jsonl");
    let text = std::fs::read_to_string(&cases).expect("the run was kept");
    std::fs::write(&cases, text.repeat(2)).expect("the store is ours");
    let output = eval(&sandbox, &["--no-cache", "--resume"]);
    output
        .succeeds()
        .tells("2 of 3 cases are done")
        .says("3 of 3 cases");
}

#[test]
fn a_line_that_a_crash_left_half_written_is_asked_for_again() {
    let (server, well) = refuses_bugs();
    let sandbox = asking(&server);
    eval(&sandbox, &["--no-cache"]).exits(9);
    well.store(true, Ordering::SeqCst);
    let cases = runs(&sandbox)[0].join("cases.jsonl");
    let text = std::fs::read_to_string(&cases).expect("the run was kept");
    let (kept, last) = text
        .trim_end()
        .rsplit_once('\n')
        .expect("there are three lines");
    let mut file = std::fs::File::create(&cases).expect("the store is ours");
    write!(file, "{kept}\n{}", &last[..last.len() / 2]).expect("the store is ours");
    drop(file);
    eval(&sandbox, &["--no-cache", "--resume"])
        .succeeds()
        .says("3 of 3 cases");
    let text = std::fs::read_to_string(&cases).expect("the run was kept");
    assert!(
        text.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{text}"
    );
}

#[test]
fn a_run_of_something_else_is_not_gone_on_with() {
    let (server, _) = refuses_bugs();
    let sandbox = asking(&server);
    eval(&sandbox, &[]).exits(9);
    let run = runs(&sandbox)[0].clone();
    let name = run
        .file_name()
        .and_then(|name| name.to_str())
        .expect("runs have plain names");
    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "bug: my app");
    eval(&sandbox, &["--resume"])
        .exits(2)
        .tells("there is no unfinished run");
    eval(&sandbox, &[&format!("--resume={name}")])
        .exits(4)
        .tells("tested something else");
    eval(&sandbox, &["--resume=20260101T000000000Z-00000000"])
        .exits(2)
        .tells("there is no run");
    eval(&sandbox, &["--resume=../../x"])
        .exits(2)
        .tells("is not the name of a run");
}

#[test]
fn an_interrupt_keeps_what_was_finished_and_says_how_to_go_on() {
    keeps_what_was_finished("-INT");
}

#[test]
fn whoever_ends_it_from_outside_has_what_was_finished_kept_too() {
    keeps_what_was_finished("-TERM");
}

fn keeps_what_was_finished(signal: &str) {
    let server = ModelServer::start(|_, call| {
        let queue = call
            .last_message()
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        Reply::says(&queue).after_ms(400)
    });
    let sandbox = asking(&server);
    sandbox.edit("pointsman.toml", "concurrency = 2", "concurrency = 1");
    let running = sandbox.command(&["eval"]).env("MODEL_KEY", KEY).start();
    while server.calls().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill")
        .args([signal, &running.process_id().to_string()])
        .status();
    assert!(sent.expect("the system can send signals").success());
    let output = running.wait();
    output
        .exits(130)
        .tells("of 3 case(s) are finished and kept")
        .tells("pointsman eval --resume");
    let before = server.calls().len();
    assert!(before < 3, "the run went on after the interrupt");
    eval(&sandbox, &["--resume"])
        .succeeds()
        .says("3 of 3 cases");
    assert_eq!(server.calls().len(), 3, "nothing was paid for twice");
}

#[test]
fn a_gate_relies_on_a_finished_run_of_the_same_bytes_and_on_no_other() {
    let server = super::finds_the_queue();
    let sandbox = asking(&server);
    sandbox.commit("Ask a server");
    eval(&sandbox, &["--no-cache"]).succeeds();
    drop(server);
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds();

    sandbox.edit("datasets/tickets.jsonl", "bug: the app", "bug: my app");
    sandbox.commit("Change a row");
    let output = sandbox.command(&["promote", "staging", "--yes"]);
    output
        .env("MODEL_KEY", KEY)
        .run()
        .exits(9)
        .tells("run the command again");
}
