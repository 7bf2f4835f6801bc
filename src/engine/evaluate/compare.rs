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

use super::rates::{ComparedRates, ComparedSlice, RateCounter};
use super::slices::{SliceBy, values};
use super::stored::KeptRun;

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
    /// How it graded parts of the cases.
    pub slices: Vec<ComparedSlice>,
    /// The cases whose grade changed: first those that do not pass any more.
    pub flips: Vec<Flip>,
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

/// Compares two runs, as a whole and by slices, or says everything that stands in the way.
pub fn compare(
    before: &KeptRun,
    after: &KeptRun,
    by: &[SliceBy],
) -> Result<Comparison, NotComparable> {
    let mut reasons: Vec<String> = [before, after].into_iter().filter_map(open).collect();
    let (old, new) = (by_name(before), by_name(after));
    let mut suites = Vec::new();
    for (name, old) in &old {
        let Some(new) = new.get(name) else { continue };
        let pair = Pair {
            name: format!("{} on {}", name.0, name.1),
            suites: [old, new],
            cases: [cases_of(&before.cases, old), cases_of(&after.cases, new)],
        };
        let found = pair.differences_of_the_test();
        if found.is_empty() {
            suites.push(pair.compare(by));
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

/// Compares what came of one test of two versions of a prompt, or says everything that stands in the
/// way.
pub fn compare_suites(
    suites: [&Suite; 2],
    cases: [&[CaseResult]; 2],
) -> Result<ComparedSuite, NotComparable> {
    let pair = Pair {
        name: format!("{} on {}", suites[0].prompt, suites[0].dataset),
        suites,
        cases: [0, 1].map(|side| cases_of(cases[side], suites[side])),
    };
    let found = pair.differences_of_the_test();
    if found.is_empty() {
        Ok(pair.compare(&[]))
    } else {
        Err(NotComparable(found))
    }
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

fn cases_of<'c>(cases: &'c [CaseResult], suite: &Suite) -> BTreeMap<Place<'c>, &'c CaseResult> {
    let digest = suite.digest();
    let own = cases.iter().filter(|case| case.key.suite == digest);
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

    fn compare(&self, by: &[SliceBy]) -> ComparedSuite {
        let [old, new] = &self.suites;
        let names = || old.evaluators.keys();
        let mut flips: Vec<Flip> = names().flat_map(|name| self.flips(name)).collect();
        flips.sort_by(|one, two| flip_order(one).cmp(&flip_order(two)));
        ComparedSuite {
            prompt: old.prompt.clone(),
            dataset: old.dataset.clone(),
            models: [old.model.clone(), new.model.clone()],
            fingerprints: [old.fingerprint, new.fingerprint],
            evaluators: names()
                .map(|name| (name.clone(), self.rates(name)))
                .collect(),
            slices: by.iter().flat_map(|by| self.slices(by)).collect(),
            flips,
        }
    }

    /// The cases that both runs have, with their rows' names, before and after.
    fn cases(&self) -> impl Iterator<Item = (&str, [&CaseResult; 2])> {
        self.cases[0].iter().filter_map(|(place, old)| {
            let new = self.cases[1].get(place)?;
            Some((place.0, [*old, *new]))
        })
    }

    fn rates(&self, name: &EvaluatorId) -> ComparedRates {
        let mut counter = RateCounter::default();
        for (row, sides) in self.cases() {
            let passes = sides.map(|case| passes(case, name));
            counter.add(row, sides[1].cluster.as_deref(), passes);
        }
        counter.finish()
    }

    /// The rates of parts: a row is in the slices of its tags in the second run.
    fn slices(&self, by: &SliceBy) -> Vec<ComparedSlice> {
        let mut counters: BTreeMap<_, RateCounter<'_>> = BTreeMap::new();
        for (row, sides) in self.cases() {
            for value in values(by, sides[1]) {
                for name in self.suites[0].evaluators.keys() {
                    // Rows without a value come last.
                    let counter = counters.entry((value.is_none(), value, name)).or_default();
                    let passes = sides.map(|case| passes(case, name));
                    counter.add(row, sides[1].cluster.as_deref(), passes);
                }
            }
        }
        let slices = counters.into_iter();
        slices
            .map(|((_, value, name), counter)| ComparedSlice {
                by: by.clone(),
                value: value.map(str::to_owned),
                evaluator: name.clone(),
                rates: counter.finish(),
            })
            .collect()
    }

    fn flips(&self, name: &EvaluatorId) -> Vec<Flip> {
        let changed = self
            .cases()
            .filter(|(_, [old, new])| passes(old, name) != passes(new, name));
        changed
            .map(|(row, sides)| Flip {
                passes_now: passes(sides[1], name),
                row: row.to_owned(),
                repeat: sides[1].key.repeat,
                evaluator: name.clone(),
                critical: sides[1].critical,
                gates: sides[1].gates,
                sides: sides.map(|case| side(case, name)),
            })
            .collect()
    }
}

fn passes(case: &CaseResult, name: &EvaluatorId) -> bool {
    let graded = case.grades.get(name);
    graded.is_some_and(|graded| graded.grade == Grade::Pass)
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
