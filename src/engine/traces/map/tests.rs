//! Spans of each convention, as their own SDKs send them, in our columns.

use serde_json::{Value as Json, json};

use crate::domain::trace::span::{Operation, Span, SpanStatus};
use crate::engine::ports::traces::TraceBatch;

use super::super::otlp::from_json;
use super::cost::TracePrices;
use super::{Mapped, Mapper, Unusable};

const TRACE: &str = "5b8efff798038103d269b633813fc60c";
const SPAN: &str = "eee19b7ec3c1b174";

/// A span with attributes, and the fields that are given beside them.
#[expect(
    clippy::needless_pass_by_value,
    reason = "tests read better with their JSON written in place"
)]
fn raw_span(attributes: Json, fields: Json) -> Json {
    let mut span = json!({
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "a step",
        "startTimeUnixNano": "1772352000000000000",
        "endTimeUnixNano": "1772352001500000000",
        "attributes": attributes,
    });
    for (name, value) in fields.as_object().expect("tests give an object") {
        span[name] = value.clone();
    }
    span
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "tests read better with their JSON written in place"
)]
fn mapped_with(resource: Json, spans: Json) -> (TraceBatch, Mapped) {
    let request = json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "spans": spans }],
    }]});
    let text = request.to_string();
    let mut batch = TraceBatch::default();
    let mut mapped = Mapped::default();
    let mut reader = Mapper::new(TracePrices::default());
    reader.map(
        from_json(text.as_bytes()).expect("the test gives it"),
        &mut batch,
        &mut mapped,
    );
    (batch, mapped)
}

fn span_with(attributes: Json, fields: Json) -> Span {
    let spans = json!([raw_span(attributes, fields)]);
    let (mut batch, mapped) = mapped_with(json!({ "service.name": "api" }), spans);
    assert_eq!(mapped.unusable.len(), 0);
    batch.spans.remove(0)
}

fn span(attributes: Json) -> Span {
    span_with(attributes, json!({}))
}

#[test]
fn opentelemetrys_conventions_fill_every_column() {
    let span = span_with(
        json!({
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4.1",
            "gen_ai.response.model": "gpt-4.1-2025-04-14",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.response.finish_reasons": ["stop", "length"],
            "gen_ai.response.time_to_first_chunk": 0.25,
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.cache_read.input_tokens": 400,
            "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.reasoning.output_tokens": 40,
            "gen_ai.prompt.name": "support/triage",
            "gen_ai.prompt.version": "a0a0a0",
            "gen_ai.prompt.variable.ticket": "Where is it?",
            "gen_ai.prompt.variable.count": 3,
            "gen_ai.conversation.id": "c-1",
            "gen_ai.system_instructions": [{ "type": "text", "content": "Be kind." }],
            "gen_ai.input.messages": "[{\"role\":\"user\",\"parts\":[]}]",
            "gen_ai.output.messages": [{ "role": "assistant", "parts": [] }],
            "gen_ai.tool.definitions": "[]",
            "pointsman.lane": "production",
            "pointsman.deployment.id": "1f1f",
            "pointsman.prompt.fingerprint": "a0a0a0b1",
            "deployment.environment.name": "production",
            "gen_ai.request.temperature": 0.5,
            "user.id": "u-1",
        }),
        json!({ "kind": 3, "status": { "code": 1 } }),
    );
    insta::assert_json_snapshot!(span);
}

#[test]
fn openinferences_flattened_attributes_fill_columns() {
    let span = span(json!({
        "openinference.span.kind": "LLM",
        "llm.system": "openai",
        "llm.model_name": "gpt-4.1-mini",
        "llm.token_count.prompt": 140,
        "llm.token_count.completion": 2,
        "llm.token_count.prompt_details.cache_read": 100,
        "llm.cost.total": 0.002,
        "llm.prompt_template.version": "v1.0",
        "llm.prompt_template.variables": "{\"city\": \"Oslo\", \"days\": 3}",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "hi",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "hello",
        "input.value": "{\"messages\": []}",
        "input.mime_type": "application/json",
        "session.id": "s-1",
        "tag.tags": ["eu", "beta", "eu"],
        "metadata": "{\"author\": \"Kim\", \"level\": 2}",
        "annotations.0.annotation.name": "tone",
        "annotations.0.annotation.score": 0.5,
    }));
    insta::assert_json_snapshot!(span);
}

#[test]
fn openllmetrys_old_attributes_fill_columns() {
    let span = span(json!({
        "traceloop.span.kind": "task",
        "gen_ai.system": "OpenAI",
        "llm.request.type": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.prompt_tokens": 9,
        "gen_ai.usage.completion_tokens": 4,
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "hi",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "hello",
        "gen_ai.completion.0.finish_reason": "stop",
        "traceloop.prompt.key": "triage",
        "traceloop.prompt.version_hash": "abc",
        "traceloop.prompt.template_variables.city": "Oslo",
        "traceloop.association.properties.user_id": "u-1",
    }));
    assert_eq!(span.lineage.prompt.as_deref(), Some("triage"));
    assert_eq!(span.lineage.version.as_deref(), Some("abc"));
    assert_eq!(span.lineage.fingerprint.as_deref(), Some("abc"));
    assert_eq!(span.content.variables["city"], "Oslo");
    assert_eq!(span.origin.user.as_deref(), Some("u-1"));
    let input: Json =
        serde_json::from_str(span.content.input.as_deref().expect("the test gives it"))
            .expect("the test gives it");
    assert_eq!(input[0]["parts"][0]["content"], "hi");
    // A task is a step of a workflow: its calls say what they used up.
    assert_eq!(span.operation, Operation::InvokeWorkflow);
    assert_eq!(span.call.input_tokens, None);
    assert_eq!(span.attributes["gen_ai.usage.prompt_tokens"], "9");
}

#[test]
fn langfuses_attributes_fill_columns() {
    let span = span(json!({
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "claude-haiku-4-5",
        "langfuse.observation.prompt.name": "triage",
        "langfuse.observation.prompt.version": 7,
        "langfuse.observation.usage_details":
            "{\"input\":100,\"input_cached_tokens\":20,\"output\":5,\"total\":125}",
        "langfuse.observation.cost_details": "{\"input\":0.001,\"output\":0.002}",
        "langfuse.observation.completion_start_time": "\"2026-03-01T08:00:00.250Z\"",
        "langfuse.observation.level": "ERROR",
        "langfuse.observation.status_message": "overloaded",
        "langfuse.observation.input": "[{\"role\":\"user\",\"content\":\"hi\"}]",
        "langfuse.environment": "staging",
        "langfuse.release": "r-2",
        "langfuse.trace.tags": ["a"],
        "langfuse.trace.metadata.plan": "pro",
    }));
    assert_eq!(span.lineage.version.as_deref(), Some("7"));
    assert_eq!(span.lineage.lane.as_deref(), Some("staging"));
    assert_eq!(span.lineage.deployment.as_deref(), Some("r-2"));
    assert_eq!(span.call.input_tokens, Some(120));
    assert_eq!(span.call.cache_read_tokens, Some(20));
    assert_eq!(span.call.cost_usd, Some(0.003));
    assert_eq!(span.call.cost_source.as_deref(), Some("reported"));
    assert_eq!(span.call.time_to_first_chunk_ns, Some(250_000_000));
    assert_eq!(span.status, SpanStatus::Error);
    assert_eq!(span.status_message.as_deref(), Some("overloaded"));
    assert_eq!(span.attributes["langfuse.trace.metadata.plan"], "pro");
}

#[test]
fn vercels_attributes_fill_columns() {
    let span = span(json!({
        "ai.operationId": "ai.streamText.doStream",
        "ai.model.provider": "openai.responses",
        "ai.model.id": "gpt-4.1",
        "ai.usage.inputTokens": 1000,
        "ai.usage.cachedInputTokens": 0,
        "ai.usage.outputTokens": 10,
        "ai.response.msToFirstChunk": 120.5,
        "ai.response.finishReason": "stop",
        "ai.response.text": "hello",
        "ai.prompt.messages":
            "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}]",
        "ai.telemetry.metadata.userId": "u-1",
    }));
    assert_eq!(span.operation, Operation::Chat);
    assert_eq!(span.call.time_to_first_chunk_ns, Some(120_500_000));
    // 1,000 tokens at 2 and 10 at 8 US dollars a million.
    assert!((span.call.cost_usd.expect("the test gives it") - 0.002_08).abs() < 1e-12);
    assert_eq!(span.content.output.as_deref(), Some("hello"));
    assert_eq!(span.origin.user.as_deref(), Some("u-1"));
    let whole = span_with(
        json!({ "ai.operationId": "ai.streamText", "ai.usage.inputTokens": 1000 }),
        json!({}),
    );
    assert_eq!(whole.operation, Operation::InvokeWorkflow);
    assert_eq!(whole.call.input_tokens, None);
}

#[test]
fn an_agent_elsewhere_is_a_call_and_one_here_repeats_its_calls() {
    let agent = json!({ "gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 5 });
    let here = span_with(agent.clone(), json!({ "kind": 1 }));
    assert_eq!(here.call.input_tokens, None);
    assert_eq!(here.attributes["gen_ai.usage.input_tokens"], "5");
    let elsewhere = span_with(agent, json!({ "kind": 3 }));
    assert_eq!(elsewhere.call.input_tokens, Some(5));
}

#[test]
fn tokens_of_the_cache_that_are_counted_beside_the_input_are_added_to_it() {
    let span = span(json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-haiku-4-5",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.cache_read_input_tokens": 900,
        "gen_ai.usage.cache_creation_input_tokens": 90,
        "gen_ai.usage.output_tokens": 1,
    }));
    assert_eq!(span.call.input_tokens, Some(1_000));
    assert_eq!(span.call.cache_write_tokens, Some(90));
}

#[test]
fn what_a_resource_says_counts_unless_the_span_says_otherwise() {
    let resource = json!({
        "service.name": "api",
        "service.version": "1.2",
        "deployment.environment.name": "staging",
        "host.name": "h",
        "team": "a",
    });
    let spans = json!([
        raw_span(
            json!({ "deployment.environment.name": "production", "team": "b" }),
            json!({})
        ),
        raw_span(json!({ "service.version": "9" }), json!({})),
    ]);
    let (batch, _) = mapped_with(resource, spans);
    let (first, second) = (&batch.spans[0], &batch.spans[1]);
    assert_eq!(first.lineage.lane.as_deref(), Some("production"));
    assert_eq!(first.lineage.deployment.as_deref(), Some("1.2"));
    assert_eq!(first.attributes["team"], "b");
    assert_eq!(first.attributes["host.name"], "h");
    assert_eq!(second.lineage.lane.as_deref(), Some("staging"));
    assert_eq!(second.attributes["service.version"], "9");
}

#[test]
fn a_source_that_says_something_else_stays_an_attribute() {
    let span = span(json!({
        "gen_ai.request.model": "gpt-4.1",
        "gen_ai.response.model": "gpt-4.1-2025-04-14",
        "gen_ai.provider.name": "openai",
        "gen_ai.system": "openai",
        "gen_ai.operation.name": "realtime",
    }));
    assert_eq!(span.attributes["gen_ai.request.model"], "gpt-4.1");
    assert!(!span.attributes.contains_key("gen_ai.system"));
    assert_eq!(span.attributes["gen_ai.operation.name"], "realtime");
}

#[test]
fn an_exception_says_what_went_wrong_and_stays_an_event() {
    let events = json!([
        { "name": "retry", "timeUnixNano": "1772352000500000000", "attributes": { "n": 1 } },
        { "name": "exception", "timeUnixNano": 1_772_352_001_000_000_000_i64,
          "attributes": { "exception.type": "TimeoutError", "exception.message": "too late" } },
    ]);
    let span = span_with(
        json!({}),
        json!({ "events": events, "status": { "code": 2 } }),
    );
    assert_eq!(span.status, SpanStatus::Error);
    assert_eq!(span.error_type.as_deref(), Some("TimeoutError"));
    assert_eq!(span.status_message.as_deref(), Some("too late"));
    let kept: Json =
        serde_json::from_str(span.content.events.as_deref().expect("the test gives it"))
            .expect("the test gives it");
    assert_eq!(
        kept[0],
        json!({ "name": "retry", "time": "2026-03-01T08:00:00.5Z", "attributes": { "n": 1 } })
    );
}

#[test]
fn content_that_came_as_an_event_is_content() {
    let events = json!([
        { "name": "gen_ai.content.prompt", "attributes": { "gen_ai.prompt": "hi" } },
        { "name": "gen_ai.client.inference.operation.details",
          "attributes": { "gen_ai.output.messages": [{ "role": "assistant", "parts": [] }] } },
    ]);
    let span = span_with(
        json!({ "gen_ai.operation.name": "chat" }),
        json!({ "events": events }),
    );
    assert_eq!(span.content.input.as_deref(), Some("hi"));
    assert_eq!(
        span.content.output.as_deref(),
        Some("[{\"role\":\"assistant\",\"parts\":[]}]")
    );
    assert_eq!(span.content.events, None);
}

#[test]
fn scores_come_as_events_and_as_attributes() {
    let events = json!([{
        "name": "gen_ai.evaluation.result",
        "timeUnixNano": "1772352001000000000",
        "attributes": {
            "gen_ai.evaluation.name": "relevance",
            "gen_ai.evaluation.score.value": 0.8,
            "gen_ai.evaluation.score.label": "relevant",
        },
    }]);
    let attributes = json!({
        "annotations.0.annotation.name": "tone",
        "annotations.0.annotation.score": 1,
        "annotations.0.annotation.annotator_kind": "HUMAN",
        "trace.evaluations.0.evaluation.name": "solved",
        "trace.evaluations.0.evaluation.label": "yes",
        "eval.Hallucination.label": "factual",
        "eval.Hallucination.score": 0,
        "annotations.1.annotation.name": "says nothing",
        "evaluations.x": "stays",
    });
    let spans = json!([raw_span(attributes, json!({ "events": events }))]);
    let (batch, _) = mapped_with(json!({}), spans);
    insta::assert_json_snapshot!(batch.scores);
    assert_eq!(batch.spans[0].attributes.len(), 1);
    assert_eq!(batch.spans[0].content.events, None);
}

#[test]
fn scores_come_as_log_records_and_other_records_are_counted() {
    let log = |name: &str, attributes: Json| {
        json!({
            "eventName": name,
            "timeUnixNano": "1772352001000000000",
            "traceId": TRACE,
            "spanId": SPAN,
            "attributes": attributes,
        })
    };
    let result = json!({ "gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.value": 1 });
    let old = json!({ "event.name": "gen_ai.evaluation.result", "gen_ai.evaluation.name": "tone",
        "error.type": "timeout" });
    let request = json!({ "resourceLogs": [{ "scopeLogs": [{
        "scope": { "name": "grader" },
        "logRecords": [
            log("gen_ai.evaluation.result", result),
            log("", old),
            log("gen_ai.evaluation.result", json!({ "gen_ai.evaluation.name": "tone" })),
            log("gen_ai.user.message", json!({})),
        ],
    }]}]});
    let text = request.to_string();
    let mut batch = TraceBatch::default();
    let mut mapped = Mapped::default();
    let mut reader = Mapper::new(TracePrices::default());
    reader.map(
        from_json(text.as_bytes()).expect("the test gives it"),
        &mut batch,
        &mut mapped,
    );
    assert_eq!(batch.scores.len(), 2);
    assert_eq!(batch.scores[0].source.as_deref(), Some("grader"));
    assert_eq!(batch.scores[1].error_type.as_deref(), Some("timeout"));
    assert_eq!((mapped.incomplete_scores, mapped.other_logs), (1, 1));
}

#[test]
fn a_span_that_cannot_be_placed_is_counted_with_its_reason() {
    let spans = json!([
        raw_span(
            json!({}),
            json!({ "traceId": "00000000000000000000000000000000" })
        ),
        raw_span(json!({}), json!({ "spanId": "" })),
        raw_span(json!({}), json!({ "startTimeUnixNano": "0" })),
        raw_span(json!({}), json!({ "endTimeUnixNano": "1" })),
        raw_span(json!({}), json!({ "endTimeUnixNano": null })),
        raw_span(json!({}), json!({})),
    ]);
    let (batch, mapped) = mapped_with(json!({}), spans);
    assert_eq!(batch.spans.len(), 1);
    let counted: Vec<(Unusable, u64)> = mapped.unusable.into_iter().collect();
    assert_eq!(
        counted,
        [
            (Unusable::TraceId, 1),
            (Unusable::SpanId, 1),
            (Unusable::Start, 1),
            (Unusable::End, 2)
        ]
    );
    assert_eq!(mapped.unmapped, 1);
}

#[test]
fn a_route_is_told_with_its_method() {
    let attributes = json!({ "http.route": "/tickets", "http.request.method": "POST" });
    assert_eq!(
        span(attributes).origin.route.as_deref(),
        Some("POST /tickets")
    );
}
