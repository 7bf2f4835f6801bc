//! Disks that are full or broken, and processes that may open no more files: at call after call of every
//! command that writes. A failure is told, nothing is half done, and the same command goes through when
//! there is room again.

use std::fmt::Write as _;
use std::fs;

use jiff::Timestamp;

use crate::support::Sandbox;
use crate::support::calls::ModelCall;
use crate::support::run::RunOutput;
use crate::support::strace::{Point, Process, can_trace};
use crate::support::traces::Traffic;

/// What fails, and at which calls.
const FAULTS: [(&str, &[&str]); 3] = [
    (
        "ENOSPC",
        &["write", "fsync", "fdatasync", "ftruncate", "mkdir"],
    ),
    (
        "EIO",
        &[
            "fsync",
            "fdatasync",
            "rename",
            "renameat2",
            "linkat",
            "unlink",
        ],
    ),
    ("EMFILE", &["openat"]),
];

/// What moves lanes, and what it leaves in the clone.
const MOVES: [&str; 4] = [
    "promote staging --yes --reason best",
    "rollback staging --yes --reason wrong",
    "lanes hold staging --yes --reason wait",
    "improve start --prompt triage --from ../candidate.yml",
];

/// What writes files for people.
const FILES: [&str; 5] = [
    "dataset add-span --to tickets --trace-of-the-scene",
    "dataset import ../rows.csv --to more",
    "incident open Slow --id slow --window 2h",
    "export staging -o ../out/staging.json",
    "evidence build staging --record 1 -o html=../out/packet.html -o json=../out/packet.json",
];

/// What writes to the store below the git directory, and a file after the other.
const STORE: [&str; 2] = ["traces import ../more.jsonl", "behaviors scan --since 26h"];

/// A lane with two records, a wording that is not released, production traffic, and files to import.
fn scene() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    for words in ["well", "better"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    let candidate = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write(
        "../candidate.yml",
        candidate.replace("Answer better", "Answer at best"),
    );
    sandbox.reword("best");
    sandbox.write(
        "../rows.csv",
        "id,ticket,expected\nlate,billing: late,billing\n",
    );
    sandbox.write("../out/.keep", "");
    sandbox.imports_text(&Traffic::new(1, 40).ndjson());
    sandbox.imports_calls(&[call()]);
    sandbox.write("../more.jsonl", Traffic::new(2, 10).ndjson());
    sandbox
}

fn call() -> ModelCall {
    ModelCall::of("triage", 1).variable("ticket", "delivery: my parcel is late")
}

/// The arguments of a line.
fn arguments(line: &str) -> Vec<String> {
    let word = |word: &str| match word {
        "--trace-of-the-scene" => call().name(),
        other => other.to_owned(),
    };
    line.split(' ').map(word).collect()
}

/// A copy of the scene at a time, with what stands beside its repository.
fn copy(scene: &Sandbox, time: Timestamp) -> Sandbox {
    let copy = scene.copy();
    copy.wait_seconds(time.as_second() - copy.now().as_second());
    for name in ["candidate.yml", "rows.csv", "more.jsonl"] {
        let text = scene.read(&format!("../{name}"));
        copy.write(&format!("../{name}"), text);
    }
    copy.write("../out/.keep", "");
    copy
}

/// What a command left: refs, files of the worktree and beside it, and where it writes to the store, what
/// the store tells.
fn state(sandbox: &Sandbox, line: &str) -> String {
    let mut state = sandbox.try_git(&["show-ref"]).stdout;
    sandbox.git(&["add", "--all"]);
    state.push_str(&sandbox.git(&["write-tree"]));
    sandbox.git(&["reset", "--quiet"]);
    let out = sandbox.path().with_file_name("out");
    let mut names: Vec<_> = fs::read_dir(&out).expect("it is there").flatten().collect();
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let bytes = fs::read(entry.path()).expect("it was just listed");
        let _ = write!(
            state,
            "\n{}: {}",
            entry.file_name().display(),
            bytes.escape_ascii()
        );
    }
    if !STORE.contains(&line) {
        return state;
    }
    let told = ["traces export -o jsonl=-", "behaviors list --json"].map(|line| {
        let args: Vec<&str> = line.split(' ').collect();
        let mut lines: Vec<String> = sandbox
            .pointsman(&args)
            .stdout
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines.join("\n")
    });
    state + &told.concat()
}

/// What is wrong with how a command ended that met a failure; `None`: nothing.
fn dishonest(run: &RunOutput) -> Option<&'static str> {
    match run.code {
        Some(0) => None,
        // The program is not started where its libraries cannot be opened.
        Some(127) if run.stdout.contains("shared libraries") => None,
        Some(1..=9) if run.stdout.contains("error:") => None,
        Some(1..=9) => Some("it does not say what failed"),
        _ => Some("it broke"),
    }
}

/// Whether a command writes a file after the other, of which some may be there when another fails.
fn writes_many(line: &str) -> bool {
    line.starts_with("behaviors scan") || line.starts_with("evidence build")
}

/// Lets call after call of a command fail. How often it did, and how often that was survived.
fn fails_everywhere(scene: &Sandbox, line: &str, wrong: &mut String) -> (usize, usize) {
    let args = arguments(line);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let time = scene.now();
    let whole = copy(scene, time);
    let before = state(&whole, line);
    let looked = whole.now();
    whole.pointsman(&args).succeeds();
    let expected = state(&whole, line);
    let (mut failures, mut survived) = (0, 0);
    for (error, calls) in FAULTS {
        Point::sampled(Process::Pointsman, calls, |point| {
            // What looks at the state takes time, too.
            let sandbox = copy(scene, looked);
            let Some(run) = sandbox.failing_at(error, point, &args) else {
                return false;
            };
            failures += 1;
            survived += usize::from(run.code == Some(0));
            let mut tell = |what: &str, more: &str| {
                let _ = writeln!(
                    wrong,
                    "{error} at {point:?}: {what}\n{}{more}",
                    run.transcript()
                );
            };
            if let Some(what) = dishonest(&run) {
                tell(what, "");
            }
            let after = state(&sandbox, line);
            // What is not there for want of something is said to be absent, with the reason.
            let is_told = run.code != Some(0) || run.stdout.contains("os error");
            if after != expected && !is_told {
                tell("it is not done, and says that it is", "");
            } else if after != before && after != expected && !writes_many(line) {
                tell("it is half done", "");
            }
            if after != expected {
                // The second try is made at the time of the first one, and gives the same.
                sandbox.wait_seconds(looked.as_second() - sandbox.now().as_second());
                let again = sandbox.pointsman(&args);
                if again.code != Some(0) {
                    tell("it does not go through again", &again.transcript());
                } else if state(&sandbox, line) != expected {
                    tell("a second try ends in something else", "");
                }
            }
            true
        });
    }
    (failures, survived)
}

#[track_caller]
fn figures(lines: &[&str]) -> String {
    let scene = scene();
    if !can_trace(&scene) {
        return "skipped".to_owned();
    }
    let mut wrong = String::new();
    let (mut failures, mut survived) = (0, 0);
    for line in lines {
        let (more, whole) = fails_everywhere(&scene, line, &mut wrong);
        failures += more;
        survived += whole;
    }
    let shown: String = wrong.chars().take(20_000).collect();
    assert!(wrong.is_empty(), "{shown}");
    format!(
        "{} commands met {failures} failures: {} told, {survived} survived, nothing half done",
        lines.len(),
        failures - survived
    )
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_move_that_fails_at_any_call_is_told_and_goes_through_again() {
    println!("moves: {}", figures(&MOVES));
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_file_whose_writing_fails_at_any_call_is_whole_or_as_it_was() {
    println!("files: {}", figures(&FILES));
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_store_that_cannot_be_written_at_any_call_keeps_what_it_had() {
    println!("store: {}", figures(&STORE));
}
