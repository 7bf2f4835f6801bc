//! A span: one step of the path that a request took.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The attribute that keeps a span's kind, where it is not an internal one.
pub const KIND_ATTRIBUTE: &str = "span.kind";

/// The kinds that are kept there, with their numbers in OTLP.
pub const KINDS: [(u8, &str); 4] = [
    (2, "server"),
    (3, "client"),
    (4, "producer"),
    (5, "consumer"),
];

/// One step of a request's path, in the columns that every source is mapped to.
///
/// A span is known by its trace and its own id together. Texts are what redaction let through.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Span {
    /// The trace that it belongs to, in lower-case hexadecimal where the source has bytes.
    pub trace_id: String,
    /// Its id, unique within the trace.
    pub span_id: String,
    /// The span that caused it; absent: it is the root of its trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<String>,
    /// What it was called.
    pub name: String,
    /// What sort of step it is.
    pub operation: Operation,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in nanoseconds.
    pub duration_ns: u64,
    /// How it ended.
    pub status: SpanStatus,
    /// What went wrong, in the words of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_message: Option<String>,
    /// The sort of error (`timeout`, an exception's type), where it ended with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Which version of which prompt it used, on which lane.
    #[serde(skip_serializing_if = "Lineage::is_empty")]
    pub lineage: Lineage,
    /// The call to a model, where it is one.
    #[serde(skip_serializing_if = "ModelCall::is_empty")]
    pub call: ModelCall,
    /// Whom it was for and where it ran.
    #[serde(skip_serializing_if = "Origin::is_empty")]
    pub origin: Origin,
    /// What went in and came out.
    #[serde(skip_serializing_if = "Content::is_empty")]
    pub content: Content,
    /// Every other attribute, of the span and of its resource; the span's own wins. What is not text
    /// is JSON.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// Which version of which prompt a span used, on which lane.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lineage {
    /// The prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The version of the prompt, as whoever sent the span calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The fingerprint of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The lane, or the environment by its common name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// The deployment record, or the release by its common name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
}

impl Lineage {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A call to a model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ModelCall {
    /// Who answered (`openai`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model that answered; where the answer does not say, the one that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// All tokens read, those of the cache included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// All tokens written, those of reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// The tokens that the provider had in its cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// The tokens that the provider put into its cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// The tokens that the model wrote for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// What it cost in US dollars; absent: not known, which is never 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Who says what it cost: `reported` by the source, or `computed@<date of the price table>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_source: Option<String>,
    /// How long it took until the first piece of the answer, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_first_chunk_ns: Option<u64>,
    /// Why the model stopped; several choices have several reasons, joined by `,`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// The id of the answer, which scores may name instead of the span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
}

impl ModelCall {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whom a span was for and where it ran.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Origin {
    /// The service that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The route of the request (`POST /tickets`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The tool that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Labels, sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Origin {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What went into a span and came out: read only when it is asked for, and only as far as redaction
/// let it through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Content {
    /// The values that the prompt was rendered with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// What the model was told by whoever runs it, as JSON or text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_instructions: Option<String>,
    /// What went in: messages as JSON in the shape of `gen_ai.input.messages`, the arguments of a
    /// tool as JSON, or text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What came out, alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The tools that the model could call, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_definitions: Option<String>,
    /// What happened within the span (exceptions among it), as a JSON list of
    /// `{name, time, attributes}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<String>,
}

impl Content {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a span ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum SpanStatus {
    /// Nobody said.
    #[default]
    Unset,
    /// Well, and somebody said so.
    Ok,
    /// With an error.
    Error,
}

impl SpanStatus {
    /// All of them, with their names in files, filters and tables.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Unset, "unset"),
        (Self::Ok, "ok"),
        (Self::Error, "error"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        named(&Self::ALL, &self)
    }

    /// The status of this name.
    pub fn of(name: &str) -> Option<Self> {
        of_name(&Self::ALL, name)
    }
}

/// What sort of step a span is. The names are those of `gen_ai.operation.name` where it has one.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A call to a model that writes.
    Chat,
    /// A call to a model that places texts.
    Embeddings,
    /// A search for texts, and what puts its hits in order.
    Retrieval,
    /// A call to a tool.
    ExecuteTool,
    /// An agent at work.
    InvokeAgent,
    /// Steps in a fixed order: a workflow or a chain.
    InvokeWorkflow,
    /// A check on what goes in or comes out.
    Guardrail,
    /// A grade for what came out.
    Evaluation,
    /// Anything else.
    #[default]
    Other,
}

impl Operation {
    /// All of them, with their names in files, filters and tables.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Chat, "chat"),
        (Self::Embeddings, "embeddings"),
        (Self::Retrieval, "retrieval"),
        (Self::ExecuteTool, "execute_tool"),
        (Self::InvokeAgent, "invoke_agent"),
        (Self::InvokeWorkflow, "invoke_workflow"),
        (Self::Guardrail, "guardrail"),
        (Self::Evaluation, "evaluation"),
        (Self::Other, "other"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        named(&Self::ALL, &self)
    }

    /// The operation of this name.
    pub fn of(name: &str) -> Option<Self> {
        of_name(&Self::ALL, name)
    }
}

fn named<T: PartialEq>(all: &[(T, &'static str)], value: &T) -> &'static str {
    let found = all.iter().find(|(known, _)| known == value);
    found.map_or("", |(_, name)| name)
}

fn of_name<T: Copy>(all: &[(T, &'static str)], name: &str) -> Option<T> {
    let found = all.iter().find(|(_, known)| *known == name);
    found.map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        for (status, name) in SpanStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), name);
            assert_eq!(SpanStatus::of(status.name()), Some(status));
        }
        for (operation, name) in Operation::ALL {
            assert_eq!(serde_json::to_value(operation).unwrap(), name);
            assert_eq!(Operation::of(operation.name()), Some(operation));
        }
        assert_eq!(Operation::of("dance"), None);
    }

    #[test]
    fn a_span_without_details_says_nothing_about_them() {
        let span = Span {
            trace_id: "t".to_owned(),
            ..Span::default()
        };
        let json = serde_json::to_value(&span).unwrap();
        for absent in ["lineage", "call", "origin", "content", "attributes"] {
            assert!(json.get(absent).is_none(), "{absent}");
        }
        assert_eq!(serde_json::from_value::<Span>(json).unwrap(), span);
    }
}
