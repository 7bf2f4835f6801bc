//! Recorded answers that the author of a pull request brings: a claim, not a measurement.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Cursor, Read as _};

use crate::domain::id::PromptId;
use crate::domain::project::PROJECT_FILE;
use crate::engine::diff::{DiffError, changed_below};
use crate::engine::ports::{FileTree, TreeEntry, TreeError};
use crate::engine::workspace::Workspace;

use super::PullRequest;
use super::scope::{Scope, judges};

/// The recordings of the head that speak for prompts under test. Those of judges never do: who
/// grades an answer must not be the one who gave it.
pub fn claims(request: PullRequest<'_>, scope: &Scope) -> Result<BTreeSet<String>, DiffError> {
    let changed = changed_below(request.base, request.head, &["recordings"])?;
    let grade = judges(&Workspace::new(request.base))?;
    let speaking = scope.under_test().filter(|id| !grade.contains(*id));
    let paths = speaking.map(PromptId::recordings_path);
    // Here evaluators keep what they asked for themselves.
    let grades = |path: &String| path.starts_with("recordings/evaluators/");
    let claimed = paths.filter(|path| changed.contains_key(path) && !grades(path));
    Ok(claimed.collect())
}

/// The files of the base, with the answers that the head claims beside those that the base has
/// recorded. Where both know an answer, the base's holds.
pub struct ClaimedAnswers<'t> {
    /// Whose rules hold.
    pub base: &'t dyn FileTree,
    /// Who claims.
    pub head: &'t dyn FileTree,
    /// The recordings that may come from elsewhere, by their path: the trees that have them, each with
    /// the path that they have there.
    pub claims: BTreeMap<String, Vec<(&'t dyn FileTree, String)>>,
}

impl FileTree for ClaimedAnswers<'_> {
    fn label(&self) -> String {
        format!(
            "{} by the rules of {}",
            self.head.label(),
            self.base.label()
        )
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        self.base.list(folder)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        self.base.read(path, limit)
    }

    /// Of two recordings of one request the later one is read, so that the base comes last.
    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        let recorded = self.base.open(path)?;
        let mut all: Option<Box<dyn BufRead + Send>> = None;
        for (tree, there) in self.claims.get(path).into_iter().flatten() {
            all = joined(all, tree.open(there)?);
        }
        Ok(joined(all, recorded))
    }
}

/// One recording after another.
fn joined(
    first: Option<Box<dyn BufRead + Send>>,
    second: Option<Box<dyn BufRead + Send>>,
) -> Option<Box<dyn BufRead + Send>> {
    match (first, second) {
        (Some(first), Some(second)) => Some(Box::new(first.chain(Cursor::new("\n")).chain(second))),
        (first, second) => first.or(second),
    }
}

/// The files of the head with the settings of the base: what is run beside the gate asks nobody
/// whom the base does not know.
pub struct ProposedTree<'t> {
    /// Whose settings hold.
    pub base: &'t dyn FileTree,
    /// Whose rules are tried.
    pub head: &'t dyn FileTree,
}

impl<'t> ProposedTree<'t> {
    fn of(&self, path: &str) -> &'t dyn FileTree {
        if path == PROJECT_FILE {
            self.base
        } else {
            self.head
        }
    }
}

impl FileTree for ProposedTree<'_> {
    fn label(&self) -> String {
        format!("{} with its own rules", self.head.label())
    }

    fn list(&self, folder: &str) -> Result<Vec<TreeEntry>, TreeError> {
        self.of(folder).list(folder)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, TreeError> {
        self.of(path).read(path, limit)
    }

    fn open(&self, path: &str) -> Result<Option<Box<dyn BufRead + Send>>, TreeError> {
        self.of(path).open(path)
    }
}
