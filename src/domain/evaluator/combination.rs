//! Rules made of other rules.

use serde_json::{Value, json};

use super::super::id::EvaluatorId;
use super::rule::Rule;

/// A rule made of other rules.
#[derive(Debug, Clone, PartialEq)]
pub struct CombineRule {
    /// How the grades of the parts become one.
    pub combination: Combination,
    /// The parts, in the order in which they are asked.
    pub parts: Vec<Part>,
}

/// How the grades of several rules become one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Combination {
    /// Every part passes.
    All,
    /// At least one part passes.
    Any,
    /// The only part fails.
    Not,
    /// The mean of the parts' scores, by weight, reaches the threshold.
    Weighted {
        /// The least mean that passes, from 0 to 1.
        threshold: f64,
    },
}

/// One rule of a combination.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The evaluator that the rule is taken from; absent: it stands in the combination itself.
    pub name: Option<EvaluatorId>,
    /// How much the part's score counts; 1 where nothing else is said.
    pub weight: f64,
    /// The rule.
    pub rule: Rule,
}

impl CombineRule {
    pub(super) fn kind(&self) -> &'static str {
        match self.combination {
            Combination::All => "all",
            Combination::Any => "any",
            Combination::Not => "not",
            Combination::Weighted { .. } => "weighted",
        }
    }

    /// The canonical form: with the parts' rules, not only their names.
    pub(super) fn canonical(&self) -> Value {
        let parts = self.parts.iter().map(|part| {
            json!({
                "name": part.name,
                "weight": part.weight,
                "rule": part.rule.canonical(),
            })
        });
        let threshold = match self.combination {
            Combination::Weighted { threshold } => Some(threshold),
            _ => None,
        };
        json!({"parts": parts.collect::<Vec<_>>(), "threshold": threshold})
    }
}
