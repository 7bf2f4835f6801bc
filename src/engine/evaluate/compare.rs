//! Two runs side by side: which cases changed their grade, and what that does to the rates.
//!
//! Only like is compared with like. Both runs must have graded the same rows by the same
//! evaluators as often; otherwise a difference would say something about the test, not about the
//! prompt.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::digest::Digest;
use crate::domain::evaluator::Grade;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::prompt::ModelRef;
use crate::domain::run::{CaseResult, RunId, Suite};

use super::statistics::{Interval, plus_two};
use super::stored::KeptRun;

/// How likely each end of an interval may be wrong.
const ALPHA: f64 = 0.05;

/// How many names a reason shows.
const SHOWN: usize = 5;

/// What differs between two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The older run, or the one that was named first.
    pub before: RunId,
    /// The other run.
    pub after: RunId,
    /// What both have tested, by prompt and dataset.
    pub suites: Vec<ComparedSuite>,
    /// What only the first has tested.
    pub only_before: Vec<(PromptId, DatasetId)>,
    /// What only the second has tested.
    pub only_after: Vec<(PromptId, DatasetId)>,
}

/// What differs in one suite.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedSuite {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// The models that answered, before and after.
    pub models: [ModelRef; 2],
    /// The fingerprints of the prompt, before and after.
    pub fingerprints: [Digest; 2],
    /// How each evaluator graded.
    pub evaluators: BTreeMap<EvaluatorId, ComparedRates>,
    /// The cases whose grade changed: first those that do not pass any more.
    pub flips: Vec<Flip>,
}

/// How one evaluator graded before and after.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ComparedRates {
    /// Cases that passed, before and after.
    pub passed: [u64; 2],
    /// Cases in all.
    pub total: u64,
    /// By row: how much larger the share of passes is afterwards, from -1 to 1.
    pub differences: Vec<f64>,
}

impl ComparedRates {
    /// Where the difference of the rates lies, as if rows were independent: each end is wrong in
    /// one of twenty. Absent without rows.
    pub fn interval(&self) -> Option<Interval> {
        (!self.differences.is_empty()).then(|| plus_two(&self.differences, ALPHA))
    }
}

/// A case that passed and does not any more, or the other way round.
#[derive(Debug, Clone, PartialEq)]
pub struct Flip {
    /// Whether it passes now and did not before.
    pub passes_now: bool,
    /// The row.
    pub row: String,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// Whether the row must pass.
    pub critical: bool,
    /// Whether a gate counts the row.
    pub gates: bool,
    /// What came of the case, before and after.
    pub sides: [FlipSide; 2],
}

/// One side of a flip.
#[derive(Debug, Clone, PartialEq)]
pub struct FlipSide {
    /// The grade.
    pub grade: Grade,
    /// Why.
    pub reason: String,
    /// The answer; absent: there was none.
    pub output: Option<String>,
}

/// Two runs did not test the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these runs cannot be compared\n{}", .0.join("\n"))]
pub struct NotComparable(pub Vec<String>);

/// Compares two runs, or says everything that stands in the way.
pub fn compare(before: &KeptRun, after: &KeptRun) -> Result<Comparison, NotComparable> {
    let mut reasons: Vec<String> = [before, after].into_iter().filter_map(open).collect();
    let (old, new) = (by_name(before), by_name(after));
    let mut suites = Vec::new();
    for (name, old) in &old {
        let Some(new) = new.get(name) else { continue };
        let pair = Pair {
            name: format!("{} on {}", name.0, name.1),
            suites: [old, new],
            cases: [cases_of(before, old), cases_of(after, new)],
        };
        let found = pair.differences_of_the_test();
        if found.is_empty() {
            suites.push(pair.compare());
        }
        reasons.extend(found);
    }
    let missing = |from: &BTreeMap<_, &Suite>, other: &BTreeMap<_, &Suite>| {
        let names = from.keys().filter(|name| !other.contains_key(*name));
        names.cloned().collect::<Vec<_>>()
    };
    if suites.is_empty() && reasons.is_empty() {
        reasons.push("no prompt was tested on the same dataset in both".to_owned());
    }
    if !reasons.is_empty() {
        return Err(NotComparable(reasons));
    }
    Ok(Comparison {
        before: before.run.manifest.id.clone(),
        after: after.run.manifest.id.clone(),
        suites,
        only_before: missing(&old, &new),
        only_after: missing(&new, &old),
    })
}

/// An unfinished run has cases without a verdict.
fn open(kept: &KeptRun) -> Option<String> {
    let manifest = &kept.run.manifest;
    kept.run
        .finished_at
        .is_none()
        .then(|| format!("run {} is not finished", manifest.id))
}

type Name = (PromptId, DatasetId);

fn by_name(kept: &KeptRun) -> BTreeMap<Name, &Suite> {
    let suites = kept.run.manifest.suites.iter();
    suites
        .map(|suite| ((suite.prompt.clone(), suite.dataset.clone()), suite))
        .collect()
}

/// A case's place in its suite: the row and the repeat.
type Place<'c> = (&'c str, u32);

fn cases_of<'c>(kept: &'c KeptRun, suite: &Suite) -> BTreeMap<Place<'c>, &'c CaseResult> {
    let digest = suite.digest();
    let own = kept.cases.iter().filter(|case| case.key.suite == digest);
    own.map(|case| ((case.key.row.as_str(), case.key.repeat), case))
        .collect()
}

/// The same prompt and dataset in two runs.
struct Pair<'c> {
    name: String,
    suites: [&'c Suite; 2],
    cases: [BTreeMap<Place<'c>, &'c CaseResult>; 2],
}

impl Pair<'_> {
    /// Why the two did not run the same test.
    fn differences_of_the_test(&self) -> Vec<String> {
        let [old, new] = &self.suites;
        let mut reasons = Vec::new();
        let names: BTreeSet<_> = old.evaluators.keys().chain(new.evaluators.keys()).collect();
        let evaluators = names
            .into_iter()
            .filter(|name| old.evaluators.get(name) != new.evaluators.get(name));
        let evaluators: Vec<&str> = evaluators.map(EvaluatorId::as_str).collect();
        if !evaluators.is_empty() {
            reasons.push(self.reason("other evaluators", &evaluators));
        }
        let digests = [0, 1].map(|side| {
            let cases = self.cases[side].iter();
            cases
                .map(|((row, _), case)| (*row, case.row_digest))
                .collect::<BTreeMap<_, _>>()
        });
        let rows: BTreeSet<&str> = digests.iter().flat_map(BTreeMap::keys).copied().collect();
        let changed = rows
            .into_iter()
            .filter(|row| digests[0].get(row) != digests[1].get(row));
        let changed: Vec<&str> = changed.collect();
        if !changed.is_empty() {
            reasons.push(self.reason("other rows", &changed));
        }
        if old.repeats != new.repeats {
            reasons.push(format!(
                "{}: every row was tested {} time(s) in one and {} time(s) in the other",
                self.name, old.repeats, new.repeats
            ));
        }
        reasons
    }

    fn reason(&self, what: &str, names: &[&str]) -> String {
        let mut shown: Vec<String> = names
            .iter()
            .take(SHOWN)
            .map(|name| format!("`{name}`"))
            .collect();
        if names.len() > SHOWN {
            shown.push(format!("{} more", names.len() - SHOWN));
        }
        format!("{}: {what}: {}", self.name, shown.join(", "))
    }

    fn compare(&self) -> ComparedSuite {
        let [old, new] = &self.suites;
        let mut flips = Vec::new();
        let mut evaluators = BTreeMap::new();
        for name in old.evaluators.keys() {
            evaluators.insert(name.clone(), self.rates(name, &mut flips));
        }
        flips.sort_by(|one, two| flip_order(one).cmp(&flip_order(two)));
        ComparedSuite {
            prompt: old.prompt.clone(),
            dataset: old.dataset.clone(),
            models: [old.model.clone(), new.model.clone()],
            fingerprints: [old.fingerprint, new.fingerprint],
            evaluators,
            flips,
        }
    }

    fn rates(&self, name: &EvaluatorId, flips: &mut Vec<Flip>) -> ComparedRates {
        let mut rates = ComparedRates::default();
        let mut by_row: BTreeMap<&str, (i64, u32)> = BTreeMap::new();
        for (place, old) in &self.cases[0] {
            let Some(new) = self.cases[1].get(place) else {
                continue;
            };
            let sides = [old, new].map(|case| side(case, name));
            let passes = [0, 1].map(|index| sides[index].grade == Grade::Pass);
            rates.total += 1;
            let row = by_row.entry(place.0).or_default();
            row.0 += i64::from(passes[1]) - i64::from(passes[0]);
            row.1 += 1;
            for (sum, passed) in rates.passed.iter_mut().zip(passes) {
                *sum += u64::from(passed);
            }
            if passes[0] != passes[1] {
                flips.push(Flip {
                    passes_now: passes[1],
                    row: place.0.to_owned(),
                    repeat: place.1,
                    evaluator: name.clone(),
                    critical: new.critical,
                    gates: new.gates,
                    sides,
                });
            }
        }
        rates.differences = by_row.into_values().map(share).collect();
        rates
    }
}

/// The mean difference of a row over its repeats.
fn share((sum, repeats): (i64, u32)) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the sum is at most the number of repeats"
    )]
    let sum = sum as f64;
    sum / f64::from(repeats)
}

fn side(case: &CaseResult, name: &EvaluatorId) -> FlipSide {
    let graded = case.grades.get(name);
    FlipSide {
        grade: graded.map_or(Grade::Error, |graded| graded.grade),
        reason: graded
            .map_or("was not graded", |graded| &graded.reason)
            .to_owned(),
        output: case
            .answer
            .as_ref()
            .ok()
            .map(|answer| answer.output.clone()),
    }
}

/// What does not pass any more comes first, and of that, what matters most.
fn flip_order(flip: &Flip) -> (bool, bool, bool, &str, u32, &EvaluatorId) {
    (
        flip.passes_now,
        !flip.critical,
        !flip.gates,
        &flip.row,
        flip.repeat,
        &flip.evaluator,
    )
}
