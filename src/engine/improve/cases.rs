//! What fails today, row by row, and what the rows say.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::dataset::Row;
use crate::domain::evaluator::Grade;
use crate::domain::finding::Findings;
use crate::domain::id::{DatasetId, EvaluatorId};
use crate::domain::improve::{FailingRow, RowPlace};
use crate::domain::run::CaseResult;
use crate::domain::untrusted::shorten;
use crate::engine::workspace::Workspace;

use super::split::SplitRow;

/// How much of a reason is kept, in characters.
pub(super) const KEPT_REASON: usize = 300;

/// What came of one dataset.
pub struct ShownSuite<'c> {
    /// The dataset.
    pub dataset: &'c DatasetId,
    /// The evaluators that may block.
    pub blocking: &'c BTreeSet<EvaluatorId>,
    /// Its cases.
    pub cases: Vec<&'c CaseResult>,
}

/// The rows that gate, and what came of those that fail.
#[derive(Default)]
pub struct Evidence<'c> {
    /// The rows, dataset by dataset, in the order of the files.
    pub rows: Vec<SplitRow>,
    /// By row: the first case that a blocking evaluator does not let pass.
    failures: BTreeMap<RowPlace, (&'c CaseResult, Vec<&'c EvaluatorId>)>,
}

/// Reads the rows that were tested, and sorts out those that fail.
pub fn gather<'c>(
    workspace: &Workspace<'_>,
    suites: &[ShownSuite<'c>],
) -> Result<Evidence<'c>, Findings> {
    let mut evidence = Evidence::default();
    for suite in suites {
        for case in &suite.cases {
            let failed = failed(case, suite.blocking);
            if !failed.is_empty() {
                let at = place(suite.dataset, &case.key.row);
                evidence.failures.entry(at).or_insert((case, failed));
            }
        }
    }
    let datasets: BTreeSet<&DatasetId> = suites.iter().map(|suite| suite.dataset).collect();
    for id in datasets {
        let dataset = workspace.dataset(id)?;
        for row in workspace.rows(&dataset)? {
            let row = row?;
            if row.gates() {
                let at = place(id, &row.id);
                let failing = evidence.failures.contains_key(&at);
                evidence.rows.push(SplitRow::new(at, &row, failing));
            }
        }
    }
    Ok(evidence)
}

/// The blocking evaluators that do not let a case of a row that gates pass.
fn failed<'c>(case: &'c CaseResult, blocking: &'c BTreeSet<EvaluatorId>) -> Vec<&'c EvaluatorId> {
    let passes = |name: &&EvaluatorId| {
        let graded = case.grades.get(*name);
        graded.is_some_and(|graded| graded.grade == Grade::Pass)
    };
    // A provider that did not answer says nothing about the prompt.
    let counts = case.gates && case.provider_error().is_none();
    let names = blocking.iter().filter(|_| counts);
    names.filter(|name| !passes(name)).collect()
}

pub(super) fn place(dataset: &DatasetId, row: &str) -> RowPlace {
    RowPlace {
        dataset: dataset.clone(),
        row: row.to_owned(),
    }
}

impl<'c> Evidence<'c> {
    /// How many rows fail.
    pub fn failing(&self) -> u64 {
        self.rows.iter().filter(|row| row.failing).count() as u64
    }

    /// The first rows that fail, or that pass, among those that may be shown.
    pub fn first(&self, failing: bool, open: &BTreeSet<RowPlace>, most: usize) -> Vec<RowPlace> {
        let rows = self.rows.iter().filter(|row| row.failing == failing);
        let open = rows.filter(|row| open.contains(&row.at));
        open.take(most).map(|row| row.at.clone()).collect()
    }

    /// What came of a row that fails, and which evaluators do not let it pass.
    pub fn failure(&self, at: &RowPlace) -> Option<(&'c CaseResult, &[&'c EvaluatorId])> {
        let (case, failed) = self.failures.get(at)?;
        Some((case, failed))
    }

    /// The same for the record.
    pub fn failing_row(&self, at: &RowPlace) -> Option<FailingRow> {
        let (case, failed) = self.failure(at)?;
        let evaluator = *failed.first()?;
        let reason = case.grades.get(evaluator).map(|graded| &*graded.reason);
        Some(FailingRow {
            at: at.clone(),
            evaluator: evaluator.clone(),
            reason: shorten(reason.unwrap_or("was not graded"), KEPT_REASON).into_owned(),
        })
    }

    /// The rows themselves, in the order of the files.
    pub fn read(
        workspace: &Workspace<'_>,
        wanted: &[RowPlace],
    ) -> Result<Vec<(RowPlace, Row)>, Findings> {
        let datasets: BTreeSet<&DatasetId> = wanted.iter().map(|at| &at.dataset).collect();
        let mut found = Vec::new();
        for id in datasets {
            let dataset = workspace.dataset(id)?;
            for row in workspace.rows(&dataset)? {
                let row = row?;
                let at = place(id, &row.id);
                if wanted.contains(&at) {
                    found.push((at, row));
                }
            }
        }
        Ok(found)
    }
}
