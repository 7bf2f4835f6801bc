//! Traces one by one, for statistics that need each of them: all of them where they are few, and of
//! many those that a lot falls on which is the same every time.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::domain::digest::Digest;
use crate::domain::trace::query::Measured;
use crate::engine::ports::traces::{MeasureRequest, TraceStore};

use super::MonitorError;

/// How many traces are kept.
const MOST: usize = 10_000;

/// The place of a trace in a lottery among all traces, from 0 (drawn first) to 1.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits of a lot are enough to put traces in an order"
)]
pub(super) fn lot(trace: &str) -> f64 {
    Digest::of(trace.as_bytes()).lot() as f64 / u64::MAX as f64
}

/// What was measured in one window.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sample {
    /// How many spans or traces there are.
    pub(super) items: u64,
    /// How many of them ended with an error.
    pub(super) errors: u64,
    /// The traces that were kept, in an order that depends on nothing but their ids. Each is what was
    /// measured of it: one item, or one for each of its spans.
    pub(super) traces: Vec<Vec<Item>>,
    /// Whether all are kept.
    pub(super) complete: bool,
}

/// What was measured of a span or a trace.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) error: bool,
    pub(super) keys: Vec<Option<String>>,
    pub(super) values: Vec<Option<f64>>,
}

impl Sample {
    /// Measures what a request means.
    pub(super) fn take(
        store: &dyn TraceStore,
        request: &MeasureRequest,
    ) -> Result<Self, MonitorError> {
        let mut draw = Draw::new(MOST);
        store.measure(request, &mut |measured| {
            draw.add(measured);
            ControlFlow::Continue(())
        })?;
        Ok(draw.finish())
    }
}

/// The lottery while it goes on. What fell out once has a higher lot than all that are in, so that it
/// never comes back.
struct Draw {
    most: usize,
    sample: Sample,
    kept: BTreeMap<(u64, String), Vec<Item>>,
}

impl Draw {
    fn new(most: usize) -> Self {
        Self {
            most,
            sample: Sample {
                complete: true,
                ..Sample::default()
            },
            kept: BTreeMap::new(),
        }
    }

    fn add(&mut self, measured: Measured) {
        let Measured {
            trace,
            error,
            keys,
            values,
            ..
        } = measured;
        self.sample.items += 1;
        self.sample.errors += u64::from(error);
        let place = (Digest::of(trace.as_bytes()).lot(), trace);
        let last = self.kept.last_key_value().map(|(last, _)| last);
        if !self.sample.complete && last.is_some_and(|last| place > *last) {
            return;
        }
        let item = Item {
            error,
            keys,
            values,
        };
        self.kept.entry(place).or_default().push(item);
        if self.kept.len() > self.most {
            self.kept.pop_last();
            self.sample.complete = false;
        }
    }

    fn finish(mut self) -> Sample {
        self.sample.traces = self.kept.into_values().collect();
        for trace in &mut self.sample.traces {
            trace.sort_by(|one, other| one.order().cmp(&other.order()));
        }
        self.sample
    }
}

impl Item {
    /// Something to put the spans of a trace in order by: stores give them in any.
    fn order(&self) -> (bool, &Vec<Option<String>>, Vec<Option<u64>>) {
        let bits = self.values.iter().map(|value| value.map(f64::to_bits));
        (self.error, &self.keys, bits.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(trace: usize, value: f64) -> Measured {
        Measured {
            trace: format!("trace-{trace}"),
            started_at: "2026-03-02T09:00:00Z".parse().unwrap(),
            error: trace.is_multiple_of(10),
            keys: vec![Some(format!("route-{}", trace % 3))],
            values: vec![Some(value)],
        }
    }

    fn drawn(most: usize, order: impl Iterator<Item = usize>) -> Sample {
        let mut draw = Draw::new(most);
        for trace in order {
            draw.add(measured(trace, 1.0));
            draw.add(measured(trace, 2.0));
        }
        draw.finish()
    }

    #[test]
    fn the_same_traces_are_drawn_whatever_their_order() {
        let one = drawn(50, 0..500);
        let other = drawn(50, (0..500).rev());
        assert_eq!(one, other);
        assert_eq!((one.items, one.errors), (1_000, 100));
        assert_eq!((one.traces.len(), one.complete), (50, false));
        assert!(one.traces.iter().all(|items| items.len() == 2));
        assert!(drawn(500, 0..500).complete);
    }

    #[test]
    fn about_as_many_traces_have_a_lot_below_a_share_as_the_share_says() {
        let below = (0..10_000).filter(|index| lot(&format!("{index:032x}")) < 0.1);
        let count = below.count();
        assert!((900..1_100).contains(&count), "{count}");
    }
}
