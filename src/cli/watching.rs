//! A store of traces that shows how much of it was read.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::cli::ui::Ui;
use crate::domain::trace::query::{Measured, TraceQuery, TraceTable};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{
    MeasureRequest, SpanRequest, StoreContents, TraceStore, TraceStoreError,
};
use crate::report::counter::Counter;

/// Answers as the store does, and counts on a terminal the spans that it gives. The line goes away with it.
pub struct WatchedStore<'s> {
    store: &'s dyn TraceStore,
    counter: Option<Counter>,
    given: Cell<u64>,
}

impl<'s> WatchedStore<'s> {
    /// Shows nothing where nobody watches.
    pub fn new(store: &'s dyn TraceStore, ui: &Ui) -> Self {
        Self {
            store,
            counter: ui.shows_progress().then(Counter::new),
            given: Cell::new(0),
        }
    }

    fn count(&self) {
        /// Rarely enough to cost nothing.
        const EVERY: u64 = 256;
        let given = self.given.get() + 1;
        self.given.set(given);
        if let Some(counter) = &self.counter
            && (given == 1 || given.is_multiple_of(EVERY))
        {
            counter.show_read(given);
        }
    }
}

impl TraceStore for WatchedStore<'_> {
    fn aggregate(&self, query: &TraceQuery) -> Result<TraceTable, TraceStoreError> {
        self.store.aggregate(query)
    }

    fn measure(
        &self,
        request: &MeasureRequest,
        each: &mut dyn FnMut(Measured) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError> {
        self.store.measure(request, &mut |measured| {
            self.count();
            each(measured)
        })
    }

    fn spans(
        &self,
        request: &SpanRequest,
        each: &mut dyn FnMut(Span) -> ControlFlow<()>,
    ) -> Result<(), TraceStoreError> {
        self.store.spans(request, &mut |span| {
            self.count();
            each(span)
        })
    }

    fn trace(&self, trace: &str) -> Result<Vec<Span>, TraceStoreError> {
        self.store.trace(trace)
    }

    fn scores_of(&self, traces: &[String]) -> Result<Vec<Score>, TraceStoreError> {
        self.store.scores_of(traces)
    }

    fn contents(&self) -> Result<StoreContents, TraceStoreError> {
        self.store.contents()
    }
}
