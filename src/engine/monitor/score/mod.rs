//! Scores for what happened in production: evaluators grade the recorded answers of calls that were drawn
//! by lot, and what they find is kept beside the spans. A call that an evaluator has scored is not scored
//! by it again.

mod draw;
mod given;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use crate::domain::digest::Digest;
use crate::domain::evaluator::Grade;
use crate::domain::id::{EvaluatorId, PromptId};
use crate::domain::prompt::Prompt;
use crate::domain::run::Graded;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest, TimeRange};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::evaluate::budget::LimitReached;
use crate::engine::evaluate::elsewhere::{Evaluators, Given, Marked, Marker, Standing};
use crate::engine::ports::Clock;
use crate::engine::ports::traces::{
    SpanOrder, SpanRequest, TraceBatch, TraceSink, TraceStore, TraceStoreError,
};
use crate::engine::traces::redact::Redactor;

pub use draw::{Drawing, Drawn, DrawnCall};

use given::given;

/// How many calls are read with their content at once.
const READ_AT_ONCE: usize = 500;

/// How many scores are kept together: they are on disk before more are.
const KEPT_AT_ONCE: usize = 64;

/// How many traces are asked about at once.
const ASKED_AT_ONCE: usize = 10_000;

/// What `source` of a score of ours begins with; the digest of the evaluator follows.
const OURS: &str = "pointsman@";

/// Who has scored a call, by the name of the score.
type Sources<'s> = BTreeMap<&'s str, BTreeSet<&'s str>>;

/// What is to be scored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScorePlan {
    /// The calls that an evaluator is still to score, by time.
    pub due: Vec<DueCall>,
    /// What is known already, by evaluator.
    pub known: BTreeMap<EvaluatorId, Known>,
}

/// A call that is to be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCall {
    /// The call.
    pub call: DrawnCall,
    /// By whom.
    pub evaluators: Vec<EvaluatorId>,
}

/// What an evaluator has scored already, of the calls that were drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// Calls that this very version of it has scored.
    pub scored: u64,
    /// Others, which another version of it has scored.
    pub by_another: u64,
}

impl ScorePlan {
    /// Leaves what is not scored yet.
    pub fn of(
        store: &dyn TraceStore,
        drawn: &Drawn,
        evaluators: &Evaluators<'_>,
    ) -> Result<Self, TraceStoreError> {
        let mut plan = Self::default();
        for calls in drawn.calls.chunks(ASKED_AT_ONCE) {
            let traces: BTreeSet<String> = calls.iter().map(|call| call.trace.clone()).collect();
            let scores = store.scores_of(&traces.into_iter().collect::<Vec<_>>())?;
            let mut by_call: BTreeMap<(&str, &str), Sources<'_>> = BTreeMap::new();
            for score in &scores {
                if let (Some(span), Some(source)) = (&score.span_id, &score.source) {
                    let sources = by_call.entry((&score.trace_id, span)).or_default();
                    sources.entry(&score.name).or_default().insert(source);
                }
            }
            for call in calls {
                let sources = by_call.get(&(call.trace.as_str(), call.span.as_str()));
                plan.add(call, evaluators, sources);
            }
        }
        Ok(plan)
    }

    fn add(
        &mut self,
        call: &DrawnCall,
        evaluators: &Evaluators<'_>,
        sources: Option<&Sources<'_>>,
    ) {
        let mut due = Vec::new();
        for (id, digest) in evaluators.digests() {
            let known = self.known.entry(id.clone()).or_default();
            let sources = sources.and_then(|sources| sources.get(id.as_str()));
            if sources.is_some_and(|it| it.contains(source(digest).as_str())) {
                known.scored += 1;
                continue;
            }
            let is_ours = |source: &&str| source.starts_with(OURS);
            known.by_another += u64::from(sources.is_some_and(|it| it.iter().any(is_ours)));
            due.push(id.clone());
        }
        if !due.is_empty() {
            self.due.push(DueCall {
                call: call.clone(),
                evaluators: due,
            });
        }
    }

    /// How many grades are to be found.
    pub fn grades(&self) -> u64 {
        self.due.iter().map(|due| due.evaluators.len() as u64).sum()
    }

    /// How many calls an evaluator is still to score.
    pub fn due_for(&self, id: &EvaluatorId) -> u64 {
        let due = self.due.iter();
        due.filter(|due| due.evaluators.contains(id)).count() as u64
    }
}

/// What scoring works with.
pub struct Scoring<'s> {
    /// Where calls are read from.
    pub store: &'s dyn TraceStore,
    /// Where scores go.
    pub sink: &'s mut dyn TraceSink,
    /// Takes out of scores what must not be kept.
    pub redactor: &'s mut Redactor,
    /// The evaluators.
    pub evaluators: &'s Evaluators<'s>,
    /// Whom they ask.
    pub marker: &'s Marker<'s>,
    /// The prompts that calls name.
    pub prompts: &'s BTreeMap<PromptId, Prompt>,
    /// The time.
    pub clock: &'s dyn Clock,
    /// Set from outside to stop: what was started is finished, and nothing more is started.
    pub stop: &'s AtomicBool,
}

/// What came of scoring.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    /// By evaluator.
    pub tallies: BTreeMap<EvaluatorId, Tally>,
    /// Calls that hold no answer: they failed, or what was said is not kept.
    pub without_answer: u64,
    /// Grades that are still to be found, because it came to no end.
    pub left: u64,
    /// The limit that came before the end, if one did.
    pub limit: Option<LimitReached>,
}

/// What an evaluator found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// Answers that pass.
    pub passed: u64,
    /// Answers that fail.
    pub failed: u64,
    /// Answers of which it cannot say, errors of a judge among them.
    pub unknown: u64,
    /// Answers about which somebody who had to be asked said nothing. They are not scored.
    pub unanswered: u64,
    /// The sum of the scores of those that pass or fail, each from 0 to 1.
    pub sum: f64,
}

impl Tally {
    /// The mean score of the answers that pass or fail.
    #[expect(clippy::cast_precision_loss, reason = "nobody scores 2^53 answers")]
    pub fn mean(&self) -> Option<f64> {
        let count = self.passed + self.failed;
        (count > 0).then(|| self.sum / count as f64)
    }

    fn add(&mut self, marked: &Marked) {
        if marked.standing == Standing::Unanswered {
            self.unanswered += 1;
            return;
        }
        match marked.graded.grade {
            Grade::Pass => self.passed += 1,
            Grade::Fail => self.failed += 1,
            Grade::Unknown | Grade::Error => {
                self.unknown += 1;
                return;
            }
        }
        self.sum += marked.graded.score;
    }
}

/// A grade that is to be found.
struct Task<'t> {
    call: &'t DrawnCall,
    given: &'t Given,
    evaluator: &'t EvaluatorId,
}

impl Scoring<'_> {
    /// Scores what is due. Scores are durable soon after they are found: whatever ends the program,
    /// another run goes on from there.
    pub async fn run(mut self, plan: &ScorePlan) -> Result<Scored, TraceStoreError> {
        let mut scored = Scored {
            left: plan.grades(),
            ..Scored::default()
        };
        for id in plan.known.keys() {
            scored.tallies.insert(id.clone(), Tally::default());
        }
        let mut time_is_up = std::pin::pin!(self.marker.time_is_up());
        for due in plan.due.chunks(READ_AT_ONCE) {
            let answers = self.answers(due, &mut scored)?;
            let tasks = answers.iter().flat_map(|(due, given)| {
                let evaluators = due.evaluators.iter();
                evaluators.map(move |evaluator| Task {
                    call: &due.call,
                    given,
                    evaluator,
                })
            });
            let (evaluators, marker, stop) = (self.evaluators, self.marker, self.stop);
            let goes_on = || !stop.load(Ordering::Relaxed) && marker.reached().is_none();
            let mut marks = stream::iter(tasks.take_while(|_| goes_on()))
                .map(|task| async move {
                    let found = evaluators.grade(marker, task.evaluator, task.given).await;
                    (task, found)
                })
                .buffer_unordered(marker.width());
            let mut fresh = Vec::new();
            loop {
                let next = tokio::select! {
                    biased;
                    next = marks.next() => next,
                    () = &mut time_is_up => None,
                };
                let Some((task, found)) = next else { break };
                if let Some(score) = self.tally(&task, &found, &mut scored) {
                    fresh.push(score);
                }
                if fresh.len() >= KEPT_AT_ONCE {
                    self.keep(std::mem::take(&mut fresh))?;
                }
            }
            self.keep(fresh)?;
            if !goes_on() {
                break;
            }
        }
        scored.limit = self.marker.reached().filter(|_| scored.left > 0);
        Ok(scored)
    }

    /// The answers of calls, in the order of the calls.
    fn answers<'d>(
        &self,
        due: &'d [DueCall],
        scored: &mut Scored,
    ) -> Result<Vec<(&'d DueCall, Given)>, TraceStoreError> {
        let spans = spans_of(self.store, due)?;
        let mut answers = Vec::new();
        for due in due {
            let grades = due.evaluators.len() as u64;
            let Some(span) = spans.get(&(due.call.trace.clone(), due.call.span.clone())) else {
                scored.left -= grades;
                continue;
            };
            let prompt = span.lineage.prompt.as_ref();
            let prompt = prompt.and_then(|name| PromptId::new(name.as_str()).ok());
            let prompt = prompt.and_then(|id| self.prompts.get(&id));
            if let Some(given) = given(span, prompt) {
                answers.push((due, given));
            } else {
                scored.without_answer += 1;
                scored.left -= grades;
            }
        }
        Ok(answers)
    }

    /// Counts what was found, and makes a score of it where it is one.
    fn tally(&self, task: &Task<'_>, marked: &Marked, scored: &mut Scored) -> Option<Score> {
        if marked.standing == Standing::Stopped {
            return None;
        }
        scored.left -= 1;
        let tally = scored.tallies.entry(task.evaluator.clone()).or_default();
        tally.add(marked);
        if marked.standing == Standing::Unanswered {
            return None;
        }
        let mut digests = self.evaluators.digests();
        let (_, digest) = digests.find(|(id, _)| *id == task.evaluator)?;
        Some(score(task, &marked.graded, digest, self.clock.now()))
    }

    fn keep(&mut self, scores: Vec<Score>) -> Result<(), TraceStoreError> {
        if scores.is_empty() {
            return Ok(());
        }
        let mut batch = TraceBatch {
            scores,
            ..TraceBatch::default()
        };
        self.redactor.redact(&mut batch);
        self.sink.append(batch, self.redactor.digest())?;
        Ok(())
    }
}

/// What a grade says beside the span. What is no verdict has no number: it counts in no mean.
fn score(task: &Task<'_>, graded: &Graded, digest: Digest, now: Timestamp) -> Score {
    let (label, error) = match graded.grade {
        Grade::Error => (Grade::Unknown, Some("evaluator".to_owned())),
        grade => (grade, None),
    };
    let decided = matches!(label, Grade::Pass | Grade::Fail);
    Score {
        trace_id: task.call.trace.clone(),
        span_id: Some(task.call.span.clone()),
        response_id: None,
        name: task.evaluator.to_string(),
        value: decided.then_some(graded.score),
        label: Some(label.name().to_owned()),
        explanation: Some(graded.reason.clone()),
        error_type: error,
        source: Some(source(digest)),
        recorded_at: now,
    }
}

fn source(digest: Digest) -> String {
    format!("{OURS}{digest}")
}

/// The spans of calls that stand together in time.
fn spans_of(
    store: &dyn TraceStore,
    due: &[DueCall],
) -> Result<BTreeMap<(String, String), Span>, TraceStoreError> {
    let times = || due.iter().map(|due| due.call.started_at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Ok(BTreeMap::new());
    };
    let traces: BTreeSet<String> = due.iter().map(|due| due.call.trace.clone()).collect();
    let wanted: BTreeSet<(&str, &str)> = due
        .iter()
        .map(|due| (due.call.trace.as_str(), due.call.span.as_str()))
        .collect();
    let request = SpanRequest {
        range: TimeRange {
            from: first,
            until: last
                .checked_add(SignedDuration::from_nanos(1))
                .unwrap_or(Timestamp::MAX),
        },
        filter: Filter::Text(Column::Trace, TextTest::OneOf(traces.into_iter().collect())),
        content: true,
        order: SpanOrder::Stored,
        limit: None,
    };
    let mut spans = BTreeMap::new();
    store.spans(&request, &mut |span| {
        if wanted.contains(&(span.trace_id.as_str(), span.span_id.as_str())) {
            spans.insert((span.trace_id.clone(), span.span_id.clone()), span);
        }
        ControlFlow::Continue(())
    })?;
    Ok(spans)
}
