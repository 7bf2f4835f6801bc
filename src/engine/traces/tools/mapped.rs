//! Somebody's own log, one record a line, by what a mapping says of its fields.

use serde_json::{Map, Value as Json, json};

use super::super::map::table::{AttributeTable, Slot};
use super::super::otlp::value::{Code, Value, Whole};
use super::super::otlp::{RawSpan, RawStatus};
use super::fields::{number, parsed, plain_text, time_ns, whole_ns};
use super::ids::{span_id, trace_id};
use super::{Found, Misfit, Translated, put_first, set, text};
use crate::domain::digest::Digest;
use crate::domain::trace::column::Column;
use crate::domain::trace::mapping::{MappedColumn, Mapping, Reading, TimeUnit};

/// Who found the scores of a log.
const SOURCE: &str = "log";

/// How deep fields that nobody mapped are taken apart.
const MOST_DEPTH: usize = 8;

/// A record on its way to become a span.
struct Making<'m> {
    mapping: &'m Mapping,
    record: &'m Json,
    /// What is left of the record.
    rest: Json,
    span: RawSpan<'static>,
}

/// Adds what a record tells. Its ids are those that it has, else the digest of its bytes.
pub(super) fn translate(
    mapping: &Mapping,
    record: Map<String, Json>,
    bytes: &[u8],
    told: &mut Translated,
) -> Result<(), Misfit> {
    let record = Json::Object(record);
    let mut making = Making {
        mapping,
        rest: record.clone(),
        record: &record,
        span: RawSpan::default(),
    };
    making.times()?;
    making.ids(bytes);
    making.words();
    making.columns();
    making.attributes();
    making.scores(told);
    making.keep_rest(told);
    told.spans.push(making.span);
    Ok(())
}

impl Making<'_> {
    fn reading(&self, column: &MappedColumn) -> Option<&Reading> {
        let columns = self.mapping.columns.iter();
        let mut found = columns.filter(|(known, _)| known == column);
        found.next().map(|(_, reading)| reading)
    }

    /// The value of a column, in the record or as the mapping gives it.
    fn value(&self, column: &MappedColumn) -> Option<Json> {
        let said = self.reading(column).and_then(|it| it.path.get(self.record));
        let given = || {
            let mut values = self.mapping.values.iter();
            let given = values.find(|(known, _)| known == column);
            given.map(|(_, value)| Json::from(value.as_str()))
        };
        said.filter(|value| !value.is_null())
            .cloned()
            .or_else(given)
    }

    /// The text of a column, which is taken.
    fn text(&mut self, column: &MappedColumn) -> Option<String> {
        let said = plain_text(&self.value(column)?)?;
        self.taken(column);
        Some(said).filter(|said| !said.is_empty())
    }

    /// What a column took is not left any more.
    fn taken(&mut self, column: &MappedColumn) {
        if let Some(reading) = self.reading(column) {
            let path = reading.path.clone();
            path.remove(&mut self.rest);
        }
    }

    fn times(&mut self) -> Result<(), Misfit> {
        let start = MappedColumn::Column(Column::Time);
        let field = self.reading(&start).map(|it| it.path.to_string());
        let start_ns = self.moment(&start).ok_or_else(|| Misfit {
            reason: "it does not say when it began where the mapping says so",
            detail: Some(format!("`{}`", field.unwrap_or_default())),
        })?;
        let end_ns = self.moment(&MappedColumn::End);
        let lasted = self.length(&MappedColumn::Column(Column::Duration));
        let end_ns = end_ns.or_else(|| Some(start_ns.saturating_add(lasted?)));
        self.span.start_time_unix_nano = Whole::Is(start_ns);
        self.span.end_time_unix_nano = Whole::Is(end_ns.unwrap_or(start_ns));
        Ok(())
    }

    fn moment(&mut self, column: &MappedColumn) -> Option<i64> {
        let unit = self.reading(column)?.unit;
        let value = self.value(column)?;
        let at = match unit {
            Some(unit) if number(&value).is_some() => whole_ns(&value, unit.nanoseconds()),
            _ => time_ns(&value),
        }?;
        self.taken(column);
        Some(at)
    }

    fn length(&mut self, column: &MappedColumn) -> Option<i64> {
        let unit = self.reading(column)?.unit.unwrap_or(TimeUnit::Nanoseconds);
        let value = self.value(column)?;
        let length = whole_ns(&value, unit.nanoseconds())?;
        self.taken(column);
        Some(length)
    }

    fn ids(&mut self, bytes: &[u8]) {
        let [trace, span, parent] = [Column::Trace, Column::Span, Column::Parent]
            .map(|column| self.text(&MappedColumn::Column(column)));
        let own = span.unwrap_or_else(|| Digest::of(bytes).to_string());
        // A record that names no trace is one by itself.
        let trace = trace.unwrap_or_else(|| own.clone());
        for (said, kept, name) in [
            (&trace, trace_id(&trace), "log.trace"),
            (&own, span_id(&own), "log.span"),
        ] {
            let is_digest = said.len() == 64;
            if *said != kept && !is_digest {
                set(&mut self.span, name, said.as_str());
            }
        }
        self.span.trace_id = text(trace_id(&trace));
        self.span.span_id = text(span_id(&own));
        self.span.parent_span_id = parent.map(|it| text(span_id(&it))).unwrap_or_default();
    }

    /// Its name, and how it ended.
    fn words(&mut self) {
        let name = self.text(&MappedColumn::Column(Column::Name));
        let operation = self.value(&MappedColumn::Column(Column::Operation));
        let name = name.or_else(|| operation.as_ref().and_then(plain_text));
        self.span.name = text(name.unwrap_or_else(|| SOURCE.to_owned()));
        let column = MappedColumn::Column(Column::Status);
        let code = self.value(&column).and_then(|value| status(&value));
        if code.is_some() {
            self.taken(&column);
        }
        let message = self.text(&MappedColumn::StatusMessage);
        self.span.status = RawStatus {
            code: Code(code.unwrap_or(0)),
            message: message.map(text).unwrap_or_default(),
        };
    }

    /// The columns that attributes fill. A value that its column cannot have is left over.
    fn columns(&mut self) {
        let first = MappedColumn::Column(Column::TimeToFirstChunk);
        if let Some(length) = self.length(&first) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "it is within hours, which are exact"
            )]
            set(
                &mut self.span,
                name_of(Slot::TimeToFirstChunk),
                length as f64 / 1e9,
            );
        }
        for (column, slot) in slots() {
            let Some(value) = self.value(&column) else {
                continue;
            };
            let value = match slot {
                Slot::Variables => parsed(value),
                _ => value,
            };
            if !fits(slot, &value) {
                continue;
            }
            self.taken(&column);
            let name = match slot {
                // Its own name is the start of a name for each variable.
                Slot::Variables => "llm.prompt_template.variables",
                slot => name_of(slot),
            };
            set(&mut self.span, name, value);
        }
    }

    fn attributes(&mut self) {
        let mapping = self.mapping;
        for (name, path) in &mapping.attributes {
            if let Some(value) = path.get(self.record) {
                set(&mut self.span, name.as_str(), value.clone());
                path.remove(&mut self.rest);
            }
        }
    }

    fn scores(&mut self, told: &mut Translated) {
        let mapping = self.mapping;
        for (name, path) in &mapping.scores {
            let (value, label) = match path.get(self.record) {
                Some(Json::Bool(passed)) => (Some(json!(u8::from(*passed))), None),
                Some(Json::String(label)) => (None, Some(label.clone())),
                Some(number @ Json::Number(_)) => (Some(number.clone()), None),
                _ => continue,
            };
            path.remove(&mut self.rest);
            told.scores.push(
                Found {
                    trace: Some(self.span.trace_id.0.clone().into_owned()),
                    span: Some(self.span.span_id.0.clone().into_owned()),
                    at_ns: self.span.end_time_unix_nano.get(),
                    name: Some(name.clone()),
                    value,
                    label,
                    source: SOURCE.to_owned(),
                    ..Found::default()
                }
                .log(),
            );
        }
    }

    /// What the mapping says nothing of is kept under its own name, and told.
    fn keep_rest(&mut self, told: &mut Translated) {
        let mapping = self.mapping;
        for path in &mapping.drop {
            path.remove(&mut self.rest);
        }
        let mut kept = Vec::new();
        let rest = std::mem::take(&mut self.rest);
        leaves(String::new(), rest, MOST_DEPTH, &mut kept);
        let names = kept.iter().map(|(name, _)| name.clone());
        told.unmapped.extend(names);
        put_first(&mut self.span, kept);
    }
}

/// The values of what is nested, each under its path.
fn leaves(name: String, value: Json, depth: usize, found: &mut Vec<(String, Json)>) {
    match value {
        Json::Null => {}
        Json::Object(entries) if depth > 0 => {
            for (key, value) in entries {
                let name = if name.is_empty() {
                    key
                } else {
                    format!("{name}.{key}")
                };
                leaves(name, value, depth - 1, found);
            }
        }
        // What a mapped item of a list left.
        Json::Array(items) if items.iter().all(Json::is_null) => {}
        other => found.push((name, other)),
    }
}

/// The first name of a column among attributes.
fn name_of(slot: Slot) -> &'static str {
    AttributeTable::built_in().name_of(slot)
}

/// The columns that one attribute fills.
fn slots() -> impl Iterator<Item = (MappedColumn, Slot)> {
    let plain = [
        (Column::Prompt, Slot::Prompt),
        (Column::Version, Slot::Version),
        (Column::Fingerprint, Slot::Fingerprint),
        (Column::Lane, Slot::Lane),
        (Column::Deployment, Slot::Deployment),
        (Column::Operation, Slot::Operation),
        (Column::Provider, Slot::Provider),
        (Column::Model, Slot::Model),
        (Column::InputTokens, Slot::InputTokens),
        (Column::OutputTokens, Slot::OutputTokens),
        (Column::CacheReadTokens, Slot::CacheReadTokens),
        (Column::CacheWriteTokens, Slot::CacheWriteTokens),
        (Column::ReasoningTokens, Slot::ReasoningTokens),
        (Column::Cost, Slot::Cost),
        (Column::FinishReason, Slot::FinishReason),
        (Column::Service, Slot::Service),
        (Column::Route, Slot::Route),
        (Column::Session, Slot::Session),
        (Column::User, Slot::User),
        (Column::Tool, Slot::Tool),
        (Column::Tag, Slot::Tags),
        (Column::ErrorType, Slot::ErrorType),
    ];
    let plain = plain.map(|(column, slot)| (MappedColumn::Column(column), slot));
    let others = [
        (MappedColumn::ResponseId, Slot::ResponseId),
        (MappedColumn::Variables, Slot::Variables),
        (MappedColumn::SystemInstructions, Slot::SystemInstructions),
        (MappedColumn::Input, Slot::Input),
        (MappedColumn::Output, Slot::Output),
        (MappedColumn::ToolDefinitions, Slot::ToolDefinitions),
    ];
    plain.into_iter().chain(others)
}

/// Whether a column can have such a value.
fn fits(slot: Slot, value: &Json) -> bool {
    match slot {
        Slot::Cost => number(value).is_some_and(|cost| cost >= 0.0),
        slot if slot.is_usage() => Value::from(value.clone()).to_count().is_some(),
        Slot::Variables => value.is_object(),
        slot if slot.is_content() => true,
        Slot::Tags | Slot::FinishReason => value.is_array() || plain_text(value).is_some(),
        Slot::Operation => plain_text(value)
            .is_some_and(|word| AttributeTable::built_in().operation(&word).is_some()),
        _ => plain_text(value).is_some(),
    }
}

/// How a span ended, in the words of logs: a word, a truth value, or a status of HTTP.
fn status(value: &Json) -> Option<u8> {
    const OK: u8 = 1;
    const ERROR: u8 = 2;
    match value {
        Json::Bool(well) => Some(if *well { OK } else { ERROR }),
        Json::Number(code) => match code.as_u64()? {
            100..400 => Some(OK),
            400..600 => Some(ERROR),
            _ => None,
        },
        Json::String(word) => match word.to_ascii_lowercase().as_str() {
            "ok" | "success" | "succeeded" | "done" | "completed" => Some(OK),
            "error" | "failed" | "failure" | "exception" | "timeout" => Some(ERROR),
            "unset" => Some(0),
            _ => None,
        },
        _ => None,
    }
}
