//! LangSmith: runs in the run data format, as `POST /runs/query`, the SDKs (`Client.list_runs`) and bulk
//! exports write them: one object a run, a page with `runs`, or a tree by `child_runs`.

use serde_json::{Map, Value as Json};

use super::super::map::table::AttributeTable;
use super::super::otlp::value::{Attributes, Code, Text, Value, Whole};
use super::super::otlp::{RawEvent, RawSpan, RawStatus};
use super::fields::{Fields, number, parsed, plain_text, time_ns};
use super::ids::{span_id, trace_id};
use super::langchain::{answered, asked};
use super::{Found, Misfit, Translated, set, set_some, text};

const TOOL: &str = "langsmith";
const NONE: Misfit =
    Misfit::new("it is no run of LangSmith: it has no `id`, `run_type` or `start_time`");

/// What says nothing of what happened, or says again what other fields say.
const OF_THE_TABLE: [&str; 36] = [
    "app_path",
    "attachments",
    "child_run_ids",
    "completion_cost",
    "completion_cost_details",
    "direct_child_run_ids",
    "dotted_order",
    "error_preview",
    "execution_order",
    "feedback",
    "in_dataset",
    "inputs_preview",
    "inputs_s3_urls",
    "is_root",
    "last_queued_at",
    "latency",
    "manifest_id",
    "manifest_s3_id",
    "messages",
    "outputs_preview",
    "outputs_s3_urls",
    "parent_run_ids",
    "price_model_id",
    "prompt_cost",
    "prompt_cost_details",
    "s3_urls",
    "serialized",
    "share_token",
    "tenant_id",
    "thread_id",
    "total_tokens",
    "trace_first_received_at",
    "trace_max_start_time",
    "trace_min_start_time",
    "trace_tier",
    "ttl_seconds",
];

/// Adds what a run tells, and the runs below it.
pub(super) fn translate(record: Map<String, Json>, told: &mut Translated) -> Result<(), Misfit> {
    let mut fields = Fields::new(record);
    let id = fields.text("id").ok_or(NONE)?;
    let kind = fields.text("run_type").ok_or(NONE)?;
    let start_ns = fields.time("start_time").ok_or(NONE)?;
    let trace = fields.text("trace_id").unwrap_or_else(|| id.clone());
    let parent = parent(&mut fields);
    let mut span = RawSpan {
        trace_id: text(trace_id(&trace)),
        span_id: text(span_id(&id)),
        parent_span_id: parent.map(|it| text(span_id(&it))).unwrap_or_default(),
        name: text(fields.text("name").unwrap_or_else(|| kind.clone())),
        start_time_unix_nano: Whole::Is(start_ns),
        end_time_unix_nano: fields.time("end_time").map_or(Whole::Absent, Whole::Is),
        ..RawSpan::default()
    };
    set(&mut span, "langsmith.run.id", id);
    extra(&mut span, &mut fields);
    if kind == "tool" {
        let name = span.name.0.clone().into_owned();
        set(&mut span, "gen_ai.tool.name", name);
    }
    set(&mut span, "langsmith.span.kind", kind.as_str());
    status(&mut span, &mut fields);
    content(&mut span, &mut fields, &kind);
    usage(&mut span, &mut fields, start_ns);
    set_some(&mut span, "langsmith.span.tags", fields.json("tags"));
    for (field, name) in [
        ("session_id", "langsmith.trace.session_id"),
        ("session_name", "langsmith.trace.session_name"),
        ("reference_example_id", "langsmith.reference_example_id"),
        ("reference_dataset_id", "langsmith.reference_dataset_id"),
    ] {
        set_some(&mut span, name, fields.text(field));
    }
    span.events = events(fields.list("events"));
    feedback(&span, fields.object("feedback_stats"), told);
    let children = fields.list("child_runs");
    fields.pass_over(&OF_THE_TABLE);
    told.keep_rest(&mut span, TOOL, fields.rest());
    told.spans.push(span);
    for child in children {
        match child {
            Json::Object(child) => translate(child, told)?,
            _ => return Err(NONE),
        }
    }
    Ok(())
}

/// The run above: it says so, or its path from the root does.
fn parent(fields: &mut Fields) -> Option<String> {
    if let Some(parent) = fields.text("parent_run_id") {
        return Some(parent);
    }
    let path = fields.text("dotted_order")?;
    let (above, _) = path.rsplit_once('.')?;
    let last = above.rsplit('.').next()?;
    // `20240919T171648037249Z` and the id behind it.
    last.split_once('Z').map(|(_, id)| id.to_owned())
}

/// What the SDK and the caller say beside the run: metadata, and the parameters of a model.
fn extra(span: &mut RawSpan<'static>, fields: &mut Fields) {
    let mut extra = Fields::new(fields.object("extra"));
    let table = AttributeTable::built_in();
    for (name, value) in extra.object("metadata") {
        let known = match name.as_str() {
            "ls_provider" => "gen_ai.provider.name",
            "ls_model_name" => "gen_ai.request.model",
            // LangSmith makes a thread of runs that share one of these.
            "session_id" | "thread_id" | "conversation_id" => "gen_ai.conversation.id",
            "user_id" => "user.id",
            // What it calls the versions of prompts in its hub.
            "lc_hub_repo" => "gen_ai.prompt.name",
            "lc_hub_commit_hash" => "gen_ai.prompt.version",
            name if !table.targets(name).is_empty() => name,
            name => {
                set(span, format!("langsmith.metadata.{name}"), value);
                continue;
            }
        };
        set(span, known, value);
    }
    let mut parameters = extra.object("invocation_params");
    let model = ["model", "model_name"].iter();
    let mut models = model.filter_map(|name| parameters.get(*name)?.as_str());
    if let Some(model) = models.next()
        && span.attributes.get("gen_ai.request.model").is_none()
    {
        let model = model.to_owned();
        set(span, "gen_ai.request.model", model);
    }
    set_some(
        span,
        "gen_ai.tool.definitions",
        parameters.shift_remove("tools"),
    );
    if !parameters.is_empty() {
        set(span, "langsmith.invocation_params", parameters);
    }
}

fn status(span: &mut RawSpan<'static>, fields: &mut Fields) {
    let error = fields.text("error");
    let status = fields.text("status").unwrap_or_default();
    let code = match status.as_str() {
        "error" => 2,
        _ if error.is_some() => 2,
        "success" => 1,
        _ => 0,
    };
    set_some(span, "error.type", error.as_deref().and_then(error_type));
    span.status = RawStatus {
        code: Code(code),
        message: error.map(text).unwrap_or_default(),
    };
}

/// The name that a Python or JavaScript error begins with: `TimeoutError('…')`, `RateLimitError: …`.
fn error_type(error: &str) -> Option<&str> {
    let name = error.split(['(', ':']).next()?.trim();
    let is_name = name.len() < error.len()
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "._".contains(character));
    is_name.then_some(name)
}

fn content(span: &mut RawSpan<'static>, fields: &mut Fields, kind: &str) {
    let is_model = kind == "llm";
    for (field, read, name, other) in [
        (
            "inputs",
            asked as fn(&Json) -> Option<Json>,
            "gen_ai.input.messages",
            "input.value",
        ),
        (
            "outputs",
            answered,
            "gen_ai.output.messages",
            "output.value",
        ),
    ] {
        let Some(said) = fields.json(field) else {
            continue;
        };
        match read(&said).filter(|_| is_model) {
            Some(messages) => set(span, name, messages),
            None if said.as_object().is_some_and(Map::is_empty) => {}
            None => set(span, other, said.clone()),
        }
        if field == "outputs" && is_model {
            of_answer(span, &said, fields);
        }
    }
}

/// Why a model stopped, and what it used up, as far as only its answer says so.
fn of_answer(span: &mut RawSpan<'static>, outputs: &Json, fields: &Fields) {
    let reasons = |list: &Json, path: &[&str]| -> Vec<Json> {
        let items = list.as_array().into_iter().flatten();
        let items = items.flat_map(|item| match item {
            Json::Array(items) => items.iter().collect(),
            other => vec![other],
        });
        let reason = |item: &Json| {
            let found = path.iter().try_fold(item, |at, name| at.get(*name))?;
            found.is_string().then(|| found.clone())
        };
        items.filter_map(reason).collect()
    };
    let stopped = match (outputs.get("choices"), outputs.get("generations")) {
        (Some(choices), _) => reasons(choices, &["finish_reason"]),
        (_, Some(list)) => reasons(list, &["generation_info", "finish_reason"]),
        _ => Vec::new(),
    };
    if !stopped.is_empty() {
        set(span, "gen_ai.response.finish_reasons", stopped);
    }
    set_some(
        span,
        "gen_ai.response.id",
        outputs
            .get("id")
            .filter(|_| outputs.get("choices").is_some())
            .and_then(plain_text),
    );
    if fields.has("prompt_tokens") {
        return;
    }
    let used = [
        outputs.get("usage_metadata"),
        outputs.get("usage"),
        outputs.pointer("/llm_output/token_usage"),
    ];
    let Some(used) = used.into_iter().flatten().next() else {
        return;
    };
    for (names, name) in [
        (
            ["input_tokens", "prompt_tokens"],
            "gen_ai.usage.input_tokens",
        ),
        (
            ["output_tokens", "completion_tokens"],
            "gen_ai.usage.output_tokens",
        ),
    ] {
        let count = names.iter().find_map(|name| used.get(*name));
        set_some(span, name, count.cloned());
    }
    details(
        span,
        used.get("input_token_details"),
        used.get("output_token_details"),
    );
}

/// Parts of the tokens that were read and written.
fn details(span: &mut RawSpan<'static>, read: Option<&Json>, written: Option<&Json>) {
    for (details, names, name) in [
        (
            read,
            ["cache_read", "cached_tokens"],
            "gen_ai.usage.cache_read.input_tokens",
        ),
        (
            read,
            ["cache_creation", "cache_write"],
            "gen_ai.usage.cache_write.input_tokens",
        ),
        (
            written,
            ["reasoning", "reasoning_tokens"],
            "gen_ai.usage.reasoning.output_tokens",
        ),
    ] {
        let count = names.iter().find_map(|name| details?.get(*name)).cloned();
        set_some(span, name, count);
    }
}

fn usage(span: &mut RawSpan<'static>, fields: &mut Fields, start_ns: i64) {
    for (field, name) in [
        ("prompt_tokens", "gen_ai.usage.input_tokens"),
        ("completion_tokens", "gen_ai.usage.output_tokens"),
    ] {
        set_some(span, name, fields.take(field));
    }
    let read = fields.json("prompt_token_details");
    let written = fields.json("completion_token_details");
    details(span, read.as_ref(), written.as_ref());
    // What it could not price costs 0 there.
    let cost = fields.number("total_cost").filter(|cost| *cost > 0.0);
    set_some(span, "gen_ai.usage.cost", cost);
    if let Some(first) = fields.time("first_token_time") {
        #[expect(
            clippy::cast_precision_loss,
            reason = "it is within hours, which are exact"
        )]
        let seconds = first.saturating_sub(start_ns) as f64 / 1e9;
        set(span, "gen_ai.response.time_to_first_chunk", seconds);
    }
}

/// What happened within a run. Its start, its end and its pieces of text are no news.
fn events(list: Vec<Json>) -> Vec<RawEvent<'static>> {
    let events = list.into_iter().filter_map(|event| {
        let Json::Object(mut event) = event else {
            return None;
        };
        let name = event.shift_remove("name").as_ref().and_then(plain_text)?;
        if ["start", "end", "new_token"].contains(&name.as_str()) {
            return None;
        }
        let at = event.shift_remove("time").as_ref().and_then(time_ns);
        let attributes = match Value::from(Json::Object(event)) {
            Value::Map(attributes) => attributes,
            _ => Attributes::default(),
        };
        Some(RawEvent {
            time_unix_nano: at.map_or(Whole::Absent, Whole::Is),
            name: Text(name.into()),
            attributes,
        })
    });
    events.collect()
}

/// The mean of what was found of a run, by the key of the feedback.
fn feedback(span: &RawSpan<'static>, stats: Map<String, Json>, told: &mut Translated) {
    for (key, found) in stats {
        let Some(mean) = parsed(found).get("avg").and_then(number) else {
            continue;
        };
        let end_ns = span.end_time_unix_nano.get();
        told.scores.push(
            Found {
                trace: Some(span.trace_id.0.clone().into_owned()),
                span: Some(span.span_id.0.clone().into_owned()),
                at_ns: end_ns.or(span.start_time_unix_nano.get()),
                name: Some(key),
                value: Some(mean.into()),
                source: "langsmith feedback".to_owned(),
                ..Found::default()
            }
            .log(),
        );
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn the_sort_of_an_error_is_the_name_that_it_begins_with() {
        for (error, kind) in [
            ("TimeoutError('no answer')", Some("TimeoutError")),
            ("openai.RateLimitError: 429", None),
            ("RateLimitError: 429", Some("RateLimitError")),
            ("Something went wrong: no", None),
            ("TimeoutError", None),
            ("", None),
        ] {
            assert_eq!(error_type(error), kind, "{error}");
        }
    }
}
