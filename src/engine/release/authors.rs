//! Who wrote what a release brings in. Prompts can be released one by one, so each file has its own
//! stretch of history: from the commit whose version of it is live to the one whose version comes.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::deployment::{DeployKind, ObjectId, Source};
use crate::engine::ports::{LaneRecord, LaneStore, SourceHistory, TreeError};

use super::ReleaseError;
use super::history::History;
use super::standing::Standing;

/// The addresses of the authors and committers of everything between what is live and what comes,
/// in the files that change.
pub(super) fn authors(
    history: &dyn SourceHistory,
    lanes: &dyn LaneStore,
    standing: &Standing,
    source: &Source,
    paths: &BTreeSet<String>,
) -> Result<BTreeSet<String>, ReleaseError> {
    let live = match &standing.current {
        Some(current) => origins(lanes, current, paths)?,
        None => BTreeMap::new(),
    };
    let coming = match (&source.lane, &source.record) {
        (Some(lane), Some(record)) => origins(lanes, &lanes.record(lane, record)?, paths)?,
        _ => BTreeMap::new(),
    };
    let mut stretches: BTreeMap<(Option<&ObjectId>, &ObjectId), Vec<String>> = BTreeMap::new();
    for path in paths {
        let to = coming.get(path).unwrap_or(&source.commit);
        let stretch = stretches.entry((live.get(path), to)).or_default();
        stretch.push(path.clone());
    }
    let mut found = BTreeSet::new();
    for ((from, to), paths) in stretches {
        found.extend(history.authors(from, to, &paths)?);
    }
    Ok(found)
}

/// For each file the commit that a lane's version of it was taken from: the source of the promotion
/// that brought this content in. Files that the lane never had are left out.
fn origins(
    lanes: &dyn LaneStore,
    newest: &LaneRecord,
    paths: &BTreeSet<String>,
) -> Result<BTreeMap<String, ObjectId>, ReleaseError> {
    let live = blobs(lanes, newest, paths)?;
    let mut open = paths.clone();
    let mut origins = BTreeMap::new();
    let mut records = History::from(lanes, newest);
    let mut next = records.next().transpose()?;
    let mut here = live.clone();
    while let Some(record) = next.take().filter(|_| !open.is_empty()) {
        next = records.next().transpose()?;
        let before = match &next {
            Some(earlier) => blobs(lanes, earlier, &open)?,
            None => BTreeMap::new(),
        };
        let is_promotion = record.deployment.kind == DeployKind::Promote;
        open.retain(|path| {
            let came_here = here.get(path) == live.get(path) && here.get(path) != before.get(path);
            if came_here && is_promotion {
                origins.insert(path.clone(), record.deployment.source.commit.clone());
            }
            !(came_here && is_promotion)
        });
        here = before;
    }
    Ok(origins)
}

/// The blobs that stand at some paths.
fn blobs(
    lanes: &dyn LaneStore,
    record: &LaneRecord,
    paths: &BTreeSet<String>,
) -> Result<BTreeMap<String, ObjectId>, ReleaseError> {
    let tree = lanes.tree(record)?;
    let blob = |path: &String| -> Result<Option<(String, ObjectId)>, TreeError> {
        let entries = tree.list(path)?;
        let entry = entries.into_iter().find(|entry| entry.path == *path);
        Ok(entry.and_then(|entry| Some((entry.path, entry.id?))))
    };
    let found: Result<Vec<_>, TreeError> = paths.iter().map(blob).collect();
    Ok(found?.into_iter().flatten().collect())
}
