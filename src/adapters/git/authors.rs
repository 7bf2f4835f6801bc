//! Who wrote a stretch of the development history, as its commits say.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::domain::deployment::{ObjectId, address};
use crate::engine::ports::{LaneError, SourceHistory};

use super::lanes::{git_error, read_error};
use super::repository::Repository;

/// Author, committer and co-authors of a commit, one address a line.
const ADDRESSES: &str = "--format=%ae%n%ce%n%(trailers:key=Co-authored-by,valueonly,unfold)";

/// The development history of a repository.
pub struct GitHistory<'r> {
    pub(super) repository: &'r Repository,
    pub(super) prefix: String,
}

impl<'r> GitHistory<'r> {
    /// The history of a repository whose workspace stands in the folder `prefix`.
    pub fn new(repository: &'r Repository, prefix: String) -> Self {
        Self { repository, prefix }
    }

    /// A path of the workspace from the top of the repository.
    pub(super) fn joined(&self, path: &str) -> String {
        match self.prefix.as_str() {
            "" => path.to_owned(),
            prefix => format!("{prefix}/{path}"),
        }
    }
}

impl SourceHistory for GitHistory<'_> {
    fn authors(
        &self,
        from: Option<&ObjectId>,
        to: &ObjectId,
        paths: &[String],
    ) -> Result<BTreeSet<String>, LaneError> {
        if self.repository.local().is_shallow().map_err(read_error)? {
            return Err(LaneError::Failed {
                message: "this clone is shallow, so it does not say who wrote what comes in"
                    .to_owned(),
                hint: Some("run `git fetch --unshallow`".to_owned()),
            });
        }
        let mut script = format!("{to}\n");
        if let Some(from) = from {
            let _ = writeln!(script, "^{from}");
        }
        script.push_str("--\n");
        for path in paths {
            let _ = writeln!(script, "{}", self.joined(path));
        }
        let arguments = [
            "--literal-pathspecs",
            "rev-list",
            "--full-history",
            "--no-commit-header",
            ADDRESSES,
            "--stdin",
        ];
        let output = self.repository.git().run(&arguments, script.as_bytes());
        let output = output.map_err(git_error)?;
        if !output.success {
            return Err(LaneError::Failed {
                message: format!(
                    "git does not say who wrote what comes in: {}",
                    output.complaint()
                ),
                hint: Some("fetch the development history that lanes were taken from".to_owned()),
            });
        }
        let lines = output.stdout.lines().filter_map(address);
        Ok(lines.collect())
    }
}
