//! Evaluators, policies, settings, recordings and whatever else stands in the workspace's folders.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::{EvaluatorId, LaneName, PromptId};
use crate::domain::project::PROJECT_FILE;
use crate::engine::ports::{EntryKind, FileTree};

use super::own;
use super::paths::names_in;
use super::policies::{self, PolicyDiff};
use super::{ChangeKind, DiffError, PathChange, Sides, TextDifference};

/// The largest file of which a text difference is shown.
const TEXT_LIMIT: u64 = 1024 * 1024;

/// How a file differs that is named by `I`.
#[derive(Debug, Clone, PartialEq)]
pub struct FileDiff<I> {
    /// What the file is about.
    pub id: I,
    /// On which sides it stands.
    pub kind: ChangeKind,
    /// How its text differs, where both sides have it.
    pub text: Option<TextDifference>,
}

/// The files by what they are.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) evaluators: Vec<FileDiff<EvaluatorId>>,
    pub(super) policies: Vec<PolicyDiff>,
    pub(super) settings: Option<FileDiff<String>>,
    pub(super) recordings: Vec<(PromptId, ChangeKind)>,
    pub(super) other: Vec<(String, ChangeKind)>,
}

/// Compares the files that are neither prompts nor datasets. `explained` are paths that an earlier
/// comparison has spoken for.
pub(super) fn compare(
    sides: &Sides<'_>,
    changed: &BTreeMap<String, PathChange>,
    explained: &mut BTreeSet<String>,
) -> Result<Contents, DiffError> {
    let mut contents = Contents::default();
    for name in names_in(changed.keys(), "evaluators", ".yml") {
        if let Ok(id) = EvaluatorId::new(name) {
            let path = id.path();
            contents
                .evaluators
                .push(file_diff(sides, changed, id, &path)?);
            explained.insert(path);
        }
    }
    contents.evaluators.extend(own::evaluators(sides, changed));
    for name in names_in(changed.keys(), "environments", ".toml") {
        if let Ok(id) = LaneName::new(name) {
            let path = id.path();
            let file = file_diff(sides, changed, id, &path)?;
            contents.policies.push(policies::compare(sides, file));
            explained.insert(path);
        }
    }
    if changed.contains_key(PROJECT_FILE) {
        let id = PROJECT_FILE.to_owned();
        contents.settings = Some(file_diff(sides, changed, id, PROJECT_FILE)?);
        explained.insert(PROJECT_FILE.to_owned());
    }
    for name in names_in(changed.keys(), "recordings", ".jsonl") {
        if let Ok(id) = PromptId::new(name) {
            let path = id.recordings_path();
            contents.recordings.push((id, changed[&path].kind));
            explained.insert(path);
        }
    }
    contents.other = changed
        .iter()
        .filter(|(path, _)| !explained.contains(*path))
        .map(|(path, change)| (path.clone(), change.kind))
        .collect();
    Ok(contents)
}

fn file_diff<I>(
    sides: &Sides<'_>,
    changed: &BTreeMap<String, PathChange>,
    id: I,
    path: &str,
) -> Result<FileDiff<I>, DiffError> {
    let kind = changed[path].kind;
    let text = match kind {
        ChangeKind::Changed => Some(raw_difference(sides, path, TEXT_LIMIT)?),
        ChangeKind::Added | ChangeKind::Removed => None,
    };
    Ok(FileDiff { id, kind, text })
}

/// The difference of a file's text on both sides; bytes that are not text are shown as such.
pub(super) fn raw_difference(
    sides: &Sides<'_>,
    path: &str,
    limit: u64,
) -> Result<TextDifference, DiffError> {
    let text = |tree: &dyn FileTree| -> Result<String, DiffError> {
        let entries = tree.list(path)?;
        if entries.iter().any(|entry| entry.kind != EntryKind::File) {
            return Ok("(not a plain file)\n".to_owned());
        }
        let bytes = tree.read(path, limit)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(TextDifference::new(&text(sides.old)?, &text(sides.new)?))
}
