//! Model servers that fail: what is tried again, what is not, and what is never shown.

use super::{KEY, asking, asking_at, eval, files_below, finds_the_queue, runs};
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

/// A server whose first replies are faults; then it answers rightly.
fn recovers_after(faults: Vec<Reply>) -> ModelServer {
    ModelServer::start(move |number, call| match faults.get(number) {
        Some(fault) => fault.clone(),
        None => Reply::says(call.last_message().split(':').next().unwrap_or_default()),
    })
}

#[test]
fn faults_that_may_pass_are_tried_again() {
    for fault in [
        Reply::fails(429, "slow down").with_header("retry-after", "0"),
        Reply::fails(500, "oops"),
        Reply::fails(503, "later").with_header("retry-after", "Mon, 02 Mar 2026 09:00:00 GMT"),
        Reply::fails(408, "too slow"),
        Reply::says("billing").broken_off(),
    ] {
        let server = recovers_after(vec![fault.clone()]);
        let sandbox = asking(&server);
        eval(&sandbox, &[]).succeeds();
        assert_eq!(server.calls().len(), 4, "{fault:?}");
    }
}

#[test]
fn the_server_says_how_long_to_wait() {
    let server = recovers_after(vec![
        Reply::fails(429, "slow down").with_header("retry-after", "1"),
    ]);
    let sandbox = asking(&server);
    let started = std::time::Instant::now();
    eval(&sandbox, &[]).succeeds();
    assert!(started.elapsed().as_millis() >= 1_000);
}

#[test]
fn faults_that_do_not_pass_are_no_verdict_and_are_not_tried_again() {
    for (fault, said) in [
        (
            Reply::fails(400, "no such model"),
            "status 400: no such model",
        ),
        (Reply::fails(401, "bad key"), "status 401: bad key"),
        (Reply::raw(200, "<html>"), "not a chat completion"),
        (Reply::raw(200, "{\"choices\": []}"), "holds no choice"),
        (Reply::says(""), "empty (finish reason: stop)"),
        (
            Reply::raw(302, "").with_header("location", "http://127.0.0.1:9/v1/chat/completions"),
            "status 302",
        ),
    ] {
        let server = ModelServer::start(move |_, _| fault.clone());
        let sandbox = asking(&server);
        let output = eval(&sandbox, &[]);
        output
            .exits(9)
            .says(said)
            .says("no verdict")
            .tells("3 case(s) have no answer")
            .tells("pointsman eval --resume");
        assert_eq!(server.calls().len(), 3);
    }
}

#[test]
fn a_server_that_fails_for_good_is_tried_as_often_as_the_settings_say() {
    let server =
        ModelServer::start(|_, _| Reply::fails(500, "oops").with_header("retry-after", "0"));
    let sandbox = asking(&server);
    eval(&sandbox, &[]).exits(9).says("(tried 2 time(s))");
    assert_eq!(server.calls().len(), 6);
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let server = ModelServer::start(|_, _| Reply::says("billing").after_ms(3_000));
    let sandbox = asking_at(&server.base_url(), "timeout = \"1s\"");
    sandbox.edit("pointsman.toml", "max_attempts = 2", "max_attempts = 1");
    eval(&sandbox, &[]).exits(9).says("no answer within 1 s");
}

#[test]
fn a_provider_that_is_down_is_no_verdict_and_what_is_left_can_be_asked_later() {
    let server = finds_the_queue();
    let base_url = server.base_url();
    drop(server);
    let sandbox = asking_at(&base_url, "");
    let output = eval(&sandbox, &[]);
    output
        .exits(9)
        .says("cannot connect")
        .tells("that is no verdict on the prompts")
        .tells("when the provider answers again, go on with `pointsman eval --resume`");
}

#[test]
fn a_connection_that_is_closed_at_once_is_no_verdict() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("the listener is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream);
        }
    });
    let sandbox = asking_at(&format!("http://{address}/v1"), "");
    eval(&sandbox, &[])
        .exits(9)
        .tells("3 case(s) have no answer");
}

#[test]
fn a_missing_key_is_an_error_before_any_call() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    let output = sandbox.pointsman(&["eval"]);
    output
        .exits(2)
        .tells("needs a key in the environment variable `MODEL_KEY`")
        .has_no_result();
    assert_eq!(server.calls().len(), 0);
    assert_eq!(runs(&sandbox).len(), 0);
}

#[test]
fn a_key_that_cannot_be_sent_is_not_shown() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    let key = format!("{KEY}\n");
    let output = sandbox.command(&["eval"]).env("MODEL_KEY", &key).run();
    output
        .exits(2)
        .tells("the key in `MODEL_KEY` cannot be sent");
    assert!(
        !output.transcript().contains(KEY),
        "{}",
        output.transcript()
    );
}

#[test]
fn an_undeclared_provider_is_named_with_what_may_have_been_meant() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    sandbox.edit("prompts/triage.prompt.yml", "local/small", "locl/small");
    eval(&sandbox, &[])
        .exits(2)
        .tells("locl")
        .tells("did you mean `local`?");
}

#[test]
fn a_key_that_a_server_sends_back_shows_up_nowhere() {
    for status in [200, 400] {
        let server = ModelServer::start(move |_, call| {
            let said = format!("billing {}", call.authorization.clone().unwrap_or_default());
            match status {
                200 => Reply::says(&said),
                _ => Reply::fails(status, &said),
            }
        });
        let sandbox = asking(&server);
        for args in [&["--json"][..], &[][..]] {
            let output = eval(&sandbox, args);
            assert!(
                !output.transcript().contains(KEY),
                "{}",
                output.transcript()
            );
            assert!(
                output.stdout.contains("[key removed]"),
                "{}",
                output.transcript()
            );
        }
        assert_holds_no_key(&sandbox);
    }
}

fn assert_holds_no_key(sandbox: &Sandbox) {
    let files = files_below(&sandbox.path().join(".git/pointsman"));
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).expect("the store is ours");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(KEY), "{}", file.display());
    }
}
