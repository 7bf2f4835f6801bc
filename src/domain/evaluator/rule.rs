//! What an evaluator checks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::finding::Span;
use super::super::id::{DatasetId, PromptId};
use super::combination::CombineRule;
use super::comparison::{ExpectedRule, JsonRule, JsonValue, SimilarityRule, TextRule};
use super::outside::{EmbeddingRule, VerdictRule};
use super::tool_calls::{CallsWanted, ToolCallsRule};

/// What an evaluator checks.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Compares the answer's text, as it is.
    Text(TextRule),
    /// Reads the answer as JSON.
    Json(JsonRule),
    /// Compares the answer with the row's `expected` value.
    Expected(ExpectedRule),
    /// Bounds the answer's length.
    Length {
        /// What is counted.
        unit: LengthUnit,
        /// The least that is allowed.
        min: Option<u64>,
        /// The most that is allowed.
        max: Option<u64>,
    },
    /// Bounds the time that the provider took.
    Latency {
        /// The most that is allowed, in milliseconds.
        max_ms: f64,
    },
    /// Bounds what the call cost.
    Cost {
        /// The most that is allowed, in US dollars.
        max_usd: f64,
    },
    /// Measures how alike the answer and a reference are.
    Similarity(SimilarityRule),
    /// Looks at the tools that the answer calls.
    ToolCalls(ToolCallsRule),
    /// Asks a model, by a prompt of this workspace.
    LlmJudge(JudgeRule),
    /// Asks a script, in a sandbox.
    Script(ScriptRule),
    /// Asks a program or a server for the verdict.
    Verdict(VerdictRule),
    /// Measures how near the meanings of the answer and a reference are.
    Embedding(EmbeddingRule),
    /// Combines other rules.
    Combine(CombineRule),
}

/// What the length of an answer is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LengthUnit {
    /// Runs of characters that are not white space.
    Words,
    /// Unicode scalar values.
    Characters,
    /// Tokens, as the provider counts them.
    Tokens,
}

impl LengthUnit {
    /// Every unit with its spelling in files.
    pub const ALL: [(&'static str, Self); 3] = [
        ("words", Self::Words),
        ("characters", Self::Characters),
        ("tokens", Self::Tokens),
    ];
}

/// A question to a model about an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeRule {
    /// The judge's prompt, and where it is named.
    pub prompt: (PromptId, Span),
    /// What verdicts there are.
    pub verdict: JudgeVerdict,
    /// The rows that people graded, which show how far the judge agrees with them, and where they
    /// are named. Not a part of the rule: the same judge can be held against more rows.
    pub calibration: Option<(DatasetId, Span)>,
}

/// What verdicts a judge may give, and which of them pass.
#[derive(Debug, Clone, PartialEq)]
pub enum JudgeVerdict {
    /// A number from `min` to `max`; `threshold` and above passes.
    Scale {
        /// The lowest score.
        min: f64,
        /// The highest score.
        max: f64,
        /// The lowest score that passes.
        threshold: f64,
    },
    /// One of these words; those in `pass` pass.
    Labels {
        /// Every word that may be given.
        labels: Vec<String>,
        /// The words that pass.
        pass: Vec<String>,
    },
    /// One of these words and nothing else, as `.prompt.yml` files of GitHub ask for it.
    Choices(Vec<Choice>),
    /// Which of two answers is better. Asked in both orders, and decided only where both agree.
    Better {
        /// The row's column with the answer that is compared with.
        than: String,
        /// Whether an answer that is as good as the other passes.
        tie_passes: bool,
    },
}

/// A word that a judge may answer with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The word. Case does not count.
    pub word: String,
    /// What it is worth, from 0 to 1. Anything above 0 passes.
    pub score: f64,
}

/// A script that grades, and what it may use up.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptRule {
    /// The body of a function of `output`, `vars`, `expected` and `response`.
    pub source: String,
    /// The file that the script stands in; absent: it stands in the evaluator's own.
    pub file: Option<String>,
    /// The least score that passes where the script gives nothing but a score.
    pub threshold: f64,
    /// How long one grade may take, in milliseconds.
    pub time_limit_ms: u64,
}

impl Rule {
    /// Shows `look` this rule and every part of it, however deep.
    pub fn visit<'r>(&'r self, look: &mut dyn FnMut(&'r Self)) {
        look(self);
        if let Self::Combine(rule) = self {
            for part in &rule.parts {
                part.rule.visit(look);
            }
        }
    }

    /// The judges that the rule asks.
    pub fn judges(&self) -> BTreeSet<&PromptId> {
        let mut judges = BTreeSet::new();
        self.visit(&mut |rule| {
            if let Self::LlmJudge(rule) = rule {
                judges.insert(&rule.prompt.0);
            }
        });
        judges
    }

    /// This rule with those of its parts that stand in the same file. Evaluators that it combines by
    /// name have files of their own.
    pub fn written_here(&self) -> Vec<&Self> {
        let mut rules = vec![self];
        if let Self::Combine(rule) = self {
            let inline = rule.parts.iter().filter(|part| part.name.is_none());
            rules.extend(inline.flat_map(|part| part.rule.written_here()));
        }
        rules
    }

    /// The datasets that judges are held against.
    pub fn calibrations(&self) -> Vec<&DatasetId> {
        let mut datasets = Vec::new();
        self.visit(&mut |rule| {
            if let Self::LlmJudge(JudgeRule {
                calibration: Some((dataset, _)),
                ..
            }) = rule
            {
                datasets.push(dataset);
            }
        });
        datasets
    }

    /// Where answers to questions of the rule's own may be recorded.
    pub fn recordings(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        self.visit(&mut |rule| {
            if let Self::Embedding(rule) = rule {
                paths.insert(rule.owner.recordings_path());
            }
        });
        paths
    }

    /// The evaluators of this rule and its parts that ask somebody outside who is no judge.
    pub fn outside(&self) -> Vec<&Self> {
        let mut outside = Vec::new();
        self.visit(&mut |rule| {
            if matches!(rule, Self::Verdict(_) | Self::Embedding(_)) {
                outside.push(rule);
            }
        });
        outside
    }

    /// The columns of a row that the rule compares with.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns = Vec::new();
        self.visit(&mut |rule| columns.extend(rule.own_column()));
        columns
    }

    fn own_column(&self) -> Option<&str> {
        match self {
            Self::Expected(_) => Some("expected"),
            Self::Text(rule) => rule.value.column(),
            Self::Similarity(rule) => rule.value.column(),
            Self::Embedding(rule) => rule.value.column(),
            Self::LlmJudge(JudgeRule {
                verdict: JudgeVerdict::Better { than, .. },
                ..
            }) => Some(than),
            Self::Json(JsonRule::PointerEquals {
                value: JsonValue::Column(column),
                ..
            }) => Some(column),
            Self::ToolCalls(rule) => match &rule.calls {
                Some(CallsWanted::Column(column)) => Some(column),
                _ => None,
            },
            _ => None,
        }
    }

    /// The word after `kind:` in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Json(_) => "json",
            Self::Expected(_) => "expected",
            Self::Length { .. } => "length",
            Self::Latency { .. } => "latency",
            Self::Cost { .. } => "cost",
            Self::Similarity(_) | Self::Embedding(_) => "similarity",
            Self::ToolCalls(_) => "tool-calls",
            Self::LlmJudge(_) => "llm-judge",
            Self::Script(_) => "javascript",
            Self::Verdict(rule) => rule.kind(),
            Self::Combine(rule) => rule.kind(),
        }
    }

    /// The canonical form that digests are taken of.
    pub fn canonical(&self) -> Value {
        let options = match self {
            Self::Text(rule) => rule.canonical(),
            Self::Json(JsonRule::Valid) => json!("valid"),
            Self::Json(JsonRule::Schema(schema)) => json!({"schema": schema}),
            Self::Json(JsonRule::PointerEquals { pointer, value }) => json!({
                "pointer": pointer,
                "equals": match value {
                    JsonValue::Fixed(value) => json!({"value": value}),
                    JsonValue::Column(column) => json!({"column": column}),
                },
            }),
            Self::Expected(rule) => match rule {
                ExpectedRule::Exact => json!("exact"),
                ExpectedRule::Normalized => json!("normalized"),
                ExpectedRule::Label => json!("label"),
                ExpectedRule::Numeric { tolerance } => json!({"tolerance": tolerance}),
                ExpectedRule::Set { separator } => json!({"separator": separator}),
            },
            Self::Length { unit, min, max } => json!({"unit": unit, "min": min, "max": max}),
            Self::Latency { max_ms } => json!({"max_ms": max_ms}),
            Self::Cost { max_usd } => json!({"max_usd": max_usd}),
            Self::Similarity(rule) => json!({
                "metric": rule.metric,
                "value": rule.value.canonical(),
                "threshold": rule.threshold,
                "ignoreCase": rule.ignore_case,
            }),
            Self::ToolCalls(rule) => rule.canonical(),
            Self::Script(rule) => json!({
                "script": rule.source,
                "threshold": rule.threshold,
                "timeLimitMs": rule.time_limit_ms,
            }),
            Self::Combine(rule) => rule.canonical(),
            Self::Verdict(rule) => rule.canonical(),
            Self::Embedding(rule) => rule.canonical(),
            Self::LlmJudge(rule) => match &rule.verdict {
                JudgeVerdict::Scale {
                    min,
                    max,
                    threshold,
                } => {
                    json!({"min": min, "max": max, "threshold": threshold})
                }
                JudgeVerdict::Labels { labels, pass } => json!({"labels": labels, "pass": pass}),
                JudgeVerdict::Choices(choices) => json!({"choices": choices}),
                JudgeVerdict::Better { than, tie_passes } => {
                    json!({"than": than, "tiePasses": tie_passes})
                }
            },
        };
        json!({"kind": self.kind(), "options": options})
    }
}
