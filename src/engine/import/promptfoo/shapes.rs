//! Rules with what differs from test to test left open, and their texts.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

/// How long a script may take. There is no limit in promptfoo; this is the longest of ours.
const TIME_LIMIT_MS: u64 = 10_000;

/// A value of a rule that may come from a column of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Slot(pub(super) usize);

/// What stands in a slot for one test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SlotValue {
    pub(super) value: Json,
    /// The variable that holds the value, where it is nothing but one.
    pub(super) variable: Option<String>,
}

/// A rule, but for its slots. Its JSON says whether two tests have the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) enum Shape {
    Text {
        operator: &'static str,
        ignore_case: bool,
        value: Slot,
    },
    JsonEquals(Slot),
    JsonSchema(Json),
    Script(Script),
    LatencyMs(f64),
    CostUsd(f64),
    ToolCalls,
    Judge {
        model: String,
        /// Absent: the judge says pass or fail.
        threshold: Option<f64>,
        rubric: Slot,
    },
    Embedding {
        model: String,
        threshold: f64,
        value: Slot,
    },
    Not(Box<Shape>),
    All(Vec<Shape>),
    Weighted {
        threshold: f64,
        parts: Vec<(f64, Shape)>,
    },
}

/// A script, and what it is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Script {
    /// Names with their values.
    pub(super) constants: Vec<(&'static str, Json)>,
    /// The name of the value that may come from a column.
    pub(super) value: Option<(&'static str, Slot)>,
    pub(super) body: String,
}

/// What a slot is in a file: the same for every row, or a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filled {
    Fixed(Json),
    Column(String),
}

/// Makes judges of rubrics: answers with the name of the judge's prompt.
pub(super) trait Judges {
    fn judge(&mut self, model: &str, threshold: bool, rubric: &Filled) -> String;
}

impl Shape {
    /// Whether two tests with these rules can share an evaluator.
    pub(super) fn key(&self) -> String {
        json!(self).to_string()
    }

    /// The evaluator's options, `kind` first.
    pub(super) fn evaluator(&self, slots: &[Filled], judges: &mut dyn Judges) -> Map<String, Json> {
        let value = match self {
            Self::Text {
                operator,
                ignore_case,
                value,
            } => text_options(operator, *ignore_case, &slots[value.0].compared()),
            Self::JsonEquals(value) => json!({
                "kind": "json",
                "check": "pointer-equals",
                "pointer": "",
                "value": slots[value.0].compared(),
            }),
            Self::JsonSchema(schema) => {
                json!({"kind": "json", "check": "schema", "schema": schema})
            }
            Self::Script(script) => json!({
                "kind": "javascript",
                "timeLimitMs": TIME_LIMIT_MS,
                "script": script.text(slots),
            }),
            Self::LatencyMs(max) => json!({"kind": "latency", "maxMs": whole(*max)}),
            Self::CostUsd(max) => json!({"kind": "cost", "maxUsd": whole(*max)}),
            Self::ToolCalls => json!({"kind": "tool-calls", "schema": true}),
            Self::Judge {
                model,
                threshold,
                rubric,
            } => {
                let prompt = judges.judge(model, threshold.is_some(), &slots[rubric.0]);
                judge_options(&prompt, *threshold)
            }
            Self::Embedding {
                model,
                threshold,
                value,
            } => json!({
                "kind": "similarity",
                "metric": "embedding",
                "model": model,
                "value": slots[value.0].compared(),
                "threshold": whole(*threshold),
            }),
            Self::Not(part) => json!({"kind": "not", "of": part.evaluator(slots, judges)}),
            Self::All(parts) => {
                let parts = parts.iter().map(|part| part.evaluator(slots, judges));
                json!({"kind": "all", "of": parts.collect::<Vec<_>>()})
            }
            Self::Weighted { threshold, parts } => {
                let parts = parts.iter().map(|(weight, part)| {
                    let mut part = part.evaluator(slots, judges);
                    part.insert("weight".to_owned(), whole(*weight));
                    part
                });
                let parts: Vec<_> = parts.collect();
                json!({"kind": "weighted", "threshold": whole(*threshold), "of": parts})
            }
        };
        match value {
            Json::Object(map) => map,
            _ => Map::new(),
        }
    }
}

fn text_options(operator: &str, ignore_case: bool, value: &Json) -> Json {
    let mut options = json!({"kind": "text", "operator": operator, "value": value});
    if ignore_case {
        options["ignoreCase"] = json!(true);
    }
    options
}

fn judge_options(prompt: &str, threshold: Option<f64>) -> Json {
    match threshold {
        Some(threshold) => json!({
            "kind": "llm-judge",
            "prompt": prompt,
            "scale": {"min": 0, "max": 1},
            "threshold": whole(threshold),
        }),
        None => json!({
            "kind": "llm-judge",
            "prompt": prompt,
            "labels": ["pass", "fail"],
            "pass": "pass",
        }),
    }
}

/// A number as people write it.
fn whole(number: f64) -> Json {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number below 2^53 fits"
    )]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        json!(number as i64)
    } else {
        json!(number)
    }
}

impl Filled {
    /// The value of a rule that compares.
    fn compared(&self) -> Json {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Column(column) => json!({"column": column}),
        }
    }

    /// An expression of a script.
    fn expression(&self) -> String {
        match self {
            Self::Fixed(value) => value.to_string(),
            Self::Column(column) if column == "expected" => column.clone(),
            Self::Column(column) => format!("vars[{}]", Json::from(column.as_str())),
        }
    }
}

impl Script {
    fn text(&self, slots: &[Filled]) -> String {
        let value = self
            .value
            .map(|(name, slot)| (name, slots[slot.0].expression()));
        let constants = self.constants.iter();
        let constants = constants.map(|(name, value)| (*name, literal(value)));
        let lines: Vec<String> = value
            .into_iter()
            .chain(constants)
            .map(|(name, value)| format!("const {name} = {value}\n"))
            .collect();
        format!("{}{}", lines.concat(), self.body)
    }
}

/// A value in JavaScript; a text of several lines as one list item for each.
fn literal(value: &Json) -> String {
    match value {
        Json::String(text) if text.contains('\n') => {
            let lines = text.split('\n');
            let lines: Vec<String> = lines
                .map(|line| format!("  {},\n", Json::from(line)))
                .collect();
            format!("[\n{}].join(\"\\n\")", lines.concat())
        }
        other => other.to_string(),
    }
}
