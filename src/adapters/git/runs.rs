//! Runs as git objects, to share them: `refs/pointsman/runs/<digest of the plan>` on the remote is
//! a chain of commits, each of which adds runs of that plan, one folder a run. Nothing is forced
//! and nothing is taken away: whoever finds the ref moved adds to what is there now.

use std::collections::{BTreeMap, BTreeSet};

use gix::bstr::ByteSlice as _;
use jiff::Timestamp;

use crate::adapters::store::RunFiles;
use crate::domain::deployment::ObjectId;
use crate::domain::digest::Digest;
use crate::domain::run::RunId;
use crate::engine::ports::{FileTree as _, LaneError};

use super::lanes::{GitLanes, git_error, read_error};
use super::objects::{Addition, write_addition};
use super::repository::{Repository, own_id};
use super::revision::RevisionTree;

/// Where runs are on a remote.
const SHARED: &str = "refs/pointsman/runs/";

/// The largest file of a run that is read.
const FILE_LIMIT: u64 = 512 * 1024 * 1024;

/// How often a push is tried again when others push the same plan.
const ATTEMPTS: u32 = 5;

/// The runs on a remote.
pub struct GitRuns<'r> {
    lanes: GitLanes<'r>,
    repository: &'r Repository,
    remote: String,
}

/// A run on the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedRun {
    /// The run.
    pub id: RunId,
    /// The digest of the plan under which it was found.
    pub plan: Digest,
    commit: ObjectId,
}

impl<'r> GitRuns<'r> {
    /// The runs on a remote that the repository's own configuration knows.
    pub fn new(repository: &'r Repository, remote: String) -> Result<Self, LaneError> {
        Ok(Self {
            lanes: GitLanes::new(repository, Some(remote.clone()))?,
            repository,
            remote,
        })
    }

    /// Asks the remote which runs there are, in the order of plans and names.
    pub fn fetch(&self) -> Result<Vec<SharedRun>, LaneError> {
        self.fetch_refs("")?;
        let local = self.repository.local();
        let prefix = self.tracking("");
        let platform = local.references().map_err(read_error)?;
        let mut runs = Vec::new();
        for reference in platform.prefixed(prefix.as_str()).map_err(read_error)? {
            let mut reference = reference.map_err(read_error)?;
            let name = reference.name().as_bstr().to_str_lossy().into_owned();
            // A ref that is not named by a digest is not ours.
            let Ok(plan) = name[prefix.len()..].parse::<Digest>() else {
                continue;
            };
            let commit = own_id(reference.peel_to_id().map_err(read_error)?.detach());
            for id in self.names(&commit)? {
                runs.push(SharedRun {
                    id,
                    plan,
                    commit: commit.clone(),
                });
            }
        }
        Ok(runs)
    }

    /// The files of a run.
    pub fn read(&self, run: &SharedRun) -> Result<RunFiles, LaneError> {
        let tree = self.tree(&run.commit)?;
        let failed = |error: crate::engine::ports::TreeError| LaneError::Failed {
            message: error.to_string(),
            hint: None,
        };
        let mut files = BTreeMap::new();
        for entry in tree.list(run.id.as_str()).map_err(failed)? {
            let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
            let bytes = tree.read(&entry.path, FILE_LIMIT).map_err(failed)?;
            files.insert(name, bytes.unwrap_or_default());
        }
        Ok(RunFiles {
            id: run.id.clone(),
            files,
        })
    }

    /// Adds runs of one plan to those on the remote. Returns those that were not there before.
    pub fn push(
        &self,
        plan: Digest,
        runs: &[RunFiles],
        now: Timestamp,
    ) -> Result<Vec<RunId>, LaneError> {
        let mut complaint = String::new();
        for _ in 0..ATTEMPTS {
            self.fetch_refs(&plan.to_string())?;
            let tip = self.lanes.id_at(&self.tracking(&plan.to_string()))?;
            let known = match &tip {
                Some(commit) => self.names(commit)?,
                None => BTreeSet::new(),
            };
            let new: Vec<&RunFiles> = runs.iter().filter(|run| !known.contains(&run.id)).collect();
            if new.is_empty() {
                return Ok(Vec::new());
            }
            let commit = self.commit(tip.as_ref(), &new, now)?;
            match self.push_commit(plan, &commit, tip.as_ref())? {
                None => return Ok(new.into_iter().map(|run| run.id.clone()).collect()),
                Some(refusal) => complaint = refusal,
            }
        }
        Err(LaneError::Remote {
            message: format!("`{}` did not take the runs: {complaint}", self.remote),
            hint: Some(format!("check that you may push to `{SHARED}*` there")),
        })
    }

    fn commit(
        &self,
        tip: Option<&ObjectId>,
        runs: &[&RunFiles],
        now: Timestamp,
    ) -> Result<ObjectId, LaneError> {
        let mut files = BTreeMap::new();
        for run in runs {
            for (name, bytes) in &run.files {
                files.insert(format!("{}/{name}", run.id), bytes.as_slice());
            }
        }
        let names: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
        let addition = Addition {
            base: tip,
            merged: &[],
            files,
            message: &format!("Add run {}\n", names.join(", ")),
            time: now,
        };
        write_addition(&self.repository.local(), &addition)
    }

    /// Pushes a commit that follows the one that the ref had. Returns what was said where the
    /// remote refused, and the ref is not where we wanted it.
    fn push_commit(
        &self,
        plan: Digest,
        commit: &ObjectId,
        tip: Option<&ObjectId>,
    ) -> Result<Option<String>, LaneError> {
        let name = format!("{SHARED}{plan}");
        let git = self.repository.git();
        let output = git.push(&self.remote, &name, commit, tip);
        let output = output.map_err(git_error)?;
        if output.success {
            return Ok(None);
        }
        // A lost answer may hide a success.
        self.fetch_refs(&plan.to_string())?;
        let now = self.lanes.id_at(&self.tracking(&plan.to_string()))?;
        Ok((now.as_ref() != Some(commit)).then(|| output.complaint()))
    }

    /// Brings the refs whose names start like this here, to where we remember the remote's.
    fn fetch_refs(&self, start: &str) -> Result<(), LaneError> {
        let refspec = format!("+{SHARED}{start}*:{}*", self.tracking(start));
        let output = self.repository.git().fetch(&self.remote, &refspec);
        let output = output.map_err(git_error)?;
        if output.success {
            return Ok(());
        }
        Err(LaneError::Remote {
            message: format!(
                "cannot fetch runs from `{}`: {}",
                self.remote,
                output.complaint()
            ),
            hint: Some("check the network and your access".to_owned()),
        })
    }

    fn tracking(&self, start: &str) -> String {
        format!("refs/pointsman/remotes/{}/runs/{start}", self.remote)
    }

    fn tree(&self, commit: &ObjectId) -> Result<RevisionTree, LaneError> {
        let label = format!("commit {}", commit.short());
        RevisionTree::new(self.repository, commit, "", label).map_err(git_error)
    }

    /// The runs in a commit: its folders that are named like runs.
    fn names(&self, commit: &ObjectId) -> Result<BTreeSet<RunId>, LaneError> {
        let entries = self.tree(commit)?.list("");
        let entries = entries.map_err(|error| LaneError::Failed {
            message: error.to_string(),
            hint: None,
        })?;
        let folders = entries
            .iter()
            .filter_map(|entry| entry.path.split_once('/'));
        Ok(folders
            .filter_map(|(folder, _)| RunId::parse(folder))
            .collect())
    }
}
