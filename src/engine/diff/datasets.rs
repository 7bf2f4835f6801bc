//! Which rows of which dataset differ.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::dataset::Dataset;
use crate::domain::digest::Digest;
use crate::domain::finding::Findings;
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::media::MediaType;
use crate::engine::workspace::Workspace;

use super::paths::names_in;
use super::{ChangeKind, DiffError, PathChange, Sides};

/// How a dataset differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetDiff {
    /// The dataset.
    pub id: DatasetId,
    /// On which sides it stands.
    pub kind: ChangeKind,
    /// Whether the manifest differs.
    pub manifest_changed: bool,
    /// The pictures and documents that are another, by path.
    pub media: Vec<(String, ChangeKind)>,
    /// How the rows differ; absent where a side cannot be read.
    pub rows: Option<RowsDiff>,
}

/// How the rows of a dataset differ, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowsDiff {
    /// Rows that are new.
    pub added: Vec<String>,
    /// Rows that test something else than before.
    pub changed: Vec<String>,
    /// Rows that are gone.
    pub removed: Vec<String>,
}

/// Compares the datasets, and names the paths that this speaks for.
pub(super) fn compare(
    sides: &Sides<'_>,
    changed: &BTreeMap<String, PathChange>,
) -> Result<(Vec<DatasetDiff>, BTreeSet<String>), DiffError> {
    let mut explained = BTreeSet::new();
    let mut diffs = Vec::new();
    let prompts: Vec<PromptId> = names_in(changed.keys(), "prompts", ".prompt.yml")
        .into_iter()
        .filter_map(|name| PromptId::new(name).ok())
        .collect();
    if prompts.is_empty() && !changed.keys().any(|path| path.starts_with("datasets/")) {
        return Ok((diffs, explained));
    }
    let (old, new) = sides.workspaces();
    let (before, after) = (datasets(&old, &prompts)?, datasets(&new, &prompts)?);
    let ids: BTreeSet<&DatasetId> = before.iter().chain(&after).collect();
    for id in ids {
        let manifests = (manifest(&old, &before, id), manifest(&new, &after, id));
        let mut paths = BTreeSet::from([id.path()]);
        let mut media = BTreeMap::new();
        for manifest in [&manifests.0, &manifests.1].into_iter().flatten() {
            paths.insert(manifest.rows_path.clone());
            media.extend(changed_media(manifest, changed));
        }
        paths.extend(media.keys().cloned());
        if !paths.iter().any(|path| changed.contains_key(path)) {
            continue;
        }
        let unreadable = (before.contains(id) && manifests.0.is_none())
            || (after.contains(id) && manifests.1.is_none());
        let kind = match (before.contains(id), after.contains(id)) {
            (false, _) => ChangeKind::Added,
            (true, false) => ChangeKind::Removed,
            (true, true) => ChangeKind::Changed,
        };
        let rows = if unreadable {
            None
        } else {
            rows_diff((&old, manifests.0.as_ref()), (&new, manifests.1.as_ref())).ok()
        };
        explained.extend(paths);
        // A prompt's file changes for many reasons, and has no manifest.
        let own = id.owner().is_some();
        if own && kind == ChangeKind::Changed && rows == Some(RowsDiff::default()) {
            continue;
        }
        diffs.push(DatasetDiff {
            id: id.clone(),
            kind,
            manifest_changed: !own && changed.contains_key(&id.path()),
            media: media.into_iter().collect(),
            rows,
        });
    }
    Ok((diffs, explained))
}

/// The datasets of a side that may differ: those with files of their own, and those in the files of
/// these prompts.
fn datasets(workspace: &Workspace<'_>, prompts: &[PromptId]) -> Result<Vec<DatasetId>, Findings> {
    let mut ids = workspace.datasets_in_files()?;
    let readable = prompts.iter().filter_map(|id| workspace.prompt(id).ok());
    ids.extend(readable.filter_map(|prompt| prompt.own_dataset()));
    Ok(ids)
}

/// The files that differ among those that the rows of a dataset may show.
fn changed_media(
    dataset: &Dataset,
    changed: &BTreeMap<String, PathChange>,
) -> Vec<(String, ChangeKind)> {
    let Some(media) = &dataset.media else {
        return Vec::new();
    };
    let below = format!("{}/", media.folder);
    let paths = changed.iter().filter(|(path, _)| path.starts_with(&below));
    let shown = paths.filter(|(path, _)| MediaType::of_name(path).is_some());
    shown
        .map(|(path, change)| (path.clone(), change.kind))
        .collect()
}

fn manifest(workspace: &Workspace<'_>, known: &[DatasetId], id: &DatasetId) -> Option<Dataset> {
    if !known.contains(id) {
        return None;
    }
    workspace.dataset(id).ok()
}

/// Compares rows by name and by digest of what they test. The old side is held as digests, the new
/// side is streamed.
fn rows_diff(
    (old, before): (&Workspace<'_>, Option<&Dataset>),
    (new, after): (&Workspace<'_>, Option<&Dataset>),
) -> Result<RowsDiff, Findings> {
    let mut earlier: HashMap<String, Digest> = HashMap::new();
    if let Some(dataset) = before {
        for row in old.rows(dataset)? {
            let row = row?;
            earlier.insert(row.id.clone(), row.digest());
        }
    }
    let mut diff = RowsDiff::default();
    if let Some(dataset) = after {
        for row in new.rows(dataset)? {
            let row = row?;
            match earlier.remove(&row.id) {
                None => diff.added.push(row.id),
                Some(digest) if digest != row.digest() => diff.changed.push(row.id),
                Some(_) => {}
            }
        }
    }
    diff.removed = earlier.into_keys().collect();
    diff.removed.sort();
    Ok(diff)
}
