//! An evaluator: a rule that grades an answer.

mod combination;
mod comparison;
mod outside;
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
pub use outside::{EmbeddingRule, VerdictFrom, VerdictRule};
pub use rule::{Choice, JudgeRule, JudgeVerdict, LengthUnit, Rule, ScriptRule};
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
    /// the fingerprints of the prompts that the rule asks, and `answerers` who answers: servers and
    /// programs, by the names under which they are asked. Another judge is another rule, and so is
    /// the same one somewhere else.
    pub fn digest(
        &self,
        judges: &BTreeMap<PromptId, Digest>,
        answerers: &BTreeMap<String, Digest>,
    ) -> Digest {
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
        let mut canonical = json!({
            "pointsman": "evaluator/v1",
            "id": self.id,
            "blocking": self.blocking,
            "rule": self.rule.canonical(),
            "judge": judge,
        });
        if !answerers.is_empty() {
            canonical["answerers"] = json!(answerers);
        }
        Digest::of_json(&canonical)
    }

    /// The judges' prompts, where the rule or a part of it asks one.
    pub fn judges(&self) -> BTreeSet<&PromptId> {
        self.rule.judges()
    }

    /// The files that the rule is made of: its own, those of the evaluators that it combines, and
    /// those of scripts and programs.
    pub fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::from([self.id.path()]);
        self.rule.visit(&mut |rule| match rule {
            Rule::Combine(rule) => {
                let names = rule.parts.iter().filter_map(|part| part.name.as_ref());
                files.extend(names.map(EvaluatorId::path));
            }
            Rule::Script(rule) => files.extend(rule.file.clone()),
            Rule::Verdict(VerdictRule {
                from: VerdictFrom::Program(program),
                ..
            }) => files.extend(program.files_below("evaluators")),
            _ => {}
        });
        files
    }
}
