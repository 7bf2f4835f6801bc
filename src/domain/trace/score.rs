//! A score: what somebody found of a span or of a whole trace.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::span::Span;

/// The event by which an evaluation tells what it found, in OpenTelemetry's conventions.
pub const EVALUATION_EVENT: &str = "gen_ai.evaluation.result";

/// One evaluation of what happened, as `gen_ai.evaluation.result` tells it. Scores come apart from
/// their spans, often later.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Score {
    /// The trace that was scored; empty where only the answer's id is known.
    pub trace_id: String,
    /// The span that was scored; absent: the trace as a whole, or see `response_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The id of the answer that was scored, where the span is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// What was looked at: the evaluator's name.
    pub name: String,
    /// From 0 (worst) to 1 (best) for evaluators of ours; any number from others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The verdict in a word (`pass`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// The sort of error that kept it from being found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Who found it: `pointsman@<digest of the evaluator>`, `annotation`, or as the source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When.
    pub recorded_at: Timestamp,
}

impl Score {
    /// Whether it stands with a span: it is about the span or its answer, or about the trace of which
    /// the span is the root.
    pub fn is_of(&self, span: &Span) -> bool {
        let same_trace = self.trace_id == span.trace_id;
        match (&self.span_id, &self.response_id) {
            (Some(id), _) => same_trace && *id == span.span_id,
            (None, Some(response)) => {
                let same_answer = span.call.response_id.as_ref() == Some(response);
                same_answer && (same_trace || self.trace_id.is_empty())
            }
            (None, None) => same_trace && span.parent_span_id.is_none(),
        }
    }
}
