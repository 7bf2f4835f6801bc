//! A store that is slow: requests wait, up to a limit, and whoever comes then is told to come again.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use super::{PROTOBUF, Receiving, TRACES, kept_traces, one_span, protobuf};
use crate::support::Sandbox;
use crate::support::http::{Answer, ask};
use crate::support::otlp::add_bytes;

/// Holds the store's lock, so that a writer cannot begin its log.
fn locked(sandbox: &Sandbox) -> File {
    sandbox.write(".git/pointsman/traces/lock", "");
    let lock = sandbox.path().join(".git/pointsman/traces/lock");
    let lock = File::create(lock).expect("the file is ours");
    lock.lock().expect("nobody else holds it");
    lock
}

/// A request with one span, and so many bytes of what nobody knows.
fn padded(number: u32, padding: usize) -> Vec<u8> {
    let mut body = protobuf(&TRACES, &one_span(number));
    add_bytes(&mut body, 100, &vec![0; padding]);
    body
}

/// Sends until it is kept, and gives the answer to the first try and the number of tries.
fn sent(origin: &str, body: &[u8]) -> (Answer, u32) {
    let send = || ask("POST", origin, "/v1/traces", &[PROTOBUF], body);
    let first = send();
    let mut tries = 1;
    let mut last_status = first.status;
    while last_status != 200 {
        assert_eq!(last_status, 429, "{first:?}");
        thread::sleep(Duration::from_millis(50));
        last_status = send().status;
        tries += 1;
    }
    (first, tries)
}

#[test]
fn who_comes_when_too_much_waits_is_told_when_to_come_again_and_loses_nothing() {
    const SENDERS: u32 = 6;
    let sandbox = Sandbox::with_workspace();
    let lock = locked(&sandbox);
    let receiving = Receiving::start(&sandbox);
    let origin = receiving.origin.as_str();
    let answers: Vec<(Answer, u32)> = thread::scope(|scope| {
        let senders: Vec<_> = (1..=SENDERS)
            .map(|number| scope.spawn(move || sent(origin, &padded(number, 15 * 1024 * 1024))))
            .collect();
        // Four of them fit, and nothing is answered with 200 before the lock is free.
        let begun = Instant::now();
        while senders.iter().all(|sender| !sender.is_finished())
            && begun.elapsed() < Duration::from_secs(2)
        {
            thread::sleep(Duration::from_millis(20));
        }
        assert!(senders.iter().all(|sender| !sender.is_finished()));
        drop(lock);
        let answers = senders.into_iter().map(thread::ScopedJoinHandle::join);
        answers.map(|it| it.expect("it does not panic")).collect()
    });
    let turned_away = answers.iter().filter(|(first, _)| first.status == 429);
    let turned_away: Vec<&Answer> = turned_away.map(|(first, _)| first).collect();
    assert_eq!(turned_away.len(), 2, "64 MiB wait");
    for answer in turned_away {
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.bytes[..2], [0x08, 8]);
    }
    let stopped = receiving.stop("-TERM");
    stopped
        .succeeds()
        .says("received 6 spans")
        .says("turned away     ");
    assert_eq!(kept_traces(&sandbox).len(), SENDERS as usize);
}

#[test]
fn what_is_in_flight_when_it_is_told_to_stop_is_kept_and_answered() {
    let sandbox = Sandbox::with_workspace();
    let lock = locked(&sandbox);
    let receiving = Receiving::start(&sandbox);
    let origin = receiving.origin.as_str();
    let answer = thread::scope(|scope| {
        let sender = scope.spawn(|| sent(origin, &padded(1, 0)));
        thread::sleep(Duration::from_millis(300));
        receiving.signal("-TERM");
        thread::sleep(Duration::from_millis(300));
        assert!(!sender.is_finished(), "it is not kept yet");
        drop(lock);
        sender.join().expect("it does not panic")
    });
    assert_eq!((answer.0.status, answer.1), (200, 1));
    let stopped = receiving.stopped();
    stopped
        .succeeds()
        .says("received 1 span and 0 scores in 1 request");
    let logs = sandbox.shell("ls .git/pointsman/traces/log").run();
    assert_eq!(logs.succeeds().stdout, "", "the log is rolled");
    assert_eq!(kept_traces(&sandbox).len(), 1);
}
