//! Telemetry made up for tests: as it is sent, and as the collector writes it to ClickHouse.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::trace_store::generated::{Dice, START};

/// Spans and log records.
pub(crate) struct Telemetry {
    /// As requests of OTLP, one a line.
    pub(crate) otlp: String,
    /// The rows of `otel_traces`.
    pub(crate) spans: Vec<Json>,
    /// The rows of `otel_logs`.
    pub(crate) logs: Vec<Json>,
}

/// An attribute's value, as senders have them.
#[derive(Clone)]
enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
    List(Vec<String>),
}

type Attributes = BTreeMap<&'static str, Value>;

impl Value {
    fn otlp(&self) -> Json {
        match self {
            Self::Text(text) => json!({"stringValue": text}),
            Self::Whole(whole) => json!({"intValue": whole.to_string()}),
            Self::Number(number) => json!({"doubleValue": number}),
            Self::List(texts) => {
                let values = texts.iter().map(|text| json!({"stringValue": text}));
                json!({"arrayValue": {"values": values.collect::<Vec<_>>()}})
            }
        }
    }

    /// The exporter's maps hold texts only: a list is JSON.
    fn stored(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(whole) => whole.to_string(),
            Self::Number(number) => number.to_string(),
            Self::List(texts) => json!(texts).to_string(),
        }
    }
}

fn otlp(attributes: &Attributes) -> Json {
    let pairs = attributes.iter();
    let pairs = pairs.map(|(key, value)| json!({"key": key, "value": value.otlp()}));
    pairs.collect()
}

fn stored(attributes: &Attributes) -> Json {
    let pairs = attributes.iter();
    let pairs = pairs.map(|(key, value)| ((*key).to_owned(), Json::from(value.stored())));
    Json::Object(pairs.collect())
}

impl Telemetry {
    /// This many spans, with scores; the same seed gives the same.
    pub(crate) fn new(seed: u64, count: usize) -> Self {
        let mut made = Self {
            otlp: String::new(),
            spans: Vec::new(),
            logs: Vec::new(),
        };
        let mut dice = Dice(seed);
        for index in 0..count {
            let resource = resource(&mut dice);
            let (sent, row) = span(&mut dice, index, &resource);
            let request = json!({"resourceSpans": [{
                "resource": {"attributes": otlp(&resource)},
                "scopeSpans": [{"scope": {"name": "test"}, "spans": [sent]}],
            }]});
            made.send(&request);
            made.spans.push(row);
            if dice.below(5) == 0 {
                made.log(&mut dice, index);
            }
        }
        made
    }

    fn send(&mut self, request: &Json) {
        self.otlp.push_str(&request.to_string());
        self.otlp.push('\n');
    }

    fn log(&mut self, dice: &mut Dice, index: usize) {
        let about = dice.below(3);
        let trace = if about == 2 {
            String::new()
        } else {
            trace_id(dice.below(1 + index / 3))
        };
        let span = if about == 0 {
            span_id(dice.below(1 + index))
        } else {
            String::new()
        };
        let mut attributes = score(dice);
        if about > 0 {
            let response = format!("r{}", dice.below(40));
            attributes.insert("gen_ai.response.id", Value::Text(response));
        }
        let named = dice.below(2) == 0;
        if !named {
            let event = "gen_ai.evaluation.result".to_owned();
            attributes.insert("event.name", Value::Text(event));
        }
        let event = if named {
            "gen_ai.evaluation.result"
        } else {
            ""
        };
        let at = moment(dice);
        let request = json!({"resourceLogs": [{
            "resource": {"attributes": []},
            "scopeLogs": [{"scope": {"name": "grader"}, "logRecords": [{
                "timeUnixNano": at.to_string(), "traceId": trace, "spanId": span,
                "eventName": event, "attributes": otlp(&attributes),
            }]}],
        }]});
        self.send(&request);
        self.logs.push(json!({
            "Timestamp": seconds(at), "TraceId": trace, "SpanId": span, "ScopeName": "grader",
            "EventName": event, "LogAttributes": stored(&attributes),
        }));
    }
}

fn trace_id(number: usize) -> String {
    format!("{:032x}", number + 1)
}

fn span_id(number: usize) -> String {
    format!("{:016x}", number + 1)
}

/// A moment in nanoseconds, of few different ones, so that some are equal.
fn moment(dice: &mut Dice) -> i64 {
    let offset = i64::try_from(dice.below(4 * 60 * 60)).expect("it is a few hours");
    (START + offset) * 1_000_000_000 + i64::try_from(dice.below(3)).expect("it is small")
}

/// A moment as ClickHouse reads it.
fn seconds(nanoseconds: i64) -> String {
    format!(
        "{}.{:09}",
        nanoseconds / 1_000_000_000,
        nanoseconds % 1_000_000_000
    )
}

fn resource(dice: &mut Dice) -> Attributes {
    let mut attributes = Attributes::new();
    word(dice, &mut attributes, "service.name", &["api", "worker"]);
    word(dice, &mut attributes, "service.version", &["d1", "d2"]);
    word(
        dice,
        &mut attributes,
        "deployment.environment.name",
        &["production", "staging"],
    );
    word(dice, &mut attributes, "customer", &["ACME", ""]);
    attributes
}

fn word(dice: &mut Dice, attributes: &mut Attributes, name: &'static str, words: &[&str]) {
    if dice.below(3) != 0 {
        let text = words[dice.below(words.len())].to_owned();
        attributes.insert(name, Value::Text(text));
    }
}

/// A number of which the decimal digits are exact.
fn number(dice: &mut Dice, below: usize, parts: u32) -> f64 {
    let parts_of = u32::try_from(dice.below(below)).expect("it is small");
    f64::from(parts_of) / f64::from(parts)
}

/// Attributes of spans with the texts that they may have.
const WORDS: [(&str, &[&str]); 26] = [
    (
        "gen_ai.operation.name",
        &[
            "chat",
            "embeddings",
            "execute_tool",
            "invoke_agent",
            "dance",
            "workflow",
        ],
    ),
    ("openinference.span.kind", &["LLM", "TOOL", "CHAIN"]),
    ("gen_ai.provider.name", &["openai", "anthropic", "mine"]),
    (
        "gen_ai.request.model",
        &[
            "gpt-4.1-mini",
            "gpt-4.1-2025-04-14",
            "claude-haiku-4-5-20251001",
            "own",
        ],
    ),
    ("gen_ai.response.model", &["gpt-4.1", ""]),
    (
        "langfuse.observation.usage_details",
        &[
            r#"{"input":100,"input_cached_tokens":40,"output":"7","output_reasoning_tokens":3}"#,
            r#"{"cache_creation_input_tokens":5}"#,
            "nonsense",
        ],
    ),
    (
        "langfuse.observation.cost_details",
        &[r#"{"total":0.5}"#, r#"{"input":0.25,"output":0.125}"#, "{}"],
    ),
    ("ai.response.finishReason", &["tool_calls", "a, b"]),
    (
        "gen_ai.response.id",
        &["r1", "r2", "r3", "r5", "r8", "r13", "r21", "r34"],
    ),
    ("http.route", &["/tickets", "GET /"]),
    ("http.request.method", &["POST"]),
    ("http.method", &["GET", "200"]),
    ("session.id", &["s1", "s2", "s3"]),
    ("user.id", &["u1", "ü2", "it's"]),
    ("gen_ai.tool.name", &["search"]),
    ("error.type", &["timeout", "500"]),
    ("langfuse.observation.level", &["ERROR", "DEFAULT"]),
    (
        "gen_ai.prompt.name",
        &["support/triage", "support/answer", " "],
    ),
    ("gen_ai.prompt.version", &["1", "2"]),
    ("traceloop.prompt.version_hash", &["aa", "bb"]),
    ("pointsman.lane", &["canary"]),
    ("customer", &["ACME", "GET"]),
    ("Größe", &["200", "ACME"]),
    (
        "gen_ai.input.messages",
        &["[{\"role\":\"user\",\"parts\":[]}]"],
    ),
    (
        "gen_ai.response.time_to_first_chunk",
        &["0.25", "soon", "-1"],
    ),
    ("metadata", &["plain"]),
];

/// Attributes with whole numbers, each below a limit.
const COUNTS: [(&str, usize); 6] = [
    ("gen_ai.usage.input_tokens", 3_000),
    ("gen_ai.usage.output_tokens", 500),
    ("gen_ai.usage.cache_read.input_tokens", 200),
    ("llm.token_count.prompt", 3_000),
    ("llm.token_count.completion_details.reasoning", 50),
    ("ai.response.msToFirstChunk", 900),
];

/// Attributes with lists.
const LISTS: [(&str, [&[&str]; 3]); 2] = [
    (
        "gen_ai.response.finish_reasons",
        [&["stop"], &["length", "stop"], &[]],
    ),
    ("tag.tags", [&["gold", "beta", "gold"], &["Zürich"], &[]]),
];

fn span_attributes(dice: &mut Dice) -> Attributes {
    let mut all = Attributes::new();
    for (name, words) in WORDS {
        word(dice, &mut all, name, words);
    }
    for (name, below) in COUNTS {
        if dice.below(3) != 0 {
            let whole = i64::try_from(dice.below(below)).expect("it is small");
            all.insert(name, Value::Whole(whole));
        }
    }
    for (name, lists) in LISTS {
        let list = lists[dice.below(3)].iter().map(|it| (*it).to_owned());
        all.insert(name, Value::List(list.collect()));
    }
    if dice.below(4) == 0 {
        let cost = number(dice, 1_000, 1_024);
        all.insert("gen_ai.usage.cost", Value::Number(cost));
    }
    all
}

fn score(dice: &mut Dice) -> Attributes {
    let mut attributes = Attributes::new();
    let name = ["queue-matches", "tone"][dice.below(2)].to_owned();
    attributes.insert("gen_ai.evaluation.name", Value::Text(name));
    if dice.below(4) != 0 {
        let value = number(dice, 9, 8);
        attributes.insert("gen_ai.evaluation.score.value", Value::Number(value));
    }
    word(
        dice,
        &mut attributes,
        "gen_ai.evaluation.score.label",
        &["pass", "fail"],
    );
    word(
        dice,
        &mut attributes,
        "gen_ai.evaluation.explanation",
        &["it says so"],
    );
    attributes
}

/// A span as it is sent, and its row.
fn span(dice: &mut Dice, index: usize, resource: &Attributes) -> (Json, Json) {
    let (trace, id) = (trace_id(dice.below(1 + index / 3)), span_id(index));
    let parent = match dice.below(3) {
        0 => String::new(),
        _ => span_id(dice.below(1 + index)),
    };
    let attributes = span_attributes(dice);
    let start = moment(dice);
    let duration = i64::try_from(dice.below(20) * 50_000_000).expect("it is a second");
    let kinds = [
        (0, "Unspecified"),
        (1, "Internal"),
        (2, "Server"),
        (3, "Client"),
    ];
    let (kind, kind_name) = kinds[dice.below(4)];
    let (status, status_name) = [(0, "Unset"), (1, "Ok"), (2, "Error")][dice.below(3)];
    let name = ["chat gpt", "lookup", "Antwort für Ümläut"][dice.below(3)];
    let message = ["", "it broke\tagain"][dice.below(2)];
    let mut events: Vec<(&str, i64, Attributes)> = Vec::new();
    if dice.below(4) == 0 {
        let mut thrown = Attributes::new();
        word(
            dice,
            &mut thrown,
            "exception.type",
            &["ValueError", "KeyError"],
        );
        events.push(("exception", start + 7, thrown));
    }
    for _ in 0..dice.below(3) {
        events.push(("gen_ai.evaluation.result", start + 9, score(dice)));
    }
    let sent_events = events.iter().map(|(name, at, attributes)| {
        json!({"name": name, "timeUnixNano": at.to_string(), "attributes": otlp(attributes)})
    });
    let sent = json!({
        "traceId": trace, "spanId": id, "parentSpanId": parent, "name": name, "kind": kind,
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + duration).to_string(),
        "status": {"code": status, "message": message},
        "attributes": otlp(&attributes),
        "events": sent_events.collect::<Vec<_>>(),
    });
    // Exporters have spelled kinds and statuses in two ways.
    let old = dice.below(2) == 0;
    let spelled = |before: &str, name: &str| {
        if old {
            format!("{before}{}", name.to_uppercase())
        } else {
            name.to_owned()
        }
    };
    let row = json!({
        "Timestamp": seconds(start), "TraceId": trace, "SpanId": id, "ParentSpanId": parent,
        "SpanName": name, "SpanKind": spelled("SPAN_KIND_", kind_name), "Duration": duration,
        "StatusCode": spelled("STATUS_CODE_", status_name), "StatusMessage": message,
        "ResourceAttributes": stored(resource), "SpanAttributes": stored(&attributes),
        "Events.Timestamp": events.iter().map(|it| seconds(it.1)).collect::<Vec<_>>(),
        "Events.Name": events.iter().map(|it| it.0).collect::<Vec<_>>(),
        "Events.Attributes": events.iter().map(|it| stored(&it.2)).collect::<Vec<_>>(),
    });
    (sent, row)
}
