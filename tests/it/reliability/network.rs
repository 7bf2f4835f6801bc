//! Servers that break every rule: what is asked of them ends in time, and nothing is lost, doubled or taken
//! for a pass.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::endless::Endless;
use crate::support::faulty::{FAULTS, Fault, Faulty, asked_for};
use crate::support::model_server::{Reply, Wire};

/// The key of the provider. It must never show up anywhere.
const KEY: &str = "sk-canary-5f0c7e2a9b";

/// How often each fault is met by an evaluation, and how many rows meet none.
const OF_EACH: usize = 8;
const WELL: usize = 80;

/// When something is said to go on for ever. What it may take by its settings is a few seconds.
const ENDLESS: Duration = Duration::from_mins(1);

const WIRES: [(Wire, &str); 5] = [
    (Wire::OpenAi, "kind = \"openai\"\nbase_url = \"ORIGIN/v1\""),
    (
        Wire::OpenAiStream,
        "kind = \"openai\"\nbase_url = \"ORIGIN/v1\"\nstream = true",
    ),
    (
        Wire::Anthropic,
        "kind = \"anthropic\"\nbase_url = \"ORIGIN\"",
    ),
    (Wire::Gemini, "kind = \"gemini\"\nbase_url = \"ORIGIN\""),
    (
        Wire::Other,
        "kind = \"http\"\nurl = \"ORIGIN/ask\"\nbody = '{\"q\": {{ prompt }}}'\noutput = \"/a\"",
    ),
];

/// A workspace of rows, each of which says in its ticket which fault it meets.
fn asking(wire: &str, server: &Faulty) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let own = wire.replace("ORIGIN", &server.origin());
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.local]\n{own}\nkey_env = \"MODEL_KEY\"\nconcurrency = 64\nmax_attempts = 2\ntimeout = \"2s\"\n"
        ),
    );
    sandbox.edit("prompts/triage.prompt.yml", "echo/echo", "local/small");
    let mut rows = String::new();
    let faults = FAULTS
        .iter()
        .flat_map(|(name, _)| std::iter::repeat_n(*name, OF_EACH));
    let names: Vec<&str> = faults.chain(std::iter::repeat_n("none", WELL)).collect();
    for (number, name) in names.iter().enumerate() {
        let ticket = format!("bug: fault:{name}. row {number}.");
        let row =
            json!({"id": format!("{number:03}"), "vars": {"ticket": ticket}, "expected": "bug"});
        let _ = writeln!(rows, "{row}");
    }
    sandbox.write("datasets/tickets.jsonl", rows);
    sandbox
}

/// How many requests each row made.
fn requests_of_rows(server: &Faulty) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in server.requests() {
        let row = request
            .split(" row ")
            .nth(1)
            .and_then(|rest| rest.split('.').next());
        let row = row.expect("every request is of a row").to_owned();
        *counts.entry(row).or_default() += 1;
    }
    counts
}

/// The cases of the one run: how many there are, of how many rows, and how many have an answer.
fn cases(sandbox: &Sandbox) -> [usize; 3] {
    let lines = sandbox.pointsman(&["runs", "show", "-o", "jsonl=-"]).stdout;
    let lines = lines.lines().filter(|line| line.starts_with('{'));
    let cases: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect("it is JSON"))
        .collect();
    let rows: std::collections::BTreeSet<String> =
        cases.iter().map(|case| case["row"].to_string()).collect();
    let answered = cases
        .iter()
        .filter(|case| case["output"].is_string())
        .count();
    [cases.len(), rows.len(), answered]
}

/// Evaluates against a server with every fault, and again when it is well; how long the first took.
fn evaluates_through_faults(wire: Wire, settings: &str) -> Duration {
    let content_type = match wire {
        Wire::OpenAiStream => "text/event-stream",
        _ => "application/json",
    };
    let right = Reply::says_as(wire, "bug").body().to_owned();
    let server = Faulty::start(content_type, move |request| {
        (right.clone(), asked_for(request))
    });
    let sandbox = asking(settings, &server);
    let faulty = FAULTS.len() * OF_EACH;
    let started = Instant::now();
    let run = sandbox
        .command(&["eval", "--json"])
        .env("MODEL_KEY", KEY)
        .run();
    let took = started.elapsed();
    run.exits(9)
        .tells(&format!("{faulty} case(s) have no answer"));
    assert!(took < ENDLESS, "{wire:?}: {took:?}");
    assert_ne!(run.json()["verdict"], "pass", "{wire:?}");
    assert!(!run.transcript().contains(KEY), "{wire:?}");
    assert_eq!(
        cases(&sandbox),
        [faulty + WELL, faulty + WELL, WELL],
        "{wire:?}"
    );
    let before = requests_of_rows(&server);
    assert!(
        before.values().all(|count| *count <= 2),
        "{wire:?}: {before:?}"
    );
    server.heal();
    let resumed = sandbox
        .command(&["eval", "--resume"])
        .env("MODEL_KEY", KEY)
        .run();
    resumed.succeeds();
    assert_eq!(cases(&sandbox), [faulty + WELL; 3], "{wire:?}");
    for (row, count) in requests_of_rows(&server) {
        let is_well = row.parse::<usize>().is_ok_and(|row| row >= faulty);
        // A machine that is busy may need another try; what was answered is not asked again.
        let more = count - before[&row];
        let is_right = if is_well {
            more == 0
        } else {
            (1..=2).contains(&more)
        };
        assert!(is_right, "{wire:?}, row {row}: {more} more requests");
    }
    assert!(!server.was_followed(), "{wire:?}: a redirect was followed");
    took
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn models_that_fail_in_every_way_lose_no_row_double_none_and_pass_nothing() {
    let slowest = std::thread::scope(|scope| {
        let started = WIRES
            .map(|(wire, settings)| scope.spawn(move || evaluates_through_faults(wire, settings)));
        let took = started.map(|it| it.join().expect("no wire format fails"));
        took.into_iter().max().unwrap_or_default()
    });
    println!(
        "{} faults in {} wire formats, {} rows each: no row lost or doubled, the slowest evaluation in {slowest:.1?}",
        FAULTS.len(),
        WIRES.len(),
        FAULTS.len() * OF_EACH + WELL
    );
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_remote_and_a_store_that_fail_in_every_way_are_given_up_in_time() {
    let clickhouse = Sandbox::new();
    clickhouse.write(
        "pointsman.toml",
        "[traces]\nstore = \"clickhouse\"\ntimeout = \"1s\"\n",
    );
    let git = Sandbox::with_remote_lanes();
    let mut slowest = Duration::ZERO;
    for (name, fault) in FAULTS {
        let server = Faulty::start("text/plain", move |_| ("[1]\n[2]\n".repeat(9), Some(fault)));
        let started = Instant::now();
        let list = clickhouse
            .command(&["traces", "list"])
            .env("CLICKHOUSE_URL", &server.origin());
        let list = list.env("CLICKHOUSE_PASSWORD", KEY).run();
        list.exits(9).has_no_result();
        assert!(!list.transcript().contains(KEY), "{name}");
        slowest = slowest.max(started.elapsed());
        let started = Instant::now();
        git.set_remote_url(&format!("{}/lanes.git", server.origin()));
        let promote = git.command(&["promote", "staging", "--yes"]);
        let promote = promote.env("GIT_HTTP_LOW_SPEED_TIME", "1").run();
        promote.exits(9);
        assert_eq!(git.tip("staging"), "", "{name}: nothing moves");
        slowest = slowest.max(started.elapsed());
        assert!(slowest < ENDLESS, "{name}: {slowest:?}");
    }
    println!(
        "{} faults of ClickHouse and of git over HTTP: the slowest was given up after {slowest:.1?}",
        FAULTS.len()
    );
}

/// What a server of git says of its branches, piece by piece, in pieces of a megabyte or in small ones.
fn endless_branches(count: usize) -> impl Fn(usize) -> Vec<u8> {
    let line = |number: usize| format!("0048{number:040x} refs/heads/lanes/a{number:08}\n");
    let lines: String = (1..=count).map(line).collect();
    let first = format!("001e# service=git-upload-pack\n0000{lines}");
    move |number| match number {
        0 => first.clone().into_bytes(),
        _ => lines.clone().into_bytes(),
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_git_server_that_sends_without_end_is_given_up_in_time_and_in_memory() {
    let slow = Endless::start(Some(Duration::from_millis(5)), endless_branches(1_000));
    let fast = Endless::start(None, endless_branches(15_000));
    let git = Sandbox::with_remote_lanes();
    let mut told = String::new();
    for (server, limit) in [(&slow, "2s"), (&fast, "2m")] {
        git.set_remote_url(&format!("{}/lanes.git", server.origin()));
        let started = Instant::now();
        let promote = git.command(&["promote", "staging", "--yes"]);
        let run = promote.env("POINTSMAN_GIT_TIMEOUT", limit).run();
        let took = started.elapsed();
        run.exits(9);
        assert!(took < ENDLESS, "{limit}: {took:?}");
        assert_eq!(git.tip("staging"), "", "nothing moves");
        if limit == "2s" {
            run.tells("did not come to an end within 2 s");
        }
        server.is_left();
        let _ = write!(told, " {:.1?} after {} MiB,", took, server.sent_mib());
    }
    println!("a git server that sends without end is given up:{told}");
    let wrong = git.command(&["promote", "staging", "--yes"]);
    let wrong = wrong.env("POINTSMAN_GIT_TIMEOUT", "soon").run();
    wrong.exits(2).tells("`POINTSMAN_GIT_TIMEOUT` is wrong");
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn receivers_that_fail_in_every_way_hold_up_no_move_and_are_told_once_they_are_well() {
    let servers = FAULTS
        .map(|(_, fault)| Faulty::start("text/plain", move |_| ("ok".to_owned(), Some(fault))));
    let sandbox = Sandbox::without_gates();
    let hooks = (0..servers.len()).map(|number| {
        format!("[[webhook]]\nurl_env = \"HOOK_{number}\"\nsecret_env = \"SECRET\"\n")
    });
    sandbox.write(
        "environments/staging.toml",
        format!("order = 1\n{}", hooks.collect::<String>()),
    );
    sandbox.commit("Tell many");
    let runs = |args: &[&str]| {
        let command = sandbox
            .command(args)
            .env("SECRET", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        let command = command.env("POINTSMAN_WEBHOOK_HOSTS", "127.0.0.1");
        let named = servers.iter().enumerate();
        let command = named.fold(command, |command, (number, server)| {
            command.env(&format!("HOOK_{number}"), &server.origin())
        });
        command.run()
    };
    let started = Instant::now();
    runs(&["promote", "staging", "--yes"]).succeeds();
    let took = started.elapsed();
    assert!(took < ENDLESS, "{took:?}");
    assert_eq!(sandbox.record("staging")["sequence"], 1);
    let before = servers.each_ref().map(|server| server.requests().len());
    servers.iter().for_each(Faulty::heal);
    sandbox.wait_seconds(24 * 3_600);
    runs(&["webhook", "deliver"]).succeeds();
    runs(&["webhook", "deliver"]).succeeds();
    for ((server, before), (name, fault)) in servers.iter().zip(before).zip(FAULTS) {
        // Where a status came, it counts, whatever follows it: what a receiver says is not read.
        let was_told = matches!(
            fault,
            Fault::TruncatedGzip | Fault::TooShort | Fault::TooLong | Fault::Huge | Fault::Cut
        );
        let requests = server.requests();
        assert_eq!(requests.len(), before + usize::from(!was_told), "{name}");
        let id = |request: &String| {
            let line = request
                .lines()
                .find(|line| line.starts_with("webhook-id: "));
            line.expect("a message has an id").to_owned()
        };
        let ids: std::collections::BTreeSet<String> = requests.iter().map(id).collect();
        assert_eq!(
            ids.len(),
            1,
            "{name}: one message, however often it was sent"
        );
        assert!(!server.was_followed(), "{name}");
    }
    println!(
        "{} faults of receivers: the lane moved in {took:.1?}, and each was told once",
        FAULTS.len()
    );
}
