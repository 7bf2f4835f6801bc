//! Rows: which came from production in a time, and which wait for a review.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::dataset::{Row, RowStatus};
use crate::domain::finding::Findings;
use crate::domain::id::DatasetId;
use crate::domain::trace::filter::TimeRange;
use crate::engine::workspace::Workspace;

/// How many rows of a dataset are named.
const NAMED: usize = 10;

/// What was counted in one dataset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowsSeen {
    /// Rows that came from production within the time.
    pub from_production: u64,
    /// The names of some of them.
    pub named: Vec<String>,
    /// Rows that wait for a review.
    pub pending: u64,
}

/// What was counted in each dataset that has something to tell.
pub fn rows_seen(
    workspace: &Workspace<'_>,
    range: &TimeRange,
) -> Result<BTreeMap<DatasetId, RowsSeen>, Findings> {
    let mut all = BTreeMap::new();
    for id in workspace.datasets_in_files()? {
        let dataset = workspace.dataset(&id)?;
        let mut seen = RowsSeen::default();
        for row in workspace.rows(&dataset)? {
            let row = row?;
            if row.status == RowStatus::Pending {
                seen.pending += 1;
            }
            if came_from_production(&row, range) {
                seen.from_production += 1;
                if seen.named.len() < NAMED {
                    seen.named.push(row.id);
                }
            }
        }
        if seen != RowsSeen::default() {
            all.insert(id, seen);
        }
    }
    Ok(all)
}

/// Whether a row was made of a span within a time.
fn came_from_production(row: &Row, range: &TimeRange) -> bool {
    let source = row.source.as_ref().filter(|it| it.trace_id.is_some());
    let at = source.and_then(|source| source.at.as_deref());
    let at = at.and_then(|at| at.parse::<Timestamp>().ok());
    at.is_some_and(|at| range.contains(at))
}
