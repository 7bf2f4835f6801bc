//! What earlier runs have shown already: results to rely on, and runs to go on with.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::digest::{Digest, DigestWriter};
use crate::domain::period::Period;
use crate::domain::run::{CaseKey, CaseResult, RunId};
use crate::engine::ports::{RunStore, StoreError, StoredRun};

use super::plan::{Plan, PlannedSuite};
use super::summary::SuiteSummary;

/// A suite that a finished run has tested.
#[derive(Debug)]
pub struct TestedSuite {
    /// The run.
    pub run: RunId,
    /// When it finished.
    pub finished_at: Timestamp,
    /// What came of the suite.
    pub summary: SuiteSummary,
}

/// The newest finished run that tested exactly this suite and is not older than allowed.
pub fn tested_suite(
    store: &dyn RunStore,
    planned: &PlannedSuite,
    max_age: Option<Period>,
    now: Timestamp,
) -> Result<Option<TestedSuite>, StoreError> {
    for StoredRun {
        manifest,
        finished_at,
    } in store.list()?
    {
        let Some(finished_at) = finished_at else {
            continue;
        };
        let too_old =
            max_age.is_some_and(|age| now.as_second() - finished_at.as_second() > age.seconds);
        let tested = manifest
            .suites
            .iter()
            .any(|suite| suite.digest() == planned.digest);
        if too_old || !tested {
            continue;
        }
        let mut summary = SuiteSummary::new(planned);
        for result in latest(store.results(&manifest.id)?) {
            if result.key.suite == planned.digest {
                summary.add(&result);
            }
        }
        if summary.missing() == 0 {
            return Ok(Some(TestedSuite {
                run: manifest.id,
                finished_at,
                summary,
            }));
        }
    }
    Ok(None)
}

/// How often the answers to a suite were drawn, the last time included: as many as there are
/// finished runs of it whose answers are not the same. Answers that are kept and asked for again
/// are no new draw.
pub fn looks(store: &dyn RunStore, planned: &PlannedSuite) -> Result<u32, StoreError> {
    let mut drawn = BTreeSet::new();
    for run in store.list()? {
        let mut suites = run.manifest.suites.iter();
        if run.finished_at.is_none() || !suites.any(|suite| suite.digest() == planned.digest) {
            continue;
        }
        let mut answers = DigestWriter::default();
        for result in latest(store.results(&run.manifest.id)?) {
            if let (true, Ok(answer)) = (result.key.suite == planned.digest, &result.answer) {
                let answer = (&result.key.row, result.key.repeat, &answer.output);
                answers.update(format!("{answer:?}").as_bytes());
            }
        }
        drawn.insert(answers.finish());
    }
    Ok(u32::try_from(drawn.len()).unwrap_or(u32::MAX).max(1))
}

/// The run to go on with, and what it has shown.
#[derive(Debug)]
pub struct OpenRun {
    /// The run.
    pub run: StoredRun,
    /// The cases that need not be run again: those that have a verdict.
    pub done: Vec<CaseResult>,
}

/// Why a run cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoSuchRun(RunId),
    /// No run of exactly this is open.
    #[error("there is no unfinished run of what would be tested now")]
    NothingToResume,
    /// The run is complete.
    #[error("run `{0}` is finished")]
    Finished(RunId),
    /// Prompts, rows or evaluators changed since the run started.
    #[error("run `{0}` tested something else: prompts, rows, evaluators or repeats have changed")]
    AnotherPlan(RunId),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds the run to go on with: the named one, or else the newest unfinished one of this plan.
pub fn open_run(
    store: &dyn RunStore,
    wanted: Option<&RunId>,
    plan: &Plan,
) -> Result<OpenRun, ResumeError> {
    let digest = plan.digest();
    let runs = store.list()?;
    let run = match wanted {
        Some(id) => named_run(runs, id, digest)?,
        None => runs
            .into_iter()
            .find(|run| run.finished_at.is_none() && plan_digest(run) == digest)
            .ok_or(ResumeError::NothingToResume)?,
    };
    let mut done = latest(store.results(&run.manifest.id)?);
    done.retain(|result| result.provider_error().is_none());
    Ok(OpenRun { run, done })
}

fn named_run(runs: Vec<StoredRun>, id: &RunId, digest: Digest) -> Result<StoredRun, ResumeError> {
    let run = runs
        .into_iter()
        .find(|run| run.manifest.id == *id)
        .ok_or_else(|| ResumeError::NoSuchRun(id.clone()))?;
    if run.finished_at.is_some() {
        Err(ResumeError::Finished(id.clone()))
    } else if plan_digest(&run) != digest {
        Err(ResumeError::AnotherPlan(id.clone()))
    } else {
        Ok(run)
    }
}

fn plan_digest(run: &StoredRun) -> Digest {
    crate::domain::run::RunManifest::plan_digest(&run.manifest.suites)
}

/// One result for each case, the one that was stored last: a resumed run asks again for what had
/// no verdict.
pub(super) fn latest(results: Vec<CaseResult>) -> Vec<CaseResult> {
    let mut by_case: BTreeMap<CaseKey, CaseResult> = BTreeMap::new();
    for result in results {
        by_case.insert(result.key.clone(), result);
    }
    by_case.into_values().collect()
}
