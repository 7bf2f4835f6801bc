//! What the store holds at one moment, while others write.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceStoreError;

use super::known;
use super::layout::{Layout, Table};
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
    /// Takes a snapshot. Logs come first: what is rolled in the meantime is then seen twice, which is
    /// found out, and never missed.
    pub(super) fn take(layout: &Layout) -> Result<Self, TraceStoreError> {
        let mut fresh_spans = Vec::new();
        let mut fresh_scores = Vec::new();
        for path in layout.logs()? {
            for batch in log::read(&path)?.unwrap_or_default() {
                fresh_spans.extend(batch.spans);
                fresh_scores.extend(batch.scores);
            }
        }
        let spans = settled(layout, Table::Spans)?;
        let scores = settled(layout, Table::Scores)?;
        each_once(&mut fresh_spans, &mut fresh_scores);
        let known = known::spans(&spans, &fresh_spans.iter().collect::<Vec<_>>())?;
        retain(&mut fresh_spans, &known);
        let known = known::scores(&scores, &fresh_scores.iter().collect::<Vec<_>>())?;
        retain(&mut fresh_scores, &known);
        Ok(Self {
            spans,
            scores,
            fresh_spans,
            fresh_scores,
        })
    }
}

/// Leaves the first of those that are the same.
pub(super) fn each_once(spans: &mut Vec<Span>, scores: &mut Vec<Score>) {
    let mut seen = HashSet::new();
    spans.retain(|span| seen.insert(known::span_key(span)));
    let mut seen = HashSet::new();
    scores.retain(|score| seen.insert(known::identity(score)));
}

/// Leaves what is not known.
pub(super) fn retain<T>(items: &mut Vec<T>, known: &[bool]) {
    let mut known = known.iter();
    items.retain(|_| known.next() == Some(&false));
}

/// The files of a table, open, at a moment at which no name changed.
pub(super) fn settled(layout: &Layout, table: Table) -> Result<Vec<Segment>, TraceStoreError> {
    for _ in 0..MOST_TRIES {
        let names = names(layout, table)?;
        let segments: Result<Option<Vec<Segment>>, _> =
            names.iter().cloned().map(Segment::open).collect();
        let Some(segments) = segments? else { continue };
        if self::names(layout, table)? == names {
            return Ok(in_force(segments));
        }
    }
    Err(TraceStoreError {
        message: "the files of the trace store change too fast to be read".to_owned(),
        hint: Some("run the command again when fewer processes write".to_owned()),
        remote: false,
    })
}

fn names(layout: &Layout, table: Table) -> Result<Vec<PathBuf>, TraceStoreError> {
    let mut names = Vec::new();
    for day in layout.days(table)? {
        names.extend(layout.files(table, day)?);
    }
    Ok(names)
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
