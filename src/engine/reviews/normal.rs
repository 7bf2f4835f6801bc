//! Traces as they usually are: without an error, and about as long as half of them take.

use std::ops::ControlFlow;

use crate::domain::trace::column::Column;
use crate::domain::trace::filter::Filter;
use crate::domain::trace::query::{Level, Measure, TraceQuery};
use crate::domain::trace::selection::Selection;
use crate::engine::ports::traces::{MeasureRequest, TraceStore, TraceStoreError};

/// How many stand for all.
const SHOWN: usize = 3;

/// A trace that stands for those without errors.
#[derive(Debug, Clone, PartialEq)]
pub struct NormalTrace {
    /// The trace.
    pub trace: String,
    /// Its route.
    pub route: Option<String>,
    /// How long it took, in nanoseconds.
    pub duration_ns: f64,
}

/// The traces nearest to the median of those that did not fail, the nearest first.
pub fn normal_traces(
    store: &dyn TraceStore,
    selection: &Selection,
) -> Result<Vec<NormalTrace>, TraceStoreError> {
    let Some(median) = median(store, selection)? else {
        return Ok(Vec::new());
    };
    let request = MeasureRequest {
        level: Level::Trace,
        range: selection.range,
        filter: selection.filter.clone(),
        keys: vec![Column::Route],
        values: vec![Column::Duration],
    };
    let mut nearest: Vec<NormalTrace> = Vec::new();
    store.measure(&request, &mut |measured| {
        let duration = measured.values.first().copied().flatten();
        if let (false, Some(duration_ns)) = (measured.error, duration) {
            nearest.push(NormalTrace {
                trace: measured.trace,
                route: measured.keys.into_iter().next().flatten(),
                duration_ns,
            });
            let away = |it: &NormalTrace| (it.duration_ns - median).abs();
            nearest.sort_by(|one, other| {
                let order = away(one).total_cmp(&away(other));
                order.then_with(|| one.trace.cmp(&other.trace))
            });
            nearest.truncate(SHOWN);
        }
        ControlFlow::Continue(())
    })?;
    Ok(nearest)
}

/// The median of how long traces take.
fn median(store: &dyn TraceStore, selection: &Selection) -> Result<Option<f64>, TraceStoreError> {
    let table = store.aggregate(&TraceQuery {
        level: Level::Trace,
        range: selection.range,
        filter: selection.filter.clone(),
        group_by: Vec::new(),
        bucket: None,
        measures: vec![Measure::Quantile(Column::Duration, 0.5)],
        top: None,
    })?;
    let row = table.rows.into_iter().next();
    Ok(row.and_then(|row| row.values.first().copied().flatten()))
}

/// How often each value of a column stands in the spans that are meant, the most frequent first.
pub fn most_frequent(
    store: &dyn TraceStore,
    selection: &Selection,
    column: Column,
    limit: usize,
) -> Result<Vec<(Option<String>, f64)>, TraceStoreError> {
    let present = Filter::Present(column.clone());
    let table = store.aggregate(&TraceQuery {
        level: Level::Trace,
        range: selection.range,
        filter: selection.filter.clone().and(present),
        group_by: vec![column],
        bucket: None,
        measures: vec![Measure::Count],
        top: None,
    })?;
    let rows = table.rows.into_iter().map(|row| {
        let count = row.values.first().copied().flatten().unwrap_or(0.0);
        (row.keys.into_iter().next().flatten(), count)
    });
    let mut counted: Vec<(Option<String>, f64)> = rows.collect();
    counted.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counted.truncate(limit);
    Ok(counted)
}
