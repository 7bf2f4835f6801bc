//! Calls to a model as an application reports them, one by one: for tests that look at what was asked
//! and answered, where [`super::traces`] is about traffic.

use serde_json::{Value, json};

use super::Sandbox;

/// A call to a model: a span of its own trace, in OTLP.
#[derive(Debug, Clone)]
pub(crate) struct ModelCall {
    /// The trace's id.
    pub(crate) trace: String,
    /// The span's id.
    pub(crate) span: String,
    /// When it began, in seconds after 2026-03-02T08:00:00Z. It takes a second.
    pub(crate) second: u64,
    attributes: Vec<(String, Value)>,
}

impl ModelCall {
    /// A call of a prompt. The ids follow from the number.
    pub(crate) fn of(prompt: &str, number: u64) -> Self {
        let call = Self {
            trace: format!("{number:04x}{:028x}", 0xabc),
            span: format!("{number:04x}{:012x}", 0xd00d),
            second: number,
            attributes: Vec::new(),
        };
        let call = call.with("gen_ai.operation.name", json!("chat"));
        call.with("gen_ai.prompt.name", json!(prompt))
    }

    /// With an attribute.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.attributes.push((name.to_owned(), value));
        self
    }

    /// With the value of a variable of the prompt.
    pub(crate) fn variable(self, name: &str, value: &str) -> Self {
        self.with(&format!("gen_ai.prompt.variable.{name}"), json!(value))
    }

    /// With what was said before the answer, by who said it.
    pub(crate) fn said(self, messages: &[(&str, &str)]) -> Self {
        let messages: Value = messages
            .iter()
            .map(|(role, text)| json!({"role": role, "parts": [{"type": "text", "content": text}]}))
            .collect();
        self.with("gen_ai.input.messages", json!(messages.to_string()))
    }

    /// With the answer.
    pub(crate) fn answers(self, text: &str) -> Self {
        let message = json!([{
            "role": "assistant",
            "parts": [{"type": "text", "content": text}],
            "finish_reason": "stop",
        }]);
        self.with("gen_ai.output.messages", json!(message.to_string()))
    }

    /// `<trace>/<span>`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.trace, self.span)
    }

    /// An export request with the span.
    pub(crate) fn request(&self) -> Value {
        let attribute = |(name, value): &(String, Value)| {
            let value = match value {
                Value::String(text) => json!({ "stringValue": text }),
                Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
                other => json!({ "intValue": other.to_string() }),
            };
            json!({ "key": name, "value": value })
        };
        let start = 1_772_438_400 + self.second;
        let span = json!({
            "traceId": self.trace,
            "spanId": self.span,
            "name": "chat",
            "kind": 3,
            "startTimeUnixNano": format!("{start}000000000"),
            "endTimeUnixNano": format!("{}000000000", start + 1),
            "attributes": self.attributes.iter().map(attribute).collect::<Vec<_>>(),
        });
        json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] })
    }
}

impl Sandbox {
    /// Brings calls into the store.
    #[track_caller]
    pub(crate) fn imports_calls(&self, calls: &[ModelCall]) {
        let lines = calls.iter().map(|call| call.request().to_string() + "\n");
        let lines: String = lines.collect();
        self.imports_text(&lines);
    }
}
