//! The difference of two views for machines: `pointsman/diff/v1`, frozen.

use serde::Serialize;

use crate::domain::id::PromptId;
use crate::engine::diff::{
    ChangeKind, DatasetDiff, Difference, FileDiff, PolicyDiff, PromptDiff, RuleChange,
    TextDifference,
};

/// Everything that differs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffV1<'a> {
    schema: &'static str,
    old: &'a str,
    new: &'a str,
    same: bool,
    prompts: Vec<PromptV1<'a>>,
    datasets: Vec<DatasetV1<'a>>,
    evaluators: Vec<FileV1<'a>>,
    policies: Vec<PolicyV1<'a>>,
    settings: Option<FileV1<'a>>,
    recordings: Vec<NamedV1<'a>>,
    other_files: Vec<NamedV1<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct PromptV1<'a> {
    id: &'a PromptId,
    change: ChangeKind,
    aspects: Vec<&'static str>,
    messages: Vec<MessageV1<'a>>,
    includes: Vec<IncludeV1<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    media: Vec<NamedV1<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageV1<'a> {
    number: usize,
    old_role: Option<&'static str>,
    new_role: Option<&'static str>,
    text: &'a TextDifference,
}

#[derive(Debug, Serialize)]
struct IncludeV1<'a> {
    path: &'a str,
    text: &'a TextDifference,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DatasetV1<'a> {
    id: &'a str,
    change: ChangeKind,
    manifest_changed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    media: Vec<NamedV1<'a>>,
    rows: Option<RowsV1<'a>>,
}

#[derive(Debug, Serialize)]
struct RowsV1<'a> {
    added: &'a [String],
    changed: &'a [String],
    removed: &'a [String],
}

#[derive(Debug, Serialize)]
struct FileV1<'a> {
    id: String,
    change: ChangeKind,
    text: Option<&'a TextDifference>,
}

#[derive(Debug, Serialize)]
struct PolicyV1<'a> {
    id: &'a str,
    change: ChangeKind,
    rules: &'a [RuleChange],
    text: Option<&'a TextDifference>,
}

#[derive(Debug, Serialize)]
struct NamedV1<'a> {
    name: &'a str,
    change: ChangeKind,
}

impl<'a> From<&'a Difference> for DiffV1<'a> {
    fn from(difference: &'a Difference) -> Self {
        let recordings = difference.recordings.iter();
        let other_files = difference.other_files.iter();
        Self {
            schema: "pointsman/diff/v1",
            old: &difference.old,
            new: &difference.new,
            same: difference.is_empty(),
            prompts: difference.prompts.iter().map(prompt).collect(),
            datasets: difference.datasets.iter().map(dataset).collect(),
            evaluators: difference.evaluators.iter().map(file).collect(),
            policies: difference.policies.iter().map(policy).collect(),
            settings: difference.settings.as_ref().map(file),
            recordings: recordings
                .map(|(id, change)| named(id.as_str(), *change))
                .collect(),
            other_files: other_files
                .map(|(path, change)| named(path, *change))
                .collect(),
        }
    }
}

pub(super) fn prompt(diff: &PromptDiff) -> PromptV1<'_> {
    let messages = diff.messages.iter().map(|message| MessageV1 {
        number: message.number,
        old_role: message.old_role,
        new_role: message.new_role,
        text: &message.text,
    });
    let includes = diff
        .includes
        .iter()
        .map(|(path, text)| IncludeV1 { path, text });
    let media = diff.media.iter();
    let media = media.map(|(path, change)| named(path, *change));
    PromptV1 {
        id: &diff.id,
        change: diff.kind,
        aspects: diff.aspects.iter().map(|aspect| aspect.name()).collect(),
        messages: messages.collect(),
        includes: includes.collect(),
        media: media.collect(),
    }
}

fn dataset(diff: &DatasetDiff) -> DatasetV1<'_> {
    let media = diff.media.iter();
    let media = media.map(|(path, change)| named(path, *change));
    DatasetV1 {
        id: diff.id.as_str(),
        change: diff.kind,
        manifest_changed: diff.manifest_changed,
        media: media.collect(),
        rows: diff.rows.as_ref().map(|rows| RowsV1 {
            added: &rows.added,
            changed: &rows.changed,
            removed: &rows.removed,
        }),
    }
}

fn file<I: ToString>(diff: &FileDiff<I>) -> FileV1<'_> {
    FileV1 {
        id: diff.id.to_string(),
        change: diff.kind,
        text: diff.text.as_ref(),
    }
}

fn policy(diff: &PolicyDiff) -> PolicyV1<'_> {
    PolicyV1 {
        id: diff.file.id.as_str(),
        change: diff.file.kind,
        rules: &diff.rules,
        text: diff.file.text.as_ref(),
    }
}

fn named(name: &str, change: ChangeKind) -> NamedV1<'_> {
    NamedV1 { name, change }
}
