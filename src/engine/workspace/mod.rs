//! The one view of a workspace's files, whatever tree they stand in.

pub mod closure;
pub mod rows;

use crate::domain::dataset::Dataset;
use crate::domain::evaluator::Evaluator;
use crate::domain::finding::Findings;
use crate::domain::id::{DatasetId, EvaluatorId, LaneName, PromptId};
use crate::domain::lane::Lane;
use crate::domain::project::Project;
use crate::domain::prompt::Prompt;

use super::ports::FileTree;
use closure::Closure;
use rows::RowReader;

/// A workspace in a tree of files. Files are read when they are asked for.
pub struct Workspace<'t> {
    tree: &'t dyn FileTree,
}

impl<'t> Workspace<'t> {
    /// The workspace in `tree`.
    pub fn new(tree: &'t dyn FileTree) -> Self {
        Self { tree }
    }

    /// The tree that is read.
    pub fn tree(&self) -> &'t dyn FileTree {
        self.tree
    }

    /// The settings; the defaults where there is no `pointsman.toml`.
    pub fn project(&self) -> Result<Project, Findings> {
        todo!()
    }

    /// The names of all prompts, sorted.
    pub fn prompt_ids(&self) -> Result<Vec<PromptId>, Findings> {
        todo!()
    }

    /// The names of all datasets, sorted.
    pub fn dataset_ids(&self) -> Result<Vec<DatasetId>, Findings> {
        todo!()
    }

    /// The names of all evaluators, sorted.
    pub fn evaluator_ids(&self) -> Result<Vec<EvaluatorId>, Findings> {
        todo!()
    }

    /// The names of all lanes, sorted.
    pub fn lane_names(&self) -> Result<Vec<LaneName>, Findings> {
        todo!()
    }

    /// A prompt. One that is not there is a finding with a did-you-mean.
    pub fn prompt(&self, _id: &PromptId) -> Result<Prompt, Findings> {
        todo!()
    }

    /// A prompt with all it includes, ready to render.
    pub fn closure(&self, _id: &PromptId) -> Result<Closure, Findings> {
        todo!()
    }

    /// A dataset's manifest.
    pub fn dataset(&self, _id: &DatasetId) -> Result<Dataset, Findings> {
        todo!()
    }

    /// A dataset's rows, as a stream.
    pub fn rows(&self, _dataset: &Dataset) -> Result<RowReader, Findings> {
        todo!()
    }

    /// An evaluator.
    pub fn evaluator(&self, _id: &EvaluatorId) -> Result<Evaluator, Findings> {
        todo!()
    }

    /// A lane's policy.
    pub fn lane(&self, _name: &LaneName) -> Result<Lane, Findings> {
        todo!()
    }
}
