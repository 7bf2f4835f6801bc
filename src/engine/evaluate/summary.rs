//! What came of a suite, in numbers. Results are added one by one and let go, so that a summary is
//! small however many cases there are, and the order in which they finish does not show. Each case
//! is added once: who reads results sees to that.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::evaluator::Grade;
use crate::domain::gate::CriticalFailure;
use crate::domain::id::EvaluatorId;
use crate::domain::run::{Answer, CaseErrorKind, CaseResult, Suite};
use crate::domain::untrusted::shorten;

use super::alike::Alike;
use super::plan::PlannedSuite;
use super::tally::{RowTallies, in_milliseconds};

/// How many failing cases of a suite are kept to be shown.
const KEPT_FAILURES: usize = 100;

/// How often a row must be tested before one failure may be chance.
pub const ENOUGH_REPEATS: u32 = 5;

/// How much of an output is kept to be shown, in characters.
const KEPT_OUTPUT: usize = 500;

/// What came of one suite.
#[derive(Debug, Clone)]
pub struct SuiteSummary {
    /// What was tested.
    pub suite: Suite,
    /// The evaluators that a gate may block on.
    pub blocking: BTreeSet<EvaluatorId>,
    /// How many cases there should be.
    pub planned_cases: u64,
    /// How many cases there are.
    pub cases: u64,
    /// How each evaluator graded.
    pub evaluators: BTreeMap<EvaluatorId, EvaluatorSummary>,
    /// What was used and paid for.
    pub usage: Usage,
    /// Cases without an answer, by what went wrong.
    pub errors: ErrorCounts,
    /// Failures of critical rows that gate, by blocking evaluators.
    pub critical_failures: BTreeSet<CriticalFailureKey>,
    /// How many failures there are, kept or not.
    pub failure_count: u64,
    /// What came of each row.
    pub rows: RowTallies,
    /// Whether answers differ as their questions do.
    pub alike: Alike,
    /// The first row, by name, that gates and lacks an answer.
    pub first_unanswered: Option<String>,
    /// The first row, by name, that gates and must pass.
    pub first_critical: Option<String>,
    /// The evaluators whose grades depend on chance, in the answer or in a judge.
    pub by_chance: BTreeSet<EvaluatorId>,
    critical_misses: BTreeMap<(String, EvaluatorId), u32>,
    failures: BTreeMap<FailureKey, Failure>,
}

/// How one evaluator graded the cases of a suite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluatorSummary {
    /// Cases that passed.
    pub passed: u64,
    /// Cases that failed.
    pub failed: u64,
    /// Cases that could not be decided.
    pub unknown: u64,
    /// Cases that could not be graded.
    pub errors: u64,
    /// Cases that passed, among those that gate.
    pub gating_passed: u64,
    /// Cases that gate.
    pub gating_total: u64,
    score_billionths: u128,
}

/// What was used and paid for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read by models.
    pub input_tokens: u64,
    /// The part of them that providers had in their caches.
    pub cached_input_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// The part of them that models wrote for themselves before they answered.
    pub reasoning_tokens: u64,
    /// Answers whose cost is not known.
    pub unpriced: u64,
    /// Cases whose answer was known before.
    pub reused: u64,
    cost_trillionths: u128,
    priced: u64,
}

/// Cases without an answer, by what went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorCounts {
    /// The prompt could not be rendered.
    pub render: u64,
    /// A provider did not answer, the prompt's or a judge's.
    pub provider: u64,
    /// There is no recorded answer, for the prompt or for a judge.
    pub not_recorded: u64,
}

/// A failure of a critical row: row, evaluator, reason.
pub type CriticalFailureKey = (String, EvaluatorId, String);

/// Orders failures: those that count first, then by row, repeat and evaluator.
type FailureKey = (bool, String, u32, Option<EvaluatorId>);

/// One case that one evaluator did not let pass, or that has no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The row.
    pub row: String,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// The evaluator; absent: there was no answer to grade.
    pub evaluator: Option<EvaluatorId>,
    /// Whether it counts: a blocking evaluator on a row that gates.
    pub counts: bool,
    /// Whether the row must pass.
    pub critical: bool,
    /// The grade.
    pub grade: Grade,
    /// Why.
    pub reason: String,
    /// The start of the answer; absent: there is none.
    pub output: Option<String>,
}

impl SuiteSummary {
    /// The summary of a planned suite before any case is finished.
    pub fn new(planned: &PlannedSuite) -> Self {
        let empty = Self::empty(
            planned.suite.clone(),
            planned.blocking.clone(),
            planned.cases(),
        );
        Self {
            by_chance: planned.by_chance(),
            ..empty
        }
    }

    /// The summary of a suite before any case is finished.
    pub fn empty(suite: Suite, blocking: BTreeSet<EvaluatorId>, planned_cases: u64) -> Self {
        let names = suite.evaluators.keys();
        let evaluators = names
            .map(|name| (name.clone(), EvaluatorSummary::default()))
            .collect();
        Self {
            rows: RowTallies::new(suite.evaluators.keys()),
            first_unanswered: None,
            first_critical: None,
            suite,
            blocking,
            planned_cases,
            cases: 0,
            evaluators,
            usage: Usage::default(),
            errors: ErrorCounts::default(),
            alike: Alike::default(),
            critical_failures: BTreeSet::new(),
            failure_count: 0,
            failures: BTreeMap::new(),
            by_chance: BTreeSet::new(),
            critical_misses: BTreeMap::new(),
        }
    }

    /// Adds what came of a case.
    pub fn add(&mut self, result: &CaseResult) {
        self.cases += 1;
        self.usage.add(result);
        self.errors.add(result);
        self.rows.add(result);
        self.alike.add(result);
        if result.gates && result.answer.is_err() {
            keep_first(&mut self.first_unanswered, &result.key.row);
        }
        if result.gates && result.critical {
            keep_first(&mut self.first_critical, &result.key.row);
        }
        if result.answer.is_err() {
            self.add_unanswered(result);
        }
        for (name, summary) in &mut self.evaluators {
            summary.add(result, name);
        }
        self.add_failures(result);
    }

    /// Cases that are planned and have no result.
    pub fn missing(&self) -> u64 {
        self.planned_cases.saturating_sub(self.cases)
    }

    /// The failures to show: those that count first.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.failures.values()
    }

    /// The latency that this share of the answers did not exceed, in milliseconds.
    pub fn latency_ms(&self, share: f64) -> Option<f64> {
        let mut sorted: Vec<u32> = self.rows.latencies_us().collect();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank among fewer than 2^52 latencies"
        )]
        let rank = (share * sorted.len() as f64).ceil() as usize;
        let latency = sorted.get(rank.saturating_sub(1));
        latency.copied().map(in_milliseconds)
    }

    /// The failures of critical rows, as a gate reports them. A row that is tested
    /// [`ENOUGH_REPEATS`] times or more may fail once: by chance, even a row that passes 99 times in
    /// 100 would block one release in twenty otherwise.
    pub fn critical(&self) -> impl Iterator<Item = CriticalFailure> {
        let allowed = u32::from(self.suite.repeats >= ENOUGH_REPEATS);
        let failures = self.critical_failures.iter();
        let counts = failures.filter(move |(row, evaluator, _)| {
            let misses = self.critical_misses.get(&(row.clone(), evaluator.clone()));
            misses.is_none_or(|misses| *misses > allowed)
        });
        counts.map(|(row, evaluator, reason)| CriticalFailure {
            prompt: self.suite.prompt.clone(),
            dataset: self.suite.dataset.clone(),
            row: row.clone(),
            evaluator: evaluator.clone(),
            reason: reason.clone(),
        })
    }

    fn add_unanswered(&mut self, result: &CaseResult) {
        let Err(error) = &result.answer else { return };
        self.keep_failure(Failure {
            row: result.key.row.clone(),
            repeat: result.key.repeat,
            evaluator: None,
            counts: result.gates,
            critical: result.critical,
            grade: Grade::Error,
            reason: error.message.clone(),
            output: None,
        });
    }

    fn add_failures(&mut self, result: &CaseResult) {
        let graded = |name: &EvaluatorId| match result.grades.get(name) {
            Some(graded) => (graded.grade, graded.reason.as_str()),
            None => (Grade::Error, "was not graded"),
        };
        let names = self.suite.evaluators.keys();
        let failed = names.filter(|name| graded(name).0 != Grade::Pass);
        for name in failed.cloned().collect::<Vec<_>>() {
            let (grade, reason) = graded(&name);
            let counts = result.gates && self.blocking.contains(&name);
            if counts && result.critical {
                let key = (result.key.row.clone(), name.clone(), reason.to_owned());
                self.critical_failures.insert(key);
                let key = (result.key.row.clone(), name.clone());
                *self.critical_misses.entry(key).or_insert(0) += 1;
            }
            if let Ok(Answer { output, .. }) = &result.answer {
                self.keep_failure(Failure {
                    row: result.key.row.clone(),
                    repeat: result.key.repeat,
                    evaluator: Some(name),
                    counts,
                    critical: result.critical,
                    grade,
                    reason: reason.to_owned(),
                    output: Some(shorten(output, KEPT_OUTPUT).into_owned()),
                });
            }
        }
    }

    fn keep_failure(&mut self, failure: Failure) {
        self.failure_count += 1;
        let key = (
            !failure.counts,
            failure.row.clone(),
            failure.repeat,
            failure.evaluator.clone(),
        );
        self.failures.insert(key, failure);
        if self.failures.len() > KEPT_FAILURES {
            self.failures.pop_last();
        }
    }
}

fn keep_first(first: &mut Option<String>, name: &str) {
    if first.as_deref().is_none_or(|first| name < first) {
        *first = Some(name.to_owned());
    }
}

impl EvaluatorSummary {
    fn add(&mut self, result: &CaseResult, name: &EvaluatorId) {
        let graded = result.grades.get(name);
        let grade = graded.map_or(Grade::Error, |graded| graded.grade);
        match grade {
            Grade::Pass => self.passed += 1,
            Grade::Fail => self.failed += 1,
            Grade::Unknown => self.unknown += 1,
            Grade::Error => self.errors += 1,
        }
        if result.gates {
            self.gating_total += 1;
            self.gating_passed += u64::from(grade == Grade::Pass);
        }
        self.score_billionths += graded.map_or(0, |graded| in_units(graded.score, 1e9));
    }

    /// Cases in all.
    pub fn total(&self) -> u64 {
        self.passed + self.failed + self.unknown + self.errors
    }

    /// The share of all cases that passed; absent where there are none.
    pub fn pass_rate(&self) -> Option<f64> {
        mean(u128::from(self.passed), 1.0, self.total())
    }

    /// The mean score of all cases; absent where there are none.
    pub fn mean_score(&self) -> Option<f64> {
        mean(self.score_billionths, 1e9, self.total())
    }
}

impl Usage {
    fn add(&mut self, result: &CaseResult) {
        self.reused += u64::from(result.reused);
        let answers = result.judged.values().chain([&result.answer]);
        for answer in answers.filter_map(|answer| answer.as_ref().ok()) {
            // The counts come from providers, which can say anything.
            for (sum, count) in [
                (&mut self.input_tokens, answer.input_tokens),
                (&mut self.cached_input_tokens, answer.cached_input_tokens),
                (&mut self.output_tokens, answer.output_tokens),
                (&mut self.reasoning_tokens, answer.reasoning_tokens),
            ] {
                *sum = sum.saturating_add(count.unwrap_or(0));
            }
            match answer.cost_usd {
                None => self.unpriced += 1,
                Some(cost) => {
                    self.priced += 1;
                    let cost = in_units(cost, 1e12);
                    self.cost_trillionths = self.cost_trillionths.saturating_add(cost);
                }
            }
        }
    }

    /// What the answers with a known cost cost in US dollars, reused ones included; absent where
    /// no cost is known.
    pub fn cost_usd(&self) -> Option<f64> {
        (self.priced > 0)
            .then(|| mean(self.cost_trillionths, 1e12, 1))
            .flatten()
    }
}

impl ErrorCounts {
    fn add(&mut self, result: &CaseResult) {
        if matches!(&result.answer, Err(error) if error.kind == CaseErrorKind::Render) {
            self.render += 1;
        }
        match result.provider_error().map(|error| error.kind) {
            Some(CaseErrorKind::NotRecorded) => self.not_recorded += 1,
            Some(CaseErrorKind::Provider) => self.provider += 1,
            Some(CaseErrorKind::Render | CaseErrorKind::Stopped) | None => {}
        }
    }
}

/// Sums are kept in whole units, so that the order of adding does not show in the last digit.
fn in_units(value: f64, units: f64) -> u128 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and scores and costs are not negative"
    )]
    let whole = (value * units).round() as u128;
    whole
}

fn mean(sum: u128, units: f64, count: u64) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the nearest number is what is shown"
    )]
    let mean = sum as f64 / units / count as f64;
    (count > 0).then_some(mean)
}
/// The failures of several suites to show first, those that count before the others, and how many
/// failures there are in all.
pub fn first_failures(
    suites: &[SuiteSummary],
    limit: usize,
) -> (Vec<(&SuiteSummary, &Failure)>, u64) {
    let total = suites.iter().map(|suite| suite.failure_count).sum();
    let mut failures: Vec<_> = suites
        .iter()
        .flat_map(|suite| suite.failures().map(move |failure| (suite, failure)))
        .collect();
    failures.sort_by_key(|(_, failure)| !failure.counts);
    failures.truncate(limit);
    (failures, total)
}
