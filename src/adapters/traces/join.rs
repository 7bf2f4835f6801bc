//! Content that came as log records is joined to its spans: to those that come in with it, or to those
//! that are in files already. What has no span yet waits for it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::trace::logged::LoggedContent;
use crate::domain::trace::span::{Content, Span};
use crate::engine::ports::traces::TraceStoreError;

use super::decode;
use super::known;
use super::layout::{Layout, StoreLock, Table, days_around};
use super::query::Needs;
use super::roll::{Origin, write_spans};
use super::rows::{Rows, content_weight};
use super::schema::MOST_ROWS;
use super::segment::Segment;
use super::snapshot::in_force;

/// How long content waits for its span.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// How many records wait at most, and about how many bytes of text: the newest.
const MOST_WAITING: usize = 16_384;
const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Content, when it was taken in, and by which rules it was redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Waiting {
    pub(super) taken_at: Timestamp,
    pub(super) redaction: Digest,
    pub(super) logged: LoggedContent,
}

/// What a record of content is known by: a digest of all that it says.
pub(super) fn identity(logged: &LoggedContent) -> ShortDigest {
    let json = serde_json::to_vec(logged).expect("content has text keys and no numbers");
    Digest::of(&json).shortened()
}

/// Content by its span, each record once, in the order in which it was said.
struct BySpan<'w>(BTreeMap<(&'w str, &'w str), Vec<&'w LoggedContent>>);

impl<'w> BySpan<'w> {
    fn of(waiting: &'w [Waiting]) -> Self {
        let mut seen = HashSet::new();
        let mut spans: BTreeMap<_, Vec<&LoggedContent>> = BTreeMap::new();
        for Waiting { logged, .. } in waiting {
            if seen.insert(identity(logged)) {
                let id = (logged.trace_id.as_str(), logged.span_id.as_str());
                spans.entry(id).or_default().push(logged);
            }
        }
        for logged in spans.values_mut() {
            logged.sort_by_key(|it| it.recorded_at);
        }
        Self(spans)
    }

    /// Adds what is known of a span. `None`: nothing is; else whether that changed it.
    fn fill(&self, span: &mut Span) -> Option<bool> {
        let logged = self
            .0
            .get(&(span.trace_id.as_str(), span.span_id.as_str()))?;
        let logged: Vec<&Content> = logged.iter().map(|it| &it.content).collect();
        Some(span.content.fill(&logged))
    }
}

/// Joins content to spans that are in memory, and gives what is about none of them.
pub(super) fn join(spans: &mut [Span], mut waiting: Vec<Waiting>) -> Vec<Waiting> {
    if waiting.is_empty() {
        return waiting;
    }
    let by_span = BySpan::of(&waiting);
    let mut found = HashSet::new();
    for span in spans {
        if by_span.fill(span).is_some() {
            found.insert(known::span_key(span));
        }
    }
    waiting.retain(|it| !found.contains(&key(it)));
    waiting
}

/// What the span of a record is known by.
fn key(waiting: &Waiting) -> ShortDigest {
    known::key(&waiting.logged.trace_id, &waiting.logged.span_id)
}

/// What came of joining content to spans that are in files.
pub(super) struct Joined {
    /// What is about none of them.
    pub(super) waiting: Vec<Waiting>,
    /// The days whose files changed.
    pub(super) days: BTreeSet<(Table, Date)>,
}

/// Joins content to spans that are in files, which are written anew for it.
pub(super) fn join_stored(
    layout: &Layout,
    lock: &StoreLock,
    mut waiting: Vec<Waiting>,
    now: Timestamp,
) -> Result<Joined, TraceStoreError> {
    let mut days = BTreeSet::new();
    let Some(range) = days_around(waiting.iter().map(|it| it.logged.recorded_at)) else {
        return Ok(Joined { waiting, days });
    };
    let mut segments = Vec::new();
    for path in layout.files_of(Table::Spans, &range)? {
        segments.extend(Segment::open(path)?);
    }
    let mut found = HashSet::new();
    for segment in in_force(segments) {
        let by_span = BySpan::of(&waiting);
        let ids: Vec<(&str, &str)> = by_span.0.keys().copied().collect();
        if !known::spans([&segment], &ids)?.contains(&true) {
            continue;
        }
        let mut spans = spans_of(&segment)?;
        let mut changed = false;
        for span in &mut spans {
            if let Some(filled) = by_span.fill(span) {
                found.insert(known::span_key(span));
                changed |= filled;
            }
        }
        if changed {
            let known = segment.notes.redactions.iter();
            let added = waiting.iter().map(|it| &it.redaction);
            let origin = Origin {
                redactions: known.chain(added).copied().collect(),
                replaces: [segment.name().to_owned()].into(),
            };
            let rows = Rows::of(&spans).map_err(|error| segment.damaged(&error.into()))?;
            let written = write_spans(layout, lock, &rows, &origin, now)?;
            days.extend(written.into_iter().map(|day| (Table::Spans, day)));
        }
    }
    waiting.retain(|it| !found.contains(&key(it)));
    Ok(Joined { waiting, days })
}

fn spans_of(segment: &Segment) -> Result<Vec<Span>, TraceStoreError> {
    let mut spans = Vec::new();
    for batch in segment.read(&Needs::whole_spans(true).names(), None, MOST_ROWS)? {
        spans.extend(decode::spans(&batch?).map_err(|error| segment.damaged(&error))?);
    }
    Ok(spans)
}

/// The content that goes on waiting: the newest of it, and none that waited too long.
pub(super) fn still_waiting(mut waiting: Vec<Waiting>, now: Timestamp) -> Vec<Waiting> {
    waiting.retain(|it| now.duration_since(it.taken_at) < LONGEST_WAIT);
    let mut seen = HashSet::new();
    waiting.retain(|it| seen.insert(identity(&it.logged)));
    let mut bytes = 0;
    let newest = waiting.iter().rev().take(MOST_WAITING).take_while(|it| {
        bytes += content_weight(&it.logged.content);
        bytes <= MOST_WAITING_BYTES
    });
    let kept = newest.count();
    waiting.split_off(waiting.len() - kept)
}
