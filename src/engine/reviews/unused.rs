//! What no longer serves anybody: datasets and evaluators that no prompt names, and views that match
//! nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::finding::Findings;
use crate::domain::id::{DatasetId, EvaluatorId, ViewId};
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::{Level, Measure, TraceQuery};
use crate::domain::trace::selection::Selection;
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::figures::whole;
use crate::engine::ports::traces::{TraceStore, TraceStoreError};
use crate::engine::workspace::Workspace;

/// What nobody names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unused {
    /// Datasets that no prompt is tested on.
    pub datasets: Vec<DatasetId>,
    /// Evaluators that no prompt and no other evaluator names.
    pub evaluators: Vec<EvaluatorId>,
}

/// Looks for what nobody names.
pub fn unused(workspace: &Workspace<'_>) -> Result<Unused, Findings> {
    let mut datasets: BTreeSet<DatasetId> = BTreeSet::new();
    let mut files: BTreeSet<String> = BTreeSet::new();
    for id in workspace.prompt_ids()? {
        for binding in workspace.prompt(&id)?.evals {
            let named = binding.evaluators.iter().map(|(id, _)| id.path());
            files.extend(named);
            datasets.insert(binding.dataset.0);
        }
    }
    let all = workspace.evaluators_in_files()?;
    for id in &all {
        let parts = workspace.evaluator(id)?.files();
        files.extend(parts.into_iter().filter(|path| *path != id.path()));
    }
    let mut unused = Unused {
        datasets: workspace.datasets_in_files()?,
        evaluators: all,
    };
    unused.datasets.retain(|id| !datasets.contains(id));
    unused.evaluators.retain(|id| !files.contains(&id.path()));
    Ok(unused)
}

/// How many spans each saved view means within a time.
pub fn views_seen(
    workspace: &Workspace<'_>,
    store: &dyn TraceStore,
    range: TimeRange,
    now: Timestamp,
) -> Result<Vec<(ViewId, u64)>, MonitorError> {
    let mut seen = Vec::new();
    for id in workspace.view_ids()? {
        let view = workspace.view(&id)?;
        let selection = view
            .selection(now)
            .expect("the filters of views are checked when their files are read");
        seen.push((id, count(store, range, selection)?));
    }
    Ok(seen)
}

fn count(
    store: &dyn TraceStore,
    range: TimeRange,
    selection: Selection,
) -> Result<u64, TraceStoreError> {
    let table = store.aggregate(&TraceQuery {
        level: Level::Span,
        range: selection.range.and(range),
        filter: selection.filter,
        group_by: Vec::new(),
        bucket: None,
        measures: vec![Measure::Count],
        top: None,
    })?;
    let row = table.rows.into_iter().next();
    Ok(whole(
        row.and_then(|row| row.values.first().copied().flatten()),
    ))
}
