//! A part of a suite's rows, tested as a suite of its own: what was tested on other rows has another
//! name.

use std::sync::Arc;

use crate::domain::digest::Digest;
use crate::domain::finding::Findings;
use crate::engine::workspace::Workspace;

use super::plan::{PlannedSuite, RowsDigest};

/// A row of a suite, as far as it decides what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteRow {
    /// What the row tests.
    pub digest: Digest,
    /// Rows with an equal cluster are not independent.
    pub cluster: Option<String>,
}

impl PlannedSuite {
    /// The rows that a gate counts, in their order.
    pub fn gating_rows(&self, workspace: &Workspace<'_>) -> Result<Vec<SuiteRow>, Findings> {
        let mut rows = Vec::new();
        for row in workspace.rows(&self.dataset)? {
            let row = row?;
            if row.gates() {
                rows.push(SuiteRow {
                    digest: row.digest(),
                    cluster: row.cluster,
                });
            }
        }
        Ok(rows)
    }

    /// The same test of these rows only, given in their order.
    #[must_use]
    pub fn of_rows<'r>(&self, rows: impl IntoIterator<Item = &'r SuiteRow>) -> Self {
        let mut digest = RowsDigest::default();
        let mut sample = std::collections::BTreeSet::new();
        for row in rows {
            digest.add(row.digest);
            sample.insert(row.digest.shortened());
        }
        let (dataset_digest, count) = digest.finish();
        let mut part = self.clone();
        part.suite.dataset_digest = dataset_digest;
        part.digest = part.suite.digest();
        part.rows = count;
        part.sample = Some(Arc::new(sample));
        part
    }

    /// Whether a row of the dataset is tested.
    pub(super) fn tests(&self, row: Digest) -> bool {
        let mut samples = self.sample.iter();
        samples.all(|sample| sample.contains(&row.shortened()))
    }
}
