//! Which runs there were in a time, of which prompts on which datasets.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::dataset::DatasetKind;
use crate::domain::finding::Findings;
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::trace::filter::TimeRange;
use crate::engine::ports::{RunStore, StoreError};
use crate::engine::workspace::Workspace;

/// A suite that prompts name, and when it was run last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SuiteRun {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// Why its rows were collected.
    pub kind: &'static str,
    /// When a run of it began last within the time; absent: none did.
    pub last: Option<Timestamp>,
}

/// The runs could not be read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages are those of what is in them")]
pub enum RunsError {
    #[error(transparent)]
    Files(#[from] Findings),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Every golden and regression suite of the workspace, with when it was run within a time.
pub fn suites_run(
    workspace: &Workspace<'_>,
    runs: &dyn RunStore,
    range: &TimeRange,
) -> Result<Vec<SuiteRun>, RunsError> {
    let mut last: BTreeMap<(PromptId, DatasetId), Timestamp> = BTreeMap::new();
    for run in runs.list()? {
        let at = run.manifest.started_at;
        if run.finished_at.is_none() || !range.contains(at) {
            continue;
        }
        for suite in run.manifest.suites {
            let known = last.entry((suite.prompt, suite.dataset)).or_insert(at);
            *known = at.max(*known);
        }
    }
    let mut found = Vec::new();
    for prompt in workspace.prompt_ids()? {
        for binding in workspace.prompt(&prompt)?.evals {
            let dataset = binding.dataset.0;
            let kind = workspace.dataset(&dataset)?.kind;
            if matches!(kind, DatasetKind::Golden | DatasetKind::Regression) {
                let key = (prompt.clone(), dataset);
                found.push(SuiteRun {
                    last: last.get(&key).copied(),
                    prompt: key.0,
                    dataset: key.1,
                    kind: kind.name(),
                });
            }
        }
    }
    found.sort();
    Ok(found)
}
