//! Scores: results of evaluations as events, log records or attributes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::trace::score::{EVALUATION_EVENT, Score};
use crate::domain::trace::span::Span;

use super::super::otlp::value::{Attributes, Text, Value};
use super::super::otlp::{RawEvent, RawLog, SPAN_ID_BYTES, TRACE_ID_BYTES, hex_id};
use super::logged::event_name;
use super::span::time;

/// Who found what OpenInference's attributes say, where they do not.
const ANNOTATION: &str = "annotation";

/// Where OpenInference writes scores, and whether they are of the whole trace.
const LISTS: [(&str, &str, bool); 6] = [
    ("annotations.", "annotation", false),
    ("evaluations.", "evaluation", false),
    ("trace.annotations.", "annotation", true),
    ("trace.evaluations.", "evaluation", true),
    ("session.annotations.", "annotation", true),
    ("session.evaluations.", "evaluation", true),
];

/// Where its predecessors do: `eval.<name>.score`.
const LEGACY: &str = "eval.";

/// Why a log record gives no score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoScore {
    /// It is about something else.
    OtherEvent,
    /// It does not say what was evaluated, or what was found.
    Incomplete,
}

/// The score in a log record.
pub(super) fn score_of_log(raw: &RawLog<'_>, library: &Text<'_>) -> Result<Score, NoScore> {
    if event_name(raw) != EVALUATION_EVENT {
        return Err(NoScore::OtherEvent);
    }
    let at = raw.time_unix_nano.get().filter(|time| *time > 0);
    let at = at.or(raw.observed_time_unix_nano.get()).and_then(time);
    let score = Score {
        trace_id: hex_id(&raw.trace_id.0, TRACE_ID_BYTES).unwrap_or_default(),
        span_id: hex_id(&raw.span_id.0, SPAN_ID_BYTES),
        source: Some(library.0.clone().into_owned()).filter(|name| !name.is_empty()),
        recorded_at: at.ok_or(NoScore::Incomplete)?,
        ..Score::default()
    };
    let score = with_result(score, &raw.attributes).ok_or(NoScore::Incomplete)?;
    let known = !score.trace_id.is_empty() || score.response_id.is_some();
    known.then_some(score).ok_or(NoScore::Incomplete)
}

/// The scores among the events of a span.
pub(super) fn scores_of_events(events: &[RawEvent<'_>], span: &Span) -> Vec<Score> {
    let results = events
        .iter()
        .filter(|event| event.name.0 == EVALUATION_EVENT);
    let scores = results.filter_map(|event| {
        let at = event.time_unix_nano.get().and_then(time);
        let score = Score {
            recorded_at: at.unwrap_or_else(|| end_of(span)),
            ..of_span(span)
        };
        with_result(score, &event.attributes)
    });
    scores.collect()
}

/// The result in the attributes of an event; `None`: it has no name or says nothing.
fn with_result(mut score: Score, attributes: &Attributes<'_>) -> Option<Score> {
    let text = |name: &str| {
        let text = attributes.get(name)?.to_text()?;
        Some(text.into_owned()).filter(|text| !text.is_empty())
    };
    score.name = text("gen_ai.evaluation.name")?;
    score.value = attributes
        .get("gen_ai.evaluation.score.value")
        .and_then(Value::to_number);
    score.label = text("gen_ai.evaluation.score.label");
    score.explanation = text("gen_ai.evaluation.explanation");
    score.response_id = text("gen_ai.response.id");
    score.error_type = text("error.type");
    says_something(&score).then_some(score)
}

fn says_something(score: &Score) -> bool {
    score.value.is_some()
        || score.label.is_some()
        || score.explanation.is_some()
        || score.error_type.is_some()
}

/// Takes the scores out of a span's other attributes.
pub(super) fn scores_of_attributes(span: &mut Span) -> Vec<Score> {
    let is_score = |name: &str| {
        name.starts_with(LEGACY) || LISTS.iter().any(|(list, _, _)| name.starts_with(list))
    };
    if !span.attributes.keys().any(|name| is_score(name)) {
        return Vec::new();
    }
    let mut found: BTreeMap<(bool, String), BTreeMap<String, String>> = BTreeMap::new();
    span.attributes.retain(|name, value| {
        let Some((key, field)) = field_of_score(name) else {
            return true;
        };
        let fields = found.entry(key).or_default();
        fields.insert(field.to_owned(), std::mem::take(value));
        false
    });
    let of_span = of_span(span);
    let at = end_of(span);
    let scores = found.into_iter().filter_map(|((of_trace, key), fields)| {
        let mut score = Score {
            recorded_at: at,
            ..of_span.clone()
        };
        if of_trace {
            score.span_id = None;
        }
        let name = key.strip_prefix(LEGACY).map(str::to_owned);
        with_fields(score, name, fields)
    });
    scores.collect()
}

/// The list and index that an attribute belongs to, and the field that it is.
fn field_of_score(name: &str) -> Option<((bool, String), &str)> {
    for (list, item, of_trace) in LISTS {
        let Some(rest) = name.strip_prefix(list) else {
            continue;
        };
        let (index, field) = rest.split_once('.')?;
        let field = field.strip_prefix(item)?.strip_prefix('.')?;
        index.parse::<u32>().ok()?;
        return Some(((of_trace, format!("{list}{index}")), field));
    }
    let (score, field) = name.strip_prefix(LEGACY)?.rsplit_once('.')?;
    let known = ["score", "label", "explanation"].contains(&field) && !score.is_empty();
    known.then(|| ((false, format!("{LEGACY}{score}")), field))
}

fn with_fields(
    mut score: Score,
    name: Option<String>,
    mut fields: BTreeMap<String, String>,
) -> Option<Score> {
    score.name = name.or_else(|| fields.remove("name"))?;
    let value = fields.remove("score");
    score.value = value.and_then(|value| Value::Text(Cow::Owned(value)).to_number());
    score.label = fields.remove("label");
    score.explanation = fields.remove("explanation");
    let kind = fields.remove("annotator_kind");
    score.source = Some(kind.map_or_else(|| ANNOTATION.to_owned(), |kind| kind.to_lowercase()));
    says_something(&score).then_some(score)
}

fn of_span(span: &Span) -> Score {
    Score {
        trace_id: span.trace_id.clone(),
        span_id: Some(span.span_id.clone()),
        ..Score::default()
    }
}

/// When a span ended: a score without a time of its own was there by then.
fn end_of(span: &Span) -> Timestamp {
    let nanoseconds = i64::try_from(span.duration_ns).unwrap_or(i64::MAX);
    let duration = jiff::SignedDuration::from_nanos(nanoseconds);
    span.started_at
        .checked_add(duration)
        .unwrap_or(span.started_at)
}
