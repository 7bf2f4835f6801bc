//! The files that one prompt stands on: what it renders from, and what tests it.

use std::collections::BTreeSet;

use crate::domain::finding::Findings;
use crate::domain::id::{DatasetId, PromptId};
use crate::engine::workspace::Workspace;

/// The files that one prompt stands on, by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Dependencies {
    /// The prompt's file and all that it includes and shows.
    pub(super) closure: BTreeSet<String>,
    /// Datasets, rows, what these show, evaluators, the closures of judges, and the rows that people graded for them.
    pub(super) tests: BTreeSet<String>,
    /// Recorded answers, of the prompt, of its judges and of its evaluators. They need not exist.
    pub(super) recordings: BTreeSet<String>,
}

impl Dependencies {
    /// What `prompt` stands on in a workspace.
    pub(super) fn of(workspace: &Workspace<'_>, prompt: &PromptId) -> Result<Self, Findings> {
        let mut found = Self::default();
        let mut findings = Vec::new();
        let closure = workspace.closure(prompt)?;
        found.closure.insert(prompt.path());
        found.closure.extend(closure.files().map(str::to_owned));
        found.recordings.insert(prompt.recordings_path());
        for binding in &closure.prompt().evals {
            if let Err(Findings(more)) = found.add_dataset(workspace, &binding.dataset.0) {
                findings.extend(more);
            }
            for (evaluator, _) in &binding.evaluators {
                match workspace.evaluator(evaluator) {
                    Ok(evaluator) => {
                        found.tests.extend(evaluator.files());
                        found.recordings.extend(evaluator.rule.recordings());
                        for dataset in evaluator.rule.calibrations() {
                            if let Err(Findings(more)) = found.add_dataset(workspace, dataset) {
                                findings.extend(more);
                            }
                        }
                        for judge in evaluator.judges() {
                            if let Err(Findings(more)) = found.add_judge(workspace, judge) {
                                findings.extend(more);
                            }
                        }
                    }
                    Err(Findings(more)) => findings.extend(more),
                }
            }
        }
        if findings.is_empty() {
            Ok(found)
        } else {
            Err(Findings(findings))
        }
    }

    /// Every path.
    pub(super) fn into_paths(self) -> impl Iterator<Item = String> {
        let Self {
            closure,
            tests,
            recordings,
        } = self;
        closure.into_iter().chain(tests).chain(recordings)
    }

    fn add_dataset(
        &mut self,
        workspace: &Workspace<'_>,
        dataset: &DatasetId,
    ) -> Result<(), Findings> {
        let dataset = workspace.dataset(dataset)?;
        self.tests.extend(workspace.dataset_files(&dataset)?);
        Ok(())
    }

    fn add_judge(&mut self, workspace: &Workspace<'_>, judge: &PromptId) -> Result<(), Findings> {
        let closure = workspace.closure(judge)?;
        self.tests.insert(judge.path());
        self.tests.extend(closure.files().map(str::to_owned));
        self.recordings.insert(judge.recordings_path());
        Ok(())
    }
}
