//! Gives spans whole: as they are stored, or in an order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arrow_array::RecordBatch;

use crate::adapters::traces::decode;
use crate::adapters::traces::snapshot::Snapshot;
use crate::domain::trace::query::Level;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceStoreError};

use super::in_order::in_order;
use super::needs::Needs;
use super::ordered::{Order, first_rows};
use super::plan::Wanted;
use super::scan::Scan;
use super::select::Selected;
use super::source::{Overlap, Source};

/// Gives the spans that a request means.
pub(in crate::adapters::traces) fn spans(
    snapshot: &Snapshot,
    request: &SpanRequest,
    each: &mut dyn FnMut(Span) -> ControlFlow<()>,
) -> Result<(), TraceStoreError> {
    let order = match &request.order {
        SpanOrder::Stored => None,
        SpanOrder::Ascending(column) => Some(Order::new(column, false)),
        SpanOrder::Descending(column) => Some(Order::new(column, true)),
    };
    let wanted = order.as_ref().map_or_else(Wanted::default, Order::wanted);
    let scan = Scan::new(
        snapshot,
        Level::Span,
        request.range,
        &request.filter,
        &wanted,
    )?;
    let limit = request.limit.unwrap_or(usize::MAX);
    let needs = Needs::whole_spans(request.content);
    let Some(order) = order else {
        return stored(&scan, &needs, limit, each);
    };
    let rows = first_rows(&scan, &order, limit)?;
    for span in fetch(&scan, &needs, &rows)? {
        if each(span).is_break() {
            break;
        }
    }
    Ok(())
}

fn stored<'q>(
    scan: &Scan<'q>,
    needs: &Needs,
    limit: usize,
    each: &mut dyn FnMut(Span) -> ControlFlow<()>,
) -> Result<(), TraceStoreError> {
    let batches_of = |source: &(Source<'q>, Overlap)| {
        let mut selected = scan.selected(source)?;
        selected.truncate(limit);
        let mut batches: Vec<RecordBatch> = Vec::new();
        if selected.count() > 0 {
            source.0.read_rows(needs, &selected, |batch| {
                batches.push(batch.clone());
                Ok(())
            })?;
        }
        Ok((source.0, batches))
    };
    let mut left = limit;
    in_order(&scan.sources, batches_of, |(source, batches)| {
        for batch in batches {
            let spans = decode::spans(&batch).map_err(|error| source.damaged(&error))?;
            for span in spans {
                if left == 0 || each(span).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                left -= 1;
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// The spans in these rows of these sources, in this order.
fn fetch(
    scan: &Scan<'_>,
    needs: &Needs,
    rows: &[(usize, u32)],
) -> Result<Vec<Span>, TraceStoreError> {
    let mut by_source: BTreeMap<usize, Vec<(u32, usize)>> = BTreeMap::new();
    for (place, (source, row)) in rows.iter().enumerate() {
        by_source.entry(*source).or_default().push((*row, place));
    }
    for rows in by_source.values_mut() {
        rows.sort_unstable();
    }
    let by_source: Vec<(usize, Vec<(u32, usize)>)> = by_source.into_iter().collect();
    let spans_of = |(source, rows): &(usize, Vec<(u32, usize)>)| {
        let (source, _) = scan.sources[*source];
        let selected = Selected::Some(rows.iter().map(|(row, _)| *row).collect());
        let mut spans = Vec::new();
        source.read_rows(needs, &selected, |batch| {
            spans.extend(decode::spans(batch).map_err(|error| source.damaged(&error))?);
            Ok(())
        })?;
        let places = rows.iter().map(|(_, place)| *place);
        Ok(places.zip(spans).collect::<Vec<_>>())
    };
    let mut spans = vec![Span::default(); rows.len()];
    in_order(&by_source, spans_of, |found| {
        for (place, span) in found {
            spans[place] = span;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(spans)
}
