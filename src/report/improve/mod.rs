//! Attempts to improve a prompt: what was proposed, what a check shows, and the review that a person
//! decides by.

mod check;
mod json;
mod review;
mod start;

use crate::domain::improve::{Attempt, Check, State};
use crate::engine::diff::PromptDiff;
use crate::engine::improve::Situation;

use super::table::TextTable;

pub use check::{approval_plan, render_check};
pub use json::{CheckV1, DecisionV1, ListV1, ReviewV1, StartPlanV1, StartV1};
pub use review::render_review;
pub use start::{StartPlan, render_start, render_start_plan};

/// Everything that a review is made from.
pub struct Review<'r> {
    /// The attempt.
    pub attempt: &'r Attempt,
    /// How things stand around it.
    pub situation: Situation,
    /// What the candidate changes; absent: there is none.
    pub diff: Option<PromptDiff>,
}

/// Renders a list of attempts.
pub fn render_list(attempts: &[Attempt]) -> String {
    let titles = [
        "CANDIDATE",
        "STATE",
        "FAILING",
        "RECOVERED",
        "BROKEN",
        "BY",
        "STARTED",
        "NEXT",
    ];
    let mut table = TextTable::new(&titles);
    for column in [2, 3, 4] {
        table = table.align_right(column);
    }
    for attempt in attempts {
        let check = attempt.checks.last();
        let of_check = |count: Option<u64>| count.map_or("-".to_owned(), |it| it.to_string());
        table.row([
            attempt.id.to_string(),
            attempt.state().name().to_owned(),
            attempt.diagnosis.failing.to_string(),
            of_check(check.map(Check::recovered_rows)),
            of_check(check.map(|check| check.regression_count)),
            attempt.author.name(),
            attempt
                .started_at
                .strftime("%Y-%m-%d %H:%M UTC")
                .to_string(),
            next(attempt),
        ]);
    }
    table.render()
}

/// What to do next about an attempt; empty where nothing is.
pub(super) fn next(attempt: &Attempt) -> String {
    let id = &attempt.id;
    match attempt.state() {
        State::Unchecked => format!("pointsman improve check {id}"),
        State::Regresses => format!("pointsman improve edit {id}"),
        State::Checked => format!("pointsman improve show {id}"),
        State::Refused | State::Approved | State::Edited | State::Rejected => String::new(),
    }
}
