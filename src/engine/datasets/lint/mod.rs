//! What makes a dataset prove less than it seems to: one concern a file. Nothing here is wrong with
//! the files; `check` finds that.

mod balance;
mod leaks;
mod same_input;
mod unbroken;

use crate::domain::dataset::{Dataset, Row, RowStatus};
use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::engine::ports::{RunStore, StoreError};
use crate::engine::workspace::{Workspace, document};

use balance::Balance;
use leaks::Leaks;
use same_input::SameInput;
use unbroken::Unbroken;

/// How many findings of one concern a dataset may have: more of them say nothing new.
const SHOWN: usize = 20;

/// Why a dataset could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// Its files are wrong.
    #[error(transparent)]
    Findings(#[from] Findings),
    /// The runs cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at a dataset's rows, at the prompts that it tests, and at the runs that tested them.
pub fn lint(
    workspace: &Workspace<'_>,
    dataset: &Dataset,
    runs: &dyn RunStore,
) -> Result<Vec<Finding>, LintError> {
    let mut inputs = SameInput::default();
    let mut leaks = Leaks::of(workspace, dataset)?;
    let mut balance = Balance::default();
    let mut unbroken = Unbroken::of(runs, dataset)?;
    let mut pending = 0_usize;
    let mut rows = workspace.rows(dataset)?;
    while let Some(row) = rows.next() {
        let row = row?;
        let seen = SeenRow {
            dataset,
            row: &row,
            excerpt: rows.excerpt(),
        };
        inputs.see(&seen);
        leaks.see(&seen);
        balance.see(&row);
        unbroken.see(&row);
        pending += usize::from(row.status == RowStatus::Pending);
    }
    let mut findings = capped(dataset, inputs.findings);
    findings.extend(capped(dataset, leaks.findings));
    findings.extend(balance.finish(dataset));
    findings.extend(unbroken.finish(dataset));
    if pending > 0 {
        let message = format!("{pending} row(s) wait for a review and count for no gate");
        findings.push(
            Finding::warning("pending-rows", Place::file(&dataset.rows_path), message)
                .with_help(format!("`pointsman dataset review {}`", dataset.id)),
        );
    }
    Ok(findings)
}

/// A row as it stands in its file.
struct SeenRow<'r> {
    dataset: &'r Dataset,
    row: &'r Row,
    excerpt: &'r str,
}

impl SeenRow<'_> {
    fn finding(&self, ident: &str, message: String) -> Finding {
        let place = Place {
            path: self.dataset.rows_path.clone(),
            span: Some(Span {
                line: self.row.line,
                column: 1,
                length: 1,
            }),
            excerpt: document::excerpt(self.excerpt),
        };
        Finding::warning(ident, place, message)
    }
}

fn capped(dataset: &Dataset, mut findings: Vec<Finding>) -> Vec<Finding> {
    let more = findings.len().saturating_sub(SHOWN);
    findings.truncate(SHOWN);
    if let (1.., Some(first)) = (more, findings.first()) {
        let message = format!("{more} more of `{}` are not shown", first.ident);
        let place = Place::file(&dataset.rows_path);
        findings.push(Finding::warning("more-findings", place, message));
    }
    findings
}
