//! What other tools export: records of their own shapes, translated to spans and scores in the shape of
//! OTLP, with attributes under the names that the one table of attributes knows.

mod detect;
mod fields;
mod ids;
mod langchain;
mod langfuse;
mod langsmith;
mod mapped;
mod phoenix;

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value as Json};

use super::otlp::value::{Attributes, Text, Value, Whole};
use crate::domain::trace::mapping::Mapping;
use crate::domain::trace::score::EVALUATION_EVENT;

use super::otlp::{Export, Group, RawLog, RawSpan, Scoped};
pub(super) use detect::{Undecided, detect};

/// A format in which files tell what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// OpenTelemetry's protocol, as JSON or protobuf.
    Otlp,
    /// What Langfuse exports: observations, traces and scores.
    Langfuse,
    /// Runs of LangSmith.
    Langsmith,
    /// Spans of Phoenix, with the attributes of OpenInference.
    Phoenix,
    /// Somebody's own log, by a mapping.
    Jsonl,
}

impl Format {
    /// All of them, with the names that options and reports use.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Otlp, "otlp"),
        (Self::Langfuse, "langfuse"),
        (Self::Langsmith, "langsmith"),
        (Self::Phoenix, "phoenix"),
        (Self::Jsonl, "jsonl"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(format, _)| *format == self);
        found.map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A record that is none of its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) reason: &'static str,
    pub(super) detail: Option<String>,
}

impl Misfit {
    const fn new(reason: &'static str) -> Self {
        Self {
            reason,
            detail: None,
        }
    }
}

/// What a record tells, as OTLP would.
#[derive(Debug, Default)]
pub(super) struct Translated {
    spans: Vec<RawSpan<'static>>,
    /// Each with who found it.
    scores: Vec<(String, RawLog<'static>)>,
    /// The names under which fields are kept that nobody understands.
    pub(super) unmapped: Vec<String>,
    /// Parts of the record that are none of its format.
    pub(super) misfits: Vec<Misfit>,
}

impl Translated {
    /// As an export of OTLP.
    pub(super) fn export(&mut self) -> Export<'static> {
        let spans = std::mem::take(&mut self.spans);
        let scores = std::mem::take(&mut self.scores).into_iter();
        let scores = scores.map(|(source, log)| Scoped {
            scope: text(source),
            items: vec![log],
        });
        Export {
            spans: vec![group(vec![Scoped {
                scope: Text::default(),
                items: spans,
            }])],
            logs: vec![group(scores.collect())],
        }
    }

    /// Keeps what nobody understands under the name of its tool.
    fn keep_rest(&mut self, span: &mut RawSpan<'static>, tool: &str, rest: Map<String, Json>) {
        for (name, value) in rest {
            if value.is_null() {
                continue;
            }
            let name = format!("{tool}.{name}");
            self.unmapped.push(name.clone());
            set(span, name, value);
        }
    }
}

fn group<T>(scopes: Vec<Scoped<'static, T>>) -> Group<'static, T> {
    Group {
        resource: Attributes::default(),
        scopes,
    }
}

/// How a record of another tool is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tool<'m> {
    Langfuse,
    Langsmith,
    Phoenix,
    /// Somebody's own log.
    Mapped(&'m Mapping),
}

/// Translates a record of another tool, which stands in a file as these bytes.
pub(super) fn translate(tool: Tool<'_>, record: Map<String, Json>, bytes: &[u8]) -> Translated {
    let mut told = Translated::default();
    let one = match tool {
        Tool::Langfuse => langfuse::translate,
        Tool::Langsmith => langsmith::translate,
        Tool::Phoenix => phoenix::translate,
        Tool::Mapped(mapping) => {
            if let Err(misfit) = mapped::translate(mapping, record, bytes, &mut told) {
                told.misfits.push(misfit);
            }
            return told;
        }
    };
    for item in items(record) {
        let translated = match item {
            Json::Object(item) => one(item, &mut told),
            _ => Err(Misfit::new("an item of a list is not a JSON object")),
        };
        if let Err(misfit) = translated {
            told.misfits.push(misfit);
        }
    }
    told
}

/// A page of an API holds a list of records; anything else is one record.
fn items(mut record: Map<String, Json>) -> Vec<Json> {
    for list in ["data", "runs"] {
        if !record.contains_key("id") && record.get(list).is_some_and(Json::is_array) {
            return match record.remove(list) {
                Some(Json::Array(items)) => items,
                _ => Vec::new(),
            };
        }
    }
    vec![Json::Object(record)]
}

fn text(text: String) -> Text<'static> {
    Text(Cow::Owned(text))
}

/// Sets an attribute, where there is a value.
fn set(span: &mut RawSpan<'static>, name: impl Into<String>, value: impl Into<Json>) {
    let value = Value::from(value.into());
    if value != Value::Nothing {
        span.attributes.0.push((Cow::Owned(name.into()), value));
    }
}

/// Sets attributes before all others, which count where both have a name.
fn put_first(span: &mut RawSpan<'static>, entries: impl IntoIterator<Item = (String, Json)>) {
    let entries = entries.into_iter();
    let pairs = entries.map(|(name, value)| (Cow::Owned(name), Value::from(value)));
    span.attributes.0.splice(0..0, pairs);
}

/// Sets an attribute, where there is one.
fn set_some(span: &mut RawSpan<'static>, name: impl Into<String>, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        set(span, name, value);
    }
}

/// A result of an evaluation on its way to become a score.
#[derive(Default)]
struct Found {
    trace: Option<String>,
    span: Option<String>,
    at_ns: Option<i64>,
    name: Option<String>,
    value: Option<Json>,
    label: Option<String>,
    explanation: Option<String>,
    source: String,
}

impl Found {
    fn log(self) -> (String, RawLog<'static>) {
        let mut attributes = Attributes::default();
        let texts = [
            ("gen_ai.evaluation.name", self.name),
            ("gen_ai.evaluation.score.label", self.label),
            ("gen_ai.evaluation.explanation", self.explanation),
        ];
        for (name, said) in texts {
            if let Some(said) = said {
                attributes
                    .0
                    .push((Cow::Borrowed(name), Value::Text(said.into())));
            }
        }
        if let Some(value) = self.value {
            let name = Cow::Borrowed("gen_ai.evaluation.score.value");
            attributes.0.push((name, Value::from(value)));
        }
        let log = RawLog {
            time_unix_nano: self.at_ns.map_or(Whole::Absent, Whole::Is),
            event_name: Text(Cow::Borrowed(EVALUATION_EVENT)),
            trace_id: self.trace.map(text).unwrap_or_default(),
            span_id: self.span.map(text).unwrap_or_default(),
            attributes,
            ..RawLog::default()
        };
        (self.source, log)
    }
}
