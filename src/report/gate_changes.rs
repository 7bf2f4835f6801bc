//! What changes in how releases are let in, for people: one line for each rule, evaluator and
//! dataset.

use std::fmt::{Display, Write as _};

use crate::engine::diff::{ChangeKind, DatasetDiff, GateChanges, PolicyDiff, RowsDiff, RuleChange};

/// How many datasets, and how many evaluators, are named; every rule is.
const NAMED: usize = 10;

/// The title of the section.
pub const TITLE: &str = "gate and policy changes";

/// The section, under its title; empty where nothing changes.
pub fn section(changes: &GateChanges) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut text = format!("{TITLE}\n");
    for policy in &changes.policies {
        for line in policy_lines(policy) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let evaluators = changes.evaluators.iter();
    capped(
        &mut text,
        evaluators.map(|it| format!("{} evaluator {}", mark(it.kind), it.id)),
    );
    capped(&mut text, changes.datasets.iter().map(dataset_line));
    text
}

/// The first lines, and how many more there are.
fn capped(text: &mut String, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().saturating_sub(NAMED);
    for line in lines.take(NAMED) {
        let _ = writeln!(text, "  {line}");
    }
    if more > 0 {
        let _ = writeln!(text, "  and {more} more");
    }
}

fn policy_lines(policy: &PolicyDiff) -> Vec<String> {
    let name = format!("{} policy {}", mark(policy.file.kind), policy.file.id);
    if policy.rules.is_empty() {
        return vec![match policy.file.kind {
            ChangeKind::Changed => format!("{name}: its rules stay the same"),
            ChangeKind::Added | ChangeKind::Removed => name,
        }];
    }
    let rules = policy.rules.iter();
    rules
        .map(|rule| format!("{name}: {}", rule_in_words(rule)))
        .collect()
}

/// A rule as it was and as it is.
pub(super) fn rule_in_words(rule: &RuleChange) -> impl Display {
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    format!(
        "{} {} → {} ({})",
        rule.key,
        or_none(&rule.old),
        or_none(&rule.new),
        rule.effect.name()
    )
}

/// A dataset with the counts of its rows.
pub(super) fn dataset_line(dataset: &DatasetDiff) -> String {
    let rows = dataset.rows.as_ref().map(rows_counted).unwrap_or_default();
    format!("{} dataset {}{rows}", mark(dataset.kind), dataset.id)
}

/// How many rows came, changed and went.
pub(super) fn rows_counted(rows: &RowsDiff) -> String {
    let counts = [
        (rows.added.len(), "added"),
        (rows.changed.len(), "changed"),
        (rows.removed.len(), "removed"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = counts
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(": rows {}", parts.join(", "))
    }
}

/// The sign for what became of a thing.
pub(super) fn mark(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Added => '+',
        ChangeKind::Changed => '~',
        ChangeKind::Removed => '-',
    }
}
