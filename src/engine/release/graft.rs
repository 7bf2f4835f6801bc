//! Which files of a source come into a lane: all of them, or those that named prompts need, grafted
//! onto what the lane has.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use crate::domain::deployment::ObjectId;
use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::domain::project::PROJECT_FILE;
use crate::engine::diff::{ChangeKind, PathChange, changed_paths};
use crate::engine::ports::{FileTree, TreeEntry, TreeError};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::dependencies::Dependencies;
use super::standing::Standing;

/// What comes in, by path: the entry of the source, or nothing where a file goes away.
pub(super) type Edits = BTreeMap<String, PathChange>;

/// The edits that bring `prompts` (none named: everything) from `source` into the lane.
pub(super) fn edits(
    standing: &Standing,
    source: &dyn FileTree,
    prompts: &[PromptId],
) -> Result<Edits, ReleaseError> {
    let mut changed = changed_paths(standing.tree(), source)?;
    if prompts.is_empty() {
        return Ok(changed);
    }
    let wanted = wanted_paths(standing, source, prompts)?;
    changed.retain(|path, _| wanted.contains(path));
    Ok(changed)
}

/// The paths that may change when only these prompts are released.
fn wanted_paths(
    standing: &Standing,
    source: &dyn FileTree,
    prompts: &[PromptId],
) -> Result<BTreeSet<String>, ReleaseError> {
    let workspace = Workspace::new(source);
    let mut wanted = BTreeSet::new();
    let mut findings = Vec::new();
    for prompt in prompts {
        let path = prompt.path();
        let gone = source.list(&path)?.is_empty() && !standing.tree().list(&path)?.is_empty();
        if gone {
            wanted.extend([path, prompt.recordings_path()]);
            continue;
        }
        match Dependencies::of(&workspace, prompt) {
            Ok(dependencies) => wanted.extend(dependencies.into_paths()),
            Err(Findings(more)) => findings.extend(more),
        }
    }
    if !findings.is_empty() {
        return Err(Findings(findings).into());
    }
    if standing.current.is_none() {
        // A lane must know its settings and the policies, its own and those of the lanes that
        // take from it, from its first record on.
        wanted.insert(PROJECT_FILE.to_owned());
        let policies = source.list("environments")?;
        wanted.extend(policies.into_iter().map(|entry| entry.path));
    }
    Ok(wanted)
}

/// The blobs that the edits put in place, for the store.
pub(super) fn blobs(edits: &Edits) -> Result<BTreeMap<String, Option<ObjectId>>, ReleaseError> {
    let blob = |(path, change): (&String, &PathChange)| {
        let Some(entry) = &change.new else {
            return Ok((path.clone(), None));
        };
        let id = entry.id.clone().ok_or_else(|| TreeError {
            path: path.clone(),
            message: "it is not committed".to_owned(),
        })?;
        Ok((path.clone(), Some(id)))
    };
    edits.iter().map(blob).collect()
}

/// The lane's files with edits from a source: what would be live, before anything is written.
pub struct Candidate<'t> {
    current: &'t dyn FileTree,
    source: &'t dyn FileTree,
    edits: &'t Edits,
    label: String,
}

impl<'t> Candidate<'t> {
    pub(super) fn new(standing: &'t Standing, source: &'t dyn FileTree, edits: &'t Edits) -> Self {
        Self {
            current: standing.tree(),
            source,
            edits,
            label: format!("candidate for lane {}", standing.lane),
        }
    }

    /// The tree that has a file, if any does.
    fn tree_of(&self, path: &str) -> Option<&'t dyn FileTree> {
        match self.edits.get(path) {
            None => Some(self.current),
            Some(change) if change.kind == ChangeKind::Removed => None,
            Some(_) => Some(self.source),
        }
    }
}

impl FileTree for Candidate<'_> {
    fn label(&self) -> String {
        self.label.clone()
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let mut entries: BTreeMap<String, TreeEntry> = BTreeMap::new();
        for entry in self.current.list(folder)? {
            entries.insert(entry.path.clone(), entry);
        }
        for (path, change) in self.edits {
            let below = path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || folder.is_empty());
            if !below {
                continue;
            }
            match &change.new {
                Some(entry) => entries.insert(path.clone(), entry.clone()),
                None => entries.remove(path),
            };
        }
        Ok(entries.into_values().collect())
    }

    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        match self.tree_of(path) {
            Some(tree) => tree.read(path, limit),
            None => Ok(None),
        }
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        match self.tree_of(path) {
            Some(tree) => tree.open(path),
            None => Ok(None),
        }
    }
}

/// A tree without files: what a lane has before its first record.
pub struct EmptyTree;

impl FileTree for EmptyTree {
    fn label(&self) -> String {
        "empty lane".to_owned()
    }

    fn list(&self, _folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        Ok(Vec::new())
    }

    fn read(&self, _path: &str, _limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        Ok(None)
    }

    fn open(&self, _path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        Ok(None)
    }
}
