//! What is searched: the versions of a prompt, their files, and the test that all of them undergo.

use crate::cli::error::CommandError;
use crate::engine::bisect::line::{Origin, Version};
use crate::engine::bisect::looks::Looks;
use crate::engine::evaluate::plan::PlannedSuite;
use crate::engine::ports::FileTree;
use crate::engine::ports::history::FirstParents;

/// What is tested, and where it is found.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) history: &'a dyn FirstParents,
    /// Where rows, evaluators, judges and settings come from.
    pub(super) tests: &'a dyn FileTree,
    /// Where programs are run from.
    pub(super) disk: Option<&'a dyn FileTree>,
    /// The good end and the bad one.
    pub(super) ends: [&'a dyn FileTree; 2],
    /// The versions, the oldest first.
    pub(super) versions: &'a [Version],
    /// The test, of the bad end.
    pub(super) suite: &'a PlannedSuite,
    pub(super) looks: &'a Looks,
}

/// The files of a version: those of an end, or of a commit that was opened for it.
pub(super) enum VersionFiles<'a> {
    End(&'a dyn FileTree),
    Commit(Box<dyn FileTree>),
}

impl VersionFiles<'_> {
    pub(super) fn tree(&self) -> &dyn FileTree {
        match self {
            Self::End(tree) => *tree,
            Self::Commit(tree) => tree.as_ref(),
        }
    }
}

impl<'a> Subject<'a> {
    /// The files of a version.
    pub(super) fn files(&self, version: usize) -> Result<VersionFiles<'a>, CommandError> {
        let [good, bad] = self.ends;
        Ok(match &self.versions[version].origin {
            Origin::Good => VersionFiles::End(good),
            Origin::Bad => VersionFiles::End(bad),
            Origin::Fork(commit) => VersionFiles::Commit(self.history.files(commit)?),
            Origin::Commit(commit) => VersionFiles::Commit(self.history.files(&commit.id)?),
        })
    }

    /// The files of the last commit that has a version: what was recorded for it may stand there only.
    pub(super) fn last_files(&self, version: usize) -> Result<VersionFiles<'a>, CommandError> {
        Ok(match &self.versions[version].last {
            Some(commit) => VersionFiles::Commit(self.history.files(commit)?),
            None => VersionFiles::End(self.ends[1]),
        })
    }
}
