//! What a gate says about an evaluation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::id::{DatasetId, EvaluatorId, PromptId};
use super::run::{RunId, Suite};

/// The verdict of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that the policy asks for was shown.
    Pass,
    /// Something that the policy asks for was shown not to hold.
    Fail,
    /// Nothing was evaluated: that is never a pass.
    NothingEvaluated,
}

/// The verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The pass rate of every evaluator with what was demanded of it.
    pub checks: Vec<FloorCheck>,
    /// Rows that must pass and did not.
    pub critical_failures: Vec<CriticalFailure>,
}

/// The pass rate of one evaluator over the gating rows of one suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloorCheck {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// Gating cases that passed.
    pub passed: u64,
    /// Gating cases in all; `unknown` and `error` count here, never as passed.
    pub total: u64,
    /// The least rate that the policy demands; absent: reported only.
    pub floor: Option<f64>,
    /// Whether the rate reaches the floor.
    pub met: bool,
}

/// A row that must pass and did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriticalFailure {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// The row.
    pub row: String,
    /// The evaluator.
    pub evaluator: EvaluatorId,
    /// The evaluator's reason.
    pub reason: String,
}

/// An evaluation as a gate saw it: what was tested, in which runs, and the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// What was tested, with the run that tested it.
    pub suites: Vec<EvaluatedSuite>,
    /// What the gate says.
    pub decision: Decision,
}

impl Evaluation {
    /// An evaluation of nothing, which is never a pass.
    pub fn nothing() -> Self {
        Self {
            suites: Vec::new(),
            decision: Decision {
                verdict: Verdict::NothingEvaluated,
                checks: Vec::new(),
                critical_failures: Vec::new(),
            },
        }
    }
}

/// One suite and the run that tested it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluatedSuite {
    /// What was tested.
    pub suite: Suite,
    /// The run.
    pub run: RunId,
    /// When the run finished.
    pub finished_at: Timestamp,
    /// Cases in the suite.
    pub cases: u64,
    /// The digest of the suite's results.
    pub results: Digest,
}
