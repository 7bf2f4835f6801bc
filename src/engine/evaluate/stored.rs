//! Runs as they were stored: found by name, and summed up as when they ran.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::evaluator::Grade;
use crate::domain::id::EvaluatorId;
use crate::domain::run::{CaseKey, CaseResult, RunManifest, Suite};
use crate::engine::ports::{Results, RunStore, StoreError, StoredRun};

use super::summary::SuiteSummary;

/// The name of the newest run.
pub const LATEST: &str = "latest";

/// How many names an error shows.
const SHOWN: usize = 5;

/// A run with what came of each of its cases.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRun {
    /// The run.
    pub run: StoredRun,
    /// One result for each case that has one, in the order of suites, rows and repeats.
    pub cases: Vec<CaseResult>,
}

/// Why no run was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There are no runs at all.
    #[error("there are no runs here")]
    NoRuns,
    /// No run has such a name.
    #[error("there is no run `{0}`")]
    Unknown(String),
    /// Several runs have such a name.
    #[error("`{spec}` is the start of {count} runs: {}", names.join(", "))]
    Ambiguous {
        /// What was looked for.
        spec: String,
        /// How many there are.
        count: usize,
        /// The first of them.
        names: Vec<String>,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds a run by its name, by a start of it that no other run has, or as `latest`.
pub fn find(store: &dyn RunStore, spec: &str) -> Result<StoredRun, FindError> {
    let mut runs = store.list()?;
    if runs.is_empty() {
        return Err(FindError::NoRuns);
    }
    if spec == LATEST {
        return Ok(runs.swap_remove(0));
    }
    runs.retain(|run| run.manifest.id.as_str().starts_with(spec));
    match runs.len() {
        0 => Err(FindError::Unknown(spec.to_owned())),
        1 => Ok(runs.swap_remove(0)),
        count => Err(FindError::Ambiguous {
            spec: spec.to_owned(),
            count,
            names: names(&runs),
        }),
    }
}

fn names(runs: &[StoredRun]) -> Vec<String> {
    let names = runs.iter().map(|run| run.manifest.id.to_string());
    names.take(SHOWN).collect()
}

impl KeptRun {
    /// Reads the results of a run.
    pub fn read(store: &dyn RunStore, run: StoredRun) -> Result<Self, StoreError> {
        let mut cases = latest(store.results(&run.manifest.id)?)?;
        let digests: Vec<_> = run.manifest.suites.iter().map(Suite::digest).collect();
        let place = |case: &CaseResult| digests.iter().position(|it| *it == case.key.suite);
        cases.retain(|case| place(case).is_some());
        cases.sort_by_cached_key(place);
        Ok(Self { run, cases })
    }

    /// How many cases passed: they have an answer, and every blocking evaluator lets it pass.
    pub fn passed(&self) -> u64 {
        let advisory = &self.run.manifest.advisory;
        let passed = self.cases.iter().filter(|case| {
            let mut blocking = case
                .grades
                .iter()
                .filter(|(name, _)| !advisory.contains(*name));
            case.answer.is_ok() && blocking.all(|(_, graded)| graded.grade == Grade::Pass)
        });
        passed.count() as u64
    }

    /// What came of each suite, in the order of the manifest.
    pub fn summaries(&self) -> Vec<SuiteSummary> {
        let manifest = &self.run.manifest;
        let suites = manifest.suites.iter().enumerate();
        suites
            .map(|(index, suite)| self.summary(manifest, index, suite))
            .collect()
    }

    fn summary(&self, manifest: &RunManifest, index: usize, suite: &Suite) -> SuiteSummary {
        let digest = suite.digest();
        let own = || self.cases.iter().filter(|case| case.key.suite == digest);
        let known = manifest.suite_cases.get(index).copied();
        let planned = known.unwrap_or_else(|| own().count() as u64);
        let names = suite.evaluators.keys();
        let blocking: BTreeSet<EvaluatorId> = names
            .filter(|name| !manifest.advisory.contains(*name))
            .cloned()
            .collect();
        let mut summary = SuiteSummary::empty(suite.clone(), blocking, planned);
        for case in own() {
            summary.add(case);
        }
        summary
    }
}

/// One result for each case, the one that was stored last: a resumed run asks again for what had
/// no verdict.
fn latest(results: Results) -> Result<Vec<CaseResult>, StoreError> {
    let mut by_case: BTreeMap<CaseKey, CaseResult> = BTreeMap::new();
    for result in results {
        let result = result?;
        by_case.insert(result.key.clone(), result);
    }
    Ok(by_case.into_values().collect())
}
