//! Processes that are killed, that work at once, and that find no room: what was acknowledged is kept,
//! once, and whoever tries again completes it.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::receive::{Receiving, kept_traces, one_span};
use crate::support::Sandbox;
use crate::support::http::try_ask;
use crate::support::traces::Traffic;

const IMPORT: [&str; 3] = ["traces", "import", "../traces.jsonl"];

fn with_traffic(traffic: &Traffic) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../traces.jsonl", traffic.ndjson());
    sandbox
}

/// Everything that is kept, in one order whatever the order of the store.
fn kept(sandbox: &Sandbox) -> Vec<String> {
    let exported = sandbox.pointsman(&["traces", "export", "-o", "jsonl=-"]);
    let exported = &exported.succeeds().stdout;
    let mut lines: Vec<String> = exported.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn an_import_that_is_killed_at_any_moment_is_completed_by_the_next() {
    const MOMENTS: u32 = 6;
    let traffic = Traffic::new(41, 150);
    let whole = with_traffic(&traffic);
    let begun = Instant::now();
    whole.pointsman(&IMPORT).succeeds();
    let took = begun.elapsed();
    let expected = kept(&whole);
    assert_eq!(expected.len(), traffic.span_count());
    for moment in 0..MOMENTS {
        let sandbox = with_traffic(&traffic);
        let running = sandbox.command(&IMPORT).start();
        thread::sleep(took * (2 * moment + 1) / (2 * MOMENTS));
        let kill = format!("kill -9 {}", running.process_id());
        sandbox.shell(&kill).run();
        running.wait();
        // What is there can be read at once, and is no other than it should be.
        let part = kept(&sandbox);
        assert!(part.iter().all(|line| expected.contains(line)));
        sandbox.pointsman(&IMPORT).succeeds();
        assert_eq!(kept(&sandbox), expected, "killed at moment {moment}");
    }
}

/// Sends spans with these numbers one after the other until nobody listens; which were acknowledged.
fn acknowledged(origin: &str, numbers: impl Iterator<Item = u32>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in numbers {
        let body = one_span(number).to_string();
        let headers = [("Content-Type", "application/json")];
        let answer = try_ask("POST", origin, "/v1/traces", &headers, body.as_bytes());
        match answer {
            Some(answer) if answer.status == 200 => acknowledged.push(format!("{number:032x}")),
            Some(answer) => panic!("{answer:?}"),
            None => break,
        }
    }
    acknowledged
}

#[test]
fn what_a_killed_receiver_acknowledged_is_kept_and_sent_again_it_is_kept_once() {
    const SENDERS: u32 = 3;
    const MOST: u32 = 2_000;
    let sandbox = Sandbox::with_workspace();
    let mut all: Vec<String> = Vec::new();
    for (round, moment) in (0..).zip([30, 90, 170]) {
        let receiving = Receiving::start(&sandbox);
        let origin = receiving.origin.as_str();
        let told: Vec<String> = thread::scope(|scope| {
            let senders: Vec<_> = (0..SENDERS)
                .map(|sender| {
                    let first = 1 + (round * SENDERS + sender) * MOST;
                    scope.spawn(move || acknowledged(origin, first..first + MOST))
                })
                .collect();
            thread::sleep(Duration::from_millis(moment));
            receiving.signal("-9");
            let told = senders.into_iter().map(thread::ScopedJoinHandle::join);
            told.flat_map(|it| it.expect("it does not panic")).collect()
        });
        assert_eq!(receiving.stopped().code, None, "it was killed");
        all.extend(told);
        let kept = kept_traces(&sandbox);
        let lost: Vec<&String> = all.iter().filter(|id| !kept.contains(id)).collect();
        assert!(lost.is_empty(), "{lost:?} of {}", all.len());
    }
    assert!(!all.is_empty(), "something was acknowledged");
    let before = kept_traces(&sandbox);
    let receiving = Receiving::start(&sandbox);
    let numbers = all
        .iter()
        .map(|id| u32::from_str_radix(id, 16).expect("it is a number"));
    let again = acknowledged(&receiving.origin, numbers);
    assert_eq!(again, all);
    let stopped = receiving.stop("-TERM");
    stopped.succeeds().says("received 0 spans and 0 scores");
    assert_eq!(kept_traces(&sandbox), before, "each once");
}

#[test]
fn two_imports_at_once_keep_each_span_once() {
    let traffic = Traffic::new(42, 120);
    let whole = with_traffic(&traffic);
    whole.pointsman(&IMPORT).succeeds();
    let sandbox = Sandbox::with_workspace();
    let lines = traffic.ndjson();
    let lines: Vec<&str> = lines.lines().collect();
    sandbox.write("../first.jsonl", lines[..80].join("\n"));
    sandbox.write("../second.jsonl", lines[40..].join("\n"));
    let running = ["../first.jsonl", "../second.jsonl"]
        .map(|file| sandbox.command(&["traces", "import", file]).start());
    for running in running {
        running.wait().succeeds();
    }
    assert_eq!(kept(&sandbox), kept(&whole));
}

/// A shell that lets no file of its children grow beyond so many blocks, which they hear as an error.
fn within_blocks(blocks: u32, line: &str) -> String {
    format!("trap '' XFSZ; ulimit -S -f {blocks}; exec {line}")
}

#[test]
fn an_import_that_finds_no_room_says_so_and_is_completed_when_there_is_some() {
    let traffic = Traffic::new(43, 60);
    let whole = with_traffic(&traffic);
    whole.pointsman(&IMPORT).succeeds();
    let expected = kept(&whole);
    for blocks in [1, 8, 16] {
        let sandbox = with_traffic(&traffic);
        let line = format!("pointsman {}", IMPORT.join(" "));
        let run = sandbox.shell(&within_blocks(blocks, &line)).run();
        run.exits(2).says("error: cannot ").says("hint: make room");
        let part = kept(&sandbox);
        assert!(part.iter().all(|line| expected.contains(line)));
        sandbox.pointsman(&IMPORT).succeeds();
        assert_eq!(kept(&sandbox), expected, "{blocks} blocks");
    }
}

#[test]
fn a_receiver_that_finds_no_room_acknowledges_nothing_and_goes_on_when_there_is_some() {
    let sandbox = Sandbox::with_workspace();
    if sandbox.lacks("prlimit") {
        return;
    }
    let line = "pointsman traces receive --listen 127.0.0.1:0";
    let receiving = Receiving::of(sandbox.shell(&within_blocks(16, line)).start());
    let headers = [("Content-Type", "application/json")];
    let send = |body: &str| {
        let origin = receiving.origin.as_str();
        let answer = try_ask("POST", origin, "/v1/traces", &headers, body.as_bytes());
        answer.expect("it listens")
    };
    assert_eq!(send(&one_span(1).to_string()).status, 200);
    let mut large = one_span(2);
    let span = &mut large["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    span["name"] = "x".repeat(100_000).into();
    let refused = send(&large.to_string());
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(
        send(&one_span(3).to_string()).status,
        200,
        "there is room for that"
    );
    assert_eq!(kept_traces(&sandbox).len(), 2);
    let raise = format!("prlimit --pid {} --fsize=unlimited", receiving.process_id());
    sandbox.shell(&raise).run().succeeds();
    assert_eq!(send(&large.to_string()).status, 200);
    let stopped = receiving.stop("-TERM");
    stopped
        .succeeds()
        .says("what comes in is refused until it can be stored")
        .says("not stored      1 request, to be sent again");
    assert_eq!(kept_traces(&sandbox).len(), 3);
    assert!(Path::new(&sandbox.path().join(".git/pointsman/traces/spans")).exists());
}
