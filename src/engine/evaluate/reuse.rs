//! What earlier runs have shown already: results to rely on, and runs to go on with.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use crate::domain::digest::{Digest, DigestWriter};
use crate::domain::period::Period;
use crate::domain::run::{CaseResult, RunId};
use crate::engine::ports::{Results, RunStore, StoreError, StoredRun};

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
        for result in of_suite(store, &manifest.id, planned.digest)? {
            summary.add(&result?);
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
        let mut answers = Vec::new();
        for result in of_suite(store, &run.manifest.id, planned.digest)? {
            let result = result?;
            if let Ok(answer) = &result.answer {
                let answer = (&result.key.row, result.key.repeat, &answer.output);
                answers.push(Digest::of(format!("{answer:?}").as_bytes()));
            }
        }
        drawn.insert(of_all(answers));
    }
    Ok(u32::try_from(drawn.len()).unwrap_or(u32::MAX).max(1))
}

/// The digest of everything that a finished run has shown about a suite, whatever order it came in.
pub fn results_digest(
    store: &dyn RunStore,
    run: &RunId,
    suite: Digest,
) -> Result<Digest, StoreError> {
    let results = of_suite(store, run, suite)?;
    let digests = results.map(|result| Ok(result?.digest()));
    Ok(of_all(digests.collect::<Result<_, StoreError>>()?))
}

/// The digest of digests in any order.
fn of_all(mut digests: Vec<Digest>) -> Digest {
    digests.sort_unstable();
    let mut writer = DigestWriter::default();
    for digest in digests {
        writer.update(digest.to_string().as_bytes());
    }
    writer.finish()
}

/// The run to go on with, and what it has shown.
pub struct OpenRun {
    /// The run.
    pub run: StoredRun,
    /// The cases that need not be run again: those that have a verdict.
    pub done: Results,
    /// How many they are.
    pub done_cases: u64,
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
    let mut done_cases = 0;
    for result in verdicts(store, &run.manifest.id)? {
        result?;
        done_cases += 1;
    }
    Ok(OpenRun {
        done: verdicts(store, &run.manifest.id)?,
        done_cases,
        run,
    })
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

/// The results of a run that have a verdict, each case once. A case with a verdict is never asked
/// again, so that of a finished run this is everything.
fn verdicts(store: &dyn RunStore, run: &RunId) -> Result<Results, StoreError> {
    let mut seen = HashSet::new();
    let mut is_new = move |result: &CaseResult| {
        result.provider_error().is_none() && seen.insert(result.key.digest())
    };
    let results = store.results(run)?;
    Ok(Box::new(results.filter(move |result| {
        result.as_ref().map_or(true, &mut is_new)
    })))
}

/// What a finished run has shown about one suite.
pub(super) fn of_suite(
    store: &dyn RunStore,
    run: &RunId,
    suite: Digest,
) -> Result<impl Iterator<Item = Result<CaseResult, StoreError>>, StoreError> {
    let results = verdicts(store, run)?;
    let own = move |result: &CaseResult| result.key.suite == suite;
    Ok(results.filter(move |result| result.as_ref().map_or(true, own)))
}
