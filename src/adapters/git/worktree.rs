//! What is checked out: which branch, and one file of it, brought along when the branch moves.

use gix::bstr::ByteSlice as _;

use crate::domain::deployment::ObjectId;

use super::error::GitError;
use super::repository::{Repository, gix_id, own_id};

impl Repository {
    /// The branch that is checked out, as a full ref name; absent: none is.
    pub fn checked_out(&self) -> Result<Option<String>, GitError> {
        let name = self.local().head_name()?;
        Ok(name.map(|name| name.as_bstr().to_str_lossy().into_owned()))
    }

    /// The file at a path of a commit, from the top of the repository.
    pub fn blob_in(&self, commit: &ObjectId, path: &str) -> Result<Option<ObjectId>, GitError> {
        let local = self.local();
        let object = local
            .try_find_object(gix_id(commit))?
            .ok_or_else(|| GitError::MissingObject(commit.to_string()))?;
        let tree = object.try_into_commit()?.tree()?;
        let entry = tree.lookup_entry(path.split('/'))?;
        Ok(entry.map(|entry| own_id(entry.object_id())))
    }

    /// Whether a commit is in the history of another.
    pub fn is_in_history(&self, old: &ObjectId, new: &ObjectId) -> Result<bool, GitError> {
        Ok(self.merge_base(old, new)?.as_ref() == Some(old))
    }

    /// Puts a file into the index as it is in a commit. Nothing is read from the worktree, and no
    /// filter runs.
    pub fn stage(&self, path: &str, blob: &ObjectId) -> Result<(), GitError> {
        let script = format!("100644 {blob}\t{path}\0");
        let arguments = ["update-index", "-z", "--add", "--index-info"];
        let output = self.git().run(&arguments, script.as_bytes())?;
        if output.success {
            return Ok(());
        }
        Err(GitError::Failed {
            action: "write to the index".to_owned(),
            message: output.complaint(),
        })
    }
}
