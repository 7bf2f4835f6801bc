//! The versions of a prompt along a line of commits. What does not change the prompt's fingerprint is
//! no version of its own.

use crate::domain::deployment::ObjectId;
use crate::domain::digest::Digest;
use crate::domain::finding::Finding;
use crate::domain::id::PromptId;
use crate::engine::ports::history::{FirstParents, LineCommit};
use crate::engine::ports::{FileTree, TreeError};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::closure::Closure;

use super::BisectError;
use super::rename::former_name;

/// A commit that touches files of prompts, and the name that the prompt has in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The commit.
    pub commit: LineCommit,
    /// The prompt's name; absent: the prompt is not there.
    pub name: Option<PromptId>,
}

/// One end of a search: files, and where they stand in the development history.
#[derive(Clone, Copy)]
pub struct End<'t> {
    /// The files.
    pub tree: &'t dyn FileTree,
    /// The prompt's name in them.
    pub name: &'t PromptId,
}

/// A version of the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The prompt's name in it.
    pub name: PromptId,
    /// Where it comes from.
    pub origin: Origin,
    /// The last commit of the line that has it; absent: the line ends with it.
    pub last: Option<ObjectId>,
    /// The prompt's fingerprint, or why the version cannot be tested.
    pub fingerprint: Result<Digest, String>,
}

/// Where a version comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The good end.
    Good,
    /// Where the line of the bad end left the history of the good end, which has another version.
    Fork(ObjectId),
    /// The first commit that has it.
    Commit(LineCommit),
    /// The bad end, and no commit of its line.
    Bad,
}

/// Follows a prompt of `newest` back along first parents from `to`, under whatever name.
pub fn follow(
    history: &dyn FirstParents,
    (newest, to): (&dyn FileTree, &ObjectId),
    prompt: &PromptId,
) -> Result<Vec<Point>, BisectError> {
    let mut points: Vec<Point> = Vec::new();
    let mut name = prompt.clone();
    let mut newer: Option<Box<dyn FileTree>> = None;
    for commit in history.touching_prompts(to)? {
        let tree = history.files(&commit.id)?;
        let there = points.last().is_none_or(|point| point.name.is_some());
        let mut found = has(tree.as_ref(), &name)?.then(|| name.clone());
        if found.is_none() && there {
            found = former_name(newer.as_deref().unwrap_or(newest), tree.as_ref(), &name)?;
        }
        if let Some(found) = &found {
            name.clone_from(found);
        }
        points.push(Point {
            commit,
            name: found,
        });
        newer = Some(tree);
    }
    Ok(points)
}

/// The versions from the good end to the bad one, the oldest first. `points` are the commits between
/// them, the newest first; `fork` is where their line begins, with the prompt's name there.
pub fn versions(
    history: &dyn FirstParents,
    points: &[Point],
    fork: (&ObjectId, Option<&PromptId>),
    (good, bad): (End<'_>, End<'_>),
) -> Result<Vec<Version>, BisectError> {
    let mut versions = Versions(Vec::new());
    versions.add(good.tree, Some(good.name), Origin::Good);
    let tree = history.files(fork.0)?;
    versions.add(tree.as_ref(), fork.1, Origin::Fork(fork.0.clone()));
    for Point { commit, name } in points.iter().rev() {
        let tree = history.files(&commit.id)?;
        let origin = Origin::Commit(commit.clone());
        versions.add(tree.as_ref(), name.as_ref(), origin);
    }
    versions.add(bad.tree, Some(bad.name), Origin::Bad);
    Ok(versions.0)
}

/// A version of the prompt, ready to render, under the name that the prompt has now.
pub fn closure(
    tree: &dyn FileTree,
    then: &PromptId,
    now: &PromptId,
) -> Result<Closure, BisectError> {
    let workspace = Workspace::new(tree);
    let mut prompt = workspace.prompt(then)?;
    prompt.id = now.clone();
    let source = workspace.prompt_source(then)?;
    Ok(Closure::compile(prompt, &source, tree)?)
}

struct Versions(Vec<Version>);

impl Versions {
    /// Adds a version, unless it is the one before it.
    fn add(&mut self, tree: &dyn FileTree, name: Option<&PromptId>, origin: Origin) {
        let last = self.0.last();
        let fingerprint = match name {
            None => Err("the prompt is not there".to_owned()),
            Some(name) => fingerprint(tree, name),
        };
        if last.is_some_and(|last| last.fingerprint == fingerprint) {
            return;
        }
        let earlier = || last.map(|last| last.name.clone());
        let Some(name) = name.cloned().or_else(earlier) else {
            return;
        };
        if let (Some(before), Origin::Commit(commit)) = (self.0.last_mut(), &origin) {
            before.last = commit.parents.first().cloned();
        }
        self.0.push(Version {
            name,
            origin,
            last: None,
            fingerprint,
        });
    }
}

/// The fingerprint of a prompt, or why it has none.
pub fn fingerprint(tree: &dyn FileTree, name: &PromptId) -> Result<Digest, String> {
    match Workspace::new(tree).closure(name) {
        Ok(closure) => Ok(closure.fingerprint()),
        Err(findings) => {
            let finding = findings.0.into_iter().find(Finding::is_error);
            let why = finding.map_or_else(String::new, |finding| finding.message);
            Err(format!("the prompt cannot be read: {why}"))
        }
    }
}

fn has(tree: &dyn FileTree, name: &PromptId) -> Result<bool, TreeError> {
    Ok(!tree.list(&name.path())?.is_empty())
}
