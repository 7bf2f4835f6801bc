//! What files hold already, as a writer asks again and again: those of the days in question stay open.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::trace::score::Score;
use crate::engine::ports::traces::TraceStoreError;

use super::known;
use super::layout::{Layout, Table, days_around};
use super::segment::Segment;

/// The files of both tables.
pub(super) struct Stored {
    spans: Files,
    scores: Files,
}

impl Stored {
    /// None is open yet.
    pub(super) fn new() -> Self {
        Self {
            spans: Files::of(Table::Spans),
            scores: Files::of(Table::Scores),
        }
    }

    /// For each span, which began at these times and is named by the ids of its trace and its own, whether
    /// a file of the days around them holds it.
    pub(super) fn known_spans(
        &mut self,
        layout: &Layout,
        times: impl Iterator<Item = Timestamp> + Clone,
        ids: &[(&str, &str)],
    ) -> Result<Vec<bool>, TraceStoreError> {
        match days_around(times) {
            Some(days) => known::spans(self.spans.of_days(layout, &days)?, ids),
            None => Ok(Vec::new()),
        }
    }

    /// For each score whether a file of the days around them holds it.
    pub(super) fn known_scores(
        &mut self,
        layout: &Layout,
        scores: &[&Score],
    ) -> Result<Vec<bool>, TraceStoreError> {
        match days_around(scores.iter().map(|score| score.recorded_at)) {
            Some(days) => known::scores(self.scores.of_days(layout, &days)?, scores),
            None => Ok(Vec::new()),
        }
    }
}

/// The files of one table that are open.
struct Files {
    table: Table,
    open: BTreeMap<PathBuf, Segment>,
}

impl Files {
    /// None yet.
    fn of(table: Table) -> Self {
        Self {
            table,
            open: BTreeMap::new(),
        }
    }

    /// The files of some days as they are now. Only these stay open. What a file was made from may be
    /// among them.
    fn of_days(
        &mut self,
        layout: &Layout,
        days: &RangeInclusive<Date>,
    ) -> Result<impl Iterator<Item = &Segment>, TraceStoreError> {
        let mut before = std::mem::take(&mut self.open);
        for path in layout.files_of(self.table, days)? {
            let segment = match before.remove(&path) {
                Some(segment) => Some(segment),
                None => Segment::open(path.clone())?,
            };
            self.open.extend(segment.map(|segment| (path, segment)));
        }
        Ok(self.open.values())
    }
}
