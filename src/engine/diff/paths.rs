//! Which files differ between two trees.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _};

use crate::domain::project::WORKSPACE_PATHS;
use crate::engine::ports::{FileTree, TreeEntry, TreeError};

use super::ChangeKind;

/// How a file differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathChange {
    /// On which sides it stands.
    pub kind: ChangeKind,
    /// What stands on the new side; absent where it was removed.
    pub new: Option<TreeEntry>,
}

/// The files of the workspace that differ, by path.
pub fn changed_paths(
    old: &dyn FileTree,
    new: &dyn FileTree,
) -> Result<BTreeMap<String, PathChange>, TreeError> {
    changed_below(old, new, &WORKSPACE_PATHS)
}

/// The files in these folders (or the files themselves) that differ, by path.
pub fn changed_below(
    old: &dyn FileTree,
    new: &dyn FileTree,
    folders: &[&str],
) -> Result<BTreeMap<String, PathChange>, TreeError> {
    let mut changed = BTreeMap::new();
    for folder in folders {
        let mut before: BTreeMap<String, TreeEntry> = BTreeMap::new();
        for entry in old.list(folder)? {
            before.insert(entry.path.clone(), entry);
        }
        for entry in new.list(folder)? {
            let kind = match before.remove(&entry.path) {
                None => ChangeKind::Added,
                Some(earlier) if same_file(old, &earlier, new, &entry)? => continue,
                Some(_) => ChangeKind::Changed,
            };
            let new = Some(entry.clone());
            changed.insert(entry.path, PathChange { kind, new });
        }
        for path in before.into_keys() {
            let kind = ChangeKind::Removed;
            changed.insert(path, PathChange { kind, new: None });
        }
    }
    Ok(changed)
}

fn same_file(
    old: &dyn FileTree,
    before: &TreeEntry,
    new: &dyn FileTree,
    after: &TreeEntry,
) -> Result<bool, TreeError> {
    if before.kind != after.kind {
        return Ok(false);
    }
    if let (Some(one), Some(two)) = (&before.id, &after.id) {
        return Ok(one == two);
    }
    if before.kind != crate::engine::ports::EntryKind::File {
        // What a link points to is not read; that there is one on both sides is all we know.
        return Ok(true);
    }
    match (old.open(&before.path)?, new.open(&after.path)?) {
        (Some(one), Some(two)) => same_bytes(one, two).map_err(|error| TreeError {
            path: after.path.clone(),
            message: error.to_string(),
        }),
        _ => Ok(false),
    }
}

fn same_bytes(
    mut one: Box<dyn BufRead + Send>,
    mut two: Box<dyn BufRead + Send>,
) -> std::io::Result<bool> {
    const PIECE: u64 = 64 * 1024;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        one.as_mut().take(PIECE).read_to_end(&mut left)?;
        two.as_mut().take(PIECE).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

/// The names that paths below `folder` with the ending `ending` stand for.
pub(super) fn names_in<'p>(
    paths: impl Iterator<Item = &'p String>,
    folder: &str,
    ending: &str,
) -> BTreeSet<String> {
    let name = |path: &'p String| {
        let path = path.strip_prefix(folder)?.strip_prefix('/')?;
        path.strip_suffix(ending).map(str::to_owned)
    };
    paths.filter_map(name).collect()
}
