//! A run: what was asked, what was answered, and how the answers were graded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::digest::{Digest, ShortDigest};
use super::evaluator::Grade;
use super::id::{DatasetId, EvaluatorId, PromptId};
use super::media::Media;
use super::message::{Attachments, RenderedMessage};
use super::prompt::{ModelRef, ResponseFormat};

/// A prompt rendered for one row: exactly what a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest {
    /// The prompt that was rendered.
    pub prompt: PromptId,
    /// Who answers.
    pub model: ModelRef,
    /// The conversation.
    pub messages: Vec<RenderedMessage>,
    /// The bytes of the files that the conversation shows.
    pub attachments: Attachments,
    /// Settings by their names in the prompt file.
    pub parameters: Map<String, Value>,
    /// What shape the answer must have.
    pub response_format: ResponseFormat,
    /// The tools that may be called.
    pub tools: Vec<Value>,
    /// Which of several equal requests this is, from 0. Repeats are separate draws.
    pub repeat_index: u32,
}

impl ModelRequest {
    /// The pictures and documents of the conversation, in their order.
    pub fn shown(&self) -> impl Iterator<Item = &Media> {
        let messages = self.messages.iter();
        messages.flat_map(|message| message.content.media())
    }

    /// The digest of everything that can change the answer but who gives it: recorded answers are
    /// found by it, whichever provider they were recorded from.
    pub fn digest(&self) -> Digest {
        let messages: Vec<Value> = self
            .messages
            .iter()
            .map(RenderedMessage::canonical)
            .collect();
        Digest::of_json(&json!({
            "pointsman": "request/v1",
            "model": self.model.model,
            "messages": messages,
            "parameters": self.parameters,
            "responseFormat": self.response_format.canonical(),
            "tools": self.tools,
            "repeat": self.repeat_index,
        }))
    }
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The text of the answer; where the model only calls tools, the calls as JSON.
    pub output: String,
    /// The tools that the model calls, in the shape of the OpenAI wire format.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<Value>,
    /// All tokens read, as the provider counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// The part of the input that the provider had in its cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    /// The part of the input that the provider put into its cache, where it charges for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// All tokens written, as the provider counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// The part of the output that the model wrote for itself before it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// How long the provider took for the successful try, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// What the call cost in US dollars; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Why the model stopped, in the provider's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
}

/// One prompt tested on one dataset by its evaluators, and the digest that names exactly that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// The prompt.
    pub prompt: PromptId,
    /// The dataset.
    pub dataset: DatasetId,
    /// Who answers.
    pub model: ModelRef,
    /// The fingerprint of the prompt's closure.
    pub fingerprint: Digest,
    /// The digest of all rows, in their order.
    pub dataset_digest: Digest,
    /// The digest of what answers from here, a program or recorded answers; absent: neither does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answerer: Option<Digest>,
    /// The digest of each evaluator.
    pub evaluators: BTreeMap<EvaluatorId, Digest>,
    /// How often each row is tested.
    pub repeats: u32,
}

impl Suite {
    /// The digest of what is tested: another digest is another test.
    pub fn digest(&self) -> Digest {
        let mut suite = json!({
            "pointsman": "suite/v1",
            "prompt": self.prompt,
            "dataset": self.dataset,
            "fingerprint": self.fingerprint,
            "datasetDigest": self.dataset_digest,
            "evaluators": self.evaluators,
            "repeats": self.repeats,
        });
        if let Some(answerer) = &self.answerer {
            suite["answerer"] = json!(answerer);
        }
        Digest::of_json(&suite)
    }
}

/// Which case of a run: a row of a suite, and which of its repeats.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseKey {
    /// The suite.
    pub suite: Digest,
    /// The row's name.
    pub row: String,
    /// Which repeat, from 0.
    pub repeat: u32,
}

impl CaseKey {
    /// A name for the case where each byte counts.
    pub fn digest(&self) -> ShortDigest {
        let Self { suite, row, repeat } = self;
        Digest::of(format!("{suite} {repeat} {row}").as_bytes()).shortened()
    }
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// Which case.
    pub key: CaseKey,
    /// What the row tests.
    pub row_digest: Digest,
    /// Whether the row must pass.
    pub critical: bool,
    /// Whether a gate counts the row.
    pub gates: bool,
    /// The row's labels.
    pub tags: Vec<String>,
    /// Rows with an equal cluster are not independent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The row's short values by column, to slice results by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// The answer that the row wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// The pictures and documents that were shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Media>,
    /// What was asked; absent where the prompt could not be rendered.
    pub request: Option<Digest>,
    /// The answer, or why there is none.
    pub answer: Result<Answer, CaseError>,
    /// Whether the answer was known before, so that nothing was paid for it.
    pub reused: bool,
    /// One grade for each evaluator of the suite.
    pub grades: BTreeMap<EvaluatorId, Graded>,
    /// What the judges among the evaluators answered, or why they did not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub judged: BTreeMap<EvaluatorId, Result<Answer, CaseError>>,
}

impl CaseResult {
    /// The first error that says nothing about the prompt: a provider, or a judge's, did not
    /// answer.
    pub fn provider_error(&self) -> Option<&CaseError> {
        let judged = self.judged.values();
        judged
            .chain([&self.answer])
            .filter_map(|answer| answer.as_ref().err())
            .find(|error| error.kind != CaseErrorKind::Render)
    }

    /// Whether a budget or time limit kept the case from its end.
    pub fn was_stopped(&self) -> bool {
        let mut answers = self.judged.values().chain([&self.answer]);
        answers.any(|answer| {
            answer
                .as_ref()
                .is_err_and(|error| error.kind == CaseErrorKind::Stopped)
        })
    }

    /// The digest of the result as it is stored.
    pub fn digest(&self) -> Digest {
        let text =
            serde_json::to_vec(self).expect("results have text keys and no failing serializers");
        Digest::of(&text)
    }
}

/// Why a case has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseError {
    /// What went wrong.
    pub kind: CaseErrorKind,
    /// In words.
    pub message: String,
}

/// What can go wrong with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseErrorKind {
    /// The prompt could not be rendered for the row.
    Render,
    /// The provider did not answer, or not as agreed.
    Provider,
    /// There is no recorded answer for the request.
    NotRecorded,
    /// A budget or time limit came first. A case that was stopped is never stored: it is missing,
    /// and asked when the run goes on.
    Stopped,
}

/// A grade with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// The grade.
    pub grade: Grade,
    /// From 0 (worst) to 1 (best).
    pub score: f64,
    /// Why, in words.
    pub reason: String,
}

impl Graded {
    /// A pass.
    pub fn pass(reason: impl Into<String>) -> Self {
        Self {
            grade: Grade::Pass,
            score: 1.0,
            reason: reason.into(),
        }
    }

    /// A failure.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self {
            grade: Grade::Fail,
            score: 0.0,
            reason: reason.into(),
        }
    }

    /// Not decided.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self {
            grade: Grade::Unknown,
            score: 0.0,
            reason: reason.into(),
        }
    }

    /// Grading went wrong.
    pub fn error(reason: impl Into<String>) -> Self {
        Self {
            grade: Grade::Error,
            score: 0.0,
            reason: reason.into(),
        }
    }
}

/// Names a run: the time it started and the digest of its plan, so that names sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(String);

impl RunId {
    /// The name of a run of this plan that starts at this time.
    pub fn new(started: Timestamp, plan: Digest) -> Self {
        let time = started.strftime("%Y%m%dT%H%M%S%3fZ");
        Self(format!("{time}-{}", &plan.to_string()[..8]))
    }

    /// A name that a user typed, if it could be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (time, plan) = text.split_once('-')?;
        let well_formed = time.len() == 19
            && plan.len() == 8
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The name as text: letters, digits and one hyphen.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// What a run set out to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunManifest {
    /// The version of this shape.
    pub schema: u32,
    /// The run's name.
    pub id: RunId,
    /// When it started.
    pub started_at: Timestamp,
    /// What was read: `worktree`, a commit id, or a lane.
    pub source: String,
    /// What is tested.
    pub suites: Vec<Suite>,
    /// How many cases there are.
    pub cases: u64,
    /// How many of them each suite has, in the order of `suites`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suite_cases: Vec<u64>,
    /// The evaluators that no gate may block on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub advisory: BTreeSet<EvaluatorId>,
}

impl RunManifest {
    /// The version of the shape that this program writes.
    pub const SCHEMA: u32 = 1;

    /// The digest of what is tested. A run can be resumed under the same digest only.
    pub fn plan_digest(suites: &[Suite]) -> Digest {
        let digests: Vec<Digest> = suites.iter().map(Suite::digest).collect();
        Digest::of_json(&json!({"pointsman": "plan/v1", "suites": digests}))
    }
}
