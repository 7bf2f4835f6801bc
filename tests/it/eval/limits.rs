//! Evaluations that may take only so much: time, calls, money.

use super::{asking, eval, finds_the_queue, runs};
use crate::support::model_server::{ModelServer, Reply};

#[test]
fn a_limit_of_calls_ends_a_run_that_can_be_gone_on_with() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    eval(&sandbox, &["--max-calls", "2"])
        .exits(5)
        .tells("the limit of calls was reached; what was finished is kept")
        .tells("pointsman eval --resume")
        .says("2 of 3 cases");
    assert_eq!(server.calls().len(), 2);
    eval(&sandbox, &["--resume"])
        .succeeds()
        .says("3 of 3 cases");
    assert_eq!((server.calls().len(), runs(&sandbox).len()), (3, 1));
}

#[test]
fn a_limit_that_is_not_reached_changes_nothing() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    let limits = ["--max-calls", "3", "--max-cost", "1", "--deadline", "1h"];
    eval(&sandbox, &limits).succeeds();
}

#[test]
fn answers_that_are_known_count_for_nothing() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    eval(&sandbox, &[]).succeeds();
    eval(&sandbox, &["--max-calls", "0", "--max-cost", "0.01"]).succeeds();
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn a_limit_of_money_ends_a_run() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    sandbox.edit("pointsman.toml", "concurrency = 2", "concurrency = 1");
    // One answer costs 10 × 1 + 5 × 10 millionths of a dollar.
    eval(&sandbox, &["--max-cost", "0.0001"])
        .exits(5)
        .tells("the cost limit was reached");
    assert_eq!(server.calls().len(), 2);
}

#[test]
fn a_limit_of_money_needs_a_price() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    sandbox.edit("pointsman.toml", "local/small", "local/large");
    eval(&sandbox, &["--max-cost", "1"])
        .exits(2)
        .tells("the price of `local/small` is not known")
        .has_no_result();
    assert_eq!(server.calls().len(), 0);
    eval(&sandbox, &[]).succeeds().says("cost not known");
}

#[test]
fn an_answer_without_a_cost_ends_a_run_that_counts_money() {
    let server = ModelServer::start(|_, _| {
        Reply::raw(200, r#"{"choices": [{"message": {"content": "billing"}}]}"#)
    });
    let sandbox = asking(&server);
    sandbox.edit("pointsman.toml", "concurrency = 2", "concurrency = 1");
    eval(&sandbox, &["--max-cost", "1"])
        .exits(5)
        .tells("the cost limit cannot be kept");
    assert_eq!(server.calls().len(), 1);
}

#[test]
fn the_time_limit_holds_even_for_calls_in_flight() {
    let server = ModelServer::start(|number, call| {
        let reply = Reply::says(call.last_message().split(':').next().unwrap_or_default());
        match number {
            0 => reply,
            _ => reply.after_ms(30_000),
        }
    });
    let sandbox = asking(&server);
    sandbox.edit("pointsman.toml", "concurrency = 2", "concurrency = 1");
    let started = std::time::Instant::now();
    eval(&sandbox, &["--deadline", "1s"])
        .exits(5)
        .tells("the time limit was reached")
        .says("1 of 3 cases");
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn amounts_that_mean_nothing_are_refused() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    for args in [
        ["--max-cost", "NaN"],
        ["--max-cost", "-1"],
        ["--deadline", "soon"],
    ] {
        eval(&sandbox, &args).exits(2);
    }
    assert_eq!(server.calls().len(), 0);
}
