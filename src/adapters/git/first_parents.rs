//! The development history along first parents, as `git rev-list` walks it.

use jiff::Timestamp;

use crate::domain::deployment::ObjectId;
use crate::engine::ports::history::{FirstParents, LineCommit, Parting};
use crate::engine::ports::{FileTree, LaneError};

use super::authors::GitHistory;
use super::error::GitError;
use super::lanes::git_error;

/// What is asked of a commit: no part of it can hold a NUL.
const FORMAT: &str = "--format=%H%x00%P%x00%an <%ae>%x00%at%x00%s";

/// The folder of prompts.
const PROMPTS: &str = "prompts";

impl FirstParents for GitHistory<'_> {
    fn touching_prompts(&self, to: &ObjectId) -> Result<Vec<LineCommit>, LaneError> {
        let arguments = ["--no-commit-header", "--encoding=UTF-8", FORMAT];
        let script = format!("{to}\n--\n{}\n", self.joined(PROMPTS));
        let output = self.walk(&arguments, &script)?;
        let commits = output.lines().map(|line| {
            let unreadable = || GitError::Read(format!("git described a commit as `{line}`"));
            commit(line).ok_or_else(|| git_error(unreadable()))
        });
        commits.collect()
    }

    fn parting(&self, from: &ObjectId, to: &ObjectId) -> Result<Parting, LaneError> {
        let line = format!("{to}\n^{from}\n--\n");
        let commits = self.count(&line)?;
        let touching_prompts = self.count(&format!("{line}{}\n", self.joined(PROMPTS)))?;
        let fork = match self.repository.commit(&format!("{to}~{commits}")) {
            Ok(commit) => Some(commit),
            Err(GitError::UnknownRevision(_)) => None,
            Err(error) => return Err(git_error(error)),
        };
        Ok(Parting {
            fork,
            commits,
            touching_prompts,
        })
    }

    fn files(&self, commit: &ObjectId) -> Result<Box<dyn FileTree>, LaneError> {
        let tree = self.repository.tree(commit, &self.prefix);
        Ok(Box::new(tree.map_err(git_error)?))
    }
}

impl GitHistory<'_> {
    fn count(&self, script: &str) -> Result<usize, LaneError> {
        let output = self.walk(&["--count"], script)?;
        let unreadable = |_| git_error(GitError::Read(format!("git counted `{output}`")));
        output.trim().parse().map_err(unreadable)
    }

    /// What `git rev-list` says along first parents.
    fn walk(&self, arguments: &[&str], script: &str) -> Result<String, LaneError> {
        let mut all = vec!["--literal-pathspecs", "rev-list", "--first-parent"];
        all.extend(arguments);
        all.push("--stdin");
        let output = self.repository.git().run(&all, script.as_bytes());
        let output = output.map_err(git_error)?;
        if output.success {
            return Ok(output.stdout);
        }
        Err(LaneError::Failed {
            message: format!("git cannot walk the history: {}", output.complaint()),
            hint: Some("if the clone is shallow, run `git fetch --unshallow`".to_owned()),
        })
    }
}

fn commit(line: &str) -> Option<LineCommit> {
    let mut parts = line.splitn(5, '\0');
    let id = ObjectId::new(parts.next()?).ok()?;
    let parents = parts.next()?.split_whitespace();
    let parents = parents.map(|id| ObjectId::new(id).ok());
    Some(LineCommit {
        id,
        parents: parents.collect::<Option<_>>()?,
        author: parts.next()?.to_owned(),
        written_at: Timestamp::from_second(parts.next()?.parse().ok()?).ok()?,
        subject: parts.next()?.to_owned(),
    })
}
