//! The difference of two views for people.

use std::fmt::{Display, Write as _};

use anstyle::{AnsiColor, Style};

use crate::domain::untrusted::Untrusted;
use crate::engine::diff::{
    ChangeKind, DatasetDiff, Difference, FileDiff, LineKind, PolicyDiff, PromptDiff, TextDifference,
};

use super::gate_changes::{TITLE, mark, rows_counted, rule_in_words};

/// How many row names of a sort are shown.
const SHOWN_ROWS: usize = 10;

/// The styles of a difference; all plain where colour is off.
#[derive(Debug, Clone, Copy, Default)]
struct Styles {
    head: Style,
    added: Style,
    added_word: Style,
    removed: Style,
    removed_word: Style,
}

impl Styles {
    fn new(color: bool) -> Self {
        if !color {
            return Self::default();
        }
        let (added, removed) = (AnsiColor::Green.on_default(), AnsiColor::Red.on_default());
        Self {
            head: Style::new().bold(),
            added,
            added_word: added.bold().underline(),
            removed,
            removed_word: removed.bold().underline(),
        }
    }
}

/// One line for each thing that differs.
pub fn summary(difference: &Difference) -> String {
    let mut text = String::new();
    for prompt in &difference.prompts {
        let aspects: Vec<&str> = prompt.aspects.iter().map(|aspect| aspect.name()).collect();
        let aspects = if aspects.is_empty() {
            String::new()
        } else {
            format!(": {}", aspects.join(", "))
        };
        line(
            &mut text,
            prompt.kind,
            "prompt",
            format!("{}{aspects}", prompt.id),
        );
    }
    for dataset in &difference.datasets {
        let rows = dataset.rows.as_ref().map(rows_counted).unwrap_or_default();
        line(
            &mut text,
            dataset.kind,
            "dataset",
            format!("{}{rows}", dataset.id),
        );
    }
    for evaluator in &difference.evaluators {
        line(&mut text, evaluator.kind, "evaluator", &evaluator.id);
    }
    for policy in &difference.policies {
        line(&mut text, policy.file.kind, "policy", &policy.file.id);
        for rule in &policy.rules {
            let _ = writeln!(text, "    {}", rule_in_words(rule));
        }
    }
    if let Some(settings) = &difference.settings {
        line(&mut text, settings.kind, "settings", &settings.id);
    }
    for (prompt, kind) in &difference.recordings {
        line(&mut text, *kind, "recordings", prompt);
    }
    for (path, kind) in &difference.other_files {
        line(&mut text, *kind, "file", Untrusted(path));
    }
    text
}

/// Everything that differs, with the texts.
pub fn full(difference: &Difference, color: bool) -> String {
    let styles = Styles::new(color);
    let mut text = String::new();
    for prompt in &difference.prompts {
        prompt_in_full(&mut text, prompt, &styles);
    }
    if difference.changes_gates() {
        let style = styles.head;
        let _ = writeln!(text, "{style}{TITLE}{style:#}");
    }
    for dataset in &difference.datasets {
        dataset_in_full(&mut text, dataset, &styles);
    }
    for evaluator in &difference.evaluators {
        file_in_full(&mut text, "evaluator", evaluator, &styles);
    }
    for policy in &difference.policies {
        policy_in_full(&mut text, policy, &styles);
    }
    if let Some(settings) = &difference.settings {
        file_in_full(&mut text, "settings", settings, &styles);
    }
    for (prompt, kind) in &difference.recordings {
        head(&mut text, *kind, format!("recordings {prompt}"), &styles);
    }
    for (path, kind) in &difference.other_files {
        head(
            &mut text,
            *kind,
            format!("file {}", Untrusted(path)),
            &styles,
        );
    }
    text
}

fn line(text: &mut String, kind: ChangeKind, sort: &str, what: impl Display) {
    let _ = writeln!(text, "{} {sort:<10} {what}", mark(kind));
}

fn head(text: &mut String, kind: ChangeKind, what: impl Display, styles: &Styles) {
    let style = styles.head;
    let _ = writeln!(text, "{style}{} {what}{style:#}", mark(kind));
}

/// How a prompt differs, with the texts.
pub(super) fn prompt_text(prompt: &PromptDiff, color: bool) -> String {
    let mut text = String::new();
    prompt_in_full(&mut text, prompt, &Styles::new(color));
    text
}

fn prompt_in_full(text: &mut String, prompt: &PromptDiff, styles: &Styles) {
    let aspects: Vec<&str> = prompt.aspects.iter().map(|aspect| aspect.name()).collect();
    let mut what = format!("prompt {}", prompt.id);
    if !aspects.is_empty() {
        let _ = write!(what, " ({})", aspects.join(", "));
    }
    head(text, prompt.kind, what, styles);
    for message in &prompt.messages {
        let role = match (message.old_role, message.new_role) {
            (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
            (Some(old), None) => format!("{old}, removed"),
            (None, Some(new)) => format!("{new}, added"),
            (_, role) => role.unwrap_or_default().to_owned(),
        };
        let _ = writeln!(text, "  message {} ({role})", message.number);
        text_in_full(text, &message.text, styles);
    }
    for (path, difference) in &prompt.includes {
        let _ = writeln!(text, "  include {}", Untrusted(path));
        text_in_full(text, difference, styles);
    }
    for (path, kind) in &prompt.media {
        let _ = writeln!(text, "    {} {}", mark(*kind), Untrusted(path));
    }
    if let Some(raw) = &prompt.raw {
        text_in_full(text, raw, styles);
    }
}

fn dataset_in_full(text: &mut String, dataset: &DatasetDiff, styles: &Styles) {
    let mut what = format!("dataset {}", dataset.id);
    if dataset.manifest_changed && dataset.kind == ChangeKind::Changed {
        what.push_str(" (manifest)");
    }
    head(text, dataset.kind, what, styles);
    for (path, kind) in &dataset.media {
        let _ = writeln!(text, "    {} {}", mark(*kind), Untrusted(path));
    }
    let Some(rows) = &dataset.rows else {
        text.push_str("    rows cannot be read on one of the sides\n");
        return;
    };
    let parts = [
        ('+', &rows.added),
        ('~', &rows.changed),
        ('-', &rows.removed),
    ];
    for (mark, names) in parts {
        for name in names.iter().take(SHOWN_ROWS) {
            let _ = writeln!(text, "    {mark} row {}", Untrusted(name));
        }
        if names.len() > SHOWN_ROWS {
            let _ = writeln!(text, "    {mark} and {} more", names.len() - SHOWN_ROWS);
        }
    }
}

fn policy_in_full(text: &mut String, policy: &PolicyDiff, styles: &Styles) {
    let what = format!("policy {}", policy.file.id);
    head(text, policy.file.kind, what, styles);
    for rule in &policy.rules {
        let _ = writeln!(text, "  {}", rule_in_words(rule));
    }
    if let Some(difference) = &policy.file.text {
        text_in_full(text, difference, styles);
    }
}

fn file_in_full<I: Display>(text: &mut String, sort: &str, file: &FileDiff<I>, styles: &Styles) {
    head(text, file.kind, format!("{sort} {}", file.id), styles);
    if let Some(difference) = &file.text {
        text_in_full(text, difference, styles);
    }
}

fn text_in_full(text: &mut String, difference: &TextDifference, styles: &Styles) {
    for (index, hunk) in difference.hunks.iter().enumerate() {
        if index > 0 {
            text.push_str("    …\n");
        }
        for line in &hunk.lines {
            let (mark, plain, word) = match line.kind {
                LineKind::Context => (' ', Style::new(), Style::new()),
                LineKind::Added => ('+', styles.added, styles.added_word),
                LineKind::Removed => ('-', styles.removed, styles.removed_word),
            };
            let _ = write!(text, "    {plain}{mark} {plain:#}");
            for (piece, emphasised) in &line.pieces {
                let style = if *emphasised { word } else { plain };
                let _ = write!(text, "{style}{}{style:#}", Untrusted(piece));
            }
            text.push('\n');
        }
    }
}
