//! Searching what was said: spans whose texts have the words that are looked for, the best first.
//!
//! No index is kept. All texts in question are read once, to learn how rare each word is and which
//! spans have any; where too many have some to keep them all, a second time. Memory does not grow
//! with what is stored.

mod bm25;
mod found;
mod gather;
pub mod meaning;
pub mod passages;
pub mod query;
mod ranking;
mod snippet;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest};
use crate::domain::trace::selection::Selection;
use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceStore, TraceStoreError};

use found::Matcher;
use gather::{Candidate, each_match, wanted};
use passages::Source;
use query::Query;
use ranking::{Ranking, fuse};

pub use gather::{Gathered, gather};
pub use ranking::{Leg, Placed};
pub use snippet::Snippet;

/// What is looked for, where.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchRequest {
    /// Which spans are looked at.
    pub selection: Selection,
    /// What is looked for.
    pub query: Query,
    /// Which texts of a span are looked at; empty: all of them.
    pub sources: BTreeSet<Source>,
    /// What a result is.
    pub unit: Unit,
    /// How many results.
    pub limit: usize,
}

/// What a result stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A trace, by its best span.
    Trace,
    /// A span.
    Span,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResult {
    /// How many spans were looked at that have any text.
    pub searched: u64,
    /// How many of them have what is looked for.
    pub matched: u64,
    /// The best, in their order.
    pub hits: Vec<Hit>,
}

/// A span that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The span, with its content.
    pub span: Span,
    /// What decided its place: the score of its words; where meaning was looked for, too, the sum of
    /// what its two places are worth.
    pub score: f64,
    /// How it was found by words.
    pub by_words: Option<Leg>,
    /// How it was found by meaning.
    pub by_meaning: Option<Leg>,
    /// The piece of its texts that shows why.
    pub snippet: Option<Snippet>,
}

/// Ranks what was gathered; `meaning` are the spans that are near in meaning, the nearest first.
pub fn search(
    store: &dyn TraceStore,
    request: &SearchRequest,
    gathered: &Gathered,
    meaning: Option<Vec<Placed>>,
) -> Result<SearchResult, TraceStoreError> {
    let mut words = Ranking::new(request);
    let mut offer = |candidate: &Candidate| words.offer(gathered.placed(candidate));
    if let Some(candidates) = gathered.candidates() {
        candidates.iter().for_each(offer);
    } else {
        each_match(store, request, |candidate| offer(&candidate))?;
    }
    let ranked = fuse(request, words, meaning);
    let mut spans = read_spans(store, request, ranked.iter().map(|ranked| &ranked.placed))?;
    let matcher = Matcher::new(&request.query);
    let hits = ranked.into_iter().filter_map(|ranked| {
        let key = (ranked.placed.trace, ranked.placed.span);
        let span = spans.remove(&key)?;
        let passages = wanted(&span, request);
        let weight = |term| gathered.corpus().weight(term);
        Some(Hit {
            snippet: snippet::snippet(passages.iter(), &matcher, weight),
            span,
            score: ranked.placed.score,
            by_words: ranked.by_words,
            by_meaning: ranked.by_meaning,
        })
    });
    Ok(SearchResult {
        searched: gathered.corpus().texts,
        matched: gathered.matched(),
        hits: hits.collect(),
    })
}

/// The spans that are shown, by trace and id.
fn read_spans<'p>(
    store: &dyn TraceStore,
    request: &SearchRequest,
    shown: impl Iterator<Item = &'p Placed>,
) -> Result<BTreeMap<(String, String), Span>, TraceStoreError> {
    let (traces, ids): (Vec<String>, Vec<String>) = shown
        .map(|placed| (placed.trace.clone(), placed.span.clone()))
        .unzip();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let one_of = |column, values| Filter::Text(column, TextTest::OneOf(values));
    let request = SpanRequest {
        range: request.selection.range,
        filter: one_of(Column::Trace, traces).and(one_of(Column::Span, ids)),
        content: true,
        order: SpanOrder::Stored,
        limit: None,
    };
    let mut spans = BTreeMap::new();
    store.spans(&request, &mut |span| {
        spans.insert((span.trace_id.clone(), span.span_id.clone()), span);
        ControlFlow::Continue(())
    })?;
    Ok(spans)
}
