//! One history, played in whatever surroundings: another time zone, another language, another mask of new
//! files, another home, another folder, another idea of line ends. What is said, what is written and what
//! is committed are the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use jiff::SignedDuration;

use crate::support::Sandbox;
use crate::support::source::root;

/// Where and how a command is run.
struct Surroundings {
    name: &'static str,
    /// What a shell is told before the command.
    shell: &'static str,
    /// The folder that it stands in.
    folder: &'static str,
    /// How the repository is told to treat line ends.
    autocrlf: &'static str,
}

/// The first are those that the others are compared with.
const SURROUNDINGS: [Surroundings; 3] = [
    Surroundings {
        name: "the machine that the tests run on",
        shell: "umask 022",
        folder: ".",
        autocrlf: "false",
    },
    Surroundings {
        name: "a day ahead, in German, with no home, and with files for nobody else",
        shell: "umask 077; unset HOME TMPDIR; export TZ=Pacific/Kiritimati LC_ALL=de_DE.UTF-8",
        folder: ".",
        autocrlf: "input",
    },
    Surroundings {
        name: "half an hour aside, in Turkish, with files for everybody, below the workspace's folder",
        shell: "umask 000; export HOME=/nowhere TZ=America/St_Johns LC_ALL=tr_TR.UTF-8 LANGUAGE=tr",
        folder: "prompts/support",
        autocrlf: "true",
    },
];

/// What is run before the traffic comes, one command a line. `$OUT` is a folder beside the repository.
const RELEASES: [&str; 14] = [
    "pointsman check",
    "pointsman check --json",
    "pointsman eval --gate production -o json=$OUT/run.json -o junit=$OUT/run.xml -o markdown=$OUT/run.md -o html=$OUT/run.html",
    "pointsman eval support/triage --recorded --no-cache --at HEAD --json",
    "pointsman gate --base HEAD~1 -o json=$OUT/gate.json -o markdown=$OUT/gate.md",
    "pointsman plan --lane production --json",
    "pointsman promote staging --yes --reason Grüße",
    "pointsman promote production --yes --tag",
    "pointsman evidence build production --record 1 --json",
    "pointsman evidence build staging -o html=$OUT/packet.html -o json=$OUT/packet.json",
    "pointsman lanes log production --json",
    "pointsman lanes at now",
    "pointsman export production -o $OUT/production.json --expires 7d",
    "pointsman rollback staging --yes --reason none",
];

/// What reads commits, and not what is checked out.
const OF_COMMITS: [&str; 8] = [
    "pointsman eval support/triage --recorded --no-cache --at HEAD --json",
    "pointsman gate --base HEAD~1 --head HEAD --json",
    "pointsman promote staging --yes",
    "pointsman promote production --yes",
    "pointsman evidence build production --record 1 --json",
    "pointsman export production",
    "pointsman evidence verify --json",
    "pointsman diff HEAD~1 HEAD",
];

/// What is run after it came.
const OPERATIONS: [&str; 20] = [
    "pointsman traces import $OUT/traffic.jsonl",
    "pointsman traces list -n 5",
    "pointsman traces search refund --json",
    "pointsman traces export -o jsonl=$OUT/spans.jsonl",
    "pointsman traces export -o csv=$OUT/spans.csv",
    "pointsman monitor --since 4h --json -o html=$OUT/monitor.html",
    "pointsman monitor --since 4h --bucket 1h",
    "pointsman monitor compare --around production#1:1h --json",
    "pointsman behaviors scan --since 4h --json",
    "pointsman behaviors list --json",
    "pointsman doctor runtime production",
    "pointsman incident open Slow --id slow --window 3h",
    "pointsman incident show slow --json",
    "pointsman dataset export support-golden -o jsonl=$OUT/rows.jsonl",
    "pointsman dataset lint --json",
    "pointsman prompt convert support/triage --to dotprompt",
    "pointsman review weekly",
    "pointsman status --json",
    "pointsman evidence verify --json",
    "pointsman runs show --json",
];

impl Surroundings {
    /// The sample workspace with a change of a prompt, as it is checked out here.
    fn open(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        let sample = "prompts datasets evaluators environments recordings pointsman.toml";
        let copy = format!(
            "cd '{}' && cp -r {sample} '{}'",
            root().display(),
            sandbox.path().display()
        );
        sandbox.shell(&copy).run().succeeds();
        sandbox.commit("Add the sample");
        sandbox.edit(
            "prompts/support/triage.prompt.yml",
            "description: Routes a customer's ticket",
            "description: Sends a customer's ticket",
        );
        sandbox.commit("Say what it does");
        sandbox.git(&["config", "core.autocrlf", self.autocrlf]);
        sandbox.write("../out/.keep", "");
        sandbox
    }

    /// Everything that is said and written, by what says it.
    fn plays(&self) -> BTreeMap<String, String> {
        let sandbox = self.open();
        let mut said = BTreeMap::new();
        self.runs(&sandbox, &RELEASES, &mut said);
        let live = SignedDuration::from_hours(1);
        let from = sandbox.now();
        sandbox.wait_seconds(live.as_secs());
        let traffic = sandbox.traffic("production", from, from + live);
        let lines = format!("{}{}", traffic.ndjson(), traffic.scores_ndjson());
        sandbox.write("../out/traffic.jsonl", lines);
        self.runs(&sandbox, &OPERATIONS, &mut said);
        // What was written into the worktree, as git would store it.
        sandbox.git(&["add", "--all"]);
        said.insert(
            "the worktree".to_owned(),
            sandbox.git(&["ls-files", "--stage"]),
        );
        said.insert("the refs".to_owned(), sandbox.git(&["show-ref"]));
        files(&sandbox.path().with_file_name("out"), &mut said);
        files(&sandbox.path().join(".git/pointsman/runs"), &mut said);
        said
    }

    fn runs(&self, sandbox: &Sandbox, lines: &[&str], said: &mut BTreeMap<String, String>) {
        let out = sandbox.path().with_file_name("out");
        for line in lines {
            let script = format!(
                "{}\nexport OUT='{}'\ncd '{}'\n{line}",
                self.shell,
                out.display(),
                self.folder
            );
            let run = sandbox.shell(&script).run();
            assert_ne!(run.code, Some(2), "{}", run.transcript());
            let code = run.code.map_or(String::new(), |code| code.to_string());
            said.insert(format!("{line} -> {code}"), run.stdout);
        }
    }
}

/// The files below a folder, by their paths from there.
fn files(folder: &Path, found: &mut BTreeMap<String, String>) {
    fn below(folder: &Path, base: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(&path, base, found);
            } else {
                let bytes = fs::read(&path).expect("it was just listed");
                let name = path.strip_prefix(base).expect("it was found below");
                let text = bytes.escape_ascii().to_string();
                found.insert(name.display().to_string(), text);
            }
        }
    }
    let base = folder.parent().expect("it stands in the sandbox");
    below(folder, base, found);
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn the_same_history_gives_the_same_bytes_in_all_surroundings() {
    let played: Vec<_> = thread::scope(|scope| {
        let plays = SURROUNDINGS.each_ref().map(|it| scope.spawn(|| it.plays()));
        let ends = plays.into_iter().map(thread::ScopedJoinHandle::join);
        ends.map(|it| it.expect("it was shown what went wrong"))
            .collect()
    });
    let (expected, others) = played.split_first().expect("there are surroundings");
    let mut bytes = 0;
    for (other, played) in SURROUNDINGS[1..].iter().zip(others) {
        let names = |it: &BTreeMap<String, String>| it.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(played), names(expected), "{}", other.name);
        for (name, text) in expected {
            let there = &played[name];
            let at = text.bytes().zip(there.bytes()).take_while(|(a, b)| a == b);
            let at = at.count().saturating_sub(200);
            let cut = |text: &str| -> String { text.chars().skip(at).take(600).collect() };
            let is_same = text == there;
            assert!(
                is_same,
                "{}: {name}\n{}\n---\n{}",
                other.name,
                cut(text),
                cut(there)
            );
            bytes += text.len();
        }
    }
    println!(
        "{} commands in {} surroundings: {} outputs and files, {bytes} bytes, the same everywhere",
        RELEASES.len() + OPERATIONS.len(),
        SURROUNDINGS.len(),
        expected.len(),
    );
}

#[test]
fn what_is_released_is_the_same_where_git_checks_out_the_line_ends_of_windows() {
    let [plain, ..] = &SURROUNDINGS;
    let released = |checked_out_again: bool| {
        let sandbox = plain.open();
        if checked_out_again {
            sandbox.git(&["config", "core.autocrlf", "true"]);
            let again = "git rm --quiet --cached -r . && git reset --quiet --hard";
            sandbox.shell(again).run().succeeds();
            assert!(sandbox.read("pointsman.toml").contains("\r\n"));
        } else {
            sandbox.wait_seconds(60);
        }
        let mut said = BTreeMap::new();
        plain.runs(&sandbox, &OF_COMMITS, &mut said);
        said.insert("the refs".to_owned(), sandbox.git(&["show-ref"]));
        // Answers are recorded of requests: those of the worktree are the same, too.
        let gate = ["eval", "--gate", "production", "--recorded"];
        sandbox.pointsman(&gate).succeeds();
        said
    };
    assert_eq!(released(true), released(false));
}
