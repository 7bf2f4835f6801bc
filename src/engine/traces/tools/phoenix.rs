//! Phoenix: spans with the attributes of OpenInference, as its API (`GET /v1/projects/{project}/spans`),
//! its command line (`px trace list --format raw`) and its data frames (`get_spans_dataframe()`, written
//! as JSON lines, with one column for each attribute) tell them.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::super::map::table::AttributeTable;
use super::super::otlp::value::{Attributes, Code, Text, Value, Whole};
use super::super::otlp::{RawEvent, RawSpan, RawStatus};
use super::fields::{Fields, parsed, plain_text, time_ns};
use super::ids::{span_id, trace_id};
use super::{Found, Misfit, Translated, set, set_some, text};

const TOOL: &str = "phoenix";
const NONE: Misfit = Misfit::new("it is no span of Phoenix: it has no ids of trace and span");

/// Where a column of a data frame stands for an attribute.
const COLUMN: &str = "attributes.";

/// What says nothing of what happened.
const OF_THE_TABLE: [&str; 9] = [
    "id",
    "cumulative_llm_token_count_completion",
    "cumulative_llm_token_count_prompt",
    "cumulative_llm_token_count_total",
    "cumulative_error_count",
    "latency_ms",
    "num_documents",
    "project_id",
    "root_span",
];

/// The most items of a list that become attributes of their own.
const MOST_ITEMS: usize = 10_000;

/// Adds what a span tells, or the spans of a trace.
pub(super) fn translate(record: Map<String, Json>, told: &mut Translated) -> Result<(), Misfit> {
    let mut fields = Fields::new(record);
    if fields.has("spans") && !fields.has("context") {
        for span in fields.list("spans") {
            match span {
                Json::Object(span) => translate(span, told)?,
                _ => return Err(NONE),
            }
        }
        return Ok(());
    }
    let mut context = Fields::new(fields.object("context"));
    let mut id = |name: &str| {
        let within = context.text(name);
        let column = fields.text(&format!("context.{name}"));
        let plain = fields.text(name);
        within.or(column).or(plain)
    };
    let trace = id("trace_id").ok_or(NONE)?;
    let own = id("span_id").ok_or(NONE)?;
    let parent = fields.text("parent_id");
    let ns = |time: Option<i64>| time.map_or(Whole::Absent, Whole::Is);
    let mut span = RawSpan {
        trace_id: text(trace_id(&trace)),
        span_id: text(span_id(&own)),
        parent_span_id: parent.map(|it| text(span_id(&it))).unwrap_or_default(),
        name: fields.text("name").map(text).unwrap_or_default(),
        start_time_unix_nano: ns(fields.time("start_time")),
        end_time_unix_nano: ns(fields.time("end_time")),
        ..RawSpan::default()
    };
    span.status = RawStatus {
        code: match fields.text("status_code").as_deref() {
            Some("OK") => Code(1),
            Some("ERROR") => Code(2),
            _ => Code(0),
        },
        message: fields.text("status_message").map(text).unwrap_or_default(),
    };
    set_some(
        &mut span,
        "openinference.span.kind",
        fields.text("span_kind"),
    );
    for name in ["attributes", "span_attributes"] {
        for (name, value) in fields.object(name) {
            flatten(&mut span, name, value);
        }
    }
    span.events = events(fields.list("events"));
    for annotation in fields.list("annotations") {
        annotate(&span, annotation, told);
    }
    fields.pass_over(&OF_THE_TABLE);
    let (columns, rest): (Map<String, Json>, Map<String, Json>) = fields
        .rest()
        .into_iter()
        .partition(|(name, _)| name.starts_with(COLUMN));
    for (name, value) in columns {
        let name = name[COLUMN.len()..].to_owned();
        flatten(&mut span, name, value);
    }
    told.keep_rest(&mut span, TOOL, rest);
    told.spans.push(span);
    Ok(())
}

/// Nested attributes as OpenInference sends them: flat, with the index of each item of a list. What the
/// table of attributes knows under one name stays one value.
fn flatten(span: &mut RawSpan<'static>, name: String, value: Json) {
    let targets = AttributeTable::built_in().targets(&name);
    let whole = targets.iter().any(|target| target.prefix.is_none());
    match value {
        Json::Null => {}
        Json::Object(entries) if !whole => {
            for (key, value) in entries {
                flatten(span, format!("{name}.{key}"), value);
            }
        }
        Json::Array(items) if !whole && items.iter().any(Json::is_object) => {
            for (index, value) in items.into_iter().take(MOST_ITEMS).enumerate() {
                flatten(span, format!("{name}.{index}"), value);
            }
        }
        other => set(span, name, other),
    }
}

fn events(list: Vec<Json>) -> Vec<RawEvent<'static>> {
    let events = list.into_iter().filter_map(|event| {
        let Json::Object(event) = event else {
            return None;
        };
        let mut event = Fields::new(event);
        let at = ["timestamp", "time"]
            .iter()
            .find_map(|name| event.time(name));
        let attributes = match Value::from(Json::Object(event.object("attributes"))) {
            Value::Map(attributes) => attributes,
            _ => Attributes::default(),
        };
        Some(RawEvent {
            time_unix_nano: at.map_or(Whole::Absent, Whole::Is),
            name: Text(Cow::Owned(event.text("name")?)),
            attributes,
        })
    });
    events.collect()
}

/// What a person, a program or a model found of a span.
fn annotate(span: &RawSpan<'static>, annotation: Json, told: &mut Translated) {
    let Json::Object(annotation) = annotation else {
        told.misfits
            .push(Misfit::new("an annotation of Phoenix is not a JSON object"));
        return;
    };
    let mut fields = Fields::new(annotation);
    let result = parsed(Json::Object(fields.object("result")));
    let said = |name: &str| result.get(name).filter(|value| !value.is_null()).cloned();
    let at_ns = fields.take("created_at").as_ref().and_then(time_ns);
    told.scores.push(
        Found {
            trace: Some(span.trace_id.0.clone().into_owned()),
            span: Some(span.span_id.0.clone().into_owned()),
            at_ns: at_ns.or(span.end_time_unix_nano.get()),
            name: fields.text("name"),
            value: said("score"),
            label: said("label").as_ref().and_then(plain_text),
            explanation: said("explanation").as_ref().and_then(plain_text),
            source: fields
                .text("annotator_kind")
                .unwrap_or_else(|| "annotation".to_owned())
                .to_lowercase(),
        }
        .log(),
    );
}
