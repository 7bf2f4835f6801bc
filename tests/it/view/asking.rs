//! How `view` answers: whom, with which headers, and what it says where there is nothing to show.

use std::fs;

use crate::support::Sandbox;
use crate::support::http::{ask, get};
use crate::support::two_releases::Production;
use crate::support::viewing::{Viewing, decoded};

#[test]
fn a_script_is_told_where_to_look_and_a_signal_ends_it() {
    let sandbox = Sandbox::with_workspace();
    let mut running = sandbox.command(&["view", "--json"]).start();
    let mut text = running.first_line();
    while !text.ends_with('}') {
        text.push_str(&running.first_line());
    }
    let told: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(told["schema"], "pointsman/view/v1");
    let origin = told["url"].as_str().expect("an address").to_owned();
    assert_eq!(get(&origin, "/", &[]).status, 200);
    let viewing = Viewing::start(&sandbox);
    viewing.stop("-TERM").succeeds().tells("stopped");
    let process = running.process_id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &process])
        .status();
    assert!(sent.expect("the system can send signals").success());
    running.wait().succeeds();
}

#[test]
fn a_port_that_is_taken_is_told() {
    let sandbox = Sandbox::with_workspace();
    let viewing = Viewing::start(&sandbox);
    let port = viewing
        .origin
        .rsplit_once(':')
        .expect("an address has a port")
        .1;
    sandbox
        .pointsman(&["view", "--port", port])
        .exits(2)
        .has_no_result()
        .tells("cannot listen at 127.0.0.1:")
        .tells("--port");
    viewing.stop("-TERM").succeeds();
}

#[test]
fn every_answer_forbids_what_a_page_has_no_use_for() {
    let sandbox = Sandbox::without_gates();
    let viewing = Viewing::start(&sandbox);
    for path in ["/", "/style.css", "/icon.svg", "/nowhere"] {
        let answer = viewing.get(path);
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                 frame-ancestors 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], value, "{name} of {path}");
        }
    }
    assert_eq!(
        viewing.get("/style.css").headers["content-type"],
        "text/css; charset=utf-8"
    );
    assert_eq!(
        viewing.get("/icon.svg").headers["content-type"],
        "image/svg+xml"
    );
    viewing.stop("-TERM").succeeds();
}

#[test]
fn only_this_machine_is_answered_and_only_where_it_reads() {
    let sandbox = Sandbox::without_gates();
    let viewing = Viewing::start(&sandbox);
    let origin = viewing.origin.as_str();
    let stranger = get(origin, "/", &[("Host", "evil.example")]);
    assert_eq!(stranger.status, 403);
    assert!(!stranger.body.contains("staging"), "{}", stranger.body);
    for method in ["POST", "PUT", "DELETE"] {
        let answer = ask(method, origin, "/", &[], b"");
        assert_eq!(
            (answer.status, answer.headers["allow"].as_str()),
            (405, "GET,HEAD")
        );
    }
    let head = ask("HEAD", origin, "/", &[], b"");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(viewing.get("/traces/%ff").status, 400);
    viewing.stop("-TERM").succeeds();
}

#[test]
fn what_is_not_there_is_not_found_and_the_nearest_is_named() {
    let production = Production::calm();
    let viewing = Viewing::start(&production.sandbox);
    for (path, told) in [
        ("/nowhere", "there is no page at this address"),
        ("/lanes/productions", "did you mean `production`?"),
        ("/lanes/a%2Fb", "Not found"),
        ("/lanes/production/99", "has no record `99`"),
        ("/lanes/production/1/x", "there is no page at this address"),
        ("/diff?old=production&new=stagin", "did you mean `staging`?"),
        ("/runs/20260302", "there are no runs"),
        ("/traces/zzz", "no trace or span begins with `zzz`"),
        ("/behaviors/none", "no behavior"),
        ("/incidents/none", "Not found"),
    ] {
        let answer = viewing.get(path);
        let text = decoded(&answer.body);
        assert_eq!(answer.status, 404, "{path}: {text}");
        assert!(text.contains(told), "{path}: {told} in {text}");
        assert!(text.contains("href=\"/lanes\""), "{path} leads on");
    }
    viewing.stop("-TERM").succeeds();
}

#[test]
fn a_question_that_a_command_refuses_is_refused_in_the_same_words() {
    let production = Production::calm();
    let viewing = Viewing::start(&production.sandbox);
    for (path, told) in [
        ("/traces?where=statuss+%3D+error", "did you mean `status`?"),
        ("/traces?where=statuss+%3D+error", "--where:1:1"),
        ("/traces?where=duration+%3E+banana", "banana"),
        ("/traces?since=never", "`never` is not a time"),
        ("/traces?since=24h&window=24h", "cannot be used with"),
        (
            "/traces?around=productions%231",
            "did you mean `production`?",
        ),
        ("/traces?sort=-durations", "did you mean `duration`?"),
        ("/traces?where2=x", "did you mean `where`?"),
        ("/traces?from=one", "`from` is a number"),
        ("/monitor?metric=latenci", "did you mean `latency`?"),
        ("/monitor?bucket=0s", "at least `1s` long"),
        ("/behaviors?state=newe", "did you mean `new`?"),
        ("/runs/compare", "two runs are compared"),
        ("/lanes?x=1", "this page knows no `x`"),
    ] {
        let answer = viewing.get(path);
        let text = decoded(&answer.body);
        assert_eq!(answer.status, 400, "{path}: {text}");
        assert!(text.contains(told), "{path}: {told} in {text}");
    }
    viewing.stop("-TERM").succeeds();
}

#[test]
fn no_address_makes_it_write() {
    let production = Production::calm();
    let viewing = Viewing::start(&production.sandbox);
    let before = production.sandbox.git(&["status", "--porcelain"]);
    for path in [
        "/traces?save=mine",
        "/monitor?output=page.html",
        "/monitor?o=page.html",
    ] {
        let answer = viewing.get(path);
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.body.contains("this page knows no"),
            "{}",
            answer.body
        );
    }
    viewing.walk();
    assert_eq!(production.sandbox.git(&["status", "--porcelain"]), before);
    viewing.stop("-TERM").succeeds();
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other_page() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.write("operations/incidents/2026-03-02-broken.md", "no settings\n");
    let viewing = Viewing::start(&sandbox);
    let broken = viewing.get("/incidents/2026-03-02-broken");
    assert_eq!(broken.status, 500, "{}", broken.body);
    assert!(broken.body.contains("settings"), "{}", broken.body);
    let overview = decoded(&viewing.page("/"));
    assert!(overview.contains("pointsman check"), "{overview}");
    assert!(viewing.page("/lanes/staging").contains("#1"));
    fs::remove_file(sandbox.path().join("pointsman.toml")).expect("it is there");
    let gone = viewing.get("/lanes");
    assert_eq!(gone.status, 500);
    assert!(
        decoded(&gone.body).contains("`pointsman.toml`"),
        "{}",
        gone.body
    );
    viewing.stop("-TERM").succeeds();
}
