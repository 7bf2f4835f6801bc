//! Every command there is, in a repository whose policy lets nothing in: no lane gets other
//! content, whatever is typed. A new command must say here what it does to lanes.

use std::collections::BTreeSet;

use clap::Command;

use crate::support::Sandbox;

/// What a command does to lanes here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// It has nothing to do with moving lanes: no branch and no tag changes.
    Nothing,
    /// It would change what is live, and is refused.
    IsRefused,
    /// It appends a record, and what is live stays.
    AppendsOnly,
}

use Does::{AppendsOnly, IsRefused, Nothing};

/// Every command with what is typed after it, its exit code and what it does.
pub(crate) const COMMANDS: &[(&str, &[&str], i32, Does)] = &[
    ("approve", &["staging", "--yes"], 2, Nothing),
    ("behaviors dismiss", &["none", "--reason", "x"], 2, Nothing),
    ("behaviors list", &[], 0, Nothing),
    ("behaviors resolve", &["none", "--reason", "x"], 2, Nothing),
    ("behaviors label", &[], 6, Nothing),
    ("behaviors scan", &[], 6, Nothing),
    ("behaviors show", &["none"], 2, Nothing),
    ("behaviors watch", &["none"], 2, Nothing),
    (
        "bisect",
        &["triage", "--evaluator", "queue-matches"],
        3,
        Nothing,
    ),
    ("check", &[], 0, Nothing),
    ("completions", &["bash"], 0, Nothing),
    (
        "dataset add-span",
        &["4bf92f35", "--to", "tickets"],
        2,
        Nothing,
    ),
    ("dataset export", &["tickets", "-o", "csv=-"], 0, Nothing),
    (
        "dataset import",
        &["none.csv", "--to", "tickets"],
        2,
        Nothing,
    ),
    ("dataset lint", &[], 1, Nothing),
    ("dataset list", &[], 0, Nothing),
    (
        "dataset prove",
        &["tickets", "crash", "--before", "HEAD"],
        1,
        Nothing,
    ),
    ("dataset review", &["tickets"], 0, Nothing),
    ("dataset show", &["tickets"], 0, Nothing),
    ("demo", &[], 0, Nothing),
    ("diff", &["staging"], 0, Nothing),
    ("doctor integration", &[], 6, Nothing),
    ("doctor runtime", &["staging"], 0, Nothing),
    ("eval", &[], 0, Nothing),
    ("fmt", &[], 0, Nothing),
    ("gate", &["--base", "HEAD"], 0, Nothing),
    (
        "evaluator calibrate",
        &["queue-matches", "--dataset", "tickets"],
        2,
        Nothing,
    ),
    ("evaluator list", &[], 0, Nothing),
    ("evaluator test", &[], 6, Nothing),
    ("evidence build", &["staging"], 0, Nothing),
    ("evidence show", &["staging"], 0, Nothing),
    ("evidence sign", &["staging", "--yes"], 2, Nothing),
    ("evidence verify", &["staging"], 0, Nothing),
    ("export", &["staging"], 0, Nothing),
    ("import dotprompt", &["none.prompt"], 2, Nothing),
    ("import humanloop", &["none.prompt"], 2, Nothing),
    ("import promptfoo", &["none.yaml"], 2, Nothing),
    ("import prompty", &["none.prompty"], 2, Nothing),
    ("improve approve", &["triage/1", "--yes"], 2, Nothing),
    ("improve check", &["triage/1"], 2, Nothing),
    ("improve edit", &["triage/1"], 2, Nothing),
    ("improve list", &[], 0, Nothing),
    ("improve reject", &["triage/1", "--reason", "x"], 2, Nothing),
    ("improve show", &["triage/1"], 2, Nothing),
    ("improve start", &["--prompt", "triage"], 6, Nothing),
    (
        "incident classify",
        &["none", "--layer", "prompt"],
        2,
        Nothing,
    ),
    ("incident close", &["none", "--waive", "x"], 2, Nothing),
    (
        "incident contain",
        &["seen", "--yes", "--lane", "staging"],
        7,
        IsRefused,
    ),
    ("incident list", &[], 0, Nothing),
    ("incident note", &["none", "x"], 2, Nothing),
    (
        "incident preserve",
        &["none", "--to", "tickets"],
        2,
        Nothing,
    ),
    ("incident open", &["Slow", "--window", "1h"], 0, Nothing),
    ("incident show", &["none"], 2, Nothing),
    ("init", &[], 2, Nothing),
    ("lanes at", &["now"], 0, Nothing),
    (
        "lanes hold",
        &["staging", "--yes", "--reason", "x"],
        0,
        AppendsOnly,
    ),
    ("lanes list", &[], 0, Nothing),
    ("lanes log", &["staging"], 0, Nothing),
    ("lanes show", &["staging"], 0, Nothing),
    (
        "lanes unhold",
        &["staging", "--yes", "--reason", "x"],
        0,
        AppendsOnly,
    ),
    ("lanes verify", &["staging"], 0, Nothing),
    ("man", &[], 0, Nothing),
    ("monitor", &[], 0, Nothing),
    ("monitor check", &[], 6, Nothing),
    ("monitor compare", &["--around", "staging#1"], 3, Nothing),
    ("monitor score", &["no-apology"], 6, Nothing),
    ("plan", &["--lane", "staging"], 0, Nothing),
    ("promote", &["staging", "--yes", "--tag"], 7, IsRefused),
    (
        "prompt convert",
        &["triage", "--to", "dotprompt"],
        1,
        Nothing,
    ),
    ("prompt list", &[], 0, Nothing),
    (
        "prompt render",
        &["triage", "--var", "ticket=x"],
        0,
        Nothing,
    ),
    ("prompt show", &["triage"], 0, Nothing),
    ("redact test", &[], 2, Nothing),
    ("review launch", &["--day", "1"], 0, Nothing),
    ("review weekly", &[], 0, Nothing),
    (
        "rollback",
        &["staging", "--yes", "--tag", "--reason", "x"],
        7,
        IsRefused,
    ),
    ("runs compare", &["latest"], 0, Nothing),
    ("runs fetch", &[], 2, Nothing),
    ("runs list", &[], 0, Nothing),
    ("runs push", &[], 2, Nothing),
    ("runs show", &[], 0, Nothing),
    ("schema", &["--write"], 0, Nothing),
    // Off this machine only with a token, receiving too: it ends at once.
    ("serve", &["--listen", "0.0.0.0:0"], 2, Nothing),
    ("status", &[], 0, Nothing),
    ("traces export", &["-o", "jsonl=-"], 0, Nothing),
    ("traces import", &["none.jsonl"], 2, Nothing),
    ("traces list", &[], 0, Nothing),
    ("traces receive", &["--listen", "0.0.0.0:0"], 2, Nothing),
    ("traces search", &["refund"], 0, Nothing),
    ("traces show", &["none"], 2, Nothing),
    ("traces clickhouse-ddl", &[], 0, Nothing),
    ("traces views", &[], 0, Nothing),
    // No such port: it ends at once.
    ("view", &["--port", "65536"], 2, Nothing),
    ("webhook deliver", &[], 0, Nothing),
    ("webhook deliveries", &[], 0, Nothing),
    ("webhook redeliver", &["msg_1"], 2, Nothing),
    ("webhook test", &["staging"], 2, Nothing),
    ("webhook verify", &["--secret-env", "SECRET"], 2, Nothing),
    ("", &[], 2, Nothing),
    ("help", &[], 0, Nothing),
];

/// An incident that somebody wrote down by hand.
const INCIDENT: &str = "---
title: Seen
opened: { at: \"2026-03-02T09:00:00Z\", by: Ada }
window: { from: \"2026-03-02T08:00:00Z\", until: \"2026-03-02T09:00:00Z\" }
---
";

/// A lane with two records that is frozen for ever, and whose first record is held.
pub(crate) fn where_nothing_comes_in() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    let first = sandbox.record("staging")["snapshot"]["sha256"].clone();
    sandbox.write(
        "environments/staging.toml",
        "order = 1\n[gate]\nfloors = { queue-matches = 0.9 }\n[freeze]\n\
         windows = [\"Mon 00:00 - Thu 00:00 UTC\", \"Thu 00:00 - Mon 00:00 UTC\"]\n",
    );
    sandbox.write("operations/incidents/seen.md", INCIDENT);
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    let first = first.as_str().expect("a digest");
    let hold = [
        "lanes",
        "hold",
        "staging",
        "--snapshot",
        first,
        "--yes",
        "--reason",
        "x",
    ];
    sandbox.pointsman(&hold).succeeds();
    sandbox.reword("at length");
    sandbox
}

/// Every branch and tag with what it names.
fn refs(sandbox: &Sandbox) -> String {
    sandbox.git(&["for-each-ref", "refs/heads", "refs/tags"])
}

/// What is live, without the record of how it came there.
fn live(sandbox: &Sandbox) -> String {
    sandbox.record("staging")["snapshot"]["gitTree"].to_string()
}

#[test]
fn no_command_brings_content_into_a_lane_whose_policy_refuses() {
    let mut sandbox = where_nothing_comes_in();
    for &(command, more, code, does) in COMMANDS {
        let (before, content) = (refs(&sandbox), live(&sandbox));
        let args: Vec<&str> = command
            .split_whitespace()
            .chain(more.iter().copied())
            .collect();
        let run = sandbox.pointsman(&args);
        run.exits(code);
        assert_eq!(live(&sandbox), content, "`{command}`");
        let moved = refs(&sandbox) != before;
        assert_eq!(
            moved,
            does == AppendsOnly,
            "`{command}` is said to do {does:?}"
        );
        if does == AppendsOnly {
            assert_eq!(sandbox.record("staging")["sequence"], 4, "`{command}`");
            sandbox = where_nothing_comes_in();
        }
        if does == IsRefused {
            run.tells("the policy refuses, and nothing was moved");
        }
    }
}

#[test]
fn every_command_says_here_what_it_does_to_lanes() {
    let listed: BTreeSet<String> = COMMANDS
        .iter()
        .map(|(name, ..)| (*name).to_owned())
        .collect();
    let there = commands();
    let missing: Vec<_> = there.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "add to COMMANDS: {missing:?}; remove: {gone:?}"
    );
}

/// The names of all commands that can be run.
pub(crate) fn commands() -> BTreeSet<String> {
    let mut there = BTreeSet::from([String::new(), "help".to_owned()]);
    add_leaves(&pointsman::cli::command_line(), "", &mut there);
    there
}

/// The commands that can be run: those without commands below them, and those that need none.
fn add_leaves(command: &Command, above: &str, leaves: &mut BTreeSet<String>) {
    for below in command.get_subcommands() {
        let name = format!("{above} {}", below.get_name()).trim().to_owned();
        add_leaves(below, &name, leaves);
        if !below.is_subcommand_required_set() {
            leaves.insert(name);
        }
    }
}
