//! How far one repository goes, for `docs/limits.md`: `cargo bench --bench limits`. Takes about ten minutes.
//! Rows of datasets are in `eval`, spans in `traces`.

#[path = "support/measure.rs"]
mod measure;
mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use measure::{figure, measure};
use support::{Bench, POINTSMAN};

const PROMPTS: usize = 10_000;
const RECORDS: usize = 10_000;
const AT_ONCE: usize = 64;

fn main() {
    prompts();
    records();
    processes();
}

fn prompts() {
    let bench = Bench::with_prompts(PROMPTS);
    shows(&bench, "check", &["check", "--quiet"]);
    shows(
        &bench,
        "promote all",
        &["promote", "staging", "--yes", "--quiet"],
    );
    bench.write_prompt(0, "Answer with one word.");
    bench.commit();
    shows(&bench, "diff, one changed", &["diff", "staging"]);
    shows(&bench, "status", &["status"]);
}

/// Measures a command where there are so many prompts.
fn shows(bench: &Bench, what: &str, args: &[&str]) {
    let taken = measure(bench.command(POINTSMAN, args));
    taken.show(&format!("{what}, {PROMPTS} prompts"), "");
}

fn records() {
    let bench = Bench::with_prompts(1);
    bench.git(&["tag", "one"]);
    bench.write_prompt(0, "Answer with one word.");
    bench.commit();
    bench.git(&["tag", "two"]);
    let started = Instant::now();
    for number in 0..RECORDS {
        let at = ["one", "two"][number % 2];
        bench.run(POINTSMAN, &["promote", "staging", "--yes", "--from", at]);
    }
    let each_ms = started.elapsed().as_secs_f64() * 1e3 / as_number(RECORDS);
    figure(
        &format!("promote, the mean of {RECORDS}"),
        &format!("{each_ms:.1} ms"),
        "",
    );
    let questions: [(&str, &[&str]); 4] = [
        ("lanes show", &["lanes", "show", "staging"]),
        ("lanes log", &["lanes", "log", "staging"]),
        (
            "lanes at",
            &["lanes", "at", "1d", "ago", "--lane", "staging"],
        ),
        ("lanes verify", &["lanes", "verify", "staging"]),
    ];
    for (what, args) in questions {
        let taken = measure(bench.command(POINTSMAN, args));
        assert!(!taken.stdout.is_empty(), "{what}");
        taken.show(&format!("{what}, {RECORDS} records"), "");
    }
}

fn processes() {
    let bench = Bench::with_prompts(AT_ONCE);
    bench.run(POINTSMAN, &["promote", "staging", "--yes"]);
    for index in 0..AT_ONCE {
        bench.write_prompt(index, "Answer with one word.");
    }
    bench.commit();
    let ids: Vec<String> = (0..AT_ONCE).map(Bench::prompt_id).collect();
    at_once(&bench, "promote", |index| {
        vec!["promote", "staging", &ids[index], "--yes"]
    });
    bench.run(POINTSMAN, &["lanes", "verify", "staging"]);
    at_once(&bench, "eval", |index| vec!["eval", &ids[index]]);
    let left = locks_below(&bench.path().join(".git"));
    figure("locks that are left", &left.to_string(), "0");
}

/// Starts a command so often at once, and tells how they end: with 0, or as somebody else was first.
fn at_once<'i>(bench: &Bench, what: &str, args: impl Fn(usize) -> Vec<&'i str>) {
    let started = Instant::now();
    let start = |index| -> Child {
        let mut command: Command = bench.command(POINTSMAN, &args(index));
        command.stderr(Stdio::null());
        command.spawn().expect("the program starts")
    };
    let children: Vec<Child> = (0..AT_ONCE).map(start).collect();
    let mut ends = std::collections::BTreeMap::<i32, usize>::new();
    for mut child in children {
        let status = child.wait().expect("the process is ours");
        *ends
            .entry(status.code().expect("nobody killed it"))
            .or_default() += 1;
    }
    let ends: Vec<String> = ends
        .iter()
        .map(|(code, count)| format!("{count} with {code}"))
        .collect();
    let wall = started.elapsed().as_secs_f64();
    figure(
        &format!("{AT_ONCE} times {what} at once"),
        &format!("{wall:.2} s; exit: {}", ends.join(", ")),
        "",
    );
}

fn locks_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let counts = entries.map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            locks_below(&path)
        } else {
            usize::from(path.extension().is_some_and(|ending| ending == "lock"))
        }
    });
    counts.sum()
}

#[expect(clippy::cast_precision_loss, reason = "a number of records is small")]
fn as_number(count: usize) -> f64 {
    count as f64
}
