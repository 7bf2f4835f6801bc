//! Which calls are scored: drawn by lot, and the lot of a call is the same every time.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::domain::digest::Digest;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest};
use crate::domain::trace::query::Level;
use crate::domain::trace::selection::Selection;
use crate::domain::trace::span::Operation;
use crate::engine::ports::traces::{MeasureRequest, TraceStore, TraceStoreError};

/// How many calls are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawing {
    /// The share of all of them, above 0 and at most 1. Whether a call is among them depends on its ids
    /// alone: calls that come later change nothing.
    pub share: f64,
    /// How many of those at most: the ones with the lowest lots. One that comes later may take the place of
    /// another.
    pub most: Option<usize>,
}

/// The calls that were drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawn {
    /// How many there are to draw from.
    pub meant: u64,
    /// Those that were drawn, by time.
    pub calls: Vec<DrawnCall>,
}

/// A call that was drawn.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DrawnCall {
    /// When it began.
    pub started_at: Timestamp,
    /// The trace.
    pub trace: String,
    /// The span.
    pub span: String,
    /// The prompt that it names.
    pub prompt: Option<String>,
}

impl Drawing {
    /// Draws from the calls to models that are meant.
    pub fn draw(
        &self,
        store: &dyn TraceStore,
        selection: &Selection,
    ) -> Result<Drawn, TraceStoreError> {
        let chat = TextTest::OneOf(vec![Operation::Chat.name().to_owned()]);
        let calls = Filter::Text(Column::Operation, chat);
        let request = MeasureRequest {
            level: Level::Span,
            range: selection.range,
            filter: selection.filter.clone().and(calls),
            keys: vec![Column::Span, Column::Prompt],
            values: Vec::new(),
        };
        let mut meant = 0;
        let mut kept: BinaryHeap<(u64, DrawnCall)> = BinaryHeap::new();
        store.measure(&request, &mut |measured| {
            meant += 1;
            let mut keys = measured.keys.into_iter();
            let call = DrawnCall {
                started_at: measured.started_at,
                trace: measured.trace,
                span: keys.next().flatten().unwrap_or_default(),
                prompt: keys.next().flatten(),
            };
            let lot = call.lot();
            if self.takes(lot) {
                kept.push((lot, call));
            }
            if self.most.is_some_and(|most| kept.len() > most) {
                kept.pop();
            }
            ControlFlow::Continue(())
        })?;
        let mut calls: Vec<DrawnCall> = kept.into_iter().map(|(_, call)| call).collect();
        calls.sort();
        Ok(Drawn { meant, calls })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits of a lot are enough to take a share"
    )]
    fn takes(&self, lot: u64) -> bool {
        self.share >= 1.0 || (lot as f64 / u64::MAX as f64) < self.share
    }
}

impl DrawnCall {
    fn lot(&self) -> u64 {
        let name = format!("score/v1 {}/{}", self.trace, self.span);
        Digest::of(name.as_bytes()).lot()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: usize) -> DrawnCall {
        DrawnCall {
            started_at: Timestamp::UNIX_EPOCH,
            trace: format!("{number:032x}"),
            span: format!("{number:016x}"),
            prompt: None,
        }
    }

    /// Of 10,000 draws at 5 %, 500 are expected and the standard deviation is 21.8.
    #[test]
    fn a_share_is_about_as_large_as_it_says_and_a_larger_one_holds_it() {
        let taken = |share: f64| -> Vec<usize> {
            let drawing = Drawing { share, most: None };
            (0..10_000)
                .filter(|number| drawing.takes(call(*number).lot()))
                .collect()
        };
        let small = taken(0.05);
        assert!((400..600).contains(&small.len()), "{}", small.len());
        let large = taken(0.2);
        assert!(small.iter().all(|number| large.contains(number)));
        assert_eq!(taken(1.0).len(), 10_000);
    }
}
