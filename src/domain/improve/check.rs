//! What a check of a candidate showed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::deployment::ObjectId;
use crate::domain::gate::EvaluatedSuite;
use crate::domain::id::{DatasetId, EvaluatorId};

use super::RowPlace;

/// One check of a candidate: the prompt as it is and the candidate on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// The commit whose rows, evaluators and settings were used, and whose prompt stood beside it.
    pub base: ObjectId,
    /// The prompt as it is.
    pub before: Vec<EvaluatedSuite>,
    /// The candidate.
    pub after: Vec<EvaluatedSuite>,
    /// Rows whose like the author saw.
    pub train: Side,
    /// All other rows.
    pub validation: Side,
    /// How each evaluator graded.
    pub rates: Vec<CheckedRate>,
    /// The first of the cases that a blocking evaluator let pass and does not any more, on rows that
    /// gate.
    pub regressions: Vec<CheckedFlip>,
    /// How many there are.
    pub regression_count: u64,
    /// The first of the cases that it lets pass now.
    pub recovered: Vec<CheckedFlip>,
    /// What the prompt as it is used, and what the candidate did.
    pub usage: [CheckedUsage; 2],
}

/// Rows that gate, counted: a row passes where every blocking evaluator lets every repeat pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Rows in all.
    pub rows: u64,
    /// Rows that pass, before and after.
    pub passing: [u64; 2],
    /// Rows that pass now and did not before.
    pub recovered: u64,
    /// Rows that do not pass any more.
    pub regressed: u64,
}

/// How an evaluator graded before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedRate {
    /// The dataset.
    pub dataset: DatasetId,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// Whether it may block.
    pub blocking: bool,
    /// Cases that passed, before and after.
    pub passed: [u64; 2],
    /// Cases in all.
    pub total: u64,
    /// Between which ends the difference of the rates lies, each wrong in one of twenty; absent
    /// without rows.
    pub between: Option<[f64; 2]>,
}

/// A case whose grade changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedFlip {
    /// The row.
    pub at: RowPlace,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// Whether the row must pass.
    pub critical: bool,
    /// Whether the author saw the row or one like it.
    pub seen: bool,
    /// The evaluator's reasons, before and after.
    pub reasons: [String; 2],
}

/// What one version of the prompt used.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedUsage {
    /// Cases, each of which took one answer.
    pub cases: u64,
    /// What its answers cost in US dollars, reused ones included; absent: not known.
    pub cost_usd: Option<f64>,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// The longest latency of a dataset that 95 of 100 answers did not exceed, in milliseconds;
    /// absent: not known.
    pub latency_p95_ms: Option<f64>,
}

impl CheckedUsage {
    /// Tokens that a case reads on average; absent: not known.
    pub fn input_tokens_a_case(&self) -> Option<f64> {
        mean(self.input_tokens, self.cases)
    }

    /// What a case costs on average in US dollars; absent: not known.
    #[expect(
        clippy::cast_precision_loss,
        reason = "no evaluation has so many cases that a digit is lost"
    )]
    pub fn cost_a_case(&self) -> Option<f64> {
        let cost = self.cost_usd.filter(|_| self.cases > 0)?;
        Some(cost / self.cases as f64)
    }

    /// Tokens that a case writes on average; absent: not known.
    pub fn output_tokens_a_case(&self) -> Option<f64> {
        mean(self.output_tokens, self.cases)
    }
}

/// A sum in parts of a count. Nothing is known of a sum of zero tokens: their number was not told.
#[expect(
    clippy::cast_precision_loss,
    reason = "no evaluation reads so many tokens that a digit is lost"
)]
fn mean(sum: u64, count: u64) -> Option<f64> {
    (sum > 0 && count > 0).then(|| sum as f64 / count as f64)
}

impl Check {
    /// Whether nothing that passed fails now.
    pub fn passes(&self) -> bool {
        self.regression_count == 0
    }

    /// How many rows pass that did not.
    pub fn recovered_rows(&self) -> u64 {
        self.train.recovered + self.validation.recovered
    }
}
