//! The files of a commit, read from git objects: nothing is checked out and no link is followed.

use std::collections::HashMap;
use std::io::{BufRead, Cursor};
use std::sync::{Arc, Mutex, PoisonError};

use gix::objs::tree::EntryKind as GitKind;

use crate::domain::deployment::ObjectId;
use crate::engine::ports::{EntryKind, FileTree, TreeEntry, TreeError};

use super::error::GitError;
use super::kept::KeptObjects;
use super::repository::{Repository, gix_id, own_id};

/// The files of one commit below a folder.
pub struct RevisionTree {
    label: String,
    root: Option<gix::ObjectId>,
    objects: Mutex<Objects>,
}

/// The object database and the folders that were read from it.
struct Objects {
    repository: gix::Repository,
    kept: KeptObjects,
    folders: HashMap<gix::ObjectId, Arc<Folder>>,
}

/// One folder: its entries by byte order of their names.
type Folder = Vec<Child>;

struct Child {
    name: Vec<u8>,
    kind: GitKind,
    id: gix::ObjectId,
}

impl RevisionTree {
    /// The files of `commit` below `prefix`, shown to people as `label`. A prefix that the commit
    /// does not have is a tree without files.
    pub(super) fn new(
        repository: &Repository,
        commit: &ObjectId,
        prefix: &str,
        label: String,
    ) -> Result<Self, GitError> {
        let id = gix_id(commit);
        let local = repository.local();
        let object = local
            .try_find_object(id)?
            .ok_or_else(|| GitError::MissingObject(id.to_string()))?;
        let root = object.try_into_commit()?.tree_id()?.detach();
        let mut objects = Objects {
            repository: local,
            kept: repository.kept().clone(),
            folders: HashMap::new(),
        };
        let root = match objects.find(root, prefix)? {
            Found::Folder(id) => Some(id),
            Found::Child { .. } | Found::Nothing => None,
        };
        Ok(Self {
            label,
            root,
            objects: Mutex::new(objects),
        })
    }

    /// Whether a file stands at `path`.
    pub(super) fn has(&self, path: &str) -> Result<bool, GitError> {
        Ok(matches!(self.find(path)?, Found::Child { .. }))
    }

    fn find(&self, path: &str) -> Result<Found, GitError> {
        match self.root {
            Some(root) => self.lock().find(root, path),
            None => Ok(Found::Nothing),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Objects> {
        // A panic elsewhere leaves at worst a folder that is not remembered.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blob(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        let failed = |error: GitError| tree_error(path, &error);
        let (kind, id) = match self.find(path).map_err(failed)? {
            Found::Nothing => return Ok(None),
            Found::Folder(_) => return Err(refusal(path, "it is a folder")),
            Found::Child { kind, id } => (kind, id),
        };
        match kind {
            GitKind::Link => {
                let message = "it is a symbolic link, and links are never followed";
                return Err(refusal(path, message));
            }
            GitKind::Commit => return Err(refusal(path, "it is a submodule")),
            GitKind::Blob | GitKind::BlobExecutable | GitKind::Tree => {}
        }
        let objects = self.lock();
        let missing = || failed(GitError::MissingObject(id.to_string()));
        let size = objects.size(id).map_err(failed)?;
        if size.ok_or_else(missing)? > limit {
            return Err(refusal(path, format!("it is larger than {limit} bytes")));
        }
        let object = objects.repository.try_find_object(id);
        let object = object.map_err(|error| failed(error.into()))?;
        Ok(Some(object.ok_or_else(missing)?.detach().data))
    }
}

impl FileTree for RevisionTree {
    fn label(&self) -> String {
        self.label.clone()
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let failed = |error: GitError| tree_error(folder, &error);
        let mut entries = Vec::new();
        match self.find(folder).map_err(failed)? {
            Found::Nothing => {}
            Found::Child { kind, id } => entries.push(entry(folder.to_owned(), kind, id)),
            Found::Folder(id) => {
                self.lock()
                    .collect(id, folder, &mut entries)
                    .map_err(failed)?;
            }
        }
        entries.sort_by(|one, two| one.path.as_bytes().cmp(two.path.as_bytes()));
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        self.blob(path, limit)
    }

    /// Git keeps a file as one compressed object, so that it is in memory while it is read.
    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        let bytes = self.blob(path, u64::MAX)?;
        Ok(bytes.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn BufRead + Send>))
    }
}

/// What stands at a path.
enum Found {
    Folder(gix::ObjectId),
    Child { kind: GitKind, id: gix::ObjectId },
    Nothing,
}

impl Objects {
    /// The size of an object in bytes; absent where there is no such object.
    fn size(&self, id: gix::ObjectId) -> Result<Option<u64>, GitError> {
        if let Some(size) = self.kept.size(&id) {
            return Ok(Some(size));
        }
        let header = self.repository.try_find_header(id)?;
        Ok(header.map(|header| header.size()))
    }

    fn folder(&mut self, id: gix::ObjectId) -> Result<Arc<Folder>, GitError> {
        if let Some(folder) = self.folders.get(&id) {
            return Ok(Arc::clone(folder));
        }
        let object = self
            .repository
            .try_find_object(id)?
            .ok_or_else(|| GitError::MissingObject(id.to_string()))?;
        let tree = object.try_into_tree()?;
        let mut folder: Folder = tree
            .decode()?
            .entries
            .iter()
            .map(|entry| Child {
                name: entry.filename.to_vec(),
                kind: entry.mode.kind(),
                id: entry.oid.to_owned(),
            })
            .collect();
        folder.sort_by(|one, two| one.name.cmp(&two.name));
        let folder = Arc::new(folder);
        self.folders.insert(id, Arc::clone(&folder));
        Ok(folder)
    }

    fn find(&mut self, root: gix::ObjectId, path: &str) -> Result<Found, GitError> {
        let mut found = Found::Folder(root);
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let Found::Folder(id) = found else {
                return Ok(Found::Nothing);
            };
            let folder = self.folder(id)?;
            let place =
                folder.binary_search_by(|child| child.name.as_slice().cmp(segment.as_bytes()));
            found = match place.map(|index| &folder[index]) {
                Err(_) => return Ok(Found::Nothing),
                Ok(child) if child.kind == GitKind::Tree => Found::Folder(child.id),
                Ok(child) => Found::Child {
                    kind: child.kind,
                    id: child.id,
                },
            };
        }
        Ok(found)
    }

    fn collect(
        &mut self,
        id: gix::ObjectId,
        path: &str,
        entries: &mut Vec<TreeEntry>,
    ) -> Result<(), GitError> {
        for child in self.folder(id)?.iter() {
            let Ok(name) = std::str::from_utf8(&child.name) else {
                let shown = String::from_utf8_lossy(&child.name);
                return Err(GitError::Read(format!("the name `{shown}` is not UTF-8")));
            };
            let path = match path {
                "" => name.to_owned(),
                _ => format!("{path}/{name}"),
            };
            match child.kind {
                GitKind::Tree => self.collect(child.id, &path, entries)?,
                kind => entries.push(entry(path, kind, child.id)),
            }
        }
        Ok(())
    }
}

fn entry(path: String, kind: GitKind, id: gix::ObjectId) -> TreeEntry {
    let kind = match kind {
        GitKind::Blob | GitKind::BlobExecutable => EntryKind::File,
        GitKind::Link => EntryKind::Symlink,
        GitKind::Commit | GitKind::Tree => EntryKind::Other,
    };
    TreeEntry {
        path,
        kind,
        id: Some(own_id(id)),
    }
}

fn refusal(path: &str, message: impl Into<String>) -> TreeError {
    TreeError {
        path: path.to_owned(),
        message: message.into(),
    }
}

fn tree_error(path: &str, error: &GitError) -> TreeError {
    let message = match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    };
    refusal(path, message)
}
