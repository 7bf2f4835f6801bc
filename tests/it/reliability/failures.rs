//! Disks that are full or broken, processes that may open no more files, and processes that are killed: at
//! every call of every command that writes, and where it makes many, at the first ones and some of the rest.
//! A failure is told, nothing is half done, and the same command goes through when there is room again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use serde_json::Value;

use crate::support::Sandbox;
use crate::support::calls::ModelCall;
use crate::support::run::RunOutput;
use crate::support::strace::{Point, can_trace};
use crate::support::traces::Traffic;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It fails.
    Error(&'static str),
    /// The process dies of it.
    Killed,
}

/// The calls that bring what was written to its place, and to disk.
const SETTLING: &[&str] = &[
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "linkat",
    "unlink",
];

/// What happens to which calls: to so many of a kind from the first one on, each in a run of its own, and to
/// as many of the rest.
const FAULTS: [(Fault, usize, &[&str]); 5] = [
    (
        Fault::Error("ENOSPC"),
        12,
        &["write", "fsync", "fdatasync", "ftruncate", "mkdir"],
    ),
    (Fault::Error("EIO"), 12, SETTLING),
    (Fault::Error("EMFILE"), 12, &["openat"]),
    (Fault::Killed, 4, SETTLING),
    (Fault::Killed, 4, &["write", "mkdir"]),
];

/// How many runs there are at once.
const AT_ONCE: usize = 2;

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

/// What evaluates.
const EVALUATION: [&str; 1] = ["eval"];

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
    // A file that was never whole is left behind under a hidden name by whoever is killed.
    sandbox.git(&["add", "--all", "--", ".", ":(exclude,glob)**/.tmp*"]);
    state.push_str(&sandbox.git(&["write-tree"]));
    sandbox.git(&["reset", "--quiet"]);
    let out = sandbox.path().with_file_name("out");
    let entries = fs::read_dir(&out).expect("it is there").flatten();
    let mut names: Vec<_> = entries
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with(".tmp"))
        .collect();
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
    if EVALUATION.contains(&line) {
        return state + &cases(sandbox);
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

/// The rows of the last run, what was answered, and how that was graded.
fn cases(sandbox: &Sandbox) -> String {
    let told = sandbox.pointsman(&["runs", "show", "-o", "jsonl=-"]).stdout;
    let cases = told.lines().filter(|line| line.starts_with('{'));
    let cases = cases.map(|line| {
        let case: Value = serde_json::from_str(line).expect("it is JSON");
        format!("{} {} {}", case["row"], case["output"], case["grades"])
    });
    let mut cases: Vec<String> = cases.collect();
    cases.sort();
    cases.join("\n")
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

/// Whether a command writes a file or a case after the other, of which some may be there when another fails.
/// What takes its files back when one fails cannot do so when it is killed.
fn writes_many(line: &str, fault: Fault) -> bool {
    let starts_with = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    starts_with(&["behaviors scan", "evidence build", "eval"])
        || fault == Fault::Killed && starts_with(&["dataset import"])
}

/// A command that is to fail, and what is seen of it when nothing does.
struct Case<'c> {
    scene: &'c Sandbox,
    line: &'c str,
    args: Vec<String>,
    /// The time at which it runs: what looks at the state takes time, too.
    at: Timestamp,
    before: String,
    expected: String,
}

impl<'c> Case<'c> {
    fn of(scene: &'c Sandbox, line: &'c str) -> Self {
        let args = arguments(line);
        let whole = copy(scene, scene.now());
        let before = state(&whole, line);
        let at = whole.now();
        whole
            .pointsman(&args.iter().map(String::as_str).collect::<Vec<_>>())
            .succeeds();
        let expected = state(&whole, line);
        Self {
            scene,
            line,
            args,
            at,
            before,
            expected,
        }
    }

    /// Every failure that the command is to meet.
    fn failures(&self) -> Vec<(Fault, Point)> {
        let failures = FAULTS.iter().flat_map(|(fault, every, calls)| {
            let made: BTreeMap<_, _> = copy(self.scene, self.at).calls_of(calls, &self.args());
            Point::throughout(&made, *every)
                .into_iter()
                .map(|point| (*fault, point))
        });
        failures.collect()
    }

    fn args(&self) -> Vec<&str> {
        self.args.iter().map(String::as_str).collect()
    }

    /// How a failure went; what is wrong with how the command took it is added to `wrong`. `None`: it did not
    /// come so far this time.
    fn fails(&self, fault: Fault, point: Point, wrong: &Mutex<String>) -> Option<Outcome> {
        let sandbox = copy(self.scene, self.at);
        let run = match fault {
            Fault::Error(error) => sandbox.failing_at(error, point, &self.args())?,
            Fault::Killed => sandbox.killed_at(point, &self.args())?,
        };
        let tell = |what: &str, more: &str| {
            let told = format!(
                "{fault:?} at {point:?}: {what}\n{}{more}\n",
                run.transcript()
            );
            wrong.lock().expect("nobody panics in it").push_str(&told);
        };
        let after = state(&sandbox, self.line);
        if fault != Fault::Killed {
            if let Some(what) = dishonest(&run) {
                tell(what, "");
            }
            // What is not there for want of something is said to be absent, with the reason.
            let is_told = run.code != Some(0) || run.stdout.contains("os error");
            if after != self.expected && !is_told {
                tell("it is not done, and says that it is", "");
            }
        }
        let is_whole = after == self.before || after == self.expected;
        if !is_whole && !writes_many(self.line, fault) {
            tell("it is half done", "");
        }
        if after != self.expected {
            // The second try is made at the time of the first one, and gives the same. A run is named by
            // its time: the next one begins later.
            let later = i64::from(EVALUATION.contains(&self.line));
            sandbox.wait_seconds(self.at.as_second() + later - sandbox.now().as_second());
            let again = sandbox.again_after_the_cure(&self.args());
            if again.code != Some(0) {
                tell("it does not go through again", &again.transcript());
            } else if state(&sandbox, self.line) != self.expected {
                tell("a second try ends in something else", "");
            }
        }
        Some(match (fault, run.code) {
            (Fault::Killed, _) => Outcome::Died,
            (Fault::Error(_), Some(0)) => Outcome::Survived,
            (Fault::Error(_), _) => Outcome::Told,
        })
    }
}

/// How a failure went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The command said that it failed.
    Told,
    /// It did its work all the same.
    Survived,
    /// It was killed.
    Died,
}

/// Lets every call of a command fail, and gives how each failure went.
fn fails_everywhere(scene: &Sandbox, line: &str, wrong: &Mutex<String>) -> Vec<Outcome> {
    let case = Case::of(scene, line);
    let failures = case.failures();
    let next = AtomicUsize::new(0);
    let works = || {
        let mut outcomes = Vec::new();
        while let Some((fault, point)) = failures.get(next.fetch_add(1, Ordering::SeqCst)) {
            outcomes.extend(case.fails(*fault, *point, wrong));
        }
        outcomes
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(works)).collect();
        let done = workers.into_iter();
        done.flat_map(|it| it.join().expect("no case panics"))
            .collect()
    })
}

#[track_caller]
fn figures(lines: &[&str]) -> String {
    let scene = scene();
    if !can_trace(&scene) {
        return "skipped".to_owned();
    }
    let wrong = Mutex::default();
    let outcomes: Vec<Outcome> = lines
        .iter()
        .flat_map(|line| fails_everywhere(&scene, line, &wrong))
        .collect();
    let wrong = wrong.into_inner().expect("nobody panicked in it");
    let shown: String = wrong.chars().take(20_000).collect();
    assert!(wrong.is_empty(), "{shown}");
    let many = |wanted: Outcome| outcomes.iter().filter(|it| **it == wanted).count();
    let (told, survived, died) = (
        many(Outcome::Told),
        many(Outcome::Survived),
        many(Outcome::Died),
    );
    assert!(told > 0 && died > 0, "{told} told, {died} died");
    format!(
        "{} commands met {} failures: {told} told, {survived} survived; {died} more were killed; nothing is \
         half done",
        lines.len(),
        told + survived
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

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn an_evaluation_that_fails_at_any_call_keeps_what_it_can_and_goes_through_again() {
    println!("evaluation: {}", figures(&EVALUATION));
}
