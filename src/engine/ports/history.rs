//! The development history, as a search walks it.

use jiff::Timestamp;

use crate::domain::deployment::ObjectId;

use super::{FileTree, LaneError};

/// The development history along first parents: what a branch looked like, commit by commit. What a
/// merge brought is one step.
pub trait FirstParents {
    /// The commits on the way back from `to` that touch files of prompts, the newest first.
    fn touching_prompts(&self, to: &ObjectId) -> Result<Vec<LineCommit>, LaneError>;

    /// Where the line to `to` leaves the history of `from`.
    fn parting(&self, from: &ObjectId, to: &ObjectId) -> Result<Parting, LaneError>;

    /// The workspace's files at a commit.
    fn files(&self, commit: &ObjectId) -> Result<Box<dyn FileTree>, LaneError>;
}

/// A commit of the development history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCommit {
    /// The commit.
    pub id: ObjectId,
    /// Its parents; more than one: it is a merge.
    pub parents: Vec<ObjectId>,
    /// Who wrote it, as commits name people.
    pub author: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// The first line of its message.
    pub subject: String,
}

/// Where a line of commits leaves a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// The newest commit of the line that is in the history, too; absent: there is none.
    pub fork: Option<ObjectId>,
    /// How many commits of the line are not.
    pub commits: usize,
    /// How many of these touch files of prompts.
    pub touching_prompts: usize,
}
