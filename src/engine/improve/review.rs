//! A review in seven sections, each with what must stop a person from approving. What can be told from
//! data is told; the rest is the reader's to judge.

use crate::domain::digest::Digest;
use crate::domain::id::LaneName;
use crate::domain::improve::{Attempt, Author, State};

use super::traffic::Traffic;

/// The sections, each with its condition to stop.
pub const SECTIONS: [(&str, &str); 7] = [
    (
        "Diagnosis",
        "what fails is not the prompt's doing, or nobody has shown that anything fails",
    ),
    (
        "Candidate",
        "it is not clear which bytes are meant, who wrote them, or what was checked",
    ),
    (
        "Prompt diff",
        "a change has nothing to do with the diagnosis, or gives answers of tested rows away",
    ),
    (
        "Traffic comparison",
        "the rows that were checked are not like what production sees",
    ),
    (
        "Regression report",
        "anything that passed fails now, or only rows that the author saw got better",
    ),
    (
        "Cost, tokens, latency",
        "the gain is not worth what it costs",
    ),
    (
        "Deployment target",
        "it is not clear which lane comes next, or what would be rolled back to",
    ),
];

/// How many times as long calls of production may be as rows, or rows as calls, and still be like them.
const UNLIKE: f64 = 2.0;

/// A lane in which the prompt is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveStanding {
    /// The lane.
    pub lane: LaneName,
    /// The number of its newest record.
    pub sequence: u64,
    /// The fingerprint of what is live; absent: it has another set of prompts.
    pub fingerprint: Option<Digest>,
}

/// What a review needs to know beside the record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Situation {
    /// The prompt's fingerprint at the commit that is checked out; absent: it is not there.
    pub head: Option<Digest>,
    /// Where the candidate's branch stands; absent: it is gone.
    pub branch_moved: bool,
    /// Rows of the prompt's datasets that come from production: how many, and how many passed before and
    /// after; absent: there was no check.
    pub from_production: Option<u64>,
    /// What production shows of the prompt; absent: its traces cannot be read.
    pub production: Option<Traffic>,
    /// The lanes that have records.
    pub lanes: Vec<LiveStanding>,
    /// Rows whose text the candidate holds word for word.
    pub leaks: Vec<String>,
}

/// By section: what stops a person from approving, as far as data tells.
pub fn stops(attempt: &Attempt, situation: &Situation) -> [Vec<String>; 7] {
    [
        diagnosis(attempt),
        candidate(attempt, situation),
        situation.leaks.clone(),
        traffic(attempt, situation),
        regressions(attempt),
        Vec::new(),
        target(attempt, situation),
    ]
}

fn diagnosis(attempt: &Attempt) -> Vec<String> {
    let nobody_looked = attempt.diagnosis.runs.is_empty();
    let shown = attempt
        .checks
        .last()
        .is_some_and(|check| check.recovered_rows() > 0);
    let stop = nobody_looked && !shown;
    stop.then(|| "nothing here shows that anything fails".to_owned())
        .into_iter()
        .collect()
}

fn candidate(attempt: &Attempt, situation: &Situation) -> Vec<String> {
    let mut stops = Vec::new();
    match attempt.state() {
        State::Refused => {
            stops.push("what was proposed was refused: there is no candidate".to_owned());
        }
        State::Unchecked => stops.push("it has not been checked".to_owned()),
        _ => {}
    }
    let is_open = attempt.state().is_open();
    if is_open && situation.head != Some(attempt.base_fingerprint) {
        stops
            .push("the prompt that is checked out is not the one that it was made from".to_owned());
    }
    if is_open && situation.branch_moved {
        stops.push(format!(
            "branch `{}` does not stand at the candidate: what was added there is not checked and \
             not approved",
            attempt.id.branch()
        ));
    }
    stops
}

fn traffic(attempt: &Attempt, situation: &Situation) -> Vec<String> {
    let Some(check) = attempt.checks.last() else {
        return Vec::new();
    };
    let mut stops = Vec::new();
    if situation.from_production == Some(0) {
        stops.push("no row of its datasets comes from production".to_owned());
    }
    let read = situation
        .production
        .as_ref()
        .and_then(|it| it.input_tokens.mean);
    if let (Some(call), Some(row)) = (read, check.usage[0].input_tokens_a_case())
        && (call > row * UNLIKE || row > call * UNLIKE)
    {
        stops.push(format!(
            "a call in production reads {call:.0} tokens on average, and a row that was checked {row:.0}"
        ));
    }
    stops
}

fn regressions(attempt: &Attempt) -> Vec<String> {
    let Some(check) = attempt.checks.last() else {
        return vec!["nothing was checked".to_owned()];
    };
    let mut stops = Vec::new();
    if !check.passes() {
        stops.push(format!(
            "{} case(s) that passed fail now",
            check.regression_count
        ));
    }
    if check.recovered_rows() == 0 {
        stops.push("nothing that failed passes now".to_owned());
    } else if matches!(attempt.author, Author::Model { .. }) && check.validation.recovered == 0 {
        stops.push("only rows that the author saw, or rows like them, got better".to_owned());
    }
    stops
}

fn target(attempt: &Attempt, situation: &Situation) -> Vec<String> {
    if situation.lanes.is_empty() {
        return vec!["no lane has a record: there is nothing to roll back to".to_owned()];
    }
    let live = |it: &LiveStanding| it.fingerprint == Some(attempt.base_fingerprint);
    let anywhere = situation.lanes.iter().any(live);
    (!anywhere)
        .then(|| "the prompt that it was made from is live in no lane".to_owned())
        .into_iter()
        .collect()
}
