//! What redaction takes out, for people: places and rules, and never what was found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::project::PROJECT_FILE;
use crate::domain::redaction::RedactionExample;
use crate::domain::untrusted::Untrusted;
use crate::engine::traces::preview::FieldChange;
use crate::engine::traces::redact::find::{Found, MOST_FOUND};

/// What came of a test.
#[derive(Debug, Default)]
pub struct Tested<'t> {
    /// The examples of the settings.
    pub examples: Vec<TestedExample<'t>>,
    /// The inputs that were named.
    pub inputs: Vec<TestedInput>,
}

/// An example, and what is left of it.
#[derive(Debug)]
pub struct TestedExample<'t> {
    /// The example.
    pub example: &'t RedactionExample,
    /// What is left.
    pub left: String,
}

/// What is taken out of an input.
#[derive(Debug)]
pub struct TestedInput {
    /// What it is called.
    pub name: String,
    /// How many spans and scores it holds; 0: it is a text.
    pub items: u64,
    /// How many texts in them are kept as they are.
    pub untouched: u64,
    /// Where something is taken out.
    pub places: Vec<Place>,
}

/// A place where something is taken out.
#[derive(Debug)]
pub enum Place {
    /// In a text.
    Text(Found),
    /// In a field of a span or score.
    Field {
        /// The trace.
        trace: String,
        /// The span; absent: the score is one of the whole trace.
        span: Option<String>,
        /// The field, and what becomes of it.
        change: FieldChange,
    },
}

impl TestedExample<'_> {
    /// Whether it leaves what it should.
    pub fn is_right(&self) -> bool {
        self.left == self.example.expect
    }
}

impl TestedInput {
    /// Nothing yet.
    pub fn new(name: String) -> Self {
        Self {
            name,
            items: 0,
            untouched: 0,
            places: Vec::new(),
        }
    }

    /// Whether nothing is taken out.
    pub fn is_clean(&self) -> bool {
        self.places.is_empty()
    }
}

/// A line for each place, and a sum for each input.
pub fn render(tested: &Tested<'_>) -> String {
    let mut text = String::new();
    for example in &tested.examples {
        add_example(&mut text, example);
    }
    if !tested.examples.is_empty() {
        let count = tested.examples.len();
        let right = tested.examples.iter().filter(|it| it.is_right()).count();
        let _ = writeln!(text, "{right} of {} right", plural(count as u64, "example"));
    }
    for input in &tested.inputs {
        let name = Untrusted(&input.name);
        for place in &input.places {
            let _ = match place {
                Place::Text(Found { span, rule }) => writeln!(
                    text,
                    "{name}:{}:{}: {rule}, {}",
                    span.line,
                    span.column,
                    plural(u64::from(span.length), "character")
                ),
                Place::Field {
                    trace,
                    span,
                    change,
                } => {
                    let id = span
                        .as_ref()
                        .map_or_else(|| trace.clone(), |span| format!("{trace}/{span}"));
                    let what = match change.rules.as_slice() {
                        [] => "dropped".to_owned(),
                        rules => rules.join(", "),
                    };
                    let (id, field) = (Untrusted(&id), Untrusted(&change.field));
                    writeln!(text, "{name}: {id}: {field}: {what}")
                }
            };
        }
        add_sum(&mut text, input);
    }
    text
}

fn add_example(text: &mut String, tested: &TestedExample<'_>) {
    if tested.is_right() {
        return;
    }
    let (line, expected) = (tested.example.line, &tested.example.expect);
    let _ = writeln!(
        text,
        "{PROJECT_FILE}:{line}: expected `{}`, and this is left: `{}`",
        Untrusted(expected),
        Untrusted(&tested.left)
    );
}

fn add_sum(text: &mut String, input: &TestedInput) {
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    let mut dropped = 0;
    for place in &input.places {
        match place {
            Place::Text(found) => *rules.entry(&found.rule).or_default() += 1,
            Place::Field { change, .. } if change.rules.is_empty() => dropped += 1,
            Place::Field { change, .. } => {
                for rule in &change.rules {
                    *rules.entry(rule).or_default() += 1;
                }
            }
        }
    }
    let mut parts: Vec<String> = rules
        .iter()
        .map(|(rule, count)| format!("{rule} {count}"))
        .collect();
    if dropped > 0 {
        parts.push(format!("{dropped} dropped"));
    }
    let taken = match parts.as_slice() {
        [] => "nothing is taken out".to_owned(),
        parts => format!("taken out: {}", parts.join(", ")),
    };
    let rest = match input.items {
        0 if input.places.len() >= MOST_FOUND => "; there may be more".to_owned(),
        0 => String::new(),
        items => format!(
            "; {} in {} pass as they are",
            plural(input.untouched, "text"),
            plural(items, "span or score")
        ),
    };
    let _ = writeln!(text, "{}: {taken}{rest}", Untrusted(&input.name));
}

fn plural(count: u64, word: &str) -> String {
    match (count, word) {
        (1, word) => format!("1 {word}"),
        (count, "span or score") => format!("{count} spans and scores"),
        (count, word) => format!("{count} {word}s"),
    }
}
