//! Merging: small files of a day become larger ones, a few at a time.
//!
//! A new file names those that it was made from, and is there before they go: whoever reads in between
//! passes over the old ones.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::engine::ports::traces::TraceStoreError;

use super::decode;
use super::layout::{Layout, StoreLock, Table, UNFINISHED, entries, remove, sync_folder};
use super::query::Needs;
use super::roll::{LARGE_BYTES, LARGE_ROWS, Origin, write_scores, write_spans};
use super::rows::{MOST_BYTES, Rows};
use super::schema::MOST_ROWS;
use super::segment::Segment;
use super::snapshot::{in_force, replaced};

/// How many files of about the same size become one.
const MERGED: usize = 8;

/// How many rows are read at a time.
const STEP: usize = 8_192;

/// Removes what is left over in a day's folder, and merges while there is enough to merge. No file is
/// read and written more often than it has digits in base eight.
pub(super) fn compact(
    layout: &Layout,
    lock: &StoreLock,
    (table, day): (Table, Date),
    now: Timestamp,
) -> Result<(), TraceStoreError> {
    loop {
        let segments = clean(layout, table, day)?;
        let Some(alike) = alike(&segments) else {
            return Ok(());
        };
        merge(layout, lock, table, &alike, now)?;
    }
}

/// Removes what a crash or a merge left behind, and gives the files that count.
fn clean(layout: &Layout, table: Table, day: Date) -> Result<Vec<Segment>, TraceStoreError> {
    let folder = layout.day(table, day);
    for path in entries(&folder)? {
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(UNFINISHED)) {
            remove(&path)?;
        }
    }
    let mut segments = Vec::new();
    for path in layout.files(table, day)? {
        segments.extend(Segment::open(path)?);
    }
    let old: BTreeSet<_> = segments.iter().flat_map(replaced).collect();
    let old: Vec<_> = old.into_iter().filter(|path| path.exists()).collect();
    for path in &old {
        remove(path)?;
    }
    if !old.is_empty() {
        sync_folder(&folder)?;
    }
    Ok(in_force(segments))
}

/// Small files of about the same size, where there are enough of them.
fn alike(segments: &[Segment]) -> Option<Vec<&Segment>> {
    let largest = LARGE_ROWS as u64;
    let is_small =
        |segment: &&Segment| segment.notes.rows < largest && segment.bytes() < LARGE_BYTES as u64;
    let size = |segment: &Segment| segment.notes.rows.max(1).ilog2() / 3;
    for class in 0..=largest.ilog2() / 3 {
        let mut alike: Vec<&Segment> = segments
            .iter()
            .filter(is_small)
            .filter(|segment| size(segment) == class)
            .collect();
        if alike.len() < MERGED {
            continue;
        }
        alike.truncate(MERGED);
        while !fits(&alike) {
            alike.pop();
        }
        if alike.len() > 1 {
            return Some(alike);
        }
    }
    None
}

fn fits(segments: &[&Segment]) -> bool {
    let rows: u64 = segments.iter().map(|segment| segment.notes.rows).sum();
    let bytes: u64 = segments.iter().map(|segment| segment.bytes()).sum();
    rows <= MOST_ROWS as u64 && bytes <= MOST_BYTES as u64
}

fn merge(
    layout: &Layout,
    lock: &StoreLock,
    table: Table,
    segments: &[&Segment],
    now: Timestamp,
) -> Result<(), TraceStoreError> {
    let notes = || segments.iter().map(|segment| &segment.notes);
    let origin = Origin {
        redactions: notes().flat_map(|notes| notes.redactions.clone()).collect(),
        replaces: segments
            .iter()
            .map(|segment| segment.name().to_owned())
            .collect(),
    };
    let needs = Needs::whole_spans(true);
    let columns = match table {
        Table::Spans => needs.names(),
        Table::Scores => decode::SCORE_COLUMNS.to_vec(),
    };
    let mut batches = Vec::new();
    for segment in segments {
        for batch in segment.read(&columns, None, STEP)? {
            batches.push((segment, batch?));
        }
    }
    match table {
        Table::Spans => {
            let mut rows = Rows::default();
            for (segment, batch) in batches {
                let spans = decode::spans(&batch).map_err(|error| segment.damaged(&error))?;
                let added = rows.add(&spans);
                added.map_err(|error| segment.damaged(&error.into()))?;
            }
            write_spans(layout, lock, &rows, &origin, now)?;
            Ok(())
        }
        Table::Scores => {
            let mut scores = Vec::new();
            for (segment, batch) in batches {
                scores.extend(decode::scores(&batch).map_err(|error| segment.damaged(&error))?);
            }
            write_scores(layout, lock, scores.iter().collect(), &origin, now)
        }
    }
}
