//! The files that one prompt stands on: what it renders from, and what tests it.

use std::collections::BTreeSet;

use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::engine::workspace::Workspace;

/// The files that one prompt stands on, by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Dependencies {
    /// The prompt's file and all it includes.
    pub(super) closure: BTreeSet<String>,
    /// Datasets, rows, evaluators, the closures of judges, and the rows that people graded for them.
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
        found.closure.extend(closure.includes().keys().cloned());
        found.recordings.insert(prompt.recordings_path());
        for binding in &closure.prompt().evals {
            match workspace.dataset(&binding.dataset.0) {
                Ok(dataset) => found.tests.extend([dataset.id.path(), dataset.rows_path]),
                Err(Findings(more)) => findings.extend(more),
            }
            for (evaluator, _) in &binding.evaluators {
                match workspace.evaluator(evaluator) {
                    Ok(evaluator) => {
                        found.tests.extend(evaluator.files());
                        found.recordings.extend(evaluator.rule.recordings());
                        for dataset in evaluator.rule.calibrations() {
                            match workspace.dataset(dataset) {
                                Ok(dataset) => {
                                    found.tests.extend([dataset.id.path(), dataset.rows_path]);
                                }
                                Err(Findings(more)) => findings.extend(more),
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

    fn add_judge(&mut self, workspace: &Workspace<'_>, judge: &PromptId) -> Result<(), Findings> {
        let closure = workspace.closure(judge)?;
        self.tests.insert(judge.path());
        self.tests.extend(closure.includes().keys().cloned());
        self.recordings.insert(judge.recordings_path());
        Ok(())
    }
}
