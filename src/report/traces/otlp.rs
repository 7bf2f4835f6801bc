//! Spans and scores as OpenTelemetry's protocol writes them in JSON: requests to export, one a line, as
//! the collector's file exporter writes them and its receivers read them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Number, Value as Json, json};

use crate::domain::trace::embedded;
use crate::domain::trace::score::{EVALUATION_EVENT, Score};
use crate::domain::trace::span::{KIND_ATTRIBUTE, KINDS, Operation, Span, SpanStatus};
use crate::engine::traces::map::table::{AttributeTable, Slot};
use crate::report::json;

/// Who says what a call cost, where it is not computed.
const REPORTED: &str = "reported";

/// A request to export spans; empty where there are none. Costs that were computed are left out: who
/// reads it prices the tokens anew.
pub fn otlp_spans(spans: &[&Span]) -> String {
    let mut services: BTreeMap<Option<&str>, Vec<Json>> = BTreeMap::new();
    for span in spans {
        let service = span.origin.service.as_deref();
        services.entry(service).or_default().push(span_json(span));
    }
    let groups = services.into_iter().map(|(service, spans)| {
        let mut resource = Attributes::default();
        resource.text(Slot::Service, service);
        json!({ "resource": { "attributes": resource.0 }, "scopeSpans": [{ "spans": spans }] })
    });
    request("resourceSpans", groups.collect())
}

/// A request to export scores as log records; empty where there are none.
pub fn otlp_scores(scores: &[Score]) -> String {
    let mut sources: BTreeMap<Option<&str>, Vec<Json>> = BTreeMap::new();
    for score in scores {
        let source = score.source.as_deref();
        sources.entry(source).or_default().push(score_json(score));
    }
    let by_source = sources.into_iter().map(|(source, records)| match source {
        Some(source) => json!({ "scope": { "name": source }, "logRecords": records }),
        None => json!({ "logRecords": records }),
    });
    let by_source: Vec<Json> = by_source.collect();
    if by_source.is_empty() {
        return String::new();
    }
    let group = json!({ "resource": { "attributes": [] }, "scopeLogs": by_source });
    request("resourceLogs", vec![group])
}

fn request(name: &str, groups: Vec<Json>) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let mut request = Map::new();
    request.insert(name.to_owned(), Json::Array(groups));
    json::line(&request)
}

/// Attributes as a list of keys and values.
#[derive(Default)]
struct Attributes(Vec<Json>);

impl Attributes {
    fn push(&mut self, key: &str, value: Json) {
        let mut pair = Map::new();
        pair.insert("key".to_owned(), Json::from(key));
        pair.insert("value".to_owned(), value);
        self.0.push(Json::Object(pair));
    }

    fn string(&mut self, key: &str, text: &str) {
        self.push(key, json!({ "stringValue": text }));
    }

    /// A column under the first of the names that it is read by.
    fn text(&mut self, slot: Slot, text: Option<&str>) {
        if let Some(text) = text {
            self.string(AttributeTable::built_in().name_of(slot), text);
        }
    }

    fn count(&mut self, slot: Slot, count: Option<u64>) {
        if let Some(count) = count {
            let name = AttributeTable::built_in().name_of(slot);
            self.push(name, json!({ "intValue": count.to_string() }));
        }
    }

    fn number(&mut self, slot: Slot, number: Option<f64>) {
        if let Some(number) = number {
            let name = AttributeTable::built_in().name_of(slot);
            self.push(name, json!({ "doubleValue": number }));
        }
    }

    fn texts<'t>(&mut self, slot: Slot, texts: impl Iterator<Item = &'t str>) {
        let values: Vec<Json> = texts.map(|text| json!({ "stringValue": text })).collect();
        if !values.is_empty() {
            let name = AttributeTable::built_in().name_of(slot);
            self.push(name, json!({ "arrayValue": { "values": values } }));
        }
    }
}

fn span_json(span: &Span) -> Json {
    let kind = span.attributes.get(KIND_ATTRIBUTE);
    let kind = kind.and_then(|kind| KINDS.iter().find(|(_, name)| *name == kind.as_str()));
    let mut attributes = Attributes::default();
    for (name, text) in &span.attributes {
        if name != KIND_ATTRIBUTE || kind.is_none() {
            attributes.string(name, text);
        }
    }
    lineage(&mut attributes, span);
    call(&mut attributes, span);
    content(&mut attributes, span);
    let start = span.started_at.as_nanosecond();
    let mut json = json!({
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": kind.map_or(1, |(number, _)| *number),
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + i128::from(span.duration_ns)).to_string(),
        "attributes": attributes.0,
    });
    if let Some(parent) = &span.parent_span_id {
        json["parentSpanId"] = json!(parent);
    }
    let code = match span.status {
        SpanStatus::Unset => 0,
        SpanStatus::Ok => 1,
        SpanStatus::Error => 2,
    };
    match &span.status_message {
        Some(message) => json["status"] = json!({ "code": code, "message": message }),
        None if code > 0 => json["status"] = json!({ "code": code }),
        None => {}
    }
    let events = events(span);
    if !events.is_empty() {
        json["events"] = Json::Array(events);
    }
    json
}

fn lineage(attributes: &mut Attributes, span: &Span) {
    let (lineage, origin) = (&span.lineage, &span.origin);
    for (slot, text) in [
        (Slot::Prompt, &lineage.prompt),
        (Slot::Version, &lineage.version),
        (Slot::Fingerprint, &lineage.fingerprint),
        (Slot::Lane, &lineage.lane),
        (Slot::Deployment, &lineage.deployment),
        (Slot::Route, &origin.route),
        (Slot::Session, &origin.session),
        (Slot::User, &origin.user),
        (Slot::Tool, &origin.tool),
        (Slot::ErrorType, &span.error_type),
    ] {
        attributes.text(slot, text.as_deref());
    }
    if span.operation != Operation::Other {
        attributes.text(Slot::Operation, Some(span.operation.name()));
    }
    attributes.texts(Slot::Tags, origin.tags.iter().map(String::as_str));
}

fn call(attributes: &mut Attributes, span: &Span) {
    let call = &span.call;
    attributes.text(Slot::Provider, call.provider.as_deref());
    attributes.text(Slot::Model, call.model.as_deref());
    attributes.text(Slot::ResponseId, call.response_id.as_deref());
    for (slot, count) in [
        (Slot::InputTokens, call.input_tokens),
        (Slot::OutputTokens, call.output_tokens),
        (Slot::CacheReadTokens, call.cache_read_tokens),
        (Slot::CacheWriteTokens, call.cache_write_tokens),
        (Slot::ReasoningTokens, call.reasoning_tokens),
    ] {
        attributes.count(slot, count);
    }
    let is_reported = call.cost_source.as_deref() == Some(REPORTED);
    attributes.number(Slot::Cost, call.cost_usd.filter(|_| is_reported));
    #[expect(
        clippy::cast_precision_loss,
        reason = "below 26 days the nanoseconds come back as they were"
    )]
    let seconds = call.time_to_first_chunk_ns.map(|ns| ns as f64 / 1e9);
    attributes.number(Slot::TimeToFirstChunk, seconds);
    let reasons = call.finish_reason.iter().flat_map(|all| all.split(','));
    attributes.texts(Slot::FinishReason, reasons);
}

fn content(attributes: &mut Attributes, span: &Span) {
    let content = &span.content;
    // A value that is blank, or a name that is none, is no attribute to those who read attributes.
    let plain = content.variables.keys().all(|name| !name.is_empty())
        && content
            .variables
            .values()
            .any(|text| !text.trim().is_empty());
    if plain {
        let prefix = AttributeTable::built_in().name_of(Slot::Variables);
        for (name, text) in &content.variables {
            attributes.string(&format!("{}{name}", prefix.trim_end_matches('*')), text);
        }
    } else if !content.variables.is_empty() {
        attributes.string(
            "llm.prompt_template.variables",
            &json!(content.variables).to_string(),
        );
    }
    attributes.text(
        Slot::SystemInstructions,
        content.system_instructions.as_deref(),
    );
    attributes.text(Slot::ToolDefinitions, content.tool_definitions.as_deref());
    for (text, [messages, tool, other]) in [
        (
            &content.input,
            [
                "gen_ai.input.messages",
                "gen_ai.tool.call.arguments",
                "input.value",
            ],
        ),
        (
            &content.output,
            [
                "gen_ai.output.messages",
                "gen_ai.tool.call.result",
                "output.value",
            ],
        ),
    ] {
        let Some(text) = text else { continue };
        let name = match span.operation {
            Operation::Chat if text.starts_with('[') => messages,
            Operation::ExecuteTool => tool,
            _ => other,
        };
        attributes.string(name, text);
    }
}

/// What happened within a span.
fn events(span: &Span) -> Vec<Json> {
    let kept = span.content.events.as_deref();
    let kept = kept.and_then(|text| embedded::read::<Json>(text).ok());
    let Some(Json::Array(kept)) = kept else {
        return Vec::new();
    };
    let events = kept.into_iter().map(|event| {
        let mut json = json!({ "name": event.get("name") });
        let at = event.get("time").and_then(Json::as_str);
        if let Some(at) = at.and_then(|at| at.parse::<Timestamp>().ok()) {
            json["timeUnixNano"] = json!(at.as_nanosecond().to_string());
        }
        if let Some(Json::Object(attributes)) = event.get("attributes") {
            json["attributes"] = pairs(attributes);
        }
        json
    });
    events.collect()
}

fn pairs(entries: &Map<String, Json>) -> Json {
    let pairs = entries.iter();
    pairs
        .map(|(key, value)| json!({ "key": key, "value": any_value(value) }))
        .collect()
}

fn any_value(value: &Json) -> Json {
    match value {
        Json::Null => json!({}),
        Json::Bool(flag) => json!({ "boolValue": flag }),
        Json::String(text) => json!({ "stringValue": text }),
        Json::Number(number) => number_value(number),
        Json::Array(items) => {
            let values: Vec<Json> = items.iter().map(any_value).collect();
            json!({ "arrayValue": { "values": values } })
        }
        Json::Object(entries) => json!({ "kvlistValue": { "values": pairs(entries) } }),
    }
}

fn number_value(number: &Number) -> Json {
    match number.as_i64() {
        Some(whole) => json!({ "intValue": whole.to_string() }),
        None => json!({ "doubleValue": number }),
    }
}

fn score_json(score: &Score) -> Json {
    let mut attributes = Attributes::default();
    attributes.string("gen_ai.evaluation.name", &score.name);
    if let Some(value) = score.value {
        attributes.push(
            "gen_ai.evaluation.score.value",
            json!({ "doubleValue": value }),
        );
    }
    for (name, text) in [
        ("gen_ai.evaluation.score.label", &score.label),
        ("gen_ai.evaluation.explanation", &score.explanation),
        ("gen_ai.response.id", &score.response_id),
        ("error.type", &score.error_type),
    ] {
        if let Some(text) = text {
            attributes.string(name, text);
        }
    }
    let mut json = json!({
        "timeUnixNano": score.recorded_at.as_nanosecond().to_string(),
        "eventName": EVALUATION_EVENT,
        "attributes": attributes.0,
    });
    if !score.trace_id.is_empty() {
        json["traceId"] = json!(score.trace_id);
    }
    if let Some(span) = &score.span_id {
        json["spanId"] = json!(span);
    }
    json
}
