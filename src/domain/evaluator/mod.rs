//! An evaluator: a rule that grades an answer.

mod combination;
mod comparison;
mod rule;
mod tool_calls;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest::Digest;
use super::finding::Span;
use super::id::{EvaluatorId, PromptId};

pub use combination::{Combination, CombineRule, Part};
pub use comparison::{
    ExpectedRule, JsonRule, JsonValue, SimilarityMetric, SimilarityRule, TextOperator, TextRule,
    TextValue,
};
pub use rule::{JudgeRule, JudgeVerdict, LengthUnit, Rule, ScriptRule};
pub use tool_calls::{ArgumentsMatch, CallOrder, CallsWanted, ToolCallsRule, WantedCall};

/// An evaluator as its file says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluator {
    /// Its name: the path below `evaluators/` without the ending.
    pub id: EvaluatorId,
    /// What the rule is for, for people.
    pub description: Option<String>,
    /// Whether a gate may stop a release because of it.
    pub blocking: bool,
    /// The rule.
    pub rule: Rule,
    /// Answers with the grade that they must get.
    pub examples: Vec<Example>,
}

/// An answer with the grade that it must get.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The answer.
    pub output: String,
    /// The `expected` value of the row that is imagined with it.
    pub expected: Option<Value>,
    /// The other columns of that row.
    pub vars: IndexMap<String, Value>,
    /// The grade that is right.
    pub grade: Grade,
    /// Where the example stands.
    pub span: Span,
}

/// How an answer is graded. `Unknown` and `Error` never count as a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// The rule holds.
    Pass,
    /// The rule does not hold.
    Fail,
    /// The rule could not be decided, for example because a price is not known.
    Unknown,
    /// Grading went wrong, or there was no answer to grade.
    Error,
}

impl Grade {
    /// Every grade with its spelling in files.
    pub const ALL: [(&'static str, Self); 4] = [
        ("pass", Self::Pass),
        ("fail", Self::Fail),
        ("unknown", Self::Unknown),
        ("error", Self::Error),
    ];

    /// The spelling in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Error => "error",
        }
    }
}

impl Evaluator {
    /// The digest of the rule with all its parts. Remarks and examples are left out. `judges` are
    /// the fingerprints of the prompts that the rule asks: another judge is another rule.
    pub fn digest(&self, judges: &BTreeMap<PromptId, Digest>) -> Digest {
        let judge = match &self.rule {
            Rule::LlmJudge(rule) => json!(judges.get(&rule.prompt.0)),
            rule => {
                let asked: BTreeMap<&PromptId, Option<&Digest>> = rule
                    .judges()
                    .into_iter()
                    .map(|judge| (judge, judges.get(judge)))
                    .collect();
                if asked.is_empty() {
                    Value::Null
                } else {
                    json!(asked)
                }
            }
        };
        Digest::of_json(&json!({
            "pointsman": "evaluator/v1",
            "id": self.id,
            "blocking": self.blocking,
            "rule": self.rule.canonical(),
            "judge": judge,
        }))
    }

    /// The judges' prompts, where the rule or a part of it asks one.
    pub fn judges(&self) -> BTreeSet<&PromptId> {
        self.rule.judges()
    }

    /// The files that the rule is made of: its own, those of the evaluators that it combines, and
    /// those of scripts.
    pub fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::from([self.id.path()]);
        self.rule.visit(&mut |rule| match rule {
            Rule::Combine(rule) => {
                let names = rule.parts.iter().filter_map(|part| part.name.as_ref());
                files.extend(names.map(EvaluatorId::path));
            }
            Rule::Script(rule) => files.extend(rule.file.clone()),
            _ => {}
        });
        files
    }
}
