//! What a search of a prompt's history found, for people and for machines.

mod json;
mod open;
mod text;

use crate::domain::deployment::ObjectId;
use crate::domain::id::EvaluatorId;
use crate::domain::run::Suite;
use crate::engine::bisect::Verdict;
use crate::engine::bisect::line::{Origin, Version};
use crate::engine::bisect::steps::Bisection;
use crate::engine::diff::PromptDiff;
use crate::engine::evaluate::compare::ComparedSuite;

pub use json::BisectV1;
pub use text::{progress_line, render_bisect};

/// What there is to report of a search.
#[derive(Debug)]
pub struct BisectReport<'r> {
    /// What was tested, of the bad end.
    pub suite: &'r Suite,
    /// The evaluator.
    pub evaluator: &'r EvaluatorId,
    /// The ends, the good one first: their files, and where these stand in the history.
    pub ends: [(String, ObjectId); 2],
    /// Where rows, evaluators, judges and settings come from.
    pub tests: String,
    /// How many commits lie between the ends.
    pub commits: usize,
    /// The versions among them, the oldest first.
    pub versions: &'r [Version],
    /// How many rows gate.
    pub rows: usize,
    /// How sure the answer is.
    pub confidence: f64,
    /// The search; absent: the ends are one version.
    pub bisection: Option<Bisection>,
    /// What the version that was found did.
    pub found: Option<FoundVersion>,
    /// The most calls that it takes to ask for what is not known; absent: all that counts is known,
    /// or nobody can be asked for it.
    pub calls_to_ask: Option<u64>,
}

/// A version that made the evaluator worse, beside the one before it.
#[derive(Debug)]
pub struct FoundVersion {
    /// How the prompts differ.
    pub diff: PromptDiff,
    /// How their cases differ.
    pub cases: ComparedSuite,
}

impl BisectReport<'_> {
    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.bisection.as_ref(), self.versions)
    }

    /// The commit of a version, as far as it has one.
    fn commit(&self, version: usize) -> &ObjectId {
        match &self.versions[version].origin {
            Origin::Good => &self.ends[0].1,
            Origin::Fork(commit) => commit,
            Origin::Commit(commit) => &commit.id,
            Origin::Bad => &self.ends[1].1,
        }
    }
}
