//! What the store holds at one moment, while others write.

use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;
use jiff::civil::Date;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceStoreError;

use super::decode::moment;
use super::join::join;
use super::known;
use super::layout::{Layout, Table, day_of};
use super::log;
use super::segment::Segment;

/// How often the files are listed again where they change under our eyes.
const MOST_TRIES: usize = 20;

/// Spans and scores, each once: in files of columns, or only in logs so far.
pub(super) struct Snapshot {
    /// The files of spans, by day and name.
    pub(super) spans: Vec<Segment>,
    /// The files of scores, by day and name.
    pub(super) scores: Vec<Segment>,
    /// The spans that are only in logs, in the order of the logs.
    pub(super) fresh_spans: Vec<Span>,
    /// The scores that are only in logs.
    pub(super) fresh_scores: Vec<Score>,
}

impl Snapshot {
    /// Takes a snapshot, of the spans that began in a stretch of time and of all scores. Logs come
    /// first: what is rolled in the meantime is then seen twice, which is found out, and never missed.
    pub(super) fn take(layout: &Layout, range: &TimeRange) -> Result<Self, TraceStoreError> {
        let mut fresh_spans = Vec::new();
        let mut fresh_scores = Vec::new();
        let mut waiting = Vec::new();
        for path in layout.logs()? {
            for batch in log::read(&path)?.unwrap_or_default() {
                fresh_spans.extend(batch.spans);
                fresh_scores.extend(batch.scores);
                waiting.extend(batch.waiting);
            }
        }
        // A span that is in logs only may be stored on any day.
        let days = if fresh_spans.is_empty() {
            days_of(range)
        } else {
            days_of(&TimeRange::ALWAYS)
        };
        let mut spans = settled(layout, Table::Spans, &days)?;
        let scores = settled(layout, Table::Scores, &days_of(&TimeRange::ALWAYS))?;
        each_once(&mut fresh_spans, &mut fresh_scores);
        join(&mut fresh_spans, waiting);
        let ids: Vec<_> = fresh_spans.iter().map(known::id).collect();
        let known = known::spans(&spans, &ids)?;
        retain(&mut fresh_spans, &known);
        fresh_spans.retain(|span| range.contains(span.started_at));
        spans.retain(|segment| {
            let (first, last) = (moment(segment.notes.first), moment(segment.notes.last));
            first < range.until && last >= range.from
        });
        let known = known::scores(&scores, &fresh_scores.iter().collect::<Vec<_>>())?;
        retain(&mut fresh_scores, &known);
        Ok(Self {
            spans,
            scores,
            fresh_spans,
            fresh_scores,
        })
    }

    /// A snapshot of these spans.
    #[cfg(test)]
    pub(super) fn of_spans(fresh_spans: Vec<Span>) -> Self {
        Self {
            spans: Vec::new(),
            scores: Vec::new(),
            fresh_spans,
            fresh_scores: Vec::new(),
        }
    }
}

/// Leaves the first of those that are the same.
pub(super) fn each_once(spans: &mut Vec<Span>, scores: &mut Vec<Score>) {
    let ids = spans.iter().map(known::id);
    let again = again(ids.collect());
    retain(spans, &again);
    scores_once(scores);
}

/// For each of these ids whether it stands further up.
pub(super) fn again(ids: Vec<(&str, &str)>) -> Vec<bool> {
    let mut seen = HashSet::with_capacity_and_hasher(ids.len(), RandomState::default());
    ids.into_iter().map(|id| !seen.insert(id)).collect()
}

/// Leaves the first of those scores that are the same.
pub(super) fn scores_once(scores: &mut Vec<Score>) {
    let mut seen = HashSet::new();
    scores.retain(|score| seen.insert(known::identity(score)));
}

/// Leaves what is not known.
pub(super) fn retain<T>(items: &mut Vec<T>, known: &[bool]) {
    let mut known = known.iter();
    items.retain(|_| known.next() == Some(&false));
}

/// The files of a table, open, at a moment at which no name changed.
fn settled(
    layout: &Layout,
    table: Table,
    days: &RangeInclusive<Date>,
) -> Result<Vec<Segment>, TraceStoreError> {
    for _ in 0..MOST_TRIES {
        let names = layout.files_of(table, days)?;
        allow_open_files(names.len());
        let segments: Result<Option<Vec<Segment>>, _> =
            names.iter().cloned().map(Segment::open).collect();
        let Some(segments) = segments? else { continue };
        if layout.files_of(table, days)? == names {
            return Ok(in_force(segments));
        }
    }
    Err(TraceStoreError {
        message: "the files of the trace store change too fast to be read".to_owned(),
        hint: Some("run the command again when fewer processes write".to_owned()),
        remote: false,
    })
}

/// Lets this process have so many more files open, as far as the system does.
fn allow_open_files(count: usize) {
    const OTHERS: u64 = 64;
    let limit = getrlimit(Resource::Nofile);
    let wanted = (count as u64).saturating_add(OTHERS);
    if limit.current.is_some_and(|current| current < wanted) {
        let current = limit.maximum.map_or(wanted, |most| most.min(wanted));
        // Where it does not, opening the files says so.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(current),
                ..limit
            },
        );
    }
}

/// The days in which moments of a range are.
pub(super) fn days_of(range: &TimeRange) -> RangeInclusive<Date> {
    day_of(range.from)..=day_of(range.until)
}

/// Without the files from which others were made, and which are about to be removed.
pub(super) fn in_force(mut segments: Vec<Segment>) -> Vec<Segment> {
    let replaced: BTreeSet<PathBuf> = segments.iter().flat_map(replaced).collect();
    segments.retain(|segment| !replaced.contains(&segment.path));
    segments
}

/// The files that one was made from. They were in the same folder.
pub(super) fn replaced(segment: &Segment) -> impl Iterator<Item = PathBuf> {
    let folder = segment.path.parent().unwrap_or(Path::new(""));
    let names = segment.notes.replaces.iter();
    names.map(move |name| folder.join(format!("{name}.parquet")))
}
