//! The files that one prompt stands on: what it renders from, and what tests it.

use std::collections::BTreeSet;

use crate::domain::finding::Findings;
use crate::domain::id::PromptId;
use crate::engine::workspace::Workspace;

/// The files that one prompt stands on, by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Dependencies {
    /// The prompt's file and all that it includes and shows.
    pub(super) closure: BTreeSet<String>,
    /// Datasets, rows, what these show, evaluators, and the closures of judges.
    pub(super) tests: BTreeSet<String>,
    /// Recorded answers, of the prompt and of its judges. They need not exist.
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
            let dataset = workspace.dataset(&binding.dataset.0);
            match dataset.and_then(|dataset| workspace.dataset_files(&dataset)) {
                Ok(files) => found.tests.extend(files),
                Err(Findings(more)) => findings.extend(more),
            }
            for (evaluator, _) in &binding.evaluators {
                match workspace.evaluator(evaluator) {
                    Ok(evaluator) => {
                        found.tests.extend(evaluator.files());
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
        self.tests.extend(closure.files().map(str::to_owned));
        self.recordings.insert(judge.recordings_path());
        Ok(())
    }
}
