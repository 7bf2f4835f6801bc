//! `pointsman webhook`, and what moves of lanes tell their receivers.

mod crash;
mod receivers;

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::model_server::{Call, ModelServer, Reply};
use crate::support::run::{Run, RunOutput};

/// Base64 of 24 bytes: the secret of the specification's example.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NEXT_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

/// A lane `staging` with one webhook, and the receiver that it names.
struct World {
    sandbox: Sandbox,
    receiver: ModelServer,
}

impl World {
    /// A receiver that answers by script: the number of the call, from 0, to a reply.
    fn new(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let policy = "order = 1\n[[webhook]]\nurl_env = \"HOOK\"\nsecret_env = \"HOOK_SECRET\"\n";
        Self::with_policy(policy, script)
    }

    fn with_policy(policy: &str, script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let sandbox = Sandbox::without_gates();
        sandbox.write("environments/staging.toml", policy);
        sandbox.commit("Tell the others");
        let receiver = ModelServer::start(move |number, _| script(number));
        Self { sandbox, receiver }
    }

    /// A call of pointsman where the receiver and its secrets are known.
    fn command(&self, args: &[&str]) -> Run {
        self.command_in(&self.sandbox, args)
    }

    fn command_in(&self, sandbox: &Sandbox, args: &[&str]) -> Run {
        let origin = self.receiver.origin();
        let host = origin.trim_start_matches("http://");
        sandbox
            .command(args)
            .env("HOOK", &format!("{origin}/canary-path?key=canary-query"))
            .env("HOOK_SECRET", SECRET)
            .env("HOOK_TOKEN", "canary-token")
            .env("POINTSMAN_WEBHOOK_HOSTS", host)
    }

    fn run(&self, args: &[&str]) -> RunOutput {
        self.command(args).run()
    }

    #[track_caller]
    fn promotes(&self) -> RunOutput {
        self.sandbox.reword(&self.sandbox.now().to_string());
        let run = self.run(&["promote", "staging", "--yes"]);
        run.succeeds();
        run
    }

    fn deliver(&self) -> RunOutput {
        self.run(&["webhook", "deliver"])
    }

    fn calls(&self) -> Vec<Call> {
        self.receiver.calls()
    }

    /// The messages that are kept, as the machine reads them.
    fn deliveries(&self) -> Vec<Value> {
        let shown = self.run(&["webhook", "deliveries", "--json"]).json();
        shown["deliveries"].as_array().expect("a list").clone()
    }
}

fn ok() -> Reply {
    Reply::raw(204, "")
}

/// What a receiver pastes into `webhook verify`.
fn as_received(call: &Call) -> String {
    let mut headers = String::new();
    for (name, value) in &call.headers {
        headers.push_str(name);
        headers.push_str(": ");
        headers.push_str(value);
        headers.push_str("\r\n");
    }
    format!("{headers}\r\n{}", call.text)
}

#[test]
fn a_move_is_told_in_a_message_that_its_receiver_can_check() {
    let world = World::new(|_| ok());
    world.promotes();
    let [call] = world.calls().try_into().expect("one receiver, one call");
    let record = world.sandbox.tip("staging");
    assert_eq!(call.headers["webhook-id"], format!("msg_{record}"));
    assert_eq!(call.headers["content-type"], "application/json");
    assert_eq!(call.path, "/canary-path?key=canary-query");
    assert_eq!(call.body["type"], "lane.promote");
    assert_eq!(call.body["data"]["record"], record.as_str());
    assert_eq!(call.body["data"]["sequence"], 1);

    let verify = ["webhook", "verify", "--secret-env", "HOOK_SECRET"];
    let message = as_received(&call);
    let run = world.command(&verify).stdin(&message).run();
    run.succeeds().says("the signature is right");
    let run = world.command(&verify).stdin(&format!("{message}\n")).run();
    run.succeeds();
    let forged = message.replace("lane.promote", "lane.rollback");
    let run = world.command(&verify).stdin(&forged).run();
    run.exits(1).says("no signature fits");
    world.sandbox.wait_seconds(600);
    let run = world.command(&[&verify[..], &["--json"]].concat());
    let old = run.stdin(&message).run();
    assert_eq!(old.exits(1).json()["valid"], false);
    assert!(old.stdout.contains("s ago"), "{}", old.stdout);
}

#[test]
fn promotions_rollbacks_holds_and_their_release_are_told() {
    let world = World::new(|_| ok());
    world.promotes();
    world.promotes();
    let why = ["--yes", "--reason", "worse"];
    let rollback = [&["rollback", "staging"][..], &why].concat();
    world.run(&rollback).succeeds();
    let unhold = [&["lanes", "unhold", "staging"][..], &why].concat();
    world.run(&unhold).succeeds();
    let hold = [&["lanes", "hold", "staging"][..], &why].concat();
    world.run(&hold).succeeds();
    let told: Vec<String> = world
        .calls()
        .iter()
        .map(|call| format!("{} {}", call.body["type"], call.body["data"]["sequence"]))
        .collect();
    assert_eq!(
        told,
        [
            "\"lane.promote\" 1",
            "\"lane.promote\" 2",
            "\"lane.rollback\" 3",
            "\"lane.unhold\" 4",
            "\"lane.hold\" 5"
        ]
    );
    world.run(&["promote", "staging", "--dry-run"]).succeeds();
    let late = ["promote", "staging", "--yes", "--expect", "0000000"];
    world.run(&late).exits(8);
    assert_eq!(world.calls().len(), 5, "what moves nothing tells nothing");
}

#[test]
fn a_receiver_that_fails_holds_nothing_up_and_is_told_later_under_the_same_id() {
    let world = World::new(|number| match number {
        0 => Reply::raw(500, "canary-answer"),
        _ => ok(),
    });
    let run = world.promotes();
    run.says("lane staging is at #1")
        .tells("webhook HOOK (http://127.0.0.1:")
        .tells("the receiver refused it with status 500")
        .tells("tries again from 2026-03-02 09:04:05Z on");
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    world.deliver().succeeds().says("told HOOK");
    let calls = world.calls();
    assert_eq!(calls.len(), 2);
    let [first, second] = [0, 1].map(|index| &calls[index]);
    assert_eq!(first.headers["webhook-id"], second.headers["webhook-id"]);
    assert_ne!(
        first.headers["webhook-timestamp"],
        second.headers["webhook-timestamp"]
    );
    assert_eq!(first.text, second.text);
    world.deliver().succeeds().tells("nothing is due");
}

#[test]
fn the_next_move_sends_what_is_due() {
    let world = World::new(|number| match number {
        0 => Reply::raw(500, ""),
        _ => ok(),
    });
    world.promotes();
    world.promotes();
    let sequences: Vec<_> = world
        .calls()
        .iter()
        .map(|call| call.body["data"]["sequence"].to_string())
        .collect();
    assert_eq!(sequences, ["1", "1", "2"]);
}

#[test]
fn the_log_of_deliveries_says_what_was_tried() {
    let world = World::new(|number| match number {
        0 => Reply::raw(404, ""),
        _ => ok(),
    });
    world.promotes();
    let run = world.run(&["webhook", "deliveries"]);
    run.succeeds()
        .says("staging  #1   lane.promote  HOOK  1      from 2026-03-02 09:04:05Z")
        .says("status 404");
    let [delivery] = world.deliveries().try_into().expect("one message");
    assert_eq!(delivery["state"], "waiting");
    assert_eq!(delivery["attempts"][0]["status"], 404);
    let other = ["webhook", "deliveries", "--lane", "production"];
    world.run(&other).succeeds().tells("no messages");
}

#[test]
fn a_message_can_be_sent_again() {
    let world = World::new(|_| ok());
    world.promotes();
    let id = format!("msg_{}", world.sandbox.tip("staging"));
    let run = world.run(&["webhook", "redeliver", &id[..14], "--to", "HOOK"]);
    run.succeeds().says("told HOOK");
    let ids: Vec<_> = world
        .calls()
        .iter()
        .map(|call| call.headers["webhook-id"].clone())
        .collect();
    assert_eq!(ids, [id.clone(), id]);
    for unknown in [
        &["webhook", "redeliver", "msg_00000000"][..],
        &["webhook", "redeliver", "msg_"],
        &["webhook", "redeliver", "msg_00000000", "--to", "OTHER"],
    ] {
        world
            .run(unknown)
            .exits(2)
            .tells("there is no such message");
    }
}

#[test]
fn a_test_tells_every_receiver_of_the_lane_and_says_who_did_not_take_it() {
    let world = World::new(|number| match number {
        0 => ok(),
        _ => Reply::raw(500, ""),
    });
    let run = world.run(&["webhook", "test", "staging"]);
    run.succeeds().says("told HOOK");
    assert_eq!(world.calls()[0].body["type"], "webhook.test");
    let run = world.run(&["webhook", "test", "staging", "--json"]);
    assert_eq!(run.exits(9).json()["deliveries"][0]["state"], "given-up");
    world.deliver().succeeds().tells("nothing is due");
    let run = world.run(&["webhook", "test", "production"]);
    run.exits(2).tells("has no webhooks").tells("[[webhook]]");
}

#[test]
fn no_address_secret_or_answer_is_written_or_shown() {
    let world = World::new(|_| Reply::raw(500, "canary-answer").with_header("location", "canary"));
    let mut shown = world.promotes().transcript();
    for args in [
        &["webhook", "deliveries"][..],
        &["webhook", "deliveries", "--json"],
        &["webhook", "deliver", "--json"],
        &["webhook", "test", "staging"],
    ] {
        shown.push_str(&world.run(args).transcript());
    }
    let folder = world.sandbox.path().join(".git/pointsman");
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("it was written").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => shown.push_str(&std::fs::read_to_string(path).expect("JSON")),
            }
        }
    }
    assert!(shown.contains("HOOK_SECRET"), "the outbox was read");
    for secret in ["canary", &SECRET["whsec_".len()..]] {
        assert!(!shown.contains(secret), "`{secret}` is in\n{shown}");
    }
}
