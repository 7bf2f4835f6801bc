//! The first reading: how rare each word is, and which spans have any of them.

use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::domain::trace::span::Span;
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceStore, TraceStoreError};

use super::SearchRequest;
use super::bm25::Corpus;
use super::found::{Counted, Matcher};
use super::passages::{Passage, Source, passages};
use super::ranking::Placed;

/// How many spans that match are kept in memory; beyond that, they are read a second time.
const MOST_KEPT: usize = 100_000;

/// A span that has what is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    trace: String,
    span: String,
    started_at: Timestamp,
    words: u64,
    counts: Vec<u32>,
}

/// What the first reading has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gathered {
    corpus: Corpus,
    matched: u64,
    kept: Vec<Candidate>,
}

impl Gathered {
    /// What is known of all texts together.
    pub(super) fn corpus(&self) -> &Corpus {
        &self.corpus
    }

    /// How many spans have what is looked for.
    pub(super) fn matched(&self) -> u64 {
        self.matched
    }

    /// The spans that have what is looked for; `None` where there are too many to keep.
    pub(super) fn candidates(&self) -> Option<&[Candidate]> {
        (self.matched <= MOST_KEPT as u64).then_some(&self.kept)
    }

    /// A candidate with its score.
    pub(super) fn placed(&self, candidate: &Candidate) -> Placed {
        Placed {
            trace: candidate.trace.clone(),
            span: candidate.span.clone(),
            started_at: candidate.started_at,
            score: self.corpus.score(&candidate.counts, candidate.words),
        }
    }
}

/// Reads every text in question. `each` is shown the texts of every span, too.
pub fn gather(
    store: &dyn TraceStore,
    request: &SearchRequest,
    mut each: impl FnMut(&Span, &[Passage]),
) -> Result<Gathered, TraceStoreError> {
    let matcher = Matcher::new(&request.query);
    let mut gathered = Gathered::default();
    gathered.corpus.texts_with = vec![0; request.query.terms.len()];
    read(store, request, |span| {
        let passages = wanted(&span, request);
        let counted = matcher.count(passages.iter());
        if counted.words == 0 {
            return;
        }
        each(&span, &passages);
        gathered.corpus.texts += 1;
        gathered.corpus.words += counted.words;
        for (with, count) in gathered.corpus.texts_with.iter_mut().zip(&counted.counts) {
            *with += u64::from(*count > 0);
        }
        if counted.matches {
            gathered.matched += 1;
            if gathered.kept.len() < MOST_KEPT {
                gathered.kept.push(Candidate::new(span, counted));
            }
        }
    })?;
    Ok(gathered)
}

/// Reads again, and gives each span that has what is looked for.
pub(super) fn each_match(
    store: &dyn TraceStore,
    request: &SearchRequest,
    mut each: impl FnMut(Candidate),
) -> Result<(), TraceStoreError> {
    let matcher = Matcher::new(&request.query);
    read(store, request, |span| {
        let counted = matcher.count(wanted(&span, request).iter());
        if counted.matches {
            each(Candidate::new(span, counted));
        }
    })
}

/// The texts of a span that are looked at.
pub(super) fn wanted(span: &Span, request: &SearchRequest) -> Vec<Passage> {
    let mut passages = passages(span);
    if !request.sources.is_empty() {
        passages.retain(|passage| request.sources.contains(&passage.source));
    }
    passages
}

impl Candidate {
    fn new(span: Span, counted: Counted) -> Self {
        Self {
            trace: span.trace_id,
            span: span.span_id,
            started_at: span.started_at,
            words: counted.words,
            counts: counted.counts,
        }
    }
}

fn read(
    store: &dyn TraceStore,
    request: &SearchRequest,
    mut each: impl FnMut(Span),
) -> Result<(), TraceStoreError> {
    let names_only = request.sources.iter().all(|it| *it == Source::Name);
    let request = SpanRequest {
        range: request.selection.range,
        filter: request.selection.filter.clone(),
        content: request.sources.is_empty() || !names_only,
        order: SpanOrder::Stored,
        limit: None,
    };
    store.spans(&request, &mut |span| {
        each(span);
        ControlFlow::Continue(())
    })
}
