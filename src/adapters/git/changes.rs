//! What was edited but not committed, without asking `git status`: that would run the filters that
//! a repository configures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gix::bstr::ByteSlice as _;
use gix::index::entry::Flags;

use crate::adapters::files::WorktreeTree;
use crate::domain::deployment::ObjectId;
use crate::engine::ports::FileTree as _;

use super::error::GitError;
use super::repository::Repository;
use super::revision::RevisionTree;

/// A tracked file: what the commit has, and what the index has.
#[derive(Default)]
struct Tracked {
    committed: Option<gix::ObjectId>,
    staged: Option<Staged>,
}

struct Staged {
    id: gix::ObjectId,
    stat: gix::index::entry::Stat,
    /// Nothing has changed since the index was written, as far as the file system tells.
    trusted: bool,
    /// The file is left out of the worktree on purpose.
    skipped: bool,
}

impl Repository {
    /// The files below `folders` (in `prefix`) that differ from `commit` in the index or on disk,
    /// untracked ones included, ignored ones not. Paths are relative to `prefix`; the folder "" is
    /// all of them.
    pub fn uncommitted(
        &self,
        commit: &ObjectId,
        prefix: &str,
        folders: &[&str],
    ) -> Result<BTreeSet<String>, GitError> {
        let Some(worktree) = self.worktree() else {
            return Ok(BTreeSet::new());
        };
        let local = self.local();
        let root = worktree.join(prefix);
        let mut tracked = committed_files(self, commit, prefix, folders)?;
        let index = local.index_or_empty()?;
        add_staged(&mut tracked, &index, prefix, folders, &local)?;
        let mut changed = BTreeSet::new();
        for (path, file) in &tracked {
            if is_changed(&local, &root, path, file)? {
                changed.insert(path.clone());
            }
        }
        let source = gix::worktree::stack::state::ignore::Source::WorktreeThenIdMappingIfNotSkipped;
        let mut ignores = local.excludes(&index, None, source)?;
        let files = WorktreeTree::new(&root);
        for folder in folders {
            let entries = files.list(folder);
            for entry in entries.map_err(|error| GitError::Read(error.to_string()))? {
                if tracked.contains_key(&entry.path) {
                    continue;
                }
                let full = joined(prefix, &entry.path);
                if !ignores.at_path(Path::new(&full), None)?.is_excluded() {
                    changed.insert(entry.path);
                }
            }
        }
        Ok(changed)
    }
}

fn joined(prefix: &str, path: &str) -> String {
    match prefix {
        "" => path.to_owned(),
        _ => format!("{prefix}/{path}"),
    }
}

fn committed_files(
    repository: &Repository,
    commit: &ObjectId,
    prefix: &str,
    folders: &[&str],
) -> Result<BTreeMap<String, Tracked>, GitError> {
    let tree = RevisionTree::new(repository, commit, prefix, String::new())?;
    let mut tracked = BTreeMap::new();
    for folder in folders {
        let entries = tree.list(folder);
        for entry in entries.map_err(|error| GitError::Read(error.to_string()))? {
            let file = Tracked {
                committed: entry.id.as_ref().map(super::repository::gix_id),
                staged: None,
            };
            tracked.insert(entry.path, file);
        }
    }
    Ok(tracked)
}

fn add_staged(
    tracked: &mut BTreeMap<String, Tracked>,
    index: &gix::index::File,
    prefix: &str,
    folders: &[&str],
    local: &gix::Repository,
) -> Result<(), GitError> {
    let options = local.stat_options()?;
    let written = index.timestamp();
    for entry in index.entries() {
        let full = entry.path(index).to_str_lossy();
        let path = match prefix {
            "" => &*full,
            _ => match full
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix('/'))
            {
                Some(path) => path,
                None => continue,
            },
        };
        let top = path.split('/').next().unwrap_or_default();
        if !folders.contains(&top) && !folders.contains(&"") {
            continue;
        }
        let conflicted = entry.stage_raw() != 0;
        let file = tracked.entry(path.to_owned()).or_default();
        file.staged = Some(Staged {
            // No file has this id: a conflict is a change, whatever stands on disk.
            id: if conflicted {
                gix::ObjectId::null(local.object_hash())
            } else {
                entry.id
            },
            stat: entry.stat,
            trusted: !conflicted && !entry.stat.is_racy(written, options),
            skipped: entry.flags.contains(Flags::SKIP_WORKTREE),
        });
    }
    Ok(())
}

fn is_changed(
    local: &gix::Repository,
    root: &Path,
    path: &str,
    file: &Tracked,
) -> Result<bool, GitError> {
    let Some(staged) = &file.staged else {
        return Ok(true);
    };
    if file.committed != Some(staged.id) {
        return Ok(true);
    }
    if staged.skipped {
        return Ok(false);
    }
    let place = root.join(path);
    let Ok(metadata) = gix::index::fs::Metadata::from_path_no_follow(&place) else {
        return Ok(true);
    };
    let options = local.stat_options()?;
    if let Ok(stat) = gix::index::entry::Stat::from_fs(&metadata)
        && staged.trusted
        && stat.matches(&staged.stat, options)
    {
        return Ok(false);
    }
    if metadata.is_symlink() {
        let target = std::fs::read_link(&place).unwrap_or_default();
        return Ok(blob_id(local, target.as_os_str().as_encoded_bytes())? != staged.id);
    }
    let bytes = std::fs::read(&place)
        .map_err(|error| GitError::Read(format!("cannot read `{path}`: {error}")))?;
    if blob_id(local, &bytes)? == staged.id {
        return Ok(false);
    }
    // Git may have been told to check files out with other line ends than it stores.
    Ok(blob_id(local, &bytes.replace("\r\n", "\n"))? != staged.id)
}

fn blob_id(local: &gix::Repository, bytes: &[u8]) -> Result<gix::ObjectId, GitError> {
    let kind = gix::objs::Kind::Blob;
    Ok(gix::objs::compute_hash(local.object_hash(), kind, bytes)?)
}
