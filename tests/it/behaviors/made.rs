//! Traces that tests of behaviors bring in, and what they read of the results.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::Sandbox;

/// A trace of a service: its root, and the steps below it.
pub(super) struct Told {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) lane: &'static str,
    pub(super) steps: Vec<Step>,
}

/// A step of a trace.
pub(super) enum Step {
    /// A tool is called with arguments, and gives something back.
    Tool(&'static str, Value, Value),
    /// A model is asked something, and answers.
    Chat(String, String),
    /// A step ends with this error.
    Fails(String),
}

impl Told {
    /// A trace with this number, so many minutes after the first of March.
    pub(super) fn new(number: u64, minutes: i64, steps: Vec<Step>) -> Self {
        let first: Timestamp = "2026-03-01T00:00:00Z".parse().expect("this is a time");
        Self {
            id: format!("{number:032x}"),
            at: first + SignedDuration::from_mins(minutes),
            lane: "production",
            steps,
        }
    }

    /// As a file exporter writes it.
    pub(super) fn line(&self) -> String {
        let mut now = self.at.as_nanosecond();
        let failed = self.steps.iter().any(|step| matches!(step, Step::Fails(_)));
        let mut spans = vec![self.span(0, now, "POST /orders", &[], failed.then_some("failed"))];
        for (step, index) in self.steps.iter().zip(1..) {
            now += 1_000_000;
            spans.push(match step {
                Step::Tool(name, arguments, result) => self.span(
                    index,
                    now,
                    &format!("execute_tool {name}"),
                    &[
                        ("gen_ai.operation.name", "execute_tool"),
                        ("gen_ai.tool.name", name),
                        ("gen_ai.tool.call.arguments", &arguments.to_string()),
                        ("gen_ai.tool.call.result", &result.to_string()),
                    ],
                    None,
                ),
                Step::Chat(asked, answer) => self.span(
                    index,
                    now,
                    "chat gpt-4.1-mini",
                    &[
                        ("gen_ai.operation.name", "chat"),
                        ("gen_ai.prompt.name", "triage"),
                        ("gen_ai.input.messages", &said("user", asked)),
                        ("gen_ai.output.messages", &said("assistant", answer)),
                    ],
                    None,
                ),
                Step::Fails(message) => self.span(
                    index,
                    now,
                    "chat gpt-4.1-mini",
                    &[("gen_ai.operation.name", "chat")],
                    Some(message),
                ),
            });
        }
        let resource = json!({ "attributes": attributes(&[
            ("service.name", "orders"),
            ("deployment.environment.name", self.lane),
        ])});
        let spans = json!([{ "scope": { "name": "orders" }, "spans": spans }]);
        json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": spans }] }).to_string()
    }

    fn span(
        &self,
        index: u64,
        at: i128,
        name: &str,
        said: &[(&str, &str)],
        error: Option<&str>,
    ) -> Value {
        let mut span = json!({
            "traceId": self.id,
            "spanId": format!("{:016x}", index + 1),
            "name": name,
            "kind": 1,
            "startTimeUnixNano": at.to_string(),
            "endTimeUnixNano": (at + 900_000).to_string(),
            "attributes": attributes(said),
            "status": {},
        });
        if index > 0 {
            span["parentSpanId"] = json!(format!("{:016x}", 1));
        }
        if let Some(message) = error {
            span["status"] = json!({ "code": 2, "message": message });
        }
        span
    }
}

fn said(role: &str, text: &str) -> String {
    json!([{ "role": role, "parts": [{ "type": "text", "content": text }] }]).to_string()
}

fn attributes(said: &[(&str, &str)]) -> Vec<Value> {
    let said = said.iter();
    said.map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } }))
        .collect()
}

impl Sandbox {
    /// Brings traces into the store.
    #[track_caller]
    pub(super) fn imports_told(&self, traces: &[Told]) {
        let lines: String = traces.iter().map(|trace| trace.line() + "\n").collect();
        self.imports_text(&lines);
    }

    /// The behaviors that a scan finds.
    #[track_caller]
    pub(super) fn scans(&self, args: &[&str]) -> Behaviors {
        let args = [&["behaviors", "scan", "--json"], args].concat();
        Behaviors(self.pointsman(&args).succeeds().json())
    }

    /// Every file of a behavior, one after the other.
    pub(super) fn behavior_files(&self) -> String {
        let folder = self.path().join("operations/behaviors");
        let entries = std::fs::read_dir(folder).expect("there are behaviors");
        let mut files: Vec<_> = entries
            .map(|entry| entry.expect("it can be read").path())
            .collect();
        files.sort();
        let mut all = String::new();
        for file in files {
            let text = std::fs::read_to_string(&file).expect("it is text");
            let name = file.file_name().expect("it is a file").display();
            let _ = writeln!(all, "== {name}\n{}", text.trim_end());
        }
        all
    }
}

/// The behaviors in the result of a command.
pub(super) struct Behaviors(pub(super) Value);

impl Behaviors {
    /// The behavior whose signature holds this.
    #[track_caller]
    pub(super) fn of(&self, signature: &str) -> &Value {
        let holds = |it: &&Value| {
            let known = it["signature"].as_str().expect("it is text");
            known.contains(signature)
        };
        let behaviors = self.all();
        let found = behaviors.iter().find(holds);
        found.unwrap_or_else(|| panic!("no behavior `{signature}` in {:#}", self.0))
    }

    /// Whether there is one whose signature holds this.
    pub(super) fn has(&self, signature: &str) -> bool {
        let known = |it: &Value| it["signature"].as_str().map(|it| it.contains(signature));
        self.all().iter().any(|it| known(it) == Some(true))
    }

    /// All of them.
    pub(super) fn all(&self) -> &Vec<Value> {
        self.0["behaviors"].as_array().expect("it is a list")
    }
}
