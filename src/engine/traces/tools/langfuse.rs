//! Langfuse: observations, traces and scores as its API (`GET /api/public/{observations,traces,scores}`,
//! v1 and v2) and its exports to blob storage (`observations/`, `observations_v2/`, `traces/`,
//! `scores/`) write them. Names may be in `camelCase` or `snake_case`.
//!
//! A trace becomes the root span of its trace, and observations of the older tables that have no parent
//! hang below it: there each trace has a record of its own. Observations that say themselves what trace
//! they belong to, as those of the newer table do, need none.

use serde_json::{Map, Value as Json, json};

use super::super::otlp::RawSpan;
use super::super::otlp::value::Whole;
use super::fields::{Fields, number, parsed, plain_text};
use super::ids::{span_id, trace_id};
use super::{Found, Misfit, Translated, put_first, set, set_some, text};

const TOOL: &str = "langfuse";
const NONE: Misfit = Misfit::new("it is none of Langfuse's observations, traces and scores");

/// What says nothing of what happened: keys of rows and what Langfuse computes from other fields.
const OF_THE_TABLE: [&str; 26] = [
    "project_id",
    "created_at",
    "updated_at",
    "event_ts",
    "is_deleted",
    "bookmarked",
    "public",
    "html_path",
    "latency",
    "unit",
    "model_id",
    "internal_model_id",
    "input_price",
    "output_price",
    "total_price",
    "input_cost",
    "output_cost",
    "calculated_input_cost",
    "calculated_output_cost",
    "total_tokens",
    "usage_pricing_tier_id",
    "usage_pricing_tier_name",
    "tool_call_names",
    "external_id",
    "s3_first_seen_timestamp",
    "prompt_id",
];

/// What the newer table says of the trace with each observation.
const OF_THE_TRACE: [&str; 5] = ["user_id", "session_id", "tags", "release", "trace_name"];

/// Adds what a record tells.
pub(super) fn translate(record: Map<String, Json>, told: &mut Translated) -> Result<(), Misfit> {
    let fields = Fields::new(record);
    let has = |name: &str| fields.has(name);
    if has("data_type") || (has("name") && has("value") && !has("start_time")) {
        score(fields, told);
        Ok(())
    } else if has("start_time") && has("id") {
        observation(fields, &Map::new(), told)
    } else if has("timestamp") && has("id") {
        trace(fields, told)
    } else {
        Err(NONE)
    }
}

/// The span that a trace becomes.
fn root_id(trace: &str) -> String {
    span_id(&format!("t-{trace}"))
}

fn trace(mut fields: Fields, told: &mut Translated) -> Result<(), Misfit> {
    let trace = fields.text("id").ok_or(NONE)?;
    let start_ns = fields.time("timestamp");
    let seconds = fields.take("latency").as_ref().and_then(number);
    let lasted = seconds.and_then(|seconds| super::fields::whole_ns(&json!(seconds), 1e9));
    let mut span = RawSpan {
        trace_id: text(trace_id(&trace)),
        span_id: text(root_id(&trace)),
        start_time_unix_nano: start_ns.map_or(Whole::Absent, Whole::Is),
        end_time_unix_nano: start_ns.map_or(Whole::Absent, |start| {
            Whole::Is(start.saturating_add(lasted.unwrap_or(0).max(0)))
        }),
        name: text(fields.text("name").unwrap_or_else(|| "trace".to_owned())),
        ..RawSpan::default()
    };
    if trace_id(&trace) != trace {
        set(&mut span, "langfuse.trace.id", trace.as_str());
    }
    let observations = fields.list("observations");
    let scores = fields.list("scores");
    let mut of_trace = Map::new();
    for name in OF_THE_TRACE {
        of_trace.extend(fields.take(name).map(|value| (name.to_owned(), value)));
    }
    of_trace.extend(
        fields
            .take("environment")
            .map(|it| ("environment".to_owned(), it)),
    );
    whole_trace(&mut span, &of_trace);
    common(&mut span, &mut fields);
    set_some(&mut span, "langfuse.trace.input", fields.json("input"));
    set_some(&mut span, "langfuse.trace.output", fields.json("output"));
    fields.pass_over(&OF_THE_TABLE);
    // What its observations add up to.
    fields.pass_over(&["total_cost"]);
    told.keep_rest(&mut span, TOOL, fields.rest());
    told.spans.push(span);
    for item in observations {
        // A page of traces only names them.
        if let Json::Object(item) = item {
            observation(Fields::new(item), &of_trace, told)?;
        }
    }
    for item in scores {
        if let Json::Object(item) = item {
            score(Fields::new(item), told);
        }
    }
    Ok(())
}

/// What is said of the trace as a whole.
fn whole_trace(span: &mut RawSpan<'static>, of_trace: &Map<String, Json>) {
    for (field, name) in [
        ("user_id", "langfuse.user.id"),
        ("session_id", "langfuse.session.id"),
        ("release", "langfuse.release"),
        ("trace_name", "langfuse.trace.name"),
        ("environment", "langfuse.environment"),
    ] {
        set_some(span, name, of_trace.get(field).and_then(plain_text));
    }
    let tags = of_trace.get("tags").map(|tags| parsed(tags.clone()));
    set_some(span, "langfuse.trace.tags", tags);
}

/// What traces and observations have in common: metadata and the version of the application.
fn common(span: &mut RawSpan<'static>, fields: &mut Fields) {
    set_some(span, "langfuse.version", fields.text("version"));
    match fields.json("metadata") {
        Some(Json::Object(entries)) => entries
            .into_iter()
            .for_each(|(name, value)| metadata(span, &name, value)),
        other => set_some(span, "metadata", other),
    }
}

/// An entry of the metadata. What came by OpenTelemetry has its own attributes in there.
fn metadata(span: &mut RawSpan<'static>, name: &str, value: Json) {
    let value = parsed(value);
    match (name, value) {
        ("attributes" | "resourceAttributes", Json::Object(entries)) => {
            // First, so that what Langfuse itself says counts where both say something.
            put_first(span, entries);
        }
        ("scope", Json::Object(scope)) => {
            set_some(
                span,
                "otel.scope.name",
                scope.get("name").and_then(plain_text),
            );
        }
        (_, value) => set(span, format!("metadata.{name}"), value),
    }
}

fn observation(
    mut fields: Fields,
    of_trace: &Map<String, Json>,
    told: &mut Translated,
) -> Result<(), Misfit> {
    let id = fields.text("id").ok_or(NONE)?;
    let trace = fields.text("trace_id").ok_or(NONE)?;
    let parent = fields.text("parent_observation_id");
    let is_of_older_table = OF_THE_TRACE.iter().all(|name| !fields.knows(name));
    let parent = parent.map(|parent| span_id(&parent));
    let parent = parent.or_else(|| is_of_older_table.then(|| root_id(&trace)));
    let start_ns = fields.time("start_time");
    let kind = fields.text("type").unwrap_or_default();
    let end_ns = fields.time("end_time");
    // An event is a moment.
    let end_ns = end_ns.or(start_ns.filter(|_| kind.eq_ignore_ascii_case("event")));
    let name = fields.text("name").unwrap_or_else(|| kind.to_lowercase());
    let mut span = RawSpan {
        trace_id: text(trace_id(&trace)),
        span_id: text(span_id(&id)),
        parent_span_id: parent.map(text).unwrap_or_default(),
        start_time_unix_nano: start_ns.map_or(Whole::Absent, Whole::Is),
        end_time_unix_nano: end_ns.map_or(Whole::Absent, Whole::Is),
        name: text(name.clone()),
        ..RawSpan::default()
    };
    common(&mut span, &mut fields);
    for (said, kept, name) in [
        (&trace, trace_id(&trace), "langfuse.trace.id"),
        (&id, span_id(&id), "langfuse.observation.id"),
    ] {
        if *said != kept {
            set(&mut span, name, said.as_str());
        }
    }
    if kind.eq_ignore_ascii_case("tool") {
        set(&mut span, "gen_ai.tool.name", name);
    }
    set(&mut span, "langfuse.observation.type", kind);
    let mut own = of_trace.clone();
    for name in OF_THE_TRACE.into_iter().chain(["environment"]) {
        own.extend(fields.take(name).map(|value| (name.to_owned(), value)));
    }
    whole_trace(&mut span, &own);
    of_observation(&mut span, &mut fields);
    usage(&mut span, &mut fields, start_ns);
    fields.pass_over(&OF_THE_TABLE);
    told.keep_rest(&mut span, TOOL, fields.rest());
    told.spans.push(span);
    Ok(())
}

/// What an observation says itself.
fn of_observation(span: &mut RawSpan<'static>, fields: &mut Fields) {
    for (field, name) in [
        ("level", "langfuse.observation.level"),
        ("status_message", "langfuse.observation.status_message"),
        ("prompt_name", "langfuse.observation.prompt.name"),
        ("prompt_version", "langfuse.observation.prompt.version"),
    ] {
        set_some(span, name, fields.text(field));
    }
    for (field, name) in [
        ("input", "langfuse.observation.input"),
        ("output", "langfuse.observation.output"),
        ("model_parameters", "langfuse.observation.model.parameters"),
        ("tool_definitions", "gen_ai.tool.definitions"),
        ("tool_calls", "langfuse.observation.tool_calls"),
    ] {
        let said = fields.json(field).filter(|said| !is_empty(said));
        set_some(span, name, said);
    }
    let model = fields.text("provided_model_name");
    let model = model.or_else(|| fields.text("model"));
    set_some(span, "langfuse.observation.model.name", model);
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Object(entries) => entries.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Tokens, dollars, and the time to the first token.
fn usage(span: &mut RawSpan<'static>, fields: &mut Fields, start_ns: Option<i64>) {
    let details = fields.object("usage_details");
    let older = fields.object("usage");
    let mut counts = Map::new();
    for (name, of_tokens) in [("input", "prompt_tokens"), ("output", "completion_tokens")] {
        let said = older.get(name).cloned().or_else(|| fields.take(of_tokens));
        counts.extend(said.map(|count| (name.to_owned(), count)));
    }
    let is_tokens = older
        .get("unit")
        .and_then(Json::as_str)
        .is_none_or(|unit| unit == "TOKENS");
    if !details.is_empty() {
        counts = details;
    }
    if is_tokens && !counts.is_empty() {
        set(span, "langfuse.observation.usage_details", counts);
    }
    let dollars = fields.object("cost_details");
    let total = fields.number("total_cost");
    let computed = fields.number("calculated_total_cost");
    if dollars.is_empty() {
        let cost = total.or(computed).filter(|cost| *cost > 0.0);
        set_some(span, "gen_ai.usage.cost", cost);
    } else {
        set(span, "langfuse.observation.cost_details", dollars);
    }
    let first = fields.time("completion_start_time");
    let after = first.zip(start_ns).map(|(first, start)| first - start);
    let seconds = fields.number("time_to_first_token");
    #[expect(
        clippy::cast_precision_loss,
        reason = "it is within hours, which are exact"
    )]
    let seconds = after.map(|after| after as f64 / 1e9).or(seconds);
    set_some(span, "gen_ai.response.time_to_first_chunk", seconds);
}

fn score(mut fields: Fields, told: &mut Translated) {
    let is_category = fields
        .text("data_type")
        .is_some_and(|kind| kind == "CATEGORICAL" || kind == "TEXT");
    // The number of a category is its place in a list.
    let value = fields.take("value").filter(|_| !is_category);
    let at_ns = fields
        .time("timestamp")
        .or_else(|| fields.time("created_at"));
    let source = fields.text("source").unwrap_or_default().to_lowercase();
    told.scores.push(
        Found {
            trace: fields.text("trace_id").map(|trace| trace_id(&trace)),
            span: fields.text("observation_id").map(|span| span_id(&span)),
            at_ns,
            name: fields.text("name"),
            value,
            label: fields.text("string_value"),
            explanation: fields.text("comment"),
            source,
        }
        .log(),
    );
}
