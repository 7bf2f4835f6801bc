//! One trace with all that belongs to it.

use std::collections::BTreeSet;

use crate::adapters::traces::columns::TRACE;
use crate::adapters::traces::decode;
use crate::adapters::traces::snapshot::Snapshot;
use crate::adapters::traces::texts::Texts;
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceStoreError;

use super::needs::Needs;
use super::scores::each_score;
use super::select::Selected;
use super::source::Source;

/// All spans of a trace with their content, by start and id.
pub(in crate::adapters::traces) fn trace(
    snapshot: &Snapshot,
    trace: &str,
) -> Result<Vec<Span>, TraceStoreError> {
    let mut spans = Vec::new();
    each_of(snapshot, &[trace], &Needs::whole_spans(true), &mut |span| {
        spans.push(span);
    })?;
    spans.sort_by(|one, other| {
        let times = one.started_at.cmp(&other.started_at);
        times.then_with(|| one.span_id.cmp(&other.span_id))
    });
    Ok(spans)
}

/// The scores of these traces and their spans, by trace, name and time.
pub(in crate::adapters::traces) fn scores(
    snapshot: &Snapshot,
    traces: &[String],
) -> Result<Vec<Score>, TraceStoreError> {
    let wanted: Vec<&str> = traces.iter().map(String::as_str).collect();
    let mut responses = BTreeSet::new();
    let needs = Needs::new(&[TRACE, "response_id"]);
    each_of(snapshot, &wanted, &needs, &mut |span| {
        responses.extend(span.call.response_id);
    })?;
    let wanted: BTreeSet<&str> = wanted.into_iter().collect();
    let mut scores = Vec::new();
    each_score(snapshot, &mut |score| {
        let by_response = score.trace_id.is_empty() && score.span_id.is_none();
        let response = score.response_id.as_ref().filter(|_| by_response);
        if wanted.contains(score.trace_id.as_str())
            || response.is_some_and(|response| responses.contains(response))
        {
            scores.push(score);
        }
        Ok(())
    })?;
    scores.sort_by(|one, other| order(one).cmp(&order(other)));
    Ok(scores)
}

fn order(score: &Score) -> (&str, &str, jiff::Timestamp) {
    (&score.trace_id, &score.name, score.recorded_at)
}

/// Hands over the spans of some traces.
fn each_of(
    snapshot: &Snapshot,
    traces: &[&str],
    needs: &Needs,
    each: &mut dyn FnMut(Span),
) -> Result<(), TraceStoreError> {
    for source in Source::of(snapshot) {
        let wanted: BTreeSet<&str> = match source {
            Source::Stored(segment) => {
                let places = segment.may_hold(traces)?;
                places.into_iter().map(|place| traces[place]).collect()
            }
            Source::Fresh(_) => traces.iter().copied().collect(),
        };
        if wanted.is_empty() {
            continue;
        }
        let mut rows = Vec::new();
        source.read(&Needs::new(&[TRACE]), |batch| {
            let traces = Texts::column(batch, TRACE).map_err(|error| source.damaged(&error))?;
            let found = (0_u32..).zip(0..batch.num_rows());
            let found =
                found.filter(|(_, row)| traces.get(*row).is_some_and(|it| wanted.contains(it)));
            rows.extend(found.map(|(row, _)| row));
            Ok(())
        })?;
        if rows.is_empty() {
            continue;
        }
        source.read_rows(needs, &Selected::Some(rows), |batch| {
            let spans = decode::spans(batch).map_err(|error| source.damaged(&error))?;
            spans.into_iter().for_each(&mut *each);
            Ok(())
        })?;
    }
    Ok(())
}
