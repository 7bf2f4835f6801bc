//! How evaluators graded parts of the cases: those with a tag, or with a value in a column.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::domain::evaluator::Grade;
use crate::domain::id::{DatasetId, EvaluatorId, PromptId};
use crate::domain::run::{CaseResult, Suite};
use crate::domain::suggest::did_you_mean;

/// What cases are sliced by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SliceBy {
    /// The row's tags. A row with two tags is in two slices.
    Tag,
    /// The row's value in this column.
    Column(String),
}

/// The text names nothing that cases can be sliced by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write `tag`, or `column:<name>` with the name of a variable")]
pub struct SliceByError;

impl FromStr for SliceBy {
    type Err = SliceByError;

    fn from_str(text: &str) -> Result<Self, SliceByError> {
        match text.split_once(':') {
            None if text == "tag" => Ok(Self::Tag),
            Some(("column", name)) if !name.is_empty() => Ok(Self::Column(name.to_owned())),
            _ => Err(SliceByError),
        }
    }
}

impl fmt::Display for SliceBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag => formatter.write_str("tag"),
            Self::Column(name) => write!(formatter, "column:{name}"),
        }
    }
}

/// How one evaluator graded one slice of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceRate {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// What cases are sliced by.
    pub by: SliceBy,
    /// The tag or value; absent: rows that have none.
    pub value: Option<String>,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// Cases that passed.
    pub passed: u64,
    /// Cases in all.
    pub total: u64,
}

/// No row has the column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no row has a short value in a column `{name}`")]
pub struct NoSuchColumn {
    name: String,
    known: BTreeSet<String>,
}

impl NoSuchColumn {
    /// What to do next.
    pub fn help(&self) -> String {
        did_you_mean(&self.name, self.known.iter().map(String::as_str))
    }
}

/// The rates of every slice, in the order of suites, slices, values and evaluators.
pub fn slices(
    by: &[SliceBy],
    suites: &[Suite],
    cases: &[CaseResult],
) -> Result<Vec<SliceRate>, NoSuchColumn> {
    check_columns(by, cases)?;
    let mut rates = Vec::new();
    for suite in suites {
        let digest = suite.digest();
        for by in by {
            let own = cases.iter().filter(|case| case.key.suite == digest);
            rates.extend(of_suite(suite, by, own));
        }
    }
    Ok(rates)
}

/// Makes sure that every column that cases are to be sliced by is one that some row has.
pub fn check_columns(by: &[SliceBy], cases: &[CaseResult]) -> Result<(), NoSuchColumn> {
    for by in by {
        if let SliceBy::Column(name) = by
            && !cases.iter().any(|case| case.columns.contains_key(name))
        {
            let known = cases.iter().flat_map(|case| case.columns.keys());
            return Err(NoSuchColumn {
                name: name.clone(),
                known: known.cloned().collect(),
            });
        }
    }
    Ok(())
}

fn of_suite<'c>(
    suite: &Suite,
    by: &SliceBy,
    cases: impl Iterator<Item = &'c CaseResult>,
) -> Vec<SliceRate> {
    // Rows without a value come last.
    let mut counts: BTreeMap<(bool, String, &EvaluatorId), (u64, u64)> = BTreeMap::new();
    for case in cases {
        for value in values(by, case) {
            for evaluator in suite.evaluators.keys() {
                let key = (
                    value.is_none(),
                    value.unwrap_or_default().to_owned(),
                    evaluator,
                );
                let (passed, total) = counts.entry(key).or_default();
                let grade = case.grades.get(evaluator).map(|graded| graded.grade);
                *passed += u64::from(grade == Some(Grade::Pass));
                *total += 1;
            }
        }
    }
    let rates = counts.into_iter();
    rates
        .map(|((absent, value, evaluator), (passed, total))| SliceRate {
            prompt: suite.prompt.clone(),
            dataset: suite.dataset.clone(),
            by: by.clone(),
            value: (!absent).then_some(value),
            evaluator: evaluator.clone(),
            passed,
            total,
        })
        .collect()
}

/// The slices that a case is in; `None` is the one of cases without a value.
pub(super) fn values<'c>(by: &SliceBy, case: &'c CaseResult) -> Vec<Option<&'c str>> {
    match by {
        SliceBy::Tag if case.tags.is_empty() => vec![None],
        SliceBy::Tag => {
            let tags: BTreeSet<&str> = case.tags.iter().map(String::as_str).collect();
            tags.into_iter().map(Some).collect()
        }
        SliceBy::Column(name) => vec![case.columns.get(name).map(String::as_str)],
    }
}
