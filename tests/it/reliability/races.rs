//! Two at once, and one that is stopped: at call after call of whoever was first, `git` or another of our
//! own commands does its work from start to end; and signals come at any time.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::eval::{asking, eval, finds_the_queue, runs};
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};
use crate::support::run::RunOutput;
use crate::support::strace::{Point, Process, can_trace};
use crate::support::traces::Traffic;

/// The calls between which another comes in.
const CALLS: [&str; 12] = [
    "openat",
    "write",
    "fsync",
    "fdatasync",
    "mkdir",
    "linkat",
    "rename",
    "renameat2",
    "unlink",
    "execve",
    "vfork",
    "exit_group",
];

/// A lane with two records, a wording that is not released, and a record that somebody made with git.
fn lane() -> (Sandbox, String) {
    let sandbox = Sandbox::without_gates();
    for words in ["well", "better"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    sandbox.reword("best");
    let by_git = sandbox.amend("lanes/staging", "notes", "x", Some("lanes/staging"));
    (sandbox, by_git)
}

/// Halts a move at call after call while `git` moves the same lane. How often each of them won.
fn against_git(process: Process, args: &[&str]) -> (usize, usize) {
    let (start, by_git) = lane();
    let expected = start.tip("staging");
    let args = [args, &["--yes", "--reason", "x", "--expect", &expected]].concat();
    let (mut ours, mut of_git) = (0, 0);
    Point::sampled(process, &CALLS, |point| {
        let sandbox = start.copy();
        let Some(halted) = sandbox.halted_at(point, &args) else {
            return false;
        };
        let name = "refs/heads/lanes/staging";
        let second = sandbox.try_git(&["update-ref", name, &by_git, &expected]);
        let first = halted.resume(&sandbox);
        let told = format!("{point:?}\n{}\n{}", first.transcript(), second.transcript());
        let tip = sandbox.tip("staging");
        if second.code == Some(0) {
            of_git += 1;
            // It is told who won, or that what is there now is no record.
            assert!(matches!(first.code, Some(2 | 8)), "{told}");
            assert_eq!(tip, by_git, "{told}");
        } else {
            ours += 1;
            assert_eq!(first.code, Some(0), "{told}");
            assert_eq!(sandbox.record("staging")["sequence"], 3, "{told}");
        }
        assert_eq!(
            sandbox.git(&["rev-parse", &format!("{tip}~1")]),
            expected,
            "{told}"
        );
        true
    });
    (ours, of_git)
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_move_that_git_overtakes_anywhere_has_one_winner() {
    if !can_trace(&Sandbox::new()) {
        return;
    }
    let moves: [(Process, &[&str]); 3] = [
        (Process::Pointsman, &["promote", "staging"]),
        (Process::Pointsman, &["rollback", "staging"]),
        (Process::Git("update-ref"), &["rollback", "staging"]),
    ];
    let won = moves.map(|(process, args)| against_git(process, args));
    let (ours, of_git) = won
        .iter()
        .fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    assert!(ours > 0 && of_git > 0, "{won:?}");
    println!(
        "{} moves met git on the same lane: {ours} won, {of_git} were told that they lost",
        ours + of_git
    );
}

/// Everything that is kept of traces, in one order.
fn kept(sandbox: &Sandbox) -> Vec<String> {
    let exported = sandbox.pointsman(&["traces", "export", "-o", "jsonl=-"]);
    let mut lines: Vec<String> = exported
        .succeeds()
        .stdout
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn an_import_that_another_overtakes_anywhere_keeps_each_span_once() {
    let start = Sandbox::with_workspace();
    if !can_trace(&start) {
        return;
    }
    let lines = Traffic::new(7, 12).ndjson();
    let lines: Vec<&str> = lines.lines().collect();
    let (first, second) = (lines[..8].join("\n"), lines[4..].join("\n"));
    let import = |name: &str| {
        [
            "traces".to_owned(),
            "import".to_owned(),
            format!("../{name}.jsonl"),
        ]
    };
    let with_files = |sandbox: Sandbox| {
        sandbox.write("../first.jsonl", &first);
        sandbox.write("../second.jsonl", &second);
        sandbox
    };
    let whole = with_files(start.copy());
    whole.imports_text(&lines.join("\n"));
    let expected = kept(&whole);
    let mut count = 0;
    Point::sampled(Process::Pointsman, &CALLS, |point| {
        let sandbox = with_files(start.copy());
        let args = import("first");
        let Some(halted) = sandbox.halted_at(point, &args.each_ref().map(String::as_str)) else {
            return false;
        };
        let args = import("second");
        let second = sandbox
            .command(&args.each_ref().map(String::as_str))
            .start();
        // Where the first one has the store's lock, the second waits for it.
        thread::sleep(Duration::from_millis(20));
        halted.resume(&sandbox).succeeds();
        second.wait().succeeds();
        assert_eq!(kept(&sandbox), expected, "{point:?}");
        count += 1;
        true
    });
    assert!(count > 5, "{count}");
    println!("{count} times two imports met: each span was kept, once");
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn an_evaluation_that_another_overtakes_anywhere_and_shares_its_answers_ends_like_it() {
    let server = finds_the_queue();
    let start = asking(&server);
    if !can_trace(&start) {
        return;
    }
    let alone = start.copy();
    let alone = plain(&eval(&alone, &[]));
    let mut count = 0;
    Point::sampled(Process::Pointsman, &CALLS, |point| {
        let sandbox = start.copy();
        let Some(halted) = sandbox.halted_at_with(("MODEL_KEY", "x"), point, &["eval"]) else {
            return false;
        };
        let second = eval(&sandbox, &[]);
        let first = halted.resume(&sandbox);
        assert_eq!(
            (plain(&first), plain(&second)),
            (alone.clone(), alone.clone()),
            "{point:?}"
        );
        assert_eq!(runs(&sandbox).len(), 2, "{point:?}");
        let asked = server.calls().len();
        eval(&sandbox, &[]).succeeds();
        assert_eq!(
            server.calls().len(),
            asked,
            "{point:?}: an answer was not kept"
        );
        count += 1;
        true
    });
    assert!(count > 5, "{count}");
    println!("{count} times two evaluations met: both ended alike, and kept their answers");
}

/// A result without what is another one each time: how long a call took, and who asked first.
fn plain(run: &RunOutput) -> String {
    let text = &run.succeeds().stdout;
    let (before, after) = text.split_once("; latency").expect("it tells of latency");
    let after = after.split_once('\n').map_or("", |(_, rest)| rest);
    let parts = before
        .split("; ")
        .filter(|it| !it.ends_with("known before"));
    parts.collect::<Vec<_>>().join("; ") + after
}

/// What happens to a file, by its name.
type Damage = (&'static str, fn(&mut Vec<u8>));

/// The files of the cache of answers.
fn entries(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folder = sandbox.path().join(".git/pointsman/cache/answers");
    let folders = fs::read_dir(folder).expect("answers were kept").flatten();
    let files = folders.flat_map(|folder| {
        fs::read_dir(folder.path())
            .expect("it is a folder")
            .flatten()
    });
    files.map(|file| file.path()).collect()
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn an_answer_that_was_damaged_where_it_is_kept_is_asked_for_again() {
    let server = finds_the_queue();
    let sandbox = asking(&server);
    let whole = plain(&eval(&sandbox, &[]));
    let rows = entries(&sandbox).len();
    let damages: [Damage; 6] = [
        ("emptied", Vec::clear),
        ("cut", |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut by a byte", |bytes| bytes.truncate(bytes.len() - 1)),
        ("changed in a bit", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("overwritten with zeros", |bytes| bytes.fill(0)),
        ("made to say something else", |bytes| {
            let text = String::from_utf8_lossy(bytes)
                .replace("bug", "buy")
                .replace("bill", "bull");
            *bytes = text.replace("feature", "failure").into_bytes();
        }),
    ];
    for (what, damage) in damages {
        for path in entries(&sandbox) {
            let mut bytes = fs::read(&path).expect("it was just listed");
            damage(&mut bytes);
            fs::write(&path, bytes).expect("the store is ours");
        }
        let asked = server.calls().len();
        let run = eval(&sandbox, &[]);
        assert_eq!(plain(&run), whole, "{what}");
        assert_eq!(
            server.calls().len() - asked,
            rows,
            "{what}: an answer was taken"
        );
    }
    println!(
        "{} answers that were damaged in {} ways were asked for again",
        rows,
        damages.len()
    );
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_run_that_a_signal_stops_at_any_time_is_gone_on_with_to_the_same_end() {
    const ROWS: usize = 24;
    let server = ModelServer::start(|_, call| {
        let queue = call.last_message().split(':').next().unwrap_or_default();
        Reply::says(queue).after_ms(8)
    });
    let start = asking(&server);
    let row = |number: usize| {
        format!(
            "{{\"id\": \"r{number}\", \"vars\": {{\"ticket\": \"bug: case {number}\"}}, \"expected\": \"bug\"}}\n"
        )
    };
    start.write(
        "datasets/tickets.jsonl",
        (0..ROWS).map(row).collect::<String>(),
    );
    let alone = plain(&eval(&start.copy(), &["--no-cache"]));
    let (mut stopped, mut finished) = (0, 0);
    for moment in 0..16_u64 {
        let signal = if moment % 2 == 0 { "-INT" } else { "-TERM" };
        let sandbox = start.copy();
        let before = server.calls().len();
        let running = sandbox
            .command(&["eval", "--no-cache"])
            .env("MODEL_KEY", "x")
            .start();
        thread::sleep(Duration::from_millis(10 * moment));
        let kill = Command::new("kill")
            .args([signal, &running.process_id().to_string()])
            .status();
        assert!(kill.is_ok());
        let first = running.wait();
        let on_the_way = server.calls().len() - before;
        if first.code == Some(0) {
            finished += 1;
            assert_eq!(plain(&first), alone);
            continue;
        }
        stopped += 1;
        assert!(
            matches!(first.code, None | Some(130)),
            "{}",
            first.transcript()
        );
        let began = runs(&sandbox)
            .iter()
            .any(|run| run.join("run.json").exists());
        let again: &[&str] = if began {
            &["--no-cache", "--resume"]
        } else {
            &["--no-cache"]
        };
        let second = eval(&sandbox, again);
        assert_eq!(plain(&second), alone, "{}", first.transcript());
        // What was on the way when the signal came, two at a time, is asked for once more at most.
        let asked = server.calls().len() - before;
        assert!(
            asked <= ROWS + on_the_way.min(2),
            "{asked} calls for {ROWS} rows"
        );
    }
    assert!(stopped > 0);
    println!(
        "{stopped} runs that a signal stopped ended like one that nothing stopped, {finished} were done before"
    );
}
