//! Flaky rows: their grade changed although neither the prompt, nor the row, nor the evaluator did.
//! They are found in the runs that are kept. A row that must pass cannot be one of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::evaluator::Grade;
use crate::domain::id::EvaluatorId;
use crate::domain::run::{CaseResult, RunId, Suite};
use crate::engine::ports::{RunStore, StoreError};
use crate::engine::workspace::Workspace;

use super::plan::PlannedSuite;
use super::reuse::of_suite;
use super::run::RunError;
use super::summary::SuiteSummary;

/// How many runs of a suite are looked at: the newest ones.
const HISTORY: usize = 10;

/// A row whose grade changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlakyRow {
    /// The row.
    pub row: String,
    /// What the row tests.
    pub digest: ShortDigest,
    /// The evaluator whose grade changed.
    pub evaluator: EvaluatorId,
    /// Whether the row gates and must pass.
    pub critical: bool,
    /// How often it passed.
    pub passed: u64,
    /// How often it was tested.
    pub total: u64,
}

impl FlakyRow {
    /// Whether the row fails too often for one that must pass: more than the one time in five that
    /// a gate puts down to chance.
    pub fn is_barred(&self) -> bool {
        self.critical && 5 * (self.total - self.passed) > self.total
    }

    /// Why the row is none that must pass.
    pub fn reason(&self) -> String {
        format!(
            "critical row `{}` is flaky: `{}` passed {} of {} times with the same prompt; make it \
             reliable, or take `critical` off it",
            self.row, self.evaluator, self.passed, self.total
        )
    }
}

/// Where a suite stands in the history: the run, the suite's digest, and the prompt's fingerprint.
struct Past {
    run: RunId,
    suite: Digest,
    fingerprint: Digest,
}

/// How often something was tested, and how often it passed.
#[derive(Default, Clone, Copy)]
struct Draws {
    passed: u32,
    total: u32,
}

impl Draws {
    fn changed(self) -> bool {
        0 < self.passed && self.passed < self.total
    }
}

/// The flaky rows of the suite's prompt and dataset under its evaluators, by row and evaluator.
/// Versions of the prompt are kept apart: that two of them are graded differently is no accident.
fn flaky_rows(store: &dyn RunStore, suite: &Suite) -> Result<Vec<FlakyRow>, StoreError> {
    let history = history(store, suite)?;
    let mut draws: HashMap<ShortDigest, Draws> = HashMap::new();
    for past in &history {
        for_each_draw(store, past, suite, |key, _, _, passed| {
            let draws = draws.entry(key).or_default();
            draws.total += 1;
            draws.passed += u32::from(passed);
        })?;
    }
    draws.retain(|_, draws| draws.changed());
    let mut flaky: BTreeMap<(String, EvaluatorId), FlakyRow> = BTreeMap::new();
    for past in &history {
        if draws.is_empty() {
            break;
        }
        for_each_draw(store, past, suite, |key, result, evaluator, _| {
            // Once for each version of the prompt.
            let Some(draws) = draws.remove(&key) else {
                return;
            };
            let name = (result.key.row.clone(), evaluator.clone());
            let row = flaky.entry(name).or_insert_with(|| FlakyRow {
                row: result.key.row.clone(),
                digest: result.row_digest.shortened(),
                evaluator: evaluator.clone(),
                critical: result.critical && result.gates,
                passed: 0,
                total: 0,
            });
            row.passed += u64::from(draws.passed);
            row.total += u64::from(draws.total);
        })?;
    }
    Ok(flaky.into_values().collect())
}

fn history(store: &dyn RunStore, suite: &Suite) -> Result<Vec<Past>, StoreError> {
    let runs = store.list()?.into_iter();
    let finished = runs.filter(|run| run.finished_at.is_some());
    let pasts = finished.filter_map(|run| {
        let mut suites = run.manifest.suites.iter();
        let same = suites.find(|it| it.prompt == suite.prompt && it.dataset == suite.dataset)?;
        Some(Past {
            suite: same.digest(),
            fingerprint: same.fingerprint,
            run: run.manifest.id,
        })
    });
    Ok(pasts.take(HISTORY).collect())
}

/// Visits each grade that was drawn: kept answers that were used again are no new draw.
fn for_each_draw(
    store: &dyn RunStore,
    past: &Past,
    suite: &Suite,
    mut visit: impl FnMut(ShortDigest, &CaseResult, &EvaluatorId, bool),
) -> Result<(), StoreError> {
    for result in of_suite(store, &past.run, past.suite)? {
        let result = result?;
        if result.reused {
            continue;
        }
        for (evaluator, graded) in &result.grades {
            let Some(rule) = suite.evaluators.get(evaluator) else {
                continue;
            };
            let key = format!("{} {} {rule}", past.fingerprint, result.row_digest);
            let key = Digest::of(key.as_bytes()).shortened();
            visit(key, &result, evaluator, graded.grade == Grade::Pass);
        }
    }
    Ok(())
}

/// The flaky rows of a planned suite, as far as they are still what they were.
pub fn flaky_rows_of_plan(
    store: &dyn RunStore,
    workspace: &Workspace<'_>,
    planned: &PlannedSuite,
) -> Result<Vec<FlakyRow>, RunError> {
    let mut flaky = flaky_rows(store, &planned.suite)?;
    if !flaky.is_empty() {
        let mut current = HashSet::new();
        for row in workspace.rows(&planned.dataset)? {
            current.insert(row?.digest().shortened());
        }
        flaky.retain(|row| current.contains(&row.digest));
    }
    Ok(flaky)
}

/// The rows of an evaluated suite that must pass and are too flaky for that.
pub fn barred_rows(
    store: &dyn RunStore,
    summary: &SuiteSummary,
) -> Result<Vec<FlakyRow>, StoreError> {
    if summary.first_critical.is_none() {
        return Ok(Vec::new());
    }
    let mut flaky = flaky_rows(store, &summary.suite)?;
    flaky.retain(|row| row.is_barred() && summary.rows.has(row.digest));
    Ok(flaky)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_must_pass_may_miss_one_time_in_five() {
        let barred = |passed, total, critical| {
            let row = FlakyRow {
                row: "r".to_owned(),
                digest: Digest::of(b"r").shortened(),
                evaluator: EvaluatorId::new("e").unwrap(),
                critical,
                passed,
                total,
            };
            row.is_barred()
        };
        assert!(!barred(4, 5, true) && !barred(9, 10, true));
        assert!(barred(3, 5, true) && barred(1, 2, true));
        assert!(!barred(1, 2, false), "who need not pass may be flaky");
    }
}
