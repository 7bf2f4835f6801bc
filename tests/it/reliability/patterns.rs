//! Patterns that make other programs run for ever, on a megabyte that is made for each: an evaluator knows
//! within a moment whether it matches, or says that it does not know. And schemas that have no end.

use std::fmt::Write as _;
use std::time::Duration;

use pointsman::engine::workspace::matchers::{Broken, Pattern, Schema};
use serde_json::{Value, json};

use super::bounded::processor;
use crate::support::Sandbox;

/// How long the texts are, in bytes.
const BYTES: usize = 1_000_000;

/// What one match may take of a processor: ten times what is promised, so that a busy machine fails
/// nothing. The figure says what was measured.
const ENDLESS: Duration = Duration::from_secs(10);

/// Loops in loops, and choices and neighbours that both take the same, with what they go over. The shapes
/// are those of the literature on regular expressions that backtrack (Davis and others, 2018: nested
/// quantifiers, quantified overlapping disjunctions and adjacencies).
const LOOPS: [(&str, &str); 36] = [
    ("(a+)+", "a"),
    ("(a*)*", "a"),
    ("(a|a)*", "a"),
    ("(a|aa)+", "a"),
    ("(a|a?)+", "a"),
    ("(a+a+)+", "a"),
    ("a*a*a*a*a*b", "a"),
    ("(.*)*", "a"),
    ("(.*a){25}", "a"),
    ("(.*a){200}", "a"),
    ("(x+x+)+y", "x"),
    ("(?:a?){1000}a{1000}", "a"),
    (".*.*=.*", "="),
    (r"(\s+)+x", " "),
    (r"^\s+|\s+", " "),
    (r"(\d+)+x", "1"),
    (r"(\w+\s?)+", "word "),
    (r"(\w|\d|_)+x", "1_"),
    (r"([^\s]+\s*)+x", "a "),
    ("(([a-z])+.)+[A-Z]([a-z])+", "a"),
    (
        r"([a-zA-Z0-9_.\-])+@(([a-zA-Z0-9\-])+\.)+([a-zA-Z0-9]{2,4})+",
        "a.",
    ),
    (r"(.+@.+)+x", "a@"),
    (
        r"(https?://)?([\da-z.-]+)\.([a-z.]{2,6})([/\w .-]*)*/?",
        "a.b/",
    ),
    (r#""(\\.|[^"\\])*""#, "\\\""),
    (r"/\*(\*(?:[^/])|[^*])*\*/", "/*"),
    (r"<(\w+)(\s+\w+(=.*?)?)*\s*>", "<a b=c "),
    (r"(?:<!--)+(.|\s)*?-->", "<!--"),
    (r"((ab)*)+", "ab"),
    (r"(a?b?c?d?)*x", "abcd"),
    (r"(?i)(A|a)+", "aA"),
    (r"(\u{e9}|[\u{e8}-\u{ea}])+x", "é"),
    (r"\p{L}+\p{L}+\d", "é"),
    (r"(?s)(.|\n)*x", "\n"),
    (r"(0|1)*1(0|1){12}", "01"),
    ("[ab]*a[ab]{500}c", "ab"),
    ("[ab]*a[ab]{10000}c", "ab"),
];

/// How a loop is held: to the start, to the end, to a word, with something behind it that never comes.
const HOLDS: [(&str, &str); 8] = [
    ("", ""),
    ("^", "$"),
    ("^", ""),
    ("", "$"),
    ("", "!"),
    ("^(?:", ")+$"),
    ("(?:", "){2}~"),
    (r"\b", r"\b~"),
];

/// What ends a text, so that the loop was for nothing.
const ENDS: [&str; 2] = ["!", "\n\u{0}"];

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn no_pattern_takes_long_over_a_megabyte() {
    let mut figures = Figures::default();
    let mut slow = String::new();
    for (number, (repeated, over)) in LOOPS.iter().enumerate() {
        let text = over.repeat(BYTES / over.len());
        for (place, (before, behind)) in HOLDS.iter().enumerate() {
            let end = ENDS[(number + place) % ENDS.len()];
            let text = format!("{text}{end}");
            let pattern = format!("{before}{repeated}{behind}");
            for (reader, known) in [("text", in_a_text as Known), ("schema", in_a_schema)] {
                let began = processor();
                let known = known(&pattern, &text);
                let took = processor().saturating_sub(began);
                figures.add(known, took);
                if took > ENDLESS {
                    let _ = writeln!(slow, "{reader} {pattern}: {took:.1?}, {known:?}");
                }
            }
        }
    }
    assert!(slow.is_empty(), "{slow}");
    assert!(figures.known > figures.unknown * 4, "{figures:?}");
    println!("{}", figures.told());
}

/// Whether a pattern matches a text; `None`: it is refused, or given up.
type Known = fn(&str, &str) -> Option<bool>;

fn in_a_text(pattern: &str, text: &str) -> Option<bool> {
    Pattern::compile(pattern, false).ok()?.is_match(text).ok()
}

fn in_a_schema(pattern: &str, text: &str) -> Option<bool> {
    let schema = json!({ "pattern": pattern });
    let schema = Schema::compile(&schema).ok()?;
    let value = Value::from(text);
    match schema.validate(&value) {
        Ok(()) => Some(true),
        Err(Broken::Rule(_)) => Some(false),
        Err(Broken::TooLong(_)) => None,
    }
}

#[derive(Debug, Default)]
struct Figures {
    known: usize,
    unknown: usize,
    slowest: Duration,
}

impl Figures {
    fn add(&mut self, known: Option<bool>, took: Duration) {
        match known {
            Some(_) => self.known += 1,
            None => self.unknown += 1,
        }
        self.slowest = self.slowest.max(took);
    }

    fn told(&self) -> String {
        let Self {
            known,
            unknown,
            slowest,
        } = self;
        format!(
            "{} matches of patterns: {known} decided, {unknown} refused or given up, the slowest in \
             {slowest:.1?} of a processor",
            known + unknown
        )
    }
}

#[test]
fn a_schema_that_has_no_end_ends_the_program_with_an_error() {
    const LEVELS: usize = 44;
    let mut rules = json!({ "level-0": { "type": "string" } });
    for level in 1..=LEVELS {
        let below = json!({ "$ref": format!("#/$defs/level-{}", level - 1) });
        rules[format!("level-{level}")] = json!({ "anyOf": [below, below] });
    }
    let schema = json!({ "$defs": rules, "$ref": format!("#/$defs/level-{LEVELS}") });
    let sandbox = Sandbox::with_workspace();
    let text = format!(
        "kind: json\ncheck: schema\nschema: {schema}\nexamples:\n  - {{ output: \"7\", grade: fail }}\n"
    );
    sandbox.write("evaluators/endless.yml", text);
    let run = sandbox.pointsman(&["evaluator", "test", "endless"]);
    run.exits(2)
        .tells("error: holding a value against its JSON Schema takes more than 5 seconds")
        .tells("hint: make it simpler");
}
