//! The result of `plan` as JSON, version 1. These shapes are frozen: fields may be added, and
//! nothing else changes.

use serde::Serialize;

use crate::domain::id::LaneName;
use crate::domain::lane::GatePolicy;
use crate::engine::diff::GateChanges;
use crate::engine::evaluate::flaky::FlakyRow;

use super::gate_changes_json::GateChangesV1;
use super::plan::PlanLine;

/// The version of these shapes.
const SCHEMA: &str = "pointsman/plan/v1";

/// What an evaluation could show.
#[derive(Debug, Serialize)]
pub struct PlanV1 {
    schema: &'static str,
    lane: Option<String>,
    confidence: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate_changes: Option<GateChangesV1>,
    suites: Vec<SuiteV1>,
}

#[derive(Debug, Serialize)]
struct SuiteV1 {
    prompt: String,
    dataset: String,
    gating_rows: u64,
    clusters: Option<u64>,
    repeats: u32,
    calls: u64,
    judge_calls_at_most: u64,
    known_answers: u64,
    chance: &'static str,
    provable_margin_at_best: f64,
    provable_margin_expected: f64,
    wanted: Option<WantedV1>,
    flaky: Vec<FlakyV1>,
}

/// A row whose grade changed although neither it, nor the prompt, nor the evaluator did.
#[derive(Debug, Serialize)]
struct FlakyV1 {
    row: String,
    evaluator: String,
    passed: u64,
    total: u64,
    critical: bool,
    barred_from_critical: bool,
}

#[derive(Debug, Serialize)]
struct WantedV1 {
    margin: f64,
    can_be_expected: bool,
    rows: Option<u64>,
    repeats: Option<u32>,
}

impl PlanV1 {
    /// What these suites could show under a policy, and how the workspace would let releases into the
    /// lane otherwise than the lane does now.
    pub fn new(
        lane: Option<(&LaneName, &GateChanges)>,
        policy: &GatePolicy,
        lines: &[PlanLine<'_>],
    ) -> Self {
        Self {
            schema: SCHEMA,
            lane: lane.map(|(name, _)| name.to_string()),
            confidence: policy.confidence.unwrap_or(GatePolicy::CONFIDENCE),
            gate_changes: lane.map(|(_, changes)| changes.into()),
            suites: lines.iter().map(SuiteV1::from).collect(),
        }
    }
}

impl From<&PlanLine<'_>> for SuiteV1 {
    fn from(line: &PlanLine<'_>) -> Self {
        let prospect = &line.prospect;
        Self {
            prompt: line.planned.suite.prompt.to_string(),
            dataset: line.planned.suite.dataset.to_string(),
            gating_rows: prospect.rows,
            clusters: prospect.clusters,
            repeats: prospect.repeats,
            calls: line.preview.calls,
            judge_calls_at_most: line.preview.judge_calls_at_most,
            known_answers: line.preview.known_answers,
            chance: prospect.chance.name(),
            provable_margin_at_best: prospect.at_best,
            provable_margin_expected: prospect.expected,
            wanted: prospect.wanted.map(|wanted| WantedV1 {
                margin: wanted.margin,
                can_be_expected: prospect.shows_margin() == Some(true),
                rows: wanted.rows,
                repeats: wanted.repeats,
            }),
            flaky: line.flaky.iter().map(FlakyV1::from).collect(),
        }
    }
}

impl From<&FlakyRow> for FlakyV1 {
    fn from(flaky: &FlakyRow) -> Self {
        Self {
            row: flaky.row.clone(),
            evaluator: flaky.evaluator.to_string(),
            passed: flaky.passed,
            total: flaky.total,
            critical: flaky.critical,
            barred_from_critical: flaky.is_barred(),
        }
    }
}
