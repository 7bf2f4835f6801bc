//! Runs a plan: renders every case, asks for an answer, grades it, and keeps the result at once.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt as _};

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::finding::Findings;
use crate::domain::run::{
    CaseError, CaseErrorKind, CaseKey, CaseResult, Graded, RunId, RunManifest,
};
use crate::engine::event::{Event, Listener};
use crate::engine::ports::{AnswerCache, Clock, Results, RunStore, RunWriter, StoreError};
use crate::engine::workspace::Workspace;

use super::budget::{LimitReached, RunLimits, Taken};
use super::call::{Caller, Providers};
use super::cases::{Case, Cases};
use super::grading::Grading;
use super::journal::Journal;
use super::plan::{Plan, PlannedSuite};
use super::summary::SuiteSummary;

/// What a run works with.
pub struct RunInput<'a> {
    /// The files that the plan was made from.
    pub workspace: &'a Workspace<'a>,
    /// What is tested.
    pub plan: &'a Plan,
    /// Who answers.
    pub providers: &'a Providers<'a>,
    /// Where answers are kept; absent: every answer is asked for anew.
    pub cache: Option<&'a dyn AnswerCache>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Where results go.
    pub writer: Box<dyn RunWriter>,
    /// Results of an earlier, interrupted part of the run.
    pub done: Results,
    /// Set from outside to stop: what was started is finished, and nothing more is started.
    pub stop: &'a AtomicBool,
    /// What the run may take.
    pub limits: RunLimits,
}

/// What came of a run.
#[derive(Debug)]
pub struct RunOutcome {
    /// What came of each suite, in the order of the plan.
    pub suites: Vec<SuiteSummary>,
    /// Whether every case has a verdict, so that the run is marked as finished. A run that was
    /// stopped or that lacks answers stays open and can be resumed.
    pub finished: bool,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
    /// The limit that ended the run before its end, if one did.
    pub limit: Option<LimitReached>,
    /// What was asked and paid for.
    pub taken: Taken,
    /// Why answers could not be kept for later runs, where that happened.
    pub cache_error: Option<StoreError>,
}

/// Why a run broke off. What was finished is kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file cannot be read, or is another than was planned.
    #[error(transparent)]
    Files(#[from] Findings),
    /// Results cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The manifest of a new run of a plan, under a name that no run has.
pub fn new_manifest(
    plan: &Plan,
    source: &str,
    clock: &dyn Clock,
    store: &dyn RunStore,
) -> Result<RunManifest, StoreError> {
    let taken: HashSet<RunId> = store
        .list()?
        .into_iter()
        .map(|run| run.manifest.id)
        .collect();
    let started_at = clock.now();
    let digest = plan.digest();
    let mut named_after = started_at;
    let mut id = RunId::new(named_after, digest);
    while taken.contains(&id) {
        named_after += std::time::Duration::from_millis(1);
        id = RunId::new(named_after, digest);
    }
    Ok(RunManifest {
        schema: RunManifest::SCHEMA,
        id,
        started_at,
        source: source.to_owned(),
        suites: plan.suites(),
        cases: plan.cases(),
        suite_cases: plan.suites.iter().map(PlannedSuite::cases).collect(),
        advisory: plan.advisory(),
    })
}

/// Runs a plan to its end, or until it is told to stop.
pub async fn run(input: RunInput<'_>, listener: &mut dyn Listener) -> Result<RunOutcome, RunError> {
    let caller = Caller::new(input.providers, input.cache, input.limits);
    let mut ledger = Ledger::new(input.plan);
    let mut done = HashSet::new();
    for result in input.done {
        let result = result?;
        done.insert(result.key.digest());
        ledger.add(&result);
    }
    listener.on_event(&Event::RunStarted {
        cases: input.plan.cases(),
        already_done: done.len() as u64,
    });
    let journal = Journal::start(input.writer);
    let pending = Cases::new(input.workspace, input.plan)
        .take_while(|_| !input.stop.load(Ordering::Relaxed) && caller.budget().reached().is_none())
        .filter(|case| !matches!(case, Ok(case) if is_done(&done, case)));
    let mut results = stream::iter(pending)
        .map(|case| async { Ok::<_, Findings>(evaluate(&caller, case?).await) })
        .buffer_unordered(caller.width());
    let mut time_is_up = std::pin::pin!(caller.budget().time_is_up());
    let mut broken = None;
    loop {
        let result = tokio::select! {
            biased;
            result = results.next() => result,
            () = &mut time_is_up => None,
        };
        let Some(result) = result else { break };
        match result {
            Ok(result) if result.was_stopped() => {}
            Ok(result) => {
                listener.on_event(&Event::CaseFinished(&result));
                ledger.add(&result);
                if !journal.add(result) {
                    break;
                }
            }
            Err(findings) => {
                broken = Some(findings);
                break;
            }
        }
    }
    drop(results);
    listener.on_event(&Event::RunFinished);
    if let Some(findings) = broken {
        journal.close()?;
        return Err(findings.into());
    }
    let outcome = ledger.outcome(&caller);
    if outcome.finished {
        journal.finish(input.clock.now())?;
    } else {
        journal.close()?;
    }
    Ok(outcome)
}

/// The summaries of a run's suites, found by digest.
struct Ledger {
    suites: Vec<SuiteSummary>,
    places: BTreeMap<Digest, usize>,
    without_verdict: u64,
}

impl Ledger {
    fn new(plan: &Plan) -> Self {
        let places = plan.suites.iter().enumerate();
        Self {
            suites: plan.suites.iter().map(SuiteSummary::new).collect(),
            places: places
                .map(|(place, planned)| (planned.digest, place))
                .collect(),
            without_verdict: 0,
        }
    }

    fn add(&mut self, result: &CaseResult) {
        self.without_verdict += u64::from(result.provider_error().is_some());
        if let Some(place) = self.places.get(&result.key.suite) {
            self.suites[*place].add(result);
        }
    }

    fn outcome(self, caller: &Caller<'_>) -> RunOutcome {
        let interrupted = self.suites.iter().any(|suite| suite.missing() > 0);
        RunOutcome {
            finished: !interrupted && self.without_verdict == 0,
            interrupted,
            limit: caller.budget().reached().filter(|_| interrupted),
            taken: caller.budget().taken(),
            suites: self.suites,
            cache_error: caller.cache_error(),
        }
    }
}

fn is_done(done: &HashSet<ShortDigest>, case: &Case<'_>) -> bool {
    !done.is_empty() && done.contains(&case.key().digest())
}

impl Case<'_> {
    fn key(&self) -> CaseKey {
        CaseKey {
            suite: self.planned.digest,
            row: self.row.id.clone(),
            repeat: self.repeat,
        }
    }
}

async fn evaluate(caller: &Caller<'_>, case: Case<'_>) -> CaseResult {
    let mut result = CaseResult {
        key: case.key(),
        row_digest: case.row_digest,
        critical: case.row.critical,
        gates: case.row.gates(),
        tags: case.row.tags.clone(),
        cluster: case.row.cluster.clone(),
        columns: case.row.labels(),
        expected: case.row.expected.clone(),
        shown: Vec::new(),
        request: None,
        answer: Err(CaseError {
            kind: CaseErrorKind::Render,
            message: String::new(),
        }),
        reused: false,
        grades: BTreeMap::new(),
        judged: BTreeMap::new(),
    };
    match case.request() {
        Ok(request) => {
            let digest = request.digest();
            let reply = caller.ask(&request, digest).await;
            result.shown = request.shown().cloned().collect();
            result.request = Some(digest);
            result.answer = reply.answer;
            result.reused = reply.reused;
        }
        Err(error) => {
            result.answer = Err(CaseError {
                kind: CaseErrorKind::Render,
                message: error.to_string(),
            });
        }
    }
    grade(caller, &case, &mut result).await;
    result
}

async fn grade(caller: &Caller<'_>, case: &Case<'_>, result: &mut CaseResult) {
    let no_answer =
        |error: &CaseError| Graded::error(format!("there is no answer: {}", error.message));
    for (name, grader) in case.planned.graders.iter() {
        let graded = match &result.answer {
            Err(error) => no_answer(error),
            Ok(answer) => {
                let grading = Grading {
                    caller,
                    judges: &case.planned.judges,
                    answer,
                    row: &case.row,
                    tree: case.workspace.tree(),
                    repeat: case.repeat,
                };
                grading.grade(name, grader, &mut result.judged).await
            }
        };
        result.grades.insert(name.clone(), graded);
    }
}
