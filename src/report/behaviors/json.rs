//! Behaviors for programs: `pointsman/behaviors-scan/v1`, `pointsman/behaviors-list/v1` and
//! `pointsman/behavior/v1`. The shapes are frozen: fields may be added, and nothing else changes.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::behavior::{
    Behavior, BehaviorKind, BehaviorRole, BehaviorState, Decision, Detector, Label,
};
use crate::domain::trace::filter::TimeRange;
use crate::engine::behaviors::ScanResult;
use crate::engine::behaviors::examples::Example;

/// What a scan found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanV1<'r> {
    schema: &'static str,
    window: TimeRange,
    before: TimeRange,
    traces: u64,
    traces_before: u64,
    all_traces: u64,
    complete: bool,
    written: &'r [String],
    behaviors: Vec<BehaviorV1<'r>>,
}

impl<'r> ScanV1<'r> {
    /// What a scan found, with the files that were written.
    pub fn new(window: TimeRange, result: &'r ScanResult, written: &'r [String]) -> Self {
        let behaviors = result.behaviors.iter();
        Self {
            schema: "pointsman/behaviors-scan/v1",
            window,
            before: result.before,
            traces: result.traces[1],
            traces_before: result.traces[0],
            all_traces: result.all_traces,
            complete: result.complete,
            written,
            behaviors: behaviors.map(|it| (&it.behavior).into()).collect(),
        }
    }
}

/// Behaviors.
#[derive(Debug, Serialize)]
pub struct ListV1<'b> {
    schema: &'static str,
    behaviors: Vec<BehaviorV1<'b>>,
}

impl<'b> ListV1<'b> {
    /// These behaviors, in this order.
    pub fn new(behaviors: &[&'b Behavior]) -> Self {
        let behaviors = behaviors.iter().copied();
        Self {
            schema: "pointsman/behaviors-list/v1",
            behaviors: behaviors.map(BehaviorV1::from).collect(),
        }
    }
}

/// One behavior with the spans that show it.
#[derive(Debug, Serialize)]
pub struct ShowV1<'b> {
    schema: &'static str,
    behavior: BehaviorV1<'b>,
    examples: Vec<ExampleV1<'b>>,
}

impl<'b> ShowV1<'b> {
    /// A behavior, and what was found of its evidence.
    pub fn new(behavior: &'b Behavior, examples: &'b [Example]) -> Self {
        Self {
            schema: "pointsman/behavior/v1",
            behavior: behavior.into(),
            examples: examples.iter().map(ExampleV1::from).collect(),
        }
    }
}

/// A span that shows a behavior.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExampleV1<'b> {
    trace_id: &'b str,
    span_id: &'b str,
    at: Timestamp,
    is_kept: bool,
    said: Vec<SaidV1<'b>>,
}

#[derive(Debug, Serialize)]
struct SaidV1<'b> {
    source: &'static str,
    text: &'b str,
}

impl<'b> From<&'b Example> for ExampleV1<'b> {
    fn from(example: &'b Example) -> Self {
        let said = example.said.iter().map(|passage| SaidV1 {
            source: passage.source.name(),
            text: &passage.text,
        });
        Self {
            trace_id: &example.evidence.trace_id,
            span_id: &example.evidence.span_id,
            at: example.evidence.at,
            is_kept: example.span.is_some(),
            said: said.collect(),
        }
    }
}

/// A behavior. Where two numbers stand, they are how many of how many.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BehaviorV1<'b> {
    behavior: &'b str,
    title: Option<&'b str>,
    label: Option<&'b Label>,
    role: BehaviorRole,
    detector: Detector,
    kind: BehaviorKind,
    state: BehaviorState,
    owner: Option<&'b str>,
    note: Option<&'b str>,
    watched: bool,
    dismissed: Option<&'b Decision>,
    resolved: Option<&'b Decision>,
    signature: &'b str,
    rationale: &'b str,
    subjects: &'b [String],
    terms: Vec<&'b str>,
    first: Timestamp,
    last: Timestamp,
    window: TimeRange,
    traces: [u64; 2],
    traces_before: [u64; 2],
    failed: [u64; 2],
    others_failed: [u64; 2],
    pieces: &'b [[u64; 2]],
    lanes: Vec<Value>,
    releases: Vec<Value>,
    together: Vec<Value>,
    evidence: Vec<Value>,
    history: Vec<Value>,
}

impl<'b> From<&'b Behavior> for BehaviorV1<'b> {
    fn from(behavior: &'b Behavior) -> Self {
        let (decided, pattern) = (&behavior.decided, &behavior.pattern);
        let seen = &behavior.seen;
        Self {
            behavior: behavior.id.as_str(),
            title: decided.title.as_deref(),
            label: decided.label.as_ref(),
            role: pattern.role,
            detector: pattern.detector,
            kind: behavior.kind(),
            state: behavior.state(),
            owner: decided.owner.as_deref(),
            note: decided.note.as_deref(),
            watched: decided.watched,
            dismissed: decided.dismissed.as_ref(),
            resolved: decided.resolved.as_ref(),
            signature: &pattern.signature,
            rationale: &pattern.rationale,
            subjects: &pattern.subjects,
            terms: pattern.terms.iter().map(|it| it.word.as_str()).collect(),
            first: seen.first,
            last: seen.last,
            window: TimeRange {
                from: seen.from,
                until: seen.until,
            },
            traces: seen.now,
            traces_before: seen.before,
            failed: seen.failed,
            others_failed: seen.others_failed,
            pieces: &seen.pieces,
            lanes: lanes(behavior),
            releases: releases(behavior),
            together: together(behavior),
            evidence: evidence(behavior),
            history: history(behavior),
        }
    }
}

fn lanes(behavior: &Behavior) -> Vec<Value> {
    let lanes = behavior.lanes.iter();
    lanes
        .map(|it| {
            json!({
                "lane": it.lane, "state": it.state, "first": it.first,
                "traces": it.now, "tracesBefore": it.before, "p": it.p,
            })
        })
        .collect()
}

fn releases(behavior: &Behavior) -> Vec<Value> {
    let releases = behavior.releases.iter();
    releases
        .map(|it| {
            json!({
                "deployment": it.deployment, "at": it.at, "change": it.change,
                "before": it.before, "after": it.after, "p": it.p,
            })
        })
        .collect()
}

fn together(behavior: &Behavior) -> Vec<Value> {
    let together = behavior.together.iter();
    together
        .map(|it| json!({ "behavior": it.behavior, "both": it.both, "either": it.either }))
        .collect()
}

fn evidence(behavior: &Behavior) -> Vec<Value> {
    let evidence = behavior.evidence.iter();
    evidence
        .map(|it| json!({ "traceId": it.trace_id, "spanId": it.span_id, "at": it.at }))
        .collect()
}

fn history(behavior: &Behavior) -> Vec<Value> {
    let history = behavior.history.iter();
    history
        .map(|it| {
            json!({
                "from": it.from, "until": it.until, "lane": it.lane,
                "hits": it.hits, "traces": it.traces,
            })
        })
        .collect()
}
