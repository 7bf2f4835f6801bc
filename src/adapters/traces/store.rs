//! Answers questions from what is on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::{Measured, TraceQuery, TraceTable};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{
    MeasureRequest, SpanRequest, StoreContents, TraceStore, TraceStoreError,
};

use super::decode::moment;
use super::encode::nanoseconds;
use super::layout::Layout;
use super::query;
use super::segment::Segment;
use super::snapshot::Snapshot;

/// Reads a store.
pub struct FileTraceStore {
    layout: Layout,
}

impl FileTraceStore {
    /// The store below a folder of ours. It need not exist: then it holds nothing.
    pub fn new(base: &Path) -> Self {
        Self {
            layout: Layout::below(base),
        }
    }
}

impl TraceStore for FileTraceStore {
    fn aggregate(&self, query: &TraceQuery) -> Result<TraceTable, TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout, &query.range)?;
        query::aggregate::aggregate(&snapshot, query)
    }

    fn measure(
        &self,
        request: &MeasureRequest,
        each: &mut dyn FnMut(Measured) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout, &request.range)?;
        query::measure::measure(&snapshot, request, each)
    }

    fn spans(
        &self,
        request: &SpanRequest,
        each: &mut dyn FnMut(Span) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout, &request.range)?;
        query::spans::spans(&snapshot, request, each)
    }

    fn trace(&self, trace: &str) -> Result<Vec<Span>, TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout, &TimeRange::ALWAYS)?;
        query::trace::trace(&snapshot, trace)
    }

    fn scores_of(&self, traces: &[String]) -> Result<Vec<Score>, TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout, &TimeRange::ALWAYS)?;
        query::trace::scores(&snapshot, traces)
    }

    fn contents(&self) -> Result<StoreContents, TraceStoreError> {
        let snapshot = Snapshot::take(&self.layout, &TimeRange::ALWAYS)?;
        let mut attributes: BTreeMap<String, u64> = BTreeMap::new();
        let stored = snapshot
            .spans
            .iter()
            .flat_map(|it| it.notes.attributes.clone());
        let fresh = snapshot
            .fresh_spans
            .iter()
            .flat_map(|span| span.attributes.keys());
        for (name, count) in stored.chain(fresh.map(|name| (name.clone(), 1))) {
            *attributes.entry(name).or_default() += count;
        }
        let names = snapshot.scores.iter();
        let names = names.flat_map(|it| it.notes.scored.clone());
        let fresh = snapshot.fresh_scores.iter().map(|score| score.name.clone());
        let names: BTreeSet<String> = names.chain(fresh).collect();
        let rows = |segments: &[Segment]| segments.iter().map(|it| it.notes.rows).sum::<u64>();
        let times = snapshot
            .spans
            .iter()
            .map(|it| (it.notes.first, it.notes.last));
        let fresh = snapshot
            .fresh_spans
            .iter()
            .map(|span| nanoseconds(span.started_at));
        let times: Vec<(i64, i64)> = times.chain(fresh.map(|time| (time, time))).collect();
        Ok(StoreContents {
            spans: rows(&snapshot.spans) + snapshot.fresh_spans.len() as u64,
            scores: rows(&snapshot.scores) + snapshot.fresh_scores.len() as u64,
            first: times.iter().map(|it| it.0).min().map(moment),
            last: times.iter().map(|it| it.1).max().map(moment),
            attributes,
            scored: names.into_iter().collect(),
        })
    }
}
