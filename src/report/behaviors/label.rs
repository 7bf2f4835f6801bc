//! What a model calls behaviors, or would be asked about them: `pointsman/behaviors-label-plan/v1`. The
//! shape is frozen: fields may be added, and nothing else changes.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::behavior::Behavior;
use crate::domain::prompt::Prompt;
use crate::domain::untrusted::Untrusted;
use crate::engine::behaviors::examples::Example;
use crate::report::traces::fit::fitting_table;

/// The behaviors with their labels.
pub fn label_table(behaviors: &[&Behavior], width: Option<usize>) -> String {
    let rows = behaviors.iter().map(|behavior| {
        let label = behavior.decided.label.as_ref();
        let said = label.map_or("-", |it| it.text.as_str());
        vec![behavior.id.to_string(), said.to_owned()]
    });
    let titles = ["BEHAVIOR", "LABEL"].map(str::to_owned);
    fitting_table(&titles, rows.collect(), &[], width)
}

/// What a model would be shown.
#[derive(Debug, Serialize)]
pub struct LabelPlanV1<'p> {
    schema: &'static str,
    labeler: &'p str,
    model: String,
    behaviors: Vec<Value>,
}

impl<'p> LabelPlanV1<'p> {
    /// The prompt that asks, and the spans of each behavior that would be shown.
    pub fn new(labeler: &'p Prompt, shown: &[(Behavior, Vec<Example>)]) -> Self {
        let behaviors = shown.iter().map(|(behavior, examples)| {
            let spans: Vec<Value> = kept(examples)
                .map(|(trace, span)| json!({ "traceId": trace, "spanId": span }))
                .collect();
            json!({ "behavior": behavior.id, "spans": spans })
        });
        Self {
            schema: "pointsman/behaviors-label-plan/v1",
            labeler: labeler.id.as_str(),
            model: labeler.model.to_string(),
            behaviors: behaviors.collect(),
        }
    }
}

/// The same for people.
pub fn label_plan(labeler: &Prompt, shown: &[(Behavior, Vec<Example>)]) -> String {
    let model = labeler.model.to_string();
    let mut text = format!("labeler    {} asks {}\n", labeler.id, Untrusted(&model));
    let _ = writeln!(text, "calls      {}", shown.len());
    for (behavior, examples) in shown {
        let _ = writeln!(text, "  {}", behavior.id);
        for (trace, span) in kept(examples) {
            let _ = writeln!(text, "    shown  {}/{}", Untrusted(trace), Untrusted(span));
        }
    }
    text
}

/// The spans that the store still holds.
fn kept(examples: &[Example]) -> impl Iterator<Item = (&str, &str)> {
    let kept = examples.iter().filter(|it| it.span.is_some());
    kept.map(|it| (it.evidence.trace_id.as_str(), it.evidence.span_id.as_str()))
}
