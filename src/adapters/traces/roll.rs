//! Rolling: what came in becomes files of columns, a day each, without what is stored already.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::digest::Digest;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::{Content, Span};
use crate::engine::ports::traces::TraceStoreError;

use super::columns::TRACE;
use super::encode::{self, nanoseconds};
use super::files::Stored;
use super::join::Waiting;
use super::known;
use super::layout::{Layout, StoreLock, Table, day_of, failed, sync_folder};
use super::schema::{IDENTITY, MOST_ROWS, SCHEMA_VERSION, findable};
use super::segment::{self, Notes};
use super::snapshot::retain;

/// About how many bytes of text one file holds at most.
pub(super) const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A batch of so many spans, or bytes of text, becomes files of columns at once, without a log. A file of
/// so many is large enough, and is not merged with others: nothing is written twice that came at once.
pub(super) const LARGE_ROWS: usize = 16_384;
pub(super) const LARGE_BYTES: usize = 16 * 1024 * 1024;

/// How many rows are turned into columns at a time.
const STEP: usize = 8_192;

/// What came in and is not in files of columns yet.
#[derive(Default)]
pub(super) struct Fresh {
    pub(super) spans: Vec<Span>,
    pub(super) scores: Vec<Score>,
    /// Content that waits for its spans.
    pub(super) waiting: Vec<Waiting>,
    /// The rules by which it was redacted.
    pub(super) redactions: BTreeSet<Digest>,
}

/// What was made from which files.
pub(super) struct Origin {
    pub(super) redactions: BTreeSet<Digest>,
    pub(super) replaces: BTreeSet<String>,
}

impl Origin {
    /// The notes of a file whose rows have these times.
    fn notes(&self, times: impl Iterator<Item = Timestamp> + Clone) -> Notes {
        Notes {
            schema: SCHEMA_VERSION,
            rows: times.clone().count() as u64,
            first: times.clone().map(nanoseconds).min().unwrap_or(i64::MAX),
            last: times.map(nanoseconds).max().unwrap_or(i64::MIN),
            redactions: self.redactions.clone(),
            replaces: self.replaces.clone(),
            ..Notes::default()
        }
    }
}

/// Writes what is not stored yet, and gives the days that have more files now.
pub(super) fn roll(
    layout: &Layout,
    lock: &StoreLock,
    fresh: &Fresh,
    stored: &mut Stored,
    now: Timestamp,
) -> Result<BTreeSet<(Table, Date)>, TraceStoreError> {
    let mut spans: Vec<&Span> = fresh.spans.iter().collect();
    let known = stored.known_spans(layout, &spans)?;
    retain(&mut spans, &known);
    let mut scores: Vec<&Score> = fresh.scores.iter().collect();
    let known = stored.known_scores(layout, &scores)?;
    retain(&mut scores, &known);
    let origin = Origin {
        redactions: fresh.redactions.clone(),
        replaces: BTreeSet::new(),
    };
    let mut days = BTreeSet::new();
    for (day, spans) in by_day(spans, |span| span.started_at) {
        write_spans(layout, lock, spans, &origin, now)?;
        days.insert((Table::Spans, day));
    }
    for (day, scores) in by_day(scores, |score| score.recorded_at) {
        write_scores(layout, lock, scores, &origin, now)?;
        days.insert((Table::Scores, day));
    }
    Ok(days)
}

fn by_day<T>(items: Vec<&T>, time: fn(&T) -> Timestamp) -> BTreeMap<Date, Vec<&T>> {
    let mut days: BTreeMap<Date, Vec<&T>> = BTreeMap::new();
    for item in items {
        days.entry(day_of(time(item))).or_default().push(item);
    }
    days
}

/// Writes spans of one day, in as many files as it takes.
pub(super) fn write_spans(
    layout: &Layout,
    _lock: &StoreLock,
    mut spans: Vec<&Span>,
    origin: &Origin,
    now: Timestamp,
) -> Result<(), TraceStoreError> {
    spans.sort_by(|one, other| order(one).cmp(&order(other)));
    let Some(day) = spans.first().map(|span| day_of(span.started_at)) else {
        return Ok(());
    };
    for part in parts(&spans) {
        let path = layout.new_file(Table::Spans, day, now)?;
        let mut attributes = BTreeMap::new();
        for name in part.iter().flat_map(|span| span.attributes.keys()) {
            if let Some(count) = attributes.get_mut(name) {
                *count += 1;
            } else {
                attributes.insert(name.clone(), 1);
            }
        }
        let notes = Notes {
            attributes: most_frequent(attributes),
            ..origin.notes(part.iter().map(|span| span.started_at))
        };
        let batches = part.chunks(STEP).map(|spans| {
            encode::spans(spans)
                .map_err(|error| failed("write", &path, &std::io::Error::other(error)))
        });
        segment::write(&path, findable(TRACE), batches, notes)?;
    }
    sync_folder(&layout.day(Table::Spans, day))
}

fn order(span: &Span) -> (Timestamp, &str, &str) {
    (span.started_at, &span.trace_id, &span.span_id)
}

/// Spans in parts that fit into a file each.
fn parts<'s, 'p>(spans: &'p [&'s Span]) -> Vec<&'p [&'s Span]> {
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, span) in spans.iter().enumerate() {
        bytes += weight(span);
        if index - start == MOST_ROWS || (bytes > MOST_BYTES && index > start) {
            parts.push(&spans[start..index]);
            (start, bytes) = (index, weight(span));
        }
    }
    parts.push(&spans[start..]);
    parts
}

/// About how many bytes of text a span has.
pub(super) fn weight(span: &Span) -> usize {
    let message = span.status_message.as_ref().map_or(0, String::len);
    let pairs = span.attributes.iter();
    let pairs = pairs.map(|(key, value)| key.len() + value.len());
    content_weight(&span.content) + message + pairs.sum::<usize>() + 500
}

/// About how many bytes of text content has.
pub(super) fn content_weight(content: &Content) -> usize {
    let texts = [
        &content.system_instructions,
        &content.input,
        &content.output,
        &content.tool_definitions,
        &content.events,
    ];
    let texts = texts.into_iter().flatten().map(String::len);
    let pairs = content.variables.iter();
    let pairs = pairs.map(|(key, value)| key.len() + value.len());
    texts.chain(pairs).sum()
}

/// The names that most spans carry.
fn most_frequent(attributes: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    const MOST_NAMES: usize = 1_000;
    if attributes.len() <= MOST_NAMES {
        return attributes;
    }
    let mut names: Vec<(String, u64)> = attributes.into_iter().collect();
    names.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    names.into_iter().take(MOST_NAMES).collect()
}

/// Writes scores of one day.
pub(super) fn write_scores(
    layout: &Layout,
    _lock: &StoreLock,
    scores: Vec<&Score>,
    origin: &Origin,
    now: Timestamp,
) -> Result<(), TraceStoreError> {
    let mut scores: Vec<(&Score, String)> = scores
        .into_iter()
        .map(|score| (score, known::identity(score)))
        .collect();
    scores.sort_by(|one, other| {
        let times = one.0.recorded_at.cmp(&other.0.recorded_at);
        times.then_with(|| one.1.cmp(&other.1))
    });
    let Some(day) = scores.first().map(|(score, _)| day_of(score.recorded_at)) else {
        return Ok(());
    };
    for part in scores.chunks(MOST_ROWS) {
        let path = layout.new_file(Table::Scores, day, now)?;
        let notes = Notes {
            scored: part.iter().map(|(score, _)| score.name.clone()).collect(),
            ..origin.notes(part.iter().map(|(score, _)| score.recorded_at))
        };
        let batches = part.chunks(STEP).map(|scores| {
            encode::scores(scores)
                .map_err(|error| failed("write", &path, &std::io::Error::other(error)))
        });
        segment::write(&path, findable(IDENTITY), batches, notes)?;
    }
    sync_folder(&layout.day(Table::Scores, day))
}
