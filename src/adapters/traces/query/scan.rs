//! Goes through the spans or traces that a question means.

use std::ops::ControlFlow;

use arrow_array::RecordBatch;

use crate::adapters::traces::snapshot::Snapshot;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::Level;
use crate::engine::ports::traces::TraceStoreError;

use super::batch::Rows;
use super::in_order::in_order;
use super::items::Items;
use super::needs::{Needs, columns_of};
use super::plan::Wanted;
use super::scores::ScoreIndex;
use super::select::Selected;
use super::source::{Overlap, Source, overlap};
use super::traces;

/// What is done with what came of some items; it says whether there is more to be done.
pub(super) type Each<'e, T> = dyn FnMut(T) -> Result<ControlFlow<()>, TraceStoreError> + 'e;

/// The spans or traces that a question means.
pub(super) struct Scan<'q> {
    pub(super) level: Level,
    pub(super) wanted: &'q Wanted,
    pub(super) sources: Vec<(Source<'q>, Overlap)>,
    pub(super) scores: Option<ScoreIndex>,
    range: TimeRange,
    filter: &'q Filter,
}

impl<'q> Scan<'q> {
    /// What is wanted of the spans that began in a range and pass a filter, or of their traces.
    pub(super) fn new(
        snapshot: &'q Snapshot,
        level: Level,
        range: TimeRange,
        filter: &'q Filter,
        wanted: &'q Wanted,
    ) -> Result<Self, TraceStoreError> {
        let mut columns = columns_of(filter);
        columns.extend(&wanted.numbers);
        let sources = Source::of(snapshot).into_iter().filter_map(|source| {
            let overlap = overlap(source.times(), &range)?;
            Some((source, overlap))
        });
        Ok(Self {
            level,
            wanted,
            sources: sources.collect(),
            scores: ScoreIndex::load(snapshot, &columns, level, &range)?,
            range,
            filter,
        })
    }

    /// The stored columns that it takes.
    pub(super) fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        needs.add_filter(self.filter);
        let Wanted {
            keys,
            texts,
            numbers,
            ..
        } = self.wanted;
        keys.iter()
            .chain(texts)
            .chain(numbers)
            .for_each(|column| needs.add(column));
        if self.wanted.times || self.sources.iter().any(|it| it.1 == Overlap::Part) {
            needs.add(&Column::Time);
        }
        if self.wanted.errors {
            needs.add(&Column::Status);
        }
        needs
    }

    /// A batch with all that is known about its rows.
    pub(super) fn rows<'b>(&'b self, batch: &'b RecordBatch) -> Rows<'b> {
        Rows {
            batch,
            scores: self.scores.as_ref(),
            level: self.level,
        }
    }

    /// The rows of a batch that are meant.
    pub(super) fn select(
        &self,
        rows: &Rows<'_>,
        (source, overlap): &(Source<'_>, Overlap),
    ) -> Result<Selected, TraceStoreError> {
        let range = (*overlap == Overlap::Part).then_some(&self.range);
        let selected = Selected::of(rows, range, self.filter);
        selected.map_err(|error| source.damaged(&error))
    }

    /// The rows of a source that are meant.
    pub(super) fn selected(
        &self,
        source: &(Source<'_>, Overlap),
    ) -> Result<Selected, TraceStoreError> {
        if source.1 == Overlap::Whole && *self.filter == Filter::Everything {
            return Ok(Selected::All(source.0.rows()));
        }
        let mut selected = Selected::All(0);
        source.0.read(&self.needs(), |batch| {
            selected = self.select(&self.rows(batch), source)?;
            Ok(())
        })?;
        Ok(selected)
    }

    /// Hands over what comes of all items, some at a time. `work` is done on many threads, `each` on
    /// this one and always in the same order.
    pub(super) fn items<T: Send>(
        &self,
        work: &(dyn Fn(Items) -> T + Sync),
        each: &mut Each<'_, T>,
    ) -> Result<(), TraceStoreError> {
        match self.level {
            Level::Span => self.span_items(work, each),
            Level::Trace => traces::items(self, work, each),
        }
    }

    fn span_items<T: Send>(
        &self,
        work: &(dyn Fn(Items) -> T + Sync),
        each: &mut Each<'_, T>,
    ) -> Result<(), TraceStoreError> {
        let needs = self.needs();
        let of_source = |source: &(Source<'_>, Overlap)| {
            let mut results = Vec::new();
            source.0.read(&needs, |batch| {
                let rows = self.rows(batch);
                let selected = self.select(&rows, source)?;
                if selected.count() > 0 {
                    let items = Items::of(&rows, &selected, self.wanted);
                    results.push(work(items.map_err(|error| source.0.damaged(&error))?));
                }
                Ok(())
            })?;
            Ok(results)
        };
        in_order(&self.sources, of_source, |results| {
            for result in results {
                if each(result)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })
    }
}
