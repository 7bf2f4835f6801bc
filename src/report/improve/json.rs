//! Attempts as JSON, version 1. These shapes are frozen: fields may be added, and nothing else changes.
//! The record itself has the shape in which it is kept, with a version of its own.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::id::PromptId;
use crate::domain::improve::{Attempt, Check, Diagnosis, State};
use crate::domain::prompt::ModelRef;
use crate::engine::improve::{SECTIONS, Traffic, stops};
use crate::report::diff_json::{PromptV1, prompt};

use super::Review;
use super::start::StartPlan;

/// One attempt.
#[derive(Debug, Serialize)]
struct AttemptV1<'a> {
    candidate: String,
    state: State,
    branch: Option<String>,
    record_ref: String,
    record: &'a Attempt,
}

fn attempt(record: &Attempt) -> AttemptV1<'_> {
    AttemptV1 {
        candidate: record.id.to_string(),
        state: record.state(),
        branch: record.candidate.as_ref().map(|_| record.id.branch()),
        record_ref: record.id.record_ref(),
        record,
    }
}

/// What was proposed.
#[derive(Debug, Serialize)]
pub struct StartV1<'a> {
    schema: &'static str,
    attempts: Vec<AttemptV1<'a>>,
}

impl<'a> StartV1<'a> {
    /// What came of one command.
    pub fn new(attempts: &'a [Attempt]) -> Self {
        Self {
            schema: "pointsman/improve-start/v1",
            attempts: attempts.iter().map(attempt).collect(),
        }
    }
}

/// What would be asked.
#[derive(Debug, Serialize)]
pub struct StartPlanV1<'a> {
    schema: &'static str,
    proposer: &'a PromptId,
    model: &'a ModelRef,
    calls: usize,
    diagnosis: &'a Diagnosis,
}

impl<'a> From<&'a StartPlan<'_>> for StartPlanV1<'a> {
    fn from(plan: &'a StartPlan<'_>) -> Self {
        Self {
            schema: "pointsman/improve-plan/v1",
            proposer: &plan.proposer.id,
            model: &plan.proposer.model,
            calls: plan.requests.len(),
            diagnosis: plan.diagnosis,
        }
    }
}

/// Several attempts.
#[derive(Debug, Serialize)]
pub struct ListV1<'a> {
    schema: &'static str,
    attempts: Vec<AttemptV1<'a>>,
}

impl<'a> ListV1<'a> {
    /// These attempts.
    pub fn new(attempts: &'a [Attempt]) -> Self {
        Self {
            schema: "pointsman/improve-list/v1",
            attempts: attempts.iter().map(attempt).collect(),
        }
    }
}

/// What a check showed.
#[derive(Debug, Serialize)]
pub struct CheckV1<'a> {
    schema: &'static str,
    candidate: String,
    state: State,
    passes: bool,
    check: &'a Check,
}

impl<'a> CheckV1<'a> {
    /// A check of an attempt.
    pub fn new(attempt: &Attempt, check: &'a Check) -> Self {
        Self {
            schema: "pointsman/improve-check/v1",
            candidate: attempt.id.to_string(),
            state: attempt.state(),
            passes: check.passes(),
            check,
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Serialize)]
pub struct DecisionV1<'a> {
    schema: &'static str,
    planned: bool,
    attempt: AttemptV1<'a>,
}

impl<'a> DecisionV1<'a> {
    /// It was decided.
    pub fn new(record: &'a Attempt) -> Self {
        Self {
            schema: "pointsman/improve-decision/v1",
            planned: false,
            attempt: attempt(record),
        }
    }

    /// It could be approved.
    pub fn planned(record: &'a Attempt) -> Self {
        Self {
            planned: true,
            ..Self::new(record)
        }
    }
}

/// A review.
#[derive(Debug, Serialize)]
pub struct ReviewV1<'a> {
    schema: &'static str,
    attempt: AttemptV1<'a>,
    sections: Vec<SectionV1>,
    diff: Option<PromptV1<'a>>,
    lanes: Vec<LaneV1>,
    rows_from_production: Option<u64>,
    production: Option<Value>,
}

#[derive(Debug, Serialize)]
struct SectionV1 {
    title: &'static str,
    stop_if: &'static str,
    stops: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LaneV1 {
    lane: String,
    sequence: u64,
    fingerprint: Option<String>,
}

impl<'a> From<&'a Review<'_>> for ReviewV1<'a> {
    fn from(review: &'a Review<'_>) -> Self {
        let stops = stops(review.attempt, &review.situation);
        let sections = SECTIONS.iter().zip(stops);
        let lanes = review.situation.lanes.iter();
        Self {
            schema: "pointsman/improve-review/v1",
            attempt: attempt(review.attempt),
            sections: sections
                .map(|((title, stop_if), stops)| SectionV1 {
                    title,
                    stop_if,
                    stops,
                })
                .collect(),
            diff: review.diff.as_ref().map(prompt),
            lanes: lanes
                .map(|live| LaneV1 {
                    lane: live.lane.to_string(),
                    sequence: live.sequence,
                    fingerprint: live.fingerprint.map(|it| it.to_string()),
                })
                .collect(),
            rows_from_production: review.situation.from_production,
            production: review.situation.production.as_ref().map(production),
        }
    }
}

/// What production shows, for each call: means, but for the latency.
fn production(traffic: &Traffic) -> Value {
    json!({
        "range": traffic.range,
        "calls": traffic.calls,
        "calls_of_base": traffic.of_base,
        "error_rate": traffic.errors.mean,
        "input_tokens": traffic.input_tokens.mean,
        "output_tokens": traffic.output_tokens.mean,
        "cost_usd": traffic.cost.mean,
        "latency_p95_ms": traffic.latency.p95.map(|nanoseconds| nanoseconds / 1e6),
    })
}
