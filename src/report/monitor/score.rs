//! What was scored of production, for people and as JSON: `pointsman/monitor-score/v1`. The shape is
//! frozen: fields may be added, and nothing else changes.

use std::fmt::Write as _;

use serde::Serialize;

use crate::domain::digest::Digest;
use crate::domain::id::EvaluatorId;
use crate::domain::trace::filter::TimeRange;
use crate::engine::evaluate::elsewhere::Evaluators;
use crate::engine::monitor::score::{Drawn, Known, ScorePlan, Scored, Tally};
use crate::report::table::TextTable;

/// What is reported.
pub struct ScoreReport<'r> {
    /// The window.
    pub range: TimeRange,
    /// The calls that were drawn.
    pub drawn: &'r Drawn,
    /// What was to be scored.
    pub plan: &'r ScorePlan,
    /// The evaluators.
    pub evaluators: &'r Evaluators<'r>,
    /// What came of it; absent: nothing was scored, only planned.
    pub scored: Option<&'r Scored>,
    /// How many calls were made.
    pub calls: u64,
}

impl ScoreReport<'_> {
    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!(
            "drew {} of {} call(s), {}\n",
            self.drawn.calls.len(),
            self.drawn.meant,
            self.range
        );
        if !self.drawn.calls.is_empty() {
            text.push('\n');
            match self.scored {
                Some(scored) => text.push_str(&self.found(scored)),
                None => text.push_str(&self.planned()),
            }
        }
        let without = self.scored.map_or(0, |scored| scored.without_answer);
        if without > 0 {
            let _ = writeln!(
                text,
                "\n{without} call(s) hold no answer that could be graded"
            );
        }
        for (id, known) in &self.plan.known {
            if known.by_another > 0 {
                let _ = writeln!(
                    text,
                    "\n{} call(s) also have a score of another version of {id}: both count",
                    known.by_another
                );
            }
        }
        text
    }

    fn found(&self, scored: &Scored) -> String {
        let titles = [
            "EVALUATOR",
            "PASS",
            "FAIL",
            "UNKNOWN",
            "MEAN",
            "KNOWN BEFORE",
        ];
        let mut table = (1..titles.len()).fold(TextTable::new(&titles), TextTable::align_right);
        for (id, tally) in &scored.tallies {
            let mean = tally
                .mean()
                .map_or("-".to_owned(), |mean| format!("{mean:.3}"));
            table.row([
                id.to_string(),
                tally.passed.to_string(),
                tally.failed.to_string(),
                tally.unknown.to_string(),
                mean,
                self.known(id).scored.to_string(),
            ]);
        }
        table.render()
    }

    fn planned(&self) -> String {
        let titles = ["EVALUATOR", "TO SCORE", "KNOWN BEFORE", "CALLS AT MOST"];
        let mut table = (1..titles.len()).fold(TextTable::new(&titles), TextTable::align_right);
        for (id, known) in &self.plan.known {
            table.row([
                id.to_string(),
                self.plan.due_for(id).to_string(),
                known.scored.to_string(),
                self.calls_at_most(id).to_string(),
            ]);
        }
        table.render()
    }

    fn known(&self, id: &EvaluatorId) -> Known {
        self.plan.known.get(id).copied().unwrap_or_default()
    }

    fn calls_at_most(&self, id: &EvaluatorId) -> u64 {
        self.plan.due_for(id) * self.evaluators.calls_for(id) as u64
    }
}

/// The same as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreV1 {
    schema: &'static str,
    window: TimeRange,
    calls_meant: u64,
    calls_drawn: usize,
    without_answer: Option<u64>,
    asked: u64,
    left: u64,
    evaluators: Vec<EvaluatorV1>,
}

/// One evaluator. Without `found`, it was only planned.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EvaluatorV1 {
    evaluator: String,
    digest: Digest,
    due: u64,
    known_before: u64,
    scored_by_another_version: u64,
    calls_at_most: u64,
    found: Option<TallyV1>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TallyV1 {
    passed: u64,
    failed: u64,
    unknown: u64,
    unanswered: u64,
    mean: Option<f64>,
}

impl From<&Tally> for TallyV1 {
    fn from(tally: &Tally) -> Self {
        Self {
            passed: tally.passed,
            failed: tally.failed,
            unknown: tally.unknown,
            unanswered: tally.unanswered,
            mean: tally.mean(),
        }
    }
}

impl From<&ScoreReport<'_>> for ScoreV1 {
    fn from(report: &ScoreReport<'_>) -> Self {
        let scored = report.scored;
        let evaluators = report.evaluators.digests().map(|(id, digest)| {
            let known = report.known(id);
            EvaluatorV1 {
                evaluator: id.to_string(),
                digest,
                due: report.plan.due_for(id),
                known_before: known.scored,
                scored_by_another_version: known.by_another,
                calls_at_most: report.calls_at_most(id),
                found: scored.and_then(|it| it.tallies.get(id)).map(TallyV1::from),
            }
        });
        Self {
            schema: "pointsman/monitor-score/v1",
            window: report.range,
            calls_meant: report.drawn.meant,
            calls_drawn: report.drawn.calls.len(),
            without_answer: scored.map(|scored| scored.without_answer),
            asked: report.calls,
            left: scored.map_or_else(|| report.plan.grades(), |scored| scored.left),
            evaluators: evaluators.collect(),
        }
    }
}
