//! What came of one row over its repeats: enough to compare it with the same row of another version.

use std::collections::BTreeMap;

use crate::domain::evaluator::Grade;
use crate::domain::id::EvaluatorId;
use crate::domain::run::CaseResult;

/// What came of one row.
#[derive(Debug, Clone)]
pub struct RowTally {
    /// The row's name.
    pub row: String,
    /// Whether the row must pass.
    pub critical: bool,
    /// Whether a gate counts the row.
    pub gates: bool,
    /// Rows with an equal cluster are not independent.
    pub cluster: Option<String>,
    /// Repeats that have a result.
    pub cases: u32,
    /// Repeats that have an answer.
    pub answers: u32,
    /// The latencies that are known, in milliseconds.
    pub latencies_ms: Vec<f64>,
    /// The costs that are known, in US dollars: the sum, and of how many answers.
    pub cost_usd: (f64, u32),
    passed: BTreeMap<EvaluatorId, u32>,
}

impl RowTally {
    pub(super) fn new(result: &CaseResult) -> Self {
        Self {
            row: result.key.row.clone(),
            critical: result.critical,
            gates: result.gates,
            cluster: result.cluster.clone(),
            cases: 0,
            answers: 0,
            latencies_ms: Vec::new(),
            cost_usd: (0.0, 0),
            passed: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, result: &CaseResult) {
        self.cases += 1;
        if let Ok(answer) = &result.answer {
            self.answers += 1;
            self.latencies_ms.extend(answer.latency_ms);
            if let Some(cost) = answer.cost_usd {
                self.cost_usd.0 += cost;
                self.cost_usd.1 += 1;
            }
        }
        let grades = result.grades.iter();
        for (name, _) in grades.filter(|(_, graded)| graded.grade == Grade::Pass) {
            *self.passed.entry(name.clone()).or_insert(0) += 1;
        }
    }

    /// How many repeats an evaluator let pass.
    pub fn passed(&self, evaluator: &EvaluatorId) -> u32 {
        self.passed.get(evaluator).copied().unwrap_or(0)
    }
}
