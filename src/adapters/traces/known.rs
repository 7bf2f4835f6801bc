//! What files of columns hold already: bloom filters say which files to look into.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::domain::digest::{Digest, ShortDigest};
use crate::domain::trace::score::Score;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::TraceStoreError;

use super::columns::{SPAN, TRACE};
use super::schema::IDENTITY;
use super::segment::Segment;
use super::texts::Texts;

/// How many rows are looked at at a time.
const STEP: usize = 16_384;

/// For each span, named by the ids of its trace and its own, whether one of the files holds it.
pub(super) fn spans<'s>(
    segments: impl IntoIterator<Item = &'s Segment>,
    ids: &[(&str, &str)],
) -> Result<Vec<bool>, TraceStoreError> {
    let mut known = vec![false; ids.len()];
    let by_trace = by_text(ids.iter().map(|(trace, _)| *trace));
    let traces: Vec<&str> = by_trace.iter().map(|(trace, _)| *trace).collect();
    for segment in segments {
        let candidates = segment.may_hold(&traces)?;
        if candidates.is_empty() {
            continue;
        }
        let candidates = candidates.into_iter().map(|index| &by_trace[index]);
        let candidates: HashMap<&str, &Vec<usize>, RandomState> =
            candidates.map(|(trace, rows)| (*trace, rows)).collect();
        for batch in segment.read(&[TRACE, SPAN], None, STEP)? {
            let batch = batch?;
            let column = |name| Texts::column(&batch, name).map_err(|it| segment.damaged(&it));
            let (stored_traces, stored_spans) = (column(TRACE)?, column(SPAN)?);
            for row in 0..batch.num_rows() {
                let trace = stored_traces.get(row).unwrap_or_default();
                let Some(same_trace) = candidates.get(trace) else {
                    continue;
                };
                let id = stored_spans.get(row).unwrap_or_default();
                for index in *same_trace {
                    known[*index] |= ids[*index].1 == id;
                }
            }
        }
    }
    Ok(known)
}

/// For each score whether one of the files holds it.
pub(super) fn scores<'s>(
    segments: impl IntoIterator<Item = &'s Segment>,
    scores: &[&Score],
) -> Result<Vec<bool>, TraceStoreError> {
    let mut known = vec![false; scores.len()];
    let identities: Vec<String> = scores.iter().copied().map(identity).collect();
    let by_identity = by_text(identities.iter().map(String::as_str));
    let distinct: Vec<&str> = by_identity.iter().map(|(identity, _)| *identity).collect();
    for segment in segments {
        let candidates = segment.may_hold(&distinct)?;
        if candidates.is_empty() {
            continue;
        }
        let candidates = candidates.into_iter().map(|index| &by_identity[index]);
        let candidates: HashMap<&str, &Vec<usize>, RandomState> = candidates
            .map(|(identity, rows)| (*identity, rows))
            .collect();
        for batch in segment.read(&[IDENTITY], None, STEP)? {
            let batch = batch?;
            let stored = Texts::column(&batch, IDENTITY).map_err(|it| segment.damaged(&it))?;
            let stored = (0..batch.num_rows()).filter_map(|row| stored.get(row));
            for index in stored
                .filter_map(|it| candidates.get(it))
                .copied()
                .flatten()
            {
                known[*index] = true;
            }
        }
    }
    Ok(known)
}

/// What a span is known by: the ids of its trace and its own.
pub(super) fn id(span: &Span) -> (&str, &str) {
    (&span.trace_id, &span.span_id)
}

/// The same, in short.
pub(super) fn span_key(span: &Span) -> ShortDigest {
    key(&span.trace_id, &span.span_id)
}

/// The same of a span that is named by the ids of its trace and its own.
pub(super) fn key(trace: &str, span: &str) -> ShortDigest {
    let length = (trace.len() as u64).to_le_bytes();
    let parts = [&length, trace.as_bytes(), span.as_bytes()];
    Digest::of(&parts.concat()).shortened()
}

/// What a score is known by: a digest of all that it says.
pub(super) fn identity(score: &Score) -> String {
    let json = serde_json::to_vec(score).expect("a score has text keys and finite numbers");
    Digest::of(&json).to_string()[..32].to_owned()
}

/// The different texts, each with the places where it stands.
fn by_text<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<(&'t str, Vec<usize>)> {
    let mut places: HashMap<&str, usize, RandomState> = HashMap::default();
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for (index, text) in texts.enumerate() {
        let place = *places.entry(text).or_insert_with(|| {
            groups.push((text, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(index);
    }
    groups
}
