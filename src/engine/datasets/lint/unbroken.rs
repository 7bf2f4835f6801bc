//! Rows that never failed, whatever the prompt: they cost calls and tell versions apart no more.

use std::collections::{HashMap, HashSet};

use crate::domain::dataset::{Dataset, Row};
use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::evaluator::Grade;
use crate::domain::finding::{Finding, Place};
use crate::engine::ports::{RunStore, StoreError};

/// The versions of a prompt that a row must have passed with.
const VERSIONS: usize = 3;

/// How many runs are looked at: the newest ones.
const HISTORY: usize = 50;

/// How many rows are named.
const SHOWN: usize = 5;

/// What the runs say of rows, by what the rows test.
pub(super) struct Unbroken {
    history: HashMap<ShortDigest, History>,
    rows: Vec<String>,
    gating: usize,
}

#[derive(Default)]
struct History {
    passed_with: HashSet<Digest>,
    failed: bool,
}

impl Unbroken {
    /// Of the newest finished runs in which the dataset was used.
    pub(super) fn of(runs: &dyn RunStore, dataset: &Dataset) -> Result<Self, StoreError> {
        let mut history: HashMap<ShortDigest, History> = HashMap::new();
        let finished = runs
            .list()?
            .into_iter()
            .filter(|run| run.finished_at.is_some());
        for run in finished.take(HISTORY) {
            let suites = run.manifest.suites.iter();
            let versions: HashMap<Digest, Digest> = suites
                .filter(|suite| suite.dataset == dataset.id)
                .map(|suite| (suite.digest(), suite.fingerprint))
                .collect();
            if versions.is_empty() {
                continue;
            }
            for result in runs.results(&run.manifest.id)? {
                let result = result?;
                let Some(version) = versions.get(&result.key.suite) else {
                    continue;
                };
                let row = history.entry(result.row_digest.shortened()).or_default();
                let mut grades = result.grades.values();
                let passed = grades.all(|graded| graded.grade == Grade::Pass);
                if passed && result.answer.is_ok() {
                    row.passed_with.insert(*version);
                } else {
                    row.failed = true;
                }
            }
        }
        Ok(Self {
            history,
            rows: Vec::new(),
            gating: 0,
        })
    }

    pub(super) fn see(&mut self, row: &Row) {
        if !row.gates() {
            return;
        }
        self.gating += 1;
        let history = self.history.get(&row.digest().shortened());
        let unbroken = history.is_some_and(|it| !it.failed && it.passed_with.len() >= VERSIONS);
        if unbroken && !row.critical {
            self.rows.push(row.id.clone());
        }
    }

    pub(super) fn finish(self, dataset: &Dataset) -> Option<Finding> {
        if self.rows.is_empty() {
            return None;
        }
        let named: Vec<String> = self
            .rows
            .iter()
            .take(SHOWN)
            .map(|id| format!("`{id}`"))
            .collect();
        let rest = match self.rows.len().saturating_sub(SHOWN) {
            0 => String::new(),
            rest => format!(" and {rest} more"),
        };
        let message = format!(
            "{} of {} rows never failed with {VERSIONS} or more versions: {}{rest}",
            self.rows.len(),
            self.gating,
            named.join(", ")
        );
        let place = Place::file(&dataset.rows_path);
        Some(
            Finding::warning("unbroken-rows", place, message)
                .with_help("keep them if they guard something; harder rows tell versions apart"),
        )
    }
}
