//! What was proposed, or would be asked.

use std::fmt::Write as _;

use crate::domain::improve::{Attempt, Diagnosis};
use crate::domain::prompt::Prompt;
use crate::domain::run::ModelRequest;
use crate::domain::untrusted::Untrusted;

/// What would be asked for candidates.
pub struct StartPlan<'p> {
    /// What fails, and what of it may be shown.
    pub diagnosis: &'p Diagnosis,
    /// The prompt that proposes.
    pub proposer: &'p Prompt,
    /// What it is rendered to.
    pub requests: &'p [ModelRequest],
}

/// Renders what was proposed, one paragraph a candidate.
pub fn render_start(attempts: &[Attempt]) -> String {
    let mut text = String::new();
    for attempt in attempts {
        let id = &attempt.id;
        if let Some(candidate) = &attempt.candidate {
            let _ = writeln!(
                text,
                "candidate {id}: commit {} on branch {}",
                candidate.commit.short(),
                id.branch()
            );
            let _ = writeln!(text, "  next      {}", super::next(attempt));
        } else {
            let _ = writeln!(text, "refused {id}: what was proposed is no candidate");
            for reason in &attempt.refused {
                let _ = writeln!(text, "  because   {}", Untrusted(reason));
            }
        }
        let found = &attempt.diagnosis;
        if !found.runs.is_empty() {
            let _ = writeln!(text, "  failing   {}", failing(found));
        }
    }
    text
}

/// How many rows fail, and how many of them were shown.
pub(super) fn failing(found: &Diagnosis) -> String {
    format!(
        "{} of {} rows; {} were shown, {} held back",
        found.failing,
        found.rows,
        found.shown.len(),
        found.held_back.len()
    )
}

/// Renders what would be asked.
pub fn render_start_plan(plan: &StartPlan<'_>) -> String {
    let StartPlan {
        diagnosis,
        proposer,
        requests,
    } = plan;
    let mut text = format!("failing    {}\n", failing(diagnosis));
    let _ = writeln!(
        text,
        "passing    {} would be shown",
        diagnosis.shown_passing.len()
    );
    let _ = writeln!(
        text,
        "proposer   {} asks {}",
        proposer.id,
        Untrusted(&proposer.model.to_string())
    );
    let _ = writeln!(text, "calls      {}", requests.len());
    for row in &diagnosis.shown {
        let _ = writeln!(
            text,
            "  shown    {} on {}: {} says {}",
            Untrusted(&row.at.row),
            row.at.dataset,
            row.evaluator,
            Untrusted(&row.reason)
        );
    }
    for row in &diagnosis.held_back {
        let _ = writeln!(
            text,
            "  held     {} on {}",
            Untrusted(&row.row),
            row.dataset
        );
    }
    text
}
