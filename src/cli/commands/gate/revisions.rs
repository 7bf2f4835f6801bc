//! The commits of a pull request, found in the clone at hand, or what to do where it lacks them.

use crate::adapters::git::{GitError, RevisionTree};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::domain::deployment::ObjectId;
use crate::engine::gate::PullRequest;

/// The trees of a pull request.
pub(super) struct Revisions {
    fork: RevisionTree,
    base: RevisionTree,
    head: RevisionTree,
    /// The whole repository where the head left the base.
    pub(super) whole_fork: RevisionTree,
    /// The whole repository of the head.
    pub(super) whole_head: RevisionTree,
    /// The base.
    pub(super) base_commit: ObjectId,
    /// Where the workspace stands in the repository.
    pub(super) prefix: String,
}

impl Revisions {
    /// Finds base, head, and where they parted.
    pub(super) fn find(context: &Context, base: &str, head: &str) -> Result<Self, CommandError> {
        let repository = context.repository()?;
        let shallow = repository.is_shallow()?;
        let commit = |revision: &str| match repository.commit(revision) {
            Err(GitError::UnknownRevision(_)) if shallow => Err(too_shallow(&format!(
                "`{revision}` is no revision that it knows"
            ))),
            found => found.map_err(CommandError::from),
        };
        let (base_commit, head_commit) = (commit(base)?, commit(head)?);
        let fork = match repository.merge_base(&base_commit, &head_commit) {
            Ok(Some(fork)) => fork,
            Err(error) if !shallow => return Err(error.into()),
            Ok(None) if !shallow => {
                return Err(CommandError::usage(format!(
                    "`{base}` and `{head}` have no commit in common: these are two histories"
                ))
                .with_hint("name the branch that the head was started from as `--base`"));
            }
            Ok(None) | Err(_) => {
                return Err(too_shallow(&format!(
                    "where `{head}` left `{base}` is not in it"
                )));
            }
        };
        let prefix = context.workspace_prefix()?;
        Ok(Self {
            fork: repository.tree(&fork, &prefix)?,
            base: repository.tree(&base_commit, &prefix)?,
            head: repository.tree(&head_commit, &prefix)?,
            whole_fork: repository.tree(&fork, "")?,
            whole_head: repository.tree(&head_commit, "")?,
            base_commit,
            prefix,
        })
    }

    /// The trees below the workspace's folder.
    pub(super) fn request(&self) -> PullRequest<'_> {
        PullRequest {
            fork: &self.fork,
            base: &self.base,
            head: &self.head,
        }
    }

    /// Refuses to run programs from files that are not the base's.
    pub(super) fn check_programs(&self, context: &Context) -> Result<(), CommandError> {
        let changed = context
            .repository()?
            .uncommitted(&self.base_commit, "", &[""])?;
        let Some(path) = changed.first() else {
            return Ok(());
        };
        Err(CommandError::refused(format!(
            "programs run from the files on disk, and `{path}` is not the base's there"
        ))
        .with_hint(
            "check out the base, fetch the head without checking it out, and run the gate there",
        ))
    }
}

fn too_shallow(what: &str) -> CommandError {
    CommandError::usage(format!("this clone is shallow, and {what}")).with_hint(
        "run `git fetch --unshallow`, check out with `fetch-depth: 0` in a workflow of GitHub, or set \
         `GIT_DEPTH: \"0\"` for a job of GitLab",
    )
}
