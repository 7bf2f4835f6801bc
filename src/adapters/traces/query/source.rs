//! Where rows come from: a file, or what is only in logs so far.

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

use crate::adapters::traces::encode;
use crate::adapters::traces::schema::MOST_ROWS;
use crate::adapters::traces::segment::Segment;
use crate::adapters::traces::snapshot::Snapshot;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceStoreError;

use super::needs::Needs;
use super::select::Selected;

/// How many rows with content are in memory at a time.
const STEP_OF_WHOLE_SPANS: usize = 4_096;

/// Some of the stored spans.
#[derive(Clone, Copy)]
pub(super) enum Source<'s> {
    /// Those of a file.
    Stored(&'s Segment),
    /// Those that are only in logs.
    Fresh(&'s [Span]),
}

impl<'s> Source<'s> {
    /// Every source in which spans of a stretch of time may be, in the order of the store.
    pub(super) fn of(snapshot: &'s Snapshot) -> Vec<Self> {
        let stored = snapshot.spans.iter().map(Self::Stored);
        let fresh = snapshot.fresh_spans.chunks(MOST_ROWS).map(Self::Fresh);
        stored.chain(fresh).collect()
    }

    /// When the first and the last of the spans began, in nanoseconds.
    pub(super) fn times(&self) -> (i64, i64) {
        match self {
            Self::Stored(segment) => (segment.notes.first, segment.notes.last),
            Self::Fresh(spans) => {
                let times = || {
                    spans
                        .iter()
                        .map(|span| encode::nanoseconds(span.started_at))
                };
                (
                    times().min().unwrap_or(i64::MAX),
                    times().max().unwrap_or(i64::MIN),
                )
            }
        }
    }

    /// How many spans it has at most.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Stored(segment) => usize::try_from(segment.notes.rows).unwrap_or(usize::MAX),
            Self::Fresh(spans) => spans.len(),
        }
    }

    /// Reads some columns of every row. All rows are one batch, so that what is the same for all of
    /// them is done once.
    pub(super) fn read(
        &self,
        needs: &Needs,
        mut each: impl FnMut(&RecordBatch) -> Result<(), TraceStoreError>,
    ) -> Result<(), TraceStoreError> {
        match self {
            Self::Stored(segment) => {
                for batch in segment.read(&needs.names(), None, MOST_ROWS)? {
                    each(&batch?)?;
                }
                Ok(())
            }
            Self::Fresh(spans) => {
                let spans: Vec<&Span> = spans.iter().collect();
                each(&encode::some_columns(&spans, &needs.names()).map_err(|it| unfit(&it))?)
            }
        }
    }

    /// Reads columns of some rows, which are given in their order.
    pub(super) fn read_rows(
        &self,
        needs: &Needs,
        selected: &Selected,
        mut each: impl FnMut(&RecordBatch) -> Result<(), TraceStoreError>,
    ) -> Result<(), TraceStoreError> {
        match self {
            Self::Stored(segment) => {
                let rows = match selected {
                    Selected::All(_) => None,
                    Selected::Some(rows) => Some(selection(rows)),
                };
                for batch in segment.read(&needs.names(), rows, STEP_OF_WHOLE_SPANS)? {
                    each(&batch?)?;
                }
                Ok(())
            }
            Self::Fresh(spans) => {
                let spans: Vec<&Span> = selected.rows().map(|row| &spans[row]).collect();
                each(&encode::some_columns(&spans, &needs.names()).map_err(|it| unfit(&it))?)
            }
        }
    }

    /// An error about what is in this source.
    pub(super) fn damaged(&self, error: &parquet::errors::ParquetError) -> TraceStoreError {
        match self {
            Self::Stored(segment) => segment.damaged(error),
            Self::Fresh(_) => unfit(error),
        }
    }
}

/// Whether spans of a range may be between two moments, and whether all that are between them are of
/// the range.
pub(super) fn overlap((first, last): (i64, i64), range: &TimeRange) -> Option<Overlap> {
    let (from, until) = bounds(range);
    if i128::from(last) < from || i128::from(first) >= until {
        return None;
    }
    let whole = from <= i128::from(first) && i128::from(last) < until;
    Some(if whole { Overlap::Whole } else { Overlap::Part })
}

/// How much of a source lies in a range of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlap {
    Whole,
    Part,
}

/// The limits of a range in nanoseconds.
pub(super) fn bounds(range: &TimeRange) -> (i128, i128) {
    (range.from.as_nanosecond(), range.until.as_nanosecond())
}

fn selection(rows: &[u32]) -> RowSelection {
    let mut selectors: Vec<RowSelector> = Vec::new();
    let mut next = 0;
    for row in rows {
        let row = *row as usize;
        if row > next {
            selectors.push(RowSelector::skip(row - next));
        }
        match selectors.last_mut() {
            Some(last) if !last.skip => last.row_count += 1,
            _ => selectors.push(RowSelector::select(1)),
        }
        next = row + 1;
    }
    selectors.into()
}

fn unfit(error: &impl std::fmt::Display) -> TraceStoreError {
    TraceStoreError {
        message: format!("spans that are in logs only cannot be put into columns: {error}"),
        hint: None,
        remote: false,
    }
}
