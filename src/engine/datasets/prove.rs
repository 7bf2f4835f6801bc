//! Whether a row shows what was mended: it failed with one version of a prompt, every time, and passes with
//! another, every time.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::dataset::RowProof;
use crate::domain::evaluator::Grade;
use crate::domain::id::EvaluatorId;
use crate::domain::run::CaseResult;

use super::spelling::proof_json;

/// What one version made of the row, by evaluator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trials {
    /// How often the row was tested.
    pub times: u64,
    /// How often it passed every evaluator.
    pub passed: u64,
    /// How often it failed one of them.
    pub failed: u64,
    /// What each evaluator said.
    pub evaluators: BTreeMap<EvaluatorId, Said>,
}

/// What an evaluator said of the row, time after time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// How often it passed.
    pub passed: u64,
    /// How often it failed.
    pub failed: u64,
    /// How often nothing could be said.
    pub undecided: u64,
    /// The first reason that is none for a pass.
    pub reason: Option<String>,
}

/// What is shown by two versions of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It failed every time before, and passes every time after.
    Proved,
    /// It passes before, too: it does not show what was mended.
    PassesBefore,
    /// It still fails.
    FailsAfter,
    /// It passes at one time and fails at another.
    Flaky,
    /// An evaluator could not say.
    Undecided,
}

impl Shown {
    /// In a word, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::PassesBefore => "passes-before",
            Self::FailsAfter => "fails-after",
            Self::Flaky => "flaky",
            Self::Undecided => "undecided",
        }
    }

    /// What the two versions show together. What is undecided or flaky on one side decides nothing.
    pub fn of(before: &Trials, after: &Trials) -> Self {
        let undecided = |trials: &Trials| trials.passed + trials.failed < trials.times;
        let flaky = |trials: &Trials| trials.passed > 0 && trials.failed > 0;
        if undecided(before) || undecided(after) || before.times == 0 || after.times == 0 {
            Self::Undecided
        } else if flaky(before) || flaky(after) {
            Self::Flaky
        } else if before.passed > 0 {
            Self::PassesBefore
        } else if after.failed > 0 {
            Self::FailsAfter
        } else {
            Self::Proved
        }
    }
}

impl Trials {
    /// What came of testing the row: a case each time.
    pub fn of<'c>(cases: impl IntoIterator<Item = &'c CaseResult>) -> Self {
        let mut trials = Self::default();
        for case in cases {
            trials.times += 1;
            let grades = || case.grades.values().map(|graded| graded.grade);
            let all_pass = !case.grades.is_empty() && grades().all(|it| it == Grade::Pass);
            trials.passed += u64::from(all_pass);
            trials.failed += u64::from(grades().any(|it| it == Grade::Fail));
            for (id, graded) in &case.grades {
                let said = trials.evaluators.entry(id.clone()).or_default();
                match graded.grade {
                    Grade::Pass => said.passed += 1,
                    Grade::Fail => said.failed += 1,
                    Grade::Unknown | Grade::Error => said.undecided += 1,
                }
                if graded.grade != Grade::Pass {
                    said.reason.get_or_insert_with(|| graded.reason.clone());
                }
            }
        }
        trials
    }

    /// The evaluators that failed the row.
    pub fn failing(&self) -> Vec<&EvaluatorId> {
        let evaluators = self.evaluators.iter();
        let failing = evaluators.filter(|(_, said)| said.failed > 0);
        failing.map(|(id, _)| id).collect()
    }
}

/// The row's line with its proof; every other key stays as it is.
pub fn with_proof(line: &str, proof: &RowProof) -> Result<String, serde_json::Error> {
    let mut row: Map<String, Value> = serde_json::from_str(line)?;
    row.insert("proof".to_owned(), proof_json(proof));
    serde_json::to_string(&row)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A version under which the row passed, failed and was undecided so often.
    fn trials(passed: u64, failed: u64, undecided: u64) -> Trials {
        Trials {
            times: passed + failed + undecided,
            passed,
            failed,
            ..Trials::default()
        }
    }

    #[test]
    fn only_failing_every_time_before_and_passing_every_time_after_proves_a_row() {
        for (before, after, shown) in [
            (trials(0, 3, 0), trials(3, 0, 0), Shown::Proved),
            (trials(3, 0, 0), trials(3, 0, 0), Shown::PassesBefore),
            (trials(3, 0, 0), trials(0, 3, 0), Shown::PassesBefore),
            (trials(0, 3, 0), trials(0, 3, 0), Shown::FailsAfter),
            (trials(1, 2, 0), trials(3, 0, 0), Shown::Flaky),
            (trials(0, 3, 0), trials(2, 1, 0), Shown::Flaky),
            (trials(0, 2, 1), trials(3, 0, 0), Shown::Undecided),
            (trials(0, 3, 0), trials(2, 0, 1), Shown::Undecided),
            (trials(0, 0, 0), trials(0, 0, 0), Shown::Undecided),
        ] {
            assert_eq!(Shown::of(&before, &after), shown, "{before:?} {after:?}");
        }
    }
}
