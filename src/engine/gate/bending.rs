//! The gate's promise as a property: whatever the author of a pull request does to the rules, the tests
//! that decide stay those of the base, and nothing that is done beside a change of a prompt helps it.
//!
//! The same is shown end to end, with fewer cases, in `tests/it/gate/`.

use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;
use crate::domain::digest::Digest;
use crate::domain::gate::{Decision, Verdict};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::memory::MemoryTree;

const PROMPT: &str = "prompts/triage.prompt.yml";
const ROWS: &str = "datasets/tickets.jsonl";
const RULE: &str = "evaluators/right.yml";
const LANE: &str = "environments/staging.toml";

const FILES: [(&str, &str); 6] = [
    (
        PROMPT,
        "model: echo/echo\nvariables:\n  ticket: { type: string }\nmessages:\n  - { role: user, content: \"{{ ticket }}\" }\nevals:\n  - dataset: tickets\n    evaluators: [right, brief]\n",
    ),
    (
        "datasets/tickets.yml",
        "kind: golden\nrows: tickets.jsonl\n",
    ),
    (
        ROWS,
        "{\"id\": \"a\", \"vars\": {\"ticket\": \"bug\"}, \"expected\": \"bug\", \"critical\": true}\n{\"id\": \"b\", \"vars\": {\"ticket\": \"idea\"}, \"expected\": \"idea\"}\n{\"id\": \"c\", \"vars\": {\"ticket\": \"bill\"}, \"expected\": \"bill\"}\n",
    ),
    (
        RULE,
        "kind: text\noperator: equals\nvalue: { column: expected }\n",
    ),
    (
        "evaluators/brief.yml",
        "kind: length\nunit: characters\nmax: 40\n",
    ),
    (
        LANE,
        "order = 1\n[gate]\nrepeats = 2\nfloors = { right = 0.5, brief = 0.5 }\n",
    ),
];

/// What an author may do to the rules.
#[derive(Debug, Clone)]
enum Edit {
    /// Takes a row away.
    Remove(usize),
    /// Says something else in a row: what is asked, what is expected, or what it counts for.
    Change(usize, &'static str, &'static str),
    /// Adds a row under a name that nobody has.
    Add(u16),
    /// Sets the floor of the first evaluator, in tenths.
    Floor(u8),
    /// Replaces a piece of a file of rules.
    Rewrite(&'static str, &'static str, &'static str),
    /// Adds a file.
    Bring(&'static str, &'static str),
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let changes = prop::sample::select(vec![
        ("\"expected\": \"", "\"expected\": \"not "),
        ("\"ticket\": \"", "\"ticket\": \"my "),
        (", \"critical\": true", ""),
        ("\"expected\"", "\"status\": \"pending\", \"expected\""),
        ("\"expected\"", "\"priority\": \"advisory\", \"expected\""),
    ]);
    let rewrites = prop::sample::select(vec![
        (RULE, "operator: equals", "operator: contains-any"),
        (RULE, "kind: text", "blocking: false\nkind: text"),
        ("evaluators/brief.yml", "max: 40", "max: 4000"),
        (
            "evaluators/brief.yml",
            "unit: characters",
            "unit: characters # in all",
        ),
        (PROMPT, "[right, brief]", "[brief]"),
        (PROMPT, "[right, brief]", "[brief, right]"),
        (LANE, "repeats = 2", "repeats = 1"),
        (LANE, "repeats = 2", "repeats = 3"),
    ]);
    let brought = prop::sample::select(vec![
        ("evaluators/more.yml", "kind: json\ncheck: valid\n"),
        ("environments/next.toml", "order = 2\n"),
        ("recordings/other.jsonl", ""),
        ("datasets/.gitattributes", "* -diff\n"),
        ("evaluators/Right.yml", "kind: json\ncheck: valid\n"),
    ]);
    prop_oneof![
        (0..3_usize).prop_map(Edit::Remove),
        (0..3_usize, changes).prop_map(|(row, (from, to))| Edit::Change(row, from, to)),
        any::<u16>().prop_map(Edit::Add),
        (0..=10_u8).prop_map(Edit::Floor),
        rewrites.prop_map(|(path, from, to)| Edit::Rewrite(path, from, to)),
        brought.prop_map(|(path, text)| Edit::Bring(path, text)),
    ]
}

impl Edit {
    fn apply(&self, tree: &mut MemoryTree) {
        let mut replace = |path: &str, from: &str, to: &str| {
            let text = tree.0.get_mut(path).expect("no edit removes a file");
            *text = text.replacen(from, to, 1);
        };
        match self {
            Self::Rewrite(path, from, to) => replace(path, from, to),
            Self::Floor(tenths) => {
                let floor = format!("right = {}.{}", tenths / 10, tenths % 10);
                replace(LANE, "right = 0.5", &floor);
            }
            Self::Bring(path, text) => {
                tree.0.insert((*path).to_owned(), (*text).to_owned());
            }
            Self::Add(number) => {
                let rows = tree.0.get_mut(ROWS).expect("no edit removes a file");
                let _ = writeln!(
                    rows,
                    "{{\"id\": \"new-{number}\", \"vars\": {{\"ticket\": \"x\"}}, \"expected\": \"x\"}}"
                );
            }
            Self::Remove(index) | Self::Change(index, ..) => {
                let rows = tree.0.get_mut(ROWS).expect("no edit removes a file");
                let id = format!("{{\"id\": \"{}\"", ["a", "b", "c"][*index]);
                let lines = rows.lines().filter_map(|row| match self {
                    _ if !row.starts_with(&id) => Some(row.to_owned()),
                    Self::Change(_, from, to) => Some(row.replacen(from, to, 1)),
                    _ => None,
                });
                *rows = lines.map(|row| row + "\n").collect();
            }
        }
    }
}

/// Whether the head's rules are those of the base and more: read off the files, not off the differences.
fn only_grows(head: &MemoryTree) -> bool {
    let [before, after] = [&MemoryTree::new(FILES), head];
    let lines = |tree: &MemoryTree, path: &str| -> BTreeSet<String> {
        tree.0[path].lines().map(str::to_owned).collect()
    };
    let number = |key: &str| -> Option<f64> {
        let (_, rest) = after.0[LANE].split_once(key)?;
        rest.split([',', '\n']).next()?.trim().parse().ok()
    };
    let harmless = ["evaluators/more.yml", "environments/next.toml"];
    let brought = after.0.keys().filter(|path| !before.0.contains_key(*path));
    let rows = lines(after, ROWS);
    let named_once = rows.len() == after.0[ROWS].lines().count();
    rows.is_superset(&lines(before, ROWS))
        && named_once
        && after.0[RULE] == before.0[RULE]
        && after.0["evaluators/brief.yml"].contains("max: 40\n")
        && after.0[PROMPT].contains("right")
        && number("right = ").is_some_and(|floor| floor >= 0.5)
        && number("repeats = ").is_some_and(|repeats| repeats >= 2.0)
        && brought
            .into_iter()
            .all(|path| harmless.contains(&path.as_str()))
}

/// What a pull request shows: its rules, and the digests of the tests that decide.
fn judged(head: &MemoryTree) -> (Scope, RuleChanges, Vec<Digest>) {
    let base = MemoryTree::new(FILES);
    let request = PullRequest {
        fork: &base,
        base: &base,
        head,
    };
    let scope = scope(request).expect("both sides can be read");
    let rules = rule_changes(request, &scope).expect("both sides can be read");
    let [base, head] = [request.base, request.head].map(Workspace::new);
    let tests = tests(&base, &head, &scope, 2).expect("the base can be planned");
    let digests = tests.head.suites.iter().map(|planned| planned.digest);
    (scope, rules, digests.collect())
}

fn verdict_for(scope: &Scope, rules: &RuleChanges, shown: Verdict) -> Verdict {
    let decision = Decision {
        verdict: shown,
        ..Decision::nothing()
    };
    verdict(Evidence {
        scope,
        rules,
        broken: &[],
        untested: &BTreeSet::new(),
        decision: Some(&decision),
    })
}

/// The pull request changes the prompt, and nothing else yet.
fn reworded() -> MemoryTree {
    let mut head = MemoryTree::new(FILES);
    Edit::Rewrite(PROMPT, "\"{{ ticket }}\"", "\"Hm: {{ ticket }}\"").apply(&mut head);
    head
}

/// The tests that decide about it where the rules stay as they are.
fn decisive() -> Vec<Digest> {
    static KNOWN: LazyLock<Vec<Digest>> = LazyLock::new(|| judged(&reworded()).2);
    KNOWN.clone()
}

proptest! {
    #![proptest_config(Config { cases: 1_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_edit_of_rules_helps_a_change_of_a_prompt(edits in prop::collection::vec(any_edit(), 1..5)) {
        let mut head = reworded();
        for edit in &edits {
            edit.apply(&mut head);
        }
        let (scope, rules, with) = judged(&head);
        prop_assert_eq!(with.len(), 1);
        prop_assert_eq!(with, decisive(), "the tests that decide are others");
        prop_assert_eq!(verdict_for(&scope, &rules, Verdict::Fail), Verdict::Fail);
        prop_assert_ne!(verdict_for(&scope, &rules, Verdict::Inconclusive), Verdict::Pass);
        let passes = verdict_for(&scope, &rules, Verdict::Pass) == Verdict::Pass;
        prop_assert_eq!(passes, only_grows(&head), "{:#?}", rules);
    }

    #[test]
    fn rules_alone_come_in_and_are_named(edits in prop::collection::vec(any_edit(), 1..5)) {
        let mut head = MemoryTree::new(FILES);
        for edit in &edits {
            edit.apply(&mut head);
        }
        let (scope, rules, decides) = judged(&head);
        prop_assert!(!scope.changes_prompts());
        prop_assert!(decides.is_empty());
        let disguise = head.0.contains_key("evaluators/Right.yml");
        prop_assert_eq!(!rules.against.is_empty(), disguise, "{:#?}", rules.against);
        prop_assert!(only_grows(&head) || !rules.is_empty(), "a weaker rule is not named");
    }
}
