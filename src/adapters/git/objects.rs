//! Writing a record: its trees, its files and its commit, all on disk before any ref moves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use gix::objs::tree::{Editor, EntryKind as GitKind};
use gix::objs::{Commit, Tree};
use jiff::Timestamp;

use crate::domain::deployment::{ObjectId, RECORD_PATH};
use crate::engine::ports::{Content, LaneError, RecordDraft, Signer};

use super::error::GitError;
use super::lanes::{git_error, read_error};
use super::repository::{gix_id, own_id};
use super::signature::sign_commit;

/// The folder of a record's tree that is not part of the snapshot.
const LANE_FOLDER: &str = ".lane";

/// The name and the address that commits are written under.
pub(super) struct Identity {
    pub(super) name: gix::bstr::BString,
    pub(super) email: gix::bstr::BString,
}

/// Who commits, as git is configured.
pub(super) fn committer(repository: &gix::Repository) -> Result<Identity, LaneError> {
    let unknown = || LaneError::Failed {
        message: "git does not know who you are, and a record names who made it".to_owned(),
        hint: Some(
            "run `git config --global user.name \"Your Name\"` and \
             `git config --global user.email you@example.com`"
                .to_owned(),
        ),
    };
    let signature = repository.committer().ok_or_else(unknown)?;
    let signature = signature.map_err(read_error)?;
    if signature.name.is_empty() || signature.email.is_empty() {
        return Err(unknown());
    }
    Ok(Identity {
        name: signature.name.to_owned(),
        email: signature.email.to_owned(),
    })
}

/// The id of a content's tree. Nothing is written.
pub(super) fn snapshot_tree_id(
    repository: &gix::Repository,
    content: &Content,
) -> Result<ObjectId, GitError> {
    let hash = repository.object_hash();
    let mut editor = snapshot_editor(repository, content)?;
    let id = editor.write(|tree| {
        let mut bytes = Vec::new();
        gix::objs::WriteTo::write_to(tree, &mut bytes)
            .map_err(|error| GitError::Read(error.to_string()))?;
        gix::objs::compute_hash(hash, gix::objs::Kind::Tree, &bytes).map_err(GitError::from)
    })?;
    Ok(own_id(id))
}

/// Writes everything that a record consists of and returns its commit. No ref knows it yet.
pub(super) fn write_record(
    repository: &gix::Repository,
    draft: &RecordDraft,
    signer: Option<&dyn Signer>,
) -> Result<ObjectId, LaneError> {
    let identity = committer(repository)?;
    let mut writer = Writer {
        repository,
        unsynced: BTreeSet::new(),
    };
    let tree = writer.tree(draft).map_err(git_error)?;
    let commit = NewCommit {
        tree,
        parents: draft.deployment.previous.iter().collect(),
        message: &draft.message,
        time: draft.deployment.recorded_at,
        signer,
    };
    writer.commit(identity, &commit)
}

/// Files that are to be added to those of a commit.
pub(super) struct Addition<'a> {
    /// The commit; absent: the files are all there is.
    pub(super) base: Option<&'a ObjectId>,
    /// Commits that the new one follows, too.
    pub(super) merged: &'a [ObjectId],
    /// The files, by path.
    pub(super) files: BTreeMap<String, &'a [u8]>,
    /// The commit message.
    pub(super) message: &'a str,
    /// The time of the commit.
    pub(super) time: Timestamp,
}

/// Writes a commit that adds files to another. No ref knows it yet.
pub(super) fn write_addition(
    repository: &gix::Repository,
    addition: &Addition<'_>,
) -> Result<ObjectId, LaneError> {
    let identity = committer(repository)?;
    let mut writer = Writer {
        repository,
        unsynced: BTreeSet::new(),
    };
    let tree = writer.added(addition).map_err(git_error)?;
    let commit = NewCommit {
        tree,
        parents: addition.base.into_iter().chain(addition.merged).collect(),
        message: addition.message,
        time: addition.time,
        signer: None,
    };
    writer.commit(identity, &commit)
}

/// Writes a blob and brings it to disk. No ref knows it yet.
pub(super) fn write_blob(repository: &gix::Repository, bytes: &[u8]) -> Result<ObjectId, GitError> {
    let mut writer = Writer {
        repository,
        unsynced: BTreeSet::new(),
    };
    let id = writer.blob(bytes)?;
    writer.sync()?;
    Ok(own_id(id))
}

/// A commit that is to be written.
struct NewCommit<'a> {
    tree: gix::ObjectId,
    parents: Vec<&'a ObjectId>,
    message: &'a str,
    time: Timestamp,
    /// Signs the commit as git does.
    signer: Option<&'a dyn Signer>,
}

/// Remembers what its commit needs, to sync it.
struct Writer<'r> {
    repository: &'r gix::Repository,
    unsynced: BTreeSet<gix::ObjectId>,
}

impl Writer<'_> {
    fn object(&mut self, object: impl gix::objs::WriteTo) -> Result<gix::ObjectId, GitError> {
        let id = self.repository.write_object(object)?.detach();
        self.unsynced.insert(id);
        Ok(id)
    }

    fn blob(&mut self, bytes: &[u8]) -> Result<gix::ObjectId, GitError> {
        let id = self.repository.write_blob(bytes)?.detach();
        self.unsynced.insert(id);
        Ok(id)
    }

    /// Writes a commit and brings it, with everything written before, to disk.
    fn commit(
        &mut self,
        identity: Identity,
        commit: &NewCommit<'_>,
    ) -> Result<ObjectId, LaneError> {
        let signature = gix::actor::Signature {
            name: identity.name,
            email: identity.email,
            time: gix::date::Time::new(commit.time.as_second(), 0),
        };
        let mut object = Commit {
            tree: commit.tree,
            parents: commit.parents.iter().map(|id| gix_id(id)).collect(),
            author: signature.clone(),
            committer: signature,
            encoding: None,
            message: commit.message.into(),
            extra_headers: Vec::new(),
        };
        if let Some(signer) = commit.signer {
            sign_commit(&mut object, self.repository.object_hash(), signer)?;
        }
        let id = self.object(&object).map_err(git_error)?;
        self.sync().map_err(git_error)?;
        Ok(own_id(id))
    }

    /// The tree of a commit with more files.
    fn added(&mut self, addition: &Addition<'_>) -> Result<gix::ObjectId, GitError> {
        let root = root_tree(self.repository, addition.base)?;
        let hash = self.repository.object_hash();
        let mut editor = Editor::new(root, &self.repository.objects, hash);
        for (path, bytes) in &addition.files {
            let id = self.blob(bytes)?;
            editor.upsert(path.split('/'), GitKind::Blob, id)?;
        }
        editor.write(|tree: &Tree| self.object(tree.clone()))
    }

    /// The tree of the record: the snapshot, and beside it what `.lane/` holds.
    fn tree(&mut self, draft: &RecordDraft) -> Result<gix::ObjectId, GitError> {
        // What comes in was written by whoever committed it, and git leaves that to the system.
        let taken = draft.content.edits.values().flatten().map(gix_id);
        self.unsynced.extend(taken);
        let mut editor = snapshot_editor(self.repository, &draft.content)?;
        let snapshot = editor.write(|tree: &Tree| self.object(tree.clone()))?;
        let expected = gix_id(&draft.deployment.snapshot.git_tree);
        if snapshot != expected {
            return Err(GitError::Read(format!(
                "the snapshot's tree became {snapshot} where {expected} was planned"
            )));
        }
        let id = self.blob(&draft.deployment.bytes())?;
        editor.upsert(RECORD_PATH.split('/'), GitKind::Blob, id)?;
        for (path, bytes) in &draft.attachments {
            let id = self.blob(bytes)?;
            editor.upsert(path.split('/'), GitKind::Blob, id)?;
        }
        editor.write(|tree: &Tree| self.object(tree.clone()))
    }

    /// Brings everything that the commit needs to disk: the files, then the folders that name them.
    /// An object in a pack has no file of its own and is safe already.
    fn sync(&self) -> Result<(), GitError> {
        let objects = self.repository.objects.store_ref().path().to_owned();
        let mut folders: BTreeSet<PathBuf> = BTreeSet::from([objects.clone()]);
        for id in &self.unsynced {
            let name = id.to_string();
            let folder = objects.join(&name[..2]);
            let Ok(file) = File::open(folder.join(&name[2..])) else {
                continue;
            };
            file.sync_all().map_err(|error| sync_error(&error))?;
            folders.insert(folder);
        }
        folders
            .iter()
            .rev()
            .try_for_each(|folder| sync_folder(folder))
    }
}

/// Brings the names in a folder to disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), GitError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| sync_error(&error))
}

fn sync_error(error: &std::io::Error) -> GitError {
    GitError::Failed {
        action: "write".to_owned(),
        message: format!("cannot bring it to disk: {error}"),
    }
}

/// An editor that holds a content's tree, without `.lane/`.
fn snapshot_editor<'r>(
    repository: &'r gix::Repository,
    content: &Content,
) -> Result<Editor<'r>, GitError> {
    let root = root_tree(repository, content.base.as_ref())?;
    let mut editor = Editor::new(root, &repository.objects, repository.object_hash());
    editor.remove([LANE_FOLDER])?;
    for (path, blob) in &content.edits {
        match blob {
            Some(id) => editor.upsert(path.split('/'), GitKind::Blob, gix_id(id))?,
            None => editor.remove_if_leaf(path.split('/'))?,
        };
    }
    Ok(editor)
}

/// The tree of a commit; without one, an empty tree.
fn root_tree(repository: &gix::Repository, commit: Option<&ObjectId>) -> Result<Tree, GitError> {
    let Some(commit) = commit else {
        return Ok(Tree::empty());
    };
    let object = repository
        .try_find_object(gix_id(commit))?
        .ok_or_else(|| GitError::MissingObject(commit.to_string()))?;
    Ok(object.try_into_commit()?.tree()?.decode()?.into())
}
