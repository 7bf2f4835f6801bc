//! Receivers that are gone, busy, slow, elsewhere, several, or not to be called.

use std::net::TcpListener;

use super::{NEXT_SECRET, SECRET, World, ok};
use crate::support::model_server::Reply;

#[test]
fn a_receiver_that_is_gone_is_left_alone_until_it_takes_a_test() {
    let world = World::new(|number| match number {
        0 => Reply::raw(410, ""),
        _ => ok(),
    });
    world
        .promotes()
        .tells("wants no more messages")
        .tells("`pointsman webhook test staging`");
    let run = world.promotes();
    run.tells("has wanted no more messages since 2026-03-02T09:04:00Z");
    world.deliver().exits(9);
    assert_eq!(world.calls().len(), 1);
    world.run(&["webhook", "test", "staging"]).succeeds();
    world.deliver().succeeds();
    let told: Vec<_> = world.calls()[2..]
        .iter()
        .map(|call| call.body["data"]["sequence"].to_string())
        .collect();
    assert_eq!(told, ["1", "2"], "what waited goes out");
}

#[test]
fn a_receiver_that_asks_to_wait_is_waited_for() {
    let world = World::new(|number| match number {
        0 => Reply::raw(429, "").with_header("retry-after", "3600"),
        _ => ok(),
    });
    world.promotes().tells("has too much to do (status 429)");
    world
        .promotes()
        .tells("asked to wait until 2026-03-02T10:04:00Z");
    assert_eq!(world.calls().len(), 1);
    world.sandbox.wait_seconds(3600);
    world.deliver().succeeds();
    assert_eq!(world.calls().len(), 3);
}

#[test]
fn a_redirect_is_a_failure_and_is_not_followed() {
    let target = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    target
        .set_nonblocking(true)
        .expect("a listener can be asked");
    let there = target.local_addr().expect("the listener is bound");
    let location = format!("http://{there}/");
    let world = World::new(move |_| Reply::raw(302, "").with_header("location", &location));
    world.promotes().tells("status 302), which is not followed");
    assert!(target.accept().is_err(), "nobody came");
}

#[test]
fn a_receiver_that_does_not_answer_does_not_hold_up_a_move() {
    let world = World::new(|_| ok().after_ms(60_000));
    world.promotes().tells("no answer within");
}

#[test]
fn an_answer_is_not_read() {
    let world = World::new(|_| Reply::raw(200, "{}").padded_mib(4_096));
    let run = world.promotes();
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    assert_eq!(world.deliveries()[0]["state"], "delivered");
}

#[test]
fn a_receiver_that_breaks_off_or_is_not_there_is_told_later() {
    let world = World::new(|_| ok());
    let nobody = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = nobody
        .local_addr()
        .expect("the listener is bound")
        .to_string();
    drop(nobody);
    world.sandbox.reword("something else");
    let run = world
        .command(&["promote", "staging", "--yes"])
        .env("HOOK", &format!("http://{address}/"))
        .env("POINTSMAN_WEBHOOK_HOSTS", &address)
        .run();
    run.succeeds().tells("cannot connect");
    world.deliver().succeeds().says("told HOOK");
}

#[test]
fn while_secrets_rotate_a_message_carries_a_signature_for_each() {
    let policy =
        "[[webhook]]\nurl_env = \"HOOK\"\nsecret_env = [\"NEXT_SECRET\", \"HOOK_SECRET\"]\n";
    let world = World::with_policy(policy, |_| ok());
    let promote = ["promote", "staging", "--yes"];
    let run = world
        .command(&promote)
        .env("NEXT_SECRET", NEXT_SECRET)
        .run();
    run.succeeds();
    let call = &world.calls()[0];
    assert_eq!(call.headers["webhook-signature"].split(' ').count(), 2);
    for secret in [SECRET, NEXT_SECRET] {
        let run = world
            .command(&["webhook", "verify", "--secret-env", "IT"])
            .env("IT", secret);
        run.stdin(&super::as_received(call)).run().succeeds();
    }
    world.promotes();
    let call = &world.calls()[1];
    assert_eq!(
        call.headers["webhook-signature"].split(' ').count(),
        1,
        "one is set"
    );
}

#[test]
fn what_is_not_set_here_waits_until_it_is() {
    let world = World::new(|_| ok());
    let promote = ["promote", "staging", "--yes"];
    let run = world.sandbox.pointsman(&promote);
    run.succeeds().tells("the variable `HOOK` is not set here");
    let run = world
        .command(&["webhook", "deliver"])
        .env("HOOK_SECRET", "")
        .run();
    run.exits(9)
        .tells("no signing secret is set here: `HOOK_SECRET`");
    let run = world
        .command(&["webhook", "deliver"])
        .env("HOOK_SECRET", "canary")
        .run();
    run.exits(9)
        .tells("the variable `HOOK_SECRET` cannot be used");
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    world.deliver().succeeds();
    assert_eq!(world.calls().len(), 1);
}

#[test]
fn a_receiver_on_a_private_network_is_called_only_where_the_user_allows_it() {
    let world = World::new(|_| ok());
    let closed = |hook: &str| {
        world.sandbox.reword(&world.sandbox.now().to_string());
        let run = world
            .command(&["promote", "staging", "--yes"])
            .env("POINTSMAN_WEBHOOK_HOSTS", "")
            .env("HOOK", hook);
        run.run()
    };
    let origin = world.receiver.origin();
    closed(&origin).succeeds().tells("is not https");
    let https = origin.replace("http:", "https:");
    closed(&https)
        .succeeds()
        .tells("is on a private network, and nobody allowed it");
    let named = https.replace("127.0.0.1", "localhost");
    closed(&named).succeeds().tells("is on a private network");
    closed("https://169.254.169.254/latest/")
        .succeeds()
        .tells("is a special address");
    closed("canary:secret")
        .succeeds()
        .tells("is not an `https` address");
    assert_eq!(world.calls().len(), 0);
    let run = world.command(&["webhook", "deliver"]);
    let run = run.env("POINTSMAN_WEBHOOK_HOSTS", "http://x/").run();
    run.exits(2).tells("`POINTSMAN_WEBHOOK_HOSTS` is wrong");
}

#[test]
fn github_is_asked_to_dispatch_with_a_token() {
    let policy =
        "[[webhook]]\nformat = \"github\"\nurl_env = \"HOOK\"\ntoken_env = \"HOOK_TOKEN\"\n";
    let world = World::with_policy(policy, |_| ok());
    world.promotes();
    let call = &world.calls()[0];
    assert_eq!(call.authorization.as_deref(), Some("Bearer canary-token"));
    assert_eq!(call.headers["accept"], "application/vnd.github+json");
    assert_eq!(call.headers["x-github-api-version"], "2022-11-28");
    assert!(!call.headers.contains_key("webhook-signature"));
    assert_eq!(call.body["event_type"], "lane.promote");
    assert_eq!(call.body["client_payload"]["data"]["lane"], "staging");
}

#[test]
fn a_receiver_hears_of_the_moves_that_it_asked_for_and_of_its_own_removal() {
    let policy = "[[webhook]]\nurl_env = \"HOOK\"\nsecret_env = \"HOOK_SECRET\"\nevents = [\"rollback\", \"promote\"]\n";
    let world = World::with_policy(policy, |_| ok());
    world.promotes();
    let quieter = policy.replace(", \"promote\"", "");
    world.sandbox.write("environments/staging.toml", &quieter);
    world.promotes();
    assert_eq!(
        world.calls().len(),
        1,
        "the policy of the new record counts"
    );
    let back = ["rollback", "staging", "--yes", "--reason", "x"];
    world.run(&back).succeeds();
    assert_eq!(world.calls().len(), 2);
    world
        .sandbox
        .write("environments/staging.toml", "order = 1\n");
    world.promotes();
    assert_eq!(world.calls().len(), 3, "removed, and told so");
    world.promotes();
    assert_eq!(world.calls().len(), 3);
}
