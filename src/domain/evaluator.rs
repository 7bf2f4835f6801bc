//! An evaluator: a rule that grades an answer.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest::Digest;
use super::finding::Span;
use super::id::{EvaluatorId, PromptId};

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
    /// Asks a model, by a prompt of this workspace.
    LlmJudge(JudgeRule),
}

/// A comparison of text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRule {
    /// How to compare.
    pub operator: TextOperator,
    /// What to compare with.
    pub value: TextValue,
    /// Whether upper and lower case are the same (Unicode simple lower-casing).
    pub ignore_case: bool,
}

/// How a text is compared. No white space is trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextOperator {
    /// The answer is one of the values.
    Equals,
    /// The answer starts with one of the values.
    StartsWith,
    /// The answer ends with one of the values.
    EndsWith,
    /// The answer contains at least one of the values.
    ContainsAny,
    /// The answer contains every value.
    ContainsAll,
    /// The answer contains none of the values.
    NotContainsAny,
    /// The answer matches one of the values, read as regular expressions of the `regex` crate.
    Regex,
}

impl TextOperator {
    /// Every operator with its spelling in files.
    pub const ALL: [(&'static str, Self); 7] = [
        ("equals", Self::Equals),
        ("starts-with", Self::StartsWith),
        ("ends-with", Self::EndsWith),
        ("contains-any", Self::ContainsAny),
        ("contains-all", Self::ContainsAll),
        ("not-contains-any", Self::NotContainsAny),
        ("regex", Self::Regex),
    ];
}

/// What a text is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum TextValue {
    /// The same for every row.
    Fixed(Vec<String>),
    /// The row's value in this column: a text or a list of texts.
    Column(String),
}

/// What must hold for an answer read as JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonRule {
    /// It is JSON, the whole of it.
    Valid,
    /// It follows a JSON Schema.
    Schema(Value),
    /// The value at a JSON pointer (RFC 6901) equals this one.
    PointerEquals {
        /// The pointer.
        pointer: String,
        /// What to compare with.
        value: JsonValue,
    },
}

/// What a JSON value is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonValue {
    /// The same for every row.
    Fixed(Value),
    /// The row's value in this column.
    Column(String),
}

/// How an answer is compared with the row's `expected` value.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpectedRule {
    /// The texts are equal.
    Exact,
    /// The texts are equal after trimming, lower-casing and joining white space.
    Normalized,
    /// The answer, normalized and without closing punctuation, is the expected label.
    Label,
    /// The last number in the answer is near the expected one.
    Numeric {
        /// The largest difference that is allowed.
        tolerance: f64,
    },
    /// The answer's items, in any order, are the expected ones.
    Set {
        /// What separates items.
        separator: String,
    },
}

/// What the length of an answer is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LengthUnit {
    /// Runs of characters that are not white space.
    Words,
    /// Unicode scalar values.
    Characters,
}

impl LengthUnit {
    /// Every unit with its spelling in files.
    pub const ALL: [(&'static str, Self); 2] =
        [("words", Self::Words), ("characters", Self::Characters)];
}

/// A question to a model about an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeRule {
    /// The judge's prompt, and where it is named.
    pub prompt: (PromptId, Span),
    /// What verdicts there are.
    pub verdict: JudgeVerdict,
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
}

impl Evaluator {
    /// The digest of the rule. Remarks and examples are left out. For a judge, `judge` is the
    /// fingerprint of its prompt: another judge is another rule.
    pub fn digest(&self, judge: Option<Digest>) -> Digest {
        Digest::of_json(&json!({
            "pointsman": "evaluator/v1",
            "id": self.id,
            "blocking": self.blocking,
            "rule": self.rule.canonical(),
            "judge": judge,
        }))
    }

    /// The judge's prompt, where the rule asks one.
    pub fn judge(&self) -> Option<&PromptId> {
        match &self.rule {
            Rule::LlmJudge(rule) => Some(&rule.prompt.0),
            _ => None,
        }
    }
}

impl Rule {
    /// The word after `kind:` in files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Json(_) => "json",
            Self::Expected(_) => "expected",
            Self::Length { .. } => "length",
            Self::Latency { .. } => "latency",
            Self::Cost { .. } => "cost",
            Self::LlmJudge(_) => "llm-judge",
        }
    }

    /// The canonical form that digests are taken of.
    pub fn canonical(&self) -> Value {
        let options = match self {
            Self::Text(rule) => json!({
                "operator": rule.operator,
                "value": match &rule.value {
                    TextValue::Fixed(values) => json!(values),
                    TextValue::Column(column) => json!({"column": column}),
                },
                "ignoreCase": rule.ignore_case,
            }),
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
            Self::LlmJudge(rule) => match &rule.verdict {
                JudgeVerdict::Scale {
                    min,
                    max,
                    threshold,
                } => {
                    json!({"min": min, "max": max, "threshold": threshold})
                }
                JudgeVerdict::Labels { labels, pass } => json!({"labels": labels, "pass": pass}),
            },
        };
        json!({"kind": self.kind(), "options": options})
    }
}
