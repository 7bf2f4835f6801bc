//! Lanes as branches: `refs/heads/lanes/<lane>`, a chain of single-parent commits whose trees are
//! whole snapshots.
//!
//! Where lanes live on a remote, what counts is the branch there: it is read as the tracking ref
//! `refs/remotes/<remote>/lanes/<lane>`, and the local branch follows.

use std::collections::BTreeMap;

use gix::bstr::ByteSlice as _;

use crate::domain::deployment::{Deployment, ObjectId, RECORD_PATH};
use crate::domain::id::LaneName;
use crate::domain::suggest::did_you_mean;
use crate::engine::ports::{
    Content, FileTree, LaneError, LaneRecord, LaneStore, RecordCommit, RecordCommits, RecordDraft,
    Signer,
};

use super::error::GitError;
use super::repository::{Repository, gix_id, own_id};
use super::revision::RevisionTree;

/// The largest record that is read.
const RECORD_LIMIT: u64 = 8 * 1024 * 1024;

/// The lanes of a git repository.
pub struct GitLanes<'r> {
    pub(super) repository: &'r Repository,
    pub(super) remote: Option<String>,
    commit_signer: Option<&'r dyn Signer>,
}

impl<'r> GitLanes<'r> {
    /// The lanes of `repository`, on a remote if one is named. The name must be one that the
    /// repository's own configuration knows: never an address from a file under version control.
    pub fn new(repository: &'r Repository, remote: Option<String>) -> Result<Self, LaneError> {
        if let Some(name) = &remote {
            let local = repository.local();
            let names = local.remote_names();
            let known: Vec<String> = names.iter().map(ToString::to_string).collect();
            if !known.contains(name) {
                let help = did_you_mean(name, known.iter().map(String::as_str));
                return Err(LaneError::Failed {
                    message: format!(
                        "lanes live on the remote `{name}`, which this clone does not have"
                    ),
                    hint: Some(format!("{help} Or add it: `git remote add {name} <url>`")),
                });
            }
        }
        Ok(Self {
            repository,
            remote,
            commit_signer: None,
        })
    }

    /// The same lanes, whose records are commits that `signer` signs, as git does where it is told
    /// to.
    #[must_use]
    pub fn signing_commits(mut self, signer: Option<&'r dyn Signer>) -> Self {
        self.commit_signer = signer;
        self
    }

    /// The record that the branch here stands at, where the lane itself is on a remote: the branch
    /// follows the lane and never goes back, so the lane must lead to it.
    pub fn seen_before(&self, lane: &LaneName) -> Result<Option<ObjectId>, LaneError> {
        match &self.remote {
            Some(_) => self.id_at(&lane.ref_name()),
            None => Ok(None),
        }
    }

    /// Asks the remote, where lanes live on one, for the newest records. Unlike
    /// [`LaneStore::refresh`], it moves no branch here: it is for those who only read.
    pub fn look(&self) -> Result<(), LaneError> {
        match &self.remote {
            Some(remote) => self.fetch(remote),
            None => Ok(()),
        }
    }

    /// The commit at a full ref name.
    pub(super) fn id_at(&self, name: &str) -> Result<Option<ObjectId>, LaneError> {
        let local = self.repository.local();
        let reference = local.try_find_reference(name).map_err(read_error)?;
        let id = reference
            .map(|mut reference| reference.peel_to_id().map(gix::Id::detach))
            .transpose()
            .map_err(read_error)?;
        Ok(id.map(own_id))
    }

    /// The name of the ref that remembers where a lane is on the remote.
    pub(super) fn tracking_ref(remote: &str, lane: &LaneName) -> String {
        format!("refs/remotes/{remote}/lanes/{lane}")
    }

    /// The newest record of a lane, as last seen.
    pub(super) fn tip_id(&self, lane: &LaneName) -> Result<Option<ObjectId>, LaneError> {
        if let Some(remote) = &self.remote
            && let Some(id) = self.id_at(&Self::tracking_ref(remote, lane))?
        {
            return Ok(Some(id));
        }
        self.id_at(&lane.ref_name())
    }

    fn names_below(&self, prefix: &str) -> Result<Vec<(LaneName, ObjectId)>, LaneError> {
        let local = self.repository.local();
        let platform = local.references().map_err(read_error)?;
        let mut found = Vec::new();
        for reference in platform.prefixed(prefix).map_err(read_error)? {
            let mut reference = reference.map_err(read_error)?;
            let name = reference.name().as_bstr().to_str_lossy().into_owned();
            // A branch below `lanes/` whose name no lane can have is not ours.
            let Ok(lane) = LaneName::new(&name[prefix.len()..]) else {
                continue;
            };
            let id = reference.peel_to_id().map_err(read_error)?.detach();
            found.push((lane, own_id(id)));
        }
        Ok(found)
    }

    fn record_tree(&self, id: &ObjectId, label: String) -> Result<RevisionTree, LaneError> {
        RevisionTree::new(self.repository, id, "", label).map_err(git_error)
    }
}

impl LaneStore for GitLanes<'_> {
    fn tips(&self) -> Result<BTreeMap<LaneName, ObjectId>, LaneError> {
        let mut tips: BTreeMap<_, _> = self.names_below("refs/heads/lanes/")?.into_iter().collect();
        if let Some(remote) = &self.remote {
            tips.extend(self.names_below(&format!("refs/remotes/{remote}/lanes/"))?);
        }
        Ok(tips)
    }

    fn refresh(&self, lane: &LaneName) -> Result<(), LaneError> {
        self.check_not_checked_out(lane)?;
        match &self.remote {
            Some(remote) => {
                self.fetch(remote)?;
                self.follow(remote, lane)
            }
            None => Ok(()),
        }
    }

    fn tip(&self, lane: &LaneName) -> Result<Option<LaneRecord>, LaneError> {
        let id = self.tip_id(lane)?;
        id.map(|id| self.record(lane, &id)).transpose()
    }

    fn record(&self, lane: &LaneName, id: &ObjectId) -> Result<LaneRecord, LaneError> {
        let broken = |why: &str| LaneError::Failed {
            message: format!(
                "commit {} is not a record of lane `{lane}`: {why}",
                id.short()
            ),
            hint: Some(format!("look at it with `git show {}`", id.short())),
        };
        let tree = self.record_tree(id, String::new())?;
        let bytes = tree
            .read(RECORD_PATH, RECORD_LIMIT)
            .map_err(|error| broken(&error.to_string()))?
            .ok_or_else(|| broken(&format!("it has no `{RECORD_PATH}`")))?;
        let deployment: Deployment = serde_json::from_slice(&bytes)
            .map_err(|error| broken(&format!("`{RECORD_PATH}` is not as expected: {error}")))?;
        if deployment.lane != *lane {
            return Err(broken(&format!("it belongs to lane `{}`", deployment.lane)));
        }
        let parents = self.parents(id)?;
        if parents.as_slice() != deployment.previous.as_slice() {
            return Err(broken(
                "its parent is not the record that it names as previous",
            ));
        }
        Ok(LaneRecord {
            id: id.clone(),
            deployment,
        })
    }

    fn tree(&self, record: &LaneRecord) -> Result<Box<dyn FileTree>, LaneError> {
        let deployment = &record.deployment;
        let label = format!("lane {} #{}", deployment.lane, deployment.sequence);
        Ok(Box::new(self.record_tree(&record.id, label)?))
    }

    fn actor(&self) -> Result<String, LaneError> {
        let local = self.repository.local();
        let signature = super::objects::committer(&local)?;
        Ok(format!(
            "{} <{}>",
            signature.name.to_str_lossy(),
            signature.email.to_str_lossy()
        ))
    }

    fn git_tree(&self, content: &Content) -> Result<ObjectId, LaneError> {
        super::objects::snapshot_tree_id(&self.repository.local(), content).map_err(git_error)
    }

    fn append(&self, draft: &RecordDraft) -> Result<LaneRecord, LaneError> {
        self.check_not_checked_out(&draft.deployment.lane)?;
        let id = super::objects::write_record(&self.repository.local(), draft, self.commit_signer)?;
        match &self.remote {
            Some(remote) => self.push(remote, draft, &id)?,
            None => self.move_local(draft, &id)?,
        }
        Ok(LaneRecord {
            id,
            deployment: draft.deployment.clone(),
        })
    }
}

impl RecordCommits for GitLanes<'_> {
    fn commit(&self, id: &ObjectId) -> Result<RecordCommit, LaneError> {
        let local = self.repository.local();
        let object = local.try_find_object(gix_id(id)).map_err(read_error)?;
        let object = object.ok_or_else(|| git_error(GitError::MissingObject(id.to_string())))?;
        let commit = object.try_into_commit().map_err(read_error)?;
        let committer = commit.committer().map_err(read_error)?;
        let message = commit.message_raw().map_err(read_error)?;
        Ok(RecordCommit {
            parents: commit.parent_ids().map(|id| own_id(id.detach())).collect(),
            committer: format!(
                "{} <{}>",
                committer.name.to_str_lossy(),
                committer.email.to_str_lossy()
            ),
            second: committer.seconds(),
            message: message.to_str_lossy().into_owned(),
            files: Box::new(self.record_tree(id, format!("record {}", id.short()))?),
        })
    }
}

impl GitLanes<'_> {
    /// The parents of a commit.
    pub(super) fn parents(&self, id: &ObjectId) -> Result<Vec<ObjectId>, LaneError> {
        let local = self.repository.local();
        let object = local.try_find_object(gix_id(id)).map_err(read_error)?;
        let object = object.ok_or_else(|| git_error(GitError::MissingObject(id.to_string())))?;
        let commit = object.try_into_commit().map_err(read_error)?;
        Ok(commit.parent_ids().map(|id| own_id(id.detach())).collect())
    }

    /// A branch that is checked out cannot move under somebody's feet.
    fn check_not_checked_out(&self, lane: &LaneName) -> Result<(), LaneError> {
        let local = self.repository.local();
        if local.is_bare() {
            return Ok(());
        }
        let head = local.head_name().map_err(read_error)?;
        if head.is_some_and(|head| head.as_bstr() == lane.ref_name()) {
            return Err(LaneError::Failed {
                message: format!("the branch `lanes/{lane}` is checked out here"),
                hint: Some("switch to your own branch first: `git switch main`".to_owned()),
            });
        }
        Ok(())
    }
}

/// An error of gix on the way to a lane.
pub(super) fn read_error(error: gix::Error) -> LaneError {
    git_error(error.into())
}

/// An error of git on the way to a lane.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is handed to `map_err`, which passes by value"
)]
pub(super) fn git_error(error: GitError) -> LaneError {
    LaneError::Failed {
        message: error.to_string(),
        hint: error.hint(),
    }
}
