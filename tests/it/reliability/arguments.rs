//! Names, revisions, paths and texts that a program would take for an option, an address or a piece of
//! shell, in every place where a command takes one: what `git` gets of them stands where it is no option.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use crate::support::Sandbox;

/// What is typed. `CANARY` is a file that must not come to be.
const HOSTILE: [&str; 23] = [
    "-x",
    "--help",
    "--upload-pack=touch CANARY",
    "--receive-pack=touch CANARY",
    "--exec=touch CANARY",
    "--output=CANARY",
    "-oCANARY",
    "-ccore.sshCommand=touch CANARY",
    "--git-dir=/nowhere",
    "--exec-path=/nowhere",
    "--end-of-options",
    "ext::sh -c touch% CANARY",
    "fd::17/x",
    "ssh://-oProxyCommand=touch%20CANARY/x",
    "$(touch CANARY)",
    "`touch CANARY`",
    "x; touch CANARY #",
    "x\ntouch CANARY",
    "HEAD\u{0a}update refs/heads/main 0000000000000000000000000000000000000000",
    "../../../../etc/passwd",
    ":/--x",
    "HEAD@{-1}",
    "рroduction\u{202e}\u{1b}[2J",
];

/// Where it is typed, one argument a word: `{}` is the hostile text.
const PLACES: [&str; 36] = [
    "approve --yes -- {}",
    "approve staging --yes --from={}",
    "approve staging --yes --sign-with={}",
    "bisect triage --evaluator=queue-matches --good={} --bad=HEAD",
    "check --at={}",
    "dataset export tickets --at={} -o csv=-",
    "dataset prove tickets crash --before={}",
    "dataset show -- {}",
    "diff --stat -- {}",
    "diff --stat -- HEAD {}",
    "eval --at={}",
    "eval -- {}",
    "evidence build staging --from={}",
    "evidence build staging --record={}",
    "evidence verify staging --since={}",
    "evidence verify staging --bundle={} --signers={}",
    "evidence verify -- {}",
    "export -- {}",
    "gate --base={}",
    "gate --base=HEAD --head={}",
    "improve start --prompt=triage --from={}",
    "improve approve --yes -- {}",
    "incident open Slow --window=1h --id={}",
    "lanes at -- {}",
    "lanes hold staging --yes --reason=x --snapshot={}",
    "lanes log -- {}",
    "lanes log staging --prompt={}",
    "lanes show -- {}",
    "promote --yes -- {}",
    "promote staging --yes --expect={}",
    "promote staging --yes --from={}",
    "promote staging --yes -- {}",
    "prompt show triage --at={}",
    "rollback staging --yes --reason=x --to={}",
    "runs push -- {}",
    "runs show -- {}",
];

/// A `git` that writes down what it is called with, and then is git.
const RECORDER: &str = r#"#!/bin/sh
PATH="${PATH#*:}"
for argument in "$@"; do printf '%s\037' "$argument"; done >> "$0.calls"
printf '\036' >> "$0.calls"
exec git "$@"
"#;

/// Lanes on a remote, and a `git` that writes down its calls before the real one.
struct Recorded {
    sandbox: Sandbox,
    path: String,
}

impl Recorded {
    fn new() -> Self {
        let sandbox = Sandbox::with_remote_lanes();
        sandbox.promotes("staging");
        sandbox.reword("better");
        sandbox.write("../own-git/git", RECORDER);
        let folder = sandbox.path().with_file_name("own-git");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join("git"), mode).expect("it is ours");
        let path = sandbox.shell("printf %s \"$PATH\"").run().stdout;
        let path = format!("{}:{path}", folder.display());
        Self { sandbox, path }
    }

    fn runs(&self, args: &[&str]) -> crate::support::run::RunOutput {
        self.sandbox.command(args).env("PATH", &self.path).run()
    }

    /// What `git` was called with since the last time.
    fn calls(&self) -> Vec<Vec<String>> {
        let file = "../own-git/git.calls";
        let text = fs::read_to_string(self.sandbox.path().join(file)).unwrap_or_default();
        self.sandbox.write(file, "");
        let calls = text.split_terminator('\u{1e}');
        let words = |call: &str| call.split_terminator('\u{1f}').map(str::to_owned).collect();
        calls.map(words).collect()
    }

    /// The branches of both repositories.
    fn branches(&self) -> String {
        let remote = self.sandbox.remote_path();
        let remote = format!("--git-dir={}", remote.display());
        let here = self.sandbox.git(&["show-ref", "--heads"]);
        here + &self.sandbox.git(&[&remote, "show-ref", "--heads"])
    }
}

/// Whether a text stands where it could be taken for an option: before the end of the options.
fn is_exposed(call: &[String], hostile: &str) -> bool {
    let mut parts = call.split(|word| word == "--end-of-options");
    let options = parts.next().unwrap_or_default();
    options.iter().any(|word| word.contains(hostile))
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn no_text_that_is_typed_is_an_option_an_address_or_a_command() {
    let recorded = Recorded::new();
    let canary = recorded.sandbox.path().with_file_name("canary");
    let shown = canary.to_str().expect("temporary folders have text names");
    let before = recorded.branches();
    let started = Instant::now();
    let (mut runs, mut calls) = (0, 0);
    for (number, place) in PLACES.into_iter().enumerate() {
        // Every second text in one place, the others in the next.
        for hostile in HOSTILE.into_iter().skip(number % 2).step_by(2) {
            let hostile = hostile.replace("CANARY", shown);
            let args: Vec<String> = place
                .split(' ')
                .map(|word| word.replace("{}", &hostile))
                .collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let run = recorded.runs(&args);
            runs += 1;
            assert!(matches!(run.code, Some(1..=9)), "{}", run.transcript());
            assert!(!run.stderr.contains('\u{1b}'), "{}", run.transcript());
            assert!(!canary.exists(), "{}", run.transcript());
            for call in recorded.calls() {
                calls += 1;
                assert!(!is_exposed(&call, &hostile), "{place}: {call:?}");
            }
        }
    }
    assert_eq!(recorded.branches(), before, "a branch moved");
    println!(
        "{runs} commands with hostile texts in {} places ran nothing and moved nothing; git was called {calls} times, {:.1?}",
        PLACES.len(),
        started.elapsed()
    );
}
