//! How two views of a workspace differ, as a page.

use std::fmt::Display;

use crate::engine::diff::{
    ChangeKind, DatasetDiff, Difference, FileDiff, MessageDiff, PolicyDiff, PromptDiff,
};
use crate::report::gate_changes::{TITLE, rule_in_words};

use super::blocks::{Block, Cell, Page, Tone};

/// How many row names of a sort are shown.
const SHOWN_ROWS: usize = 50;

/// The page of the difference between two views with these names.
pub fn difference_page(difference: &Difference, [old, new]: &[String; 2]) -> Page {
    let mut page = Page::new(&format!("{old} → {new}"))
        .below([Cell::link("Lanes", "/lanes".to_owned())])
        .lead([Cell::new(format!(
            "What is other in {} than in {}.",
            difference.new, difference.old
        ))]);
    if difference.is_empty() {
        page.note("They are the same.");
        return page;
    }
    for prompt in &difference.prompts {
        prompt_blocks(prompt, &mut page);
    }
    if difference.changes_gates() {
        page.note(&format!("What follows are {TITLE}."));
    }
    for dataset in &difference.datasets {
        dataset_blocks(dataset, &mut page);
    }
    for evaluator in &difference.evaluators {
        file_blocks("evaluator", evaluator, &mut page);
    }
    for policy in &difference.policies {
        policy_blocks(policy, &mut page);
    }
    if let Some(settings) = &difference.settings {
        file_blocks("settings", settings, &mut page);
    }
    for (prompt, kind) in &difference.recordings {
        head("recordings", prompt, &[], *kind, &mut page);
    }
    for (path, kind) in &difference.other_files {
        head("file", path, &[], *kind, &mut page);
    }
    page
}

fn head(sort: &str, what: impl Display, aspects: &[&str], kind: ChangeKind, page: &mut Page) {
    page.heading(&format!("{sort} {what}"));
    let (word, tone) = match kind {
        ChangeKind::Added => ("added", Tone::Good),
        ChangeKind::Changed => ("changed", Tone::Warn),
        ChangeKind::Removed => ("removed", Tone::Bad),
    };
    let mut cells = vec![Cell::badge(word, tone)];
    if !aspects.is_empty() {
        cells.push(Cell::new(format!(" {}", aspects.join(", "))));
    }
    page.notes(cells);
}

fn prompt_blocks(prompt: &PromptDiff, page: &mut Page) {
    let aspects: Vec<&str> = prompt.aspects.iter().map(|it| it.name()).collect();
    head("prompt", &prompt.id, &aspects, prompt.kind, page);
    for message in &prompt.messages {
        page.note(&format!("message {} ({})", message.number, role(message)));
        page.add(&message.text);
    }
    for (path, text) in &prompt.includes {
        page.note(&format!("include {path}"));
        page.add(text);
    }
    for (path, _) in &prompt.media {
        page.note(&format!("picture or document {path}"));
    }
    if let Some(raw) = &prompt.raw {
        page.add(raw);
    }
}

fn role(message: &MessageDiff) -> String {
    match (message.old_role, message.new_role) {
        (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
        (Some(old), None) => format!("{old}, removed"),
        (None, Some(new)) => format!("{new}, added"),
        (_, role) => role.unwrap_or_default().to_owned(),
    }
}

fn dataset_blocks(dataset: &DatasetDiff, page: &mut Page) {
    let manifest: &[&str] = if dataset.manifest_changed {
        &["manifest"]
    } else {
        &[]
    };
    head("dataset", &dataset.id, manifest, dataset.kind, page);
    for (path, _) in &dataset.media {
        page.note(&format!("picture or document {path}"));
    }
    let Some(rows) = &dataset.rows else {
        page.note("The rows cannot be read on one of the sides.");
        return;
    };
    let parts = [
        ("added", &rows.added),
        ("changed", &rows.changed),
        ("removed", &rows.removed),
    ];
    for (word, names) in parts {
        if names.is_empty() {
            continue;
        }
        let more = names.len().saturating_sub(SHOWN_ROWS);
        let shown: Vec<&str> = names.iter().take(SHOWN_ROWS).map(String::as_str).collect();
        let more = match more {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let count = names.len();
        page.note(&format!(
            "{count} row(s) {word}: {}{more}",
            shown.join(", ")
        ));
    }
}

fn policy_blocks(policy: &PolicyDiff, page: &mut Page) {
    head("policy", &policy.file.id, &[], policy.file.kind, page);
    if !policy.rules.is_empty() {
        let rules = policy.rules.iter();
        page.add(Block::list(rules.map(|it| rule_in_words(it).to_string())));
    }
    if let Some(text) = &policy.file.text {
        page.add(text);
    }
}

fn file_blocks<I: Display>(sort: &str, file: &FileDiff<I>, page: &mut Page) {
    head(sort, &file.id, &[], file.kind, page);
    if let Some(text) = &file.text {
        page.add(text);
    }
}
