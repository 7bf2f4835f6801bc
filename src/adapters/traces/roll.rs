//! Rolling: what came in becomes files of columns, a day each, without what is stored already.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_schema::ArrowError;
use foldhash::fast::RandomState;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::digest::Digest;
use crate::domain::trace::score::Score;
use crate::engine::ports::traces::TraceStoreError;

use super::columns::{ATTRIBUTE, TRACE};
use super::encode::{self, nanoseconds};
use super::files::Stored;
use super::known;
use super::layout::{Layout, StoreLock, Table, day_of, failed, sync_folder};
use super::rows::{Row, Rows, stretches};
use super::schema::{IDENTITY, MOST_ROWS, SCHEMA_VERSION, SCORES, SPANS, findable};
use super::segment::{self, Notes};
use super::snapshot::{again, retain, scores_once};

/// A batch of so many spans, or bytes of text, becomes files of columns at once, without a log. A file of
/// so many is large enough, and is not merged with others: nothing is written twice that came at once.
pub(super) const LARGE_ROWS: usize = 16_384;
pub(super) const LARGE_BYTES: usize = 16 * 1024 * 1024;

/// How many rows are turned into columns at a time.
const STEP: usize = 8_192;

/// What is to be in files of columns.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) rows: Rows,
    pub(super) scores: Vec<Score>,
    /// The rules by which it was redacted.
    pub(super) redactions: BTreeSet<Digest>,
}

impl Gathered {
    /// Whether it is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() == 0 && self.scores.is_empty()
    }
}

/// What was written of it.
#[derive(Default)]
pub(super) struct Rolled {
    pub(super) spans: u64,
    pub(super) scores: u64,
    /// The days that have more files now.
    pub(super) days: BTreeSet<(Table, Date)>,
}

/// What was made from which files.
pub(super) struct Origin {
    pub(super) redactions: BTreeSet<Digest>,
    pub(super) replaces: BTreeSet<String>,
}

impl Origin {
    /// The notes of a file whose rows have these times.
    fn notes(&self, times: impl Iterator<Item = i64> + Clone) -> Notes {
        Notes {
            schema: SCHEMA_VERSION,
            rows: times.clone().count() as u64,
            first: times.clone().min().unwrap_or(i64::MAX),
            last: times.max().unwrap_or(i64::MIN),
            redactions: self.redactions.clone(),
            replaces: self.replaces.clone(),
            ..Notes::default()
        }
    }
}

/// Writes what is not stored yet, each once.
pub(super) fn roll(
    layout: &Layout,
    lock: &StoreLock,
    gathered: Gathered,
    stored: &mut Stored,
    now: Timestamp,
) -> Result<Rolled, TraceStoreError> {
    let Gathered {
        mut rows,
        mut scores,
        redactions,
    } = gathered;
    rows.leave(&again(rows.ids()));
    let known = stored.known_spans(layout, rows.times(), &rows.ids())?;
    rows.leave(&known);
    scores_once(&mut scores);
    let known = stored.known_scores(layout, &scores.iter().collect::<Vec<_>>())?;
    retain(&mut scores, &known);
    let origin = Origin {
        redactions,
        replaces: BTreeSet::new(),
    };
    let spans_of_days = write_spans(layout, lock, &rows, &origin, now)?;
    let mut rolled = Rolled {
        spans: rows.len() as u64,
        scores: scores.len() as u64,
        days: spans_of_days
            .into_iter()
            .map(|day| (Table::Spans, day))
            .collect(),
    };
    for (day, scores) in scores_by_day(&scores) {
        write_scores(layout, lock, scores, &origin, now)?;
        rolled.days.insert((Table::Scores, day));
    }
    Ok(rolled)
}

fn scores_by_day(scores: &[Score]) -> BTreeMap<Date, Vec<&Score>> {
    let mut days: BTreeMap<Date, Vec<&Score>> = BTreeMap::new();
    for score in scores {
        days.entry(day_of(score.recorded_at))
            .or_default()
            .push(score);
    }
    days
}

/// Writes spans, those of a day in as many files as it takes, and gives the days.
pub(super) fn write_spans(
    layout: &Layout,
    _lock: &StoreLock,
    rows: &Rows,
    origin: &Origin,
    now: Timestamp,
) -> Result<Vec<Date>, TraceStoreError> {
    let mut days = Vec::new();
    for (day, sorted) in rows.by_day() {
        for stretch in stretches(&sorted) {
            let path = layout.new_file(Table::Spans, day, now)?;
            let refused = |error| failed("write", &path, &std::io::Error::other(error));
            let mut batches = Vec::new();
            for step in stretch.chunks(STEP) {
                batches.push(rows.columns(step).map_err(refused)?);
            }
            let notes = Notes {
                attributes: most_frequent(attributes(&batches)),
                ..origin.notes(stretch.iter().map(Row::time))
            };
            segment::write(&path, findable(&SPANS, TRACE), batches, notes)?;
        }
        sync_folder(&layout.day(Table::Spans, day))?;
        days.push(day);
    }
    Ok(days)
}

/// The names of other attributes, with the number of spans that carry each.
fn attributes(batches: &[RecordBatch]) -> BTreeMap<String, u64> {
    let mut counts: HashMap<&str, u64, RandomState> = HashMap::default();
    for batch in batches {
        let maps = batch.column_by_name(ATTRIBUTE);
        let names = maps.and_then(|maps| maps.as_map_opt());
        let names = names.and_then(|maps| maps.keys().as_string_opt::<i32>());
        for name in names.into_iter().flatten().flatten() {
            *counts.entry(name).or_default() += 1;
        }
    }
    let counts = counts.into_iter();
    counts
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
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
            ..origin.notes(part.iter().map(|(score, _)| nanoseconds(score.recorded_at)))
        };
        let batches = part.chunks(STEP).map(encode::scores);
        let batches: Result<Vec<RecordBatch>, ArrowError> = batches.collect();
        let batches =
            batches.map_err(|error| failed("write", &path, &std::io::Error::other(error)))?;
        segment::write(&path, findable(&SCORES, IDENTITY), batches, notes)?;
    }
    sync_folder(&layout.day(Table::Scores, day))
}
