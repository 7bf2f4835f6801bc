//! The files of a table that a writer looks into again and again: they stay open.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use jiff::civil::Date;

use crate::engine::ports::traces::TraceStoreError;

use super::layout::{Layout, Table};
use super::segment::Segment;

/// Files that are open.
pub(super) struct Files {
    table: Table,
    open: BTreeMap<PathBuf, Segment>,
}

impl Files {
    /// None yet.
    pub(super) fn of(table: Table) -> Self {
        Self {
            table,
            open: BTreeMap::new(),
        }
    }

    /// The files of some days as they are now. Only these stay open. What a file was made from may be
    /// among them.
    pub(super) fn of_days(
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
