//! Rules that compare an answer with something.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A comparison of text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRule {
    /// How to compare.
    pub operator: TextOperator,
    /// What to compare with.
    pub value: TextValue,
    /// Whether upper and lower case are the same (Unicode simple lower-casing).
    pub ignore_case: bool,
    /// Whether white space around the answer is left out. Other white space always counts.
    pub trim: bool,
}

impl TextRule {
    pub(super) fn canonical(&self) -> Value {
        let mut canonical = json!({
            "operator": self.operator,
            "value": self.value.canonical(),
            "ignoreCase": self.ignore_case,
        });
        if self.trim {
            canonical["trim"] = json!(true);
        }
        canonical
    }
}

/// How a text is compared.
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

impl TextValue {
    /// The column that is compared with, if it is one.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Column(column) => Some(column),
        }
    }

    pub(super) fn canonical(&self) -> Value {
        match self {
            Self::Fixed(values) => json!(values),
            Self::Column(column) => json!({"column": column}),
        }
    }
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

/// How alike the answer and a reference must be.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarityRule {
    /// How likeness is measured.
    pub metric: SimilarityMetric,
    /// What to compare with; of several references the nearest counts.
    pub value: TextValue,
    /// The least likeness that passes, from 0 to 1.
    pub threshold: f64,
    /// Whether upper and lower case are the same. ROUGE never tells them apart.
    pub ignore_case: bool,
}

/// How the likeness of two texts is measured, from 0 (nothing in common) to 1 (equal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SimilarityMetric {
    /// One less the edit distance over the length of the longer text, in characters.
    Levenshtein,
    /// Jaro-Winkler: transposed characters count half, and an equal start counts more.
    JaroWinkler,
    /// The F1 of single words in common.
    #[serde(rename = "rouge-1")]
    Rouge1,
    /// The F1 of pairs of words in common.
    #[serde(rename = "rouge-2")]
    Rouge2,
    /// The F1 of the longest common subsequence of words.
    RougeL,
    /// BLEU of up to four words, of one sentence, with exponential smoothing.
    Bleu,
}

impl SimilarityMetric {
    /// Every metric with its spelling in files.
    pub const ALL: [(&'static str, Self); 6] = [
        ("levenshtein", Self::Levenshtein),
        ("jaro-winkler", Self::JaroWinkler),
        ("rouge-1", Self::Rouge1),
        ("rouge-2", Self::Rouge2),
        ("rouge-l", Self::RougeL),
        ("bleu", Self::Bleu),
    ];

    /// The spelling in files.
    pub fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, metric)| *metric == self);
        known.map_or("", |(name, _)| name)
    }
}
