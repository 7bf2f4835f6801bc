//! What an incident leaves behind must be there: a row that counts, an evaluator, an alert rule, or a
//! lane that is watched.

use crate::domain::dataset::RowStatus;
use crate::domain::finding::Findings;
use crate::domain::incident::{Left, RowName};
use crate::engine::workspace::Workspace;

/// Why something is not left behind.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotLeft {
    /// Its file is not there, or cannot be read.
    #[error(transparent)]
    Files(#[from] Findings),
    /// There is no such row.
    #[error("the dataset `{}` has no row `{}`", .row.dataset, .row.row)]
    NoRow {
        /// What was named.
        row: RowName,
        /// The rows that there are.
        known: Vec<String>,
    },
    /// Nobody has confirmed the row, so that it never counts.
    #[error("the row `{0}` is pending, and a pending row counts for no gate")]
    Pending(RowName),
    /// The lane has no watch plan.
    #[error("the lane `{0}` has no watch plan")]
    NotWatched(crate::domain::id::LaneName),
}

/// Looks whether something that is named is there and counts.
pub fn look(workspace: &Workspace<'_>, left: &Left) -> Result<(), NotLeft> {
    match left {
        Left::Row(row) => look_at_row(workspace, row),
        Left::Evaluator(id) => Ok(workspace.evaluator(id).map(drop)?),
        Left::Alert(id) => Ok(workspace.alert(id).map(drop)?),
        Left::Watch(lane) => match workspace.lane(lane)?.watch {
            Some(_) => Ok(()),
            None => Err(NotLeft::NotWatched(lane.clone())),
        },
    }
}

fn look_at_row(workspace: &Workspace<'_>, named: &RowName) -> Result<(), NotLeft> {
    let dataset = workspace.dataset(&named.dataset)?;
    let mut known = Vec::new();
    for row in workspace.rows(&dataset)? {
        let row = row?;
        if row.id == named.row {
            return match row.status {
                RowStatus::Pending => Err(NotLeft::Pending(named.clone())),
                RowStatus::Reviewed | RowStatus::AcceptedRisk => Ok(()),
            };
        }
        known.push(row.id);
    }
    Err(NotLeft::NoRow {
        row: named.clone(),
        known,
    })
}
