//! From what was sent to spans and scores in our columns, by the one table of `attributes.toml`.

pub mod cost;
mod events;
mod logged;
mod messages;
mod scores;
mod slots;
mod span;
pub mod table;
pub mod usage;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::domain::trace::span::{Operation, Span, SpanStatus};

use super::otlp::Export;
use cost::TracePrices;
use logged::content_of_log;
pub use scores::NoScore;
use scores::score_of_log;
use slots::Resource;
pub use span::Unusable;
use span::map_span;
use table::{AttributeTable, Names};

use crate::engine::ports::traces::TraceBatch;

/// Maps exports to spans and scores.
pub struct Mapper {
    names: Names,
    prices: TracePrices,
}

/// What came of the spans and records that were mapped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// Spans that are not kept, by the reason.
    pub unusable: BTreeMap<Unusable, u64>,
    /// Calls to a model of which nobody knows what they cost.
    pub unpriced: u64,
    /// Spans that none of the conventions in the table says anything of but the service.
    pub unmapped: u64,
    /// Log records that are about something else than scores and content of spans.
    pub other_logs: u64,
    /// Log records and events of scores that do not say what was found.
    pub incomplete_scores: u64,
}

impl Mapper {
    /// A mapper that computes costs where nobody reports them.
    pub fn new(prices: TracePrices) -> Self {
        Self {
            names: Names::new(AttributeTable::built_in()),
            prices,
        }
    }

    /// Adds what is in an export to a batch.
    pub fn map(&mut self, export: Export<'_>, batch: &mut TraceBatch, mapped: &mut Mapped) {
        for group in export.spans {
            let resource = Resource::new(self.names.table(), &group.resource);
            for raw in group.scopes.into_iter().flat_map(|scope| scope.items) {
                match map_span(&mut self.names, raw, &resource) {
                    Ok((span, scores)) => {
                        batch.scores.extend(scores);
                        batch.spans.push(self.finished(span, mapped));
                    }
                    Err(reason) => *mapped.unusable.entry(reason).or_default() += 1,
                }
            }
        }
        for group in export.logs {
            let resource = Resource::new(self.names.table(), &group.resource);
            for scope in &group.scopes {
                for raw in &scope.items {
                    match score_of_log(raw, &scope.scope) {
                        Ok(score) => batch.scores.push(score),
                        Err(NoScore::Incomplete) => mapped.incomplete_scores += 1,
                        Err(NoScore::OtherEvent) => {
                            match content_of_log(&mut self.names, raw, &resource) {
                                Some(content) => batch.logged.push(content),
                                None => mapped.other_logs += 1,
                            }
                        }
                    }
                }
            }
        }
    }

    /// Prices a span and counts what is missing.
    pub fn finished(&self, mut span: Span, mapped: &mut Mapped) -> Span {
        self.prices.complete(&mut span.call);
        let is_call = matches!(span.operation, Operation::Chat | Operation::Embeddings);
        // A call that failed before it used anything up cost nothing that anybody knows of.
        let used = span.status != SpanStatus::Error || span.call.total_tokens().is_some();
        if is_call && used && span.call.cost_usd.is_none() {
            mapped.unpriced += 1;
        }
        let says_nothing = span.operation == Operation::Other
            && span.lineage.prompt.is_none()
            && span.call.is_empty()
            && span.origin.route.is_none()
            && span.content.input.is_none();
        if says_nothing {
            mapped.unmapped += 1;
        }
        span
    }
}
