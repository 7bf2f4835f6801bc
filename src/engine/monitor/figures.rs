//! What is measured of each metric, and what came of it.

use std::collections::BTreeMap;

use crate::domain::metric::{Metric, Statistic};
use crate::domain::trace::query::Measure;

/// The numbers of one metric in one group.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// How many values they are made of.
    pub n: u64,
    /// The mean; of a count the count, of a share the share.
    pub mean: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// The 95th percentile.
    pub p95: Option<f64>,
    /// The 99th percentile.
    pub p99: Option<f64>,
    /// The sum.
    pub sum: Option<f64>,
}

/// The numbers of one group, by metric.
pub type Numbers = BTreeMap<Metric, Figures>;

impl Figures {
    /// One of the numbers.
    pub fn get(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Mean => self.mean,
            Statistic::P50 => self.p50,
            Statistic::P95 => self.p95,
            Statistic::P99 => self.p99,
            Statistic::Sum => self.sum,
        }
    }

    /// Whether there are as many values as a percentile needs: with fewer it is the greatest of
    /// them, whatever it is called.
    pub fn says(&self, statistic: Statistic) -> bool {
        match statistic {
            Statistic::P99 => self.n >= 100,
            Statistic::P95 => self.n >= 20,
            Statistic::P50 => self.n >= 2,
            Statistic::Mean | Statistic::Sum => self.n >= 1,
        }
    }
}

/// The order in which a store is asked for the numbers of some metrics.
pub(super) struct Layout<'m> {
    metrics: &'m [Metric],
}

/// What is asked for each column of values, before the count of them.
const ASKED: [Statistic; 5] = [
    Statistic::Mean,
    Statistic::P50,
    Statistic::P95,
    Statistic::P99,
    Statistic::Sum,
];

impl<'m> Layout<'m> {
    pub(super) fn new(metrics: &'m [Metric]) -> Self {
        Self { metrics }
    }

    /// What the store is asked; the first is the count.
    pub(super) fn measures(&self) -> Vec<Measure> {
        let mut measures = vec![Measure::Count, Measure::ErrorRate];
        for column in self.metrics.iter().filter_map(Metric::column) {
            measures.push(Measure::Known(column.clone()));
            measures.extend(ASKED.map(|statistic| statistic.measure(column.clone())));
        }
        measures
    }

    /// The numbers of a row of the answer.
    pub(super) fn read(&self, values: &[Option<f64>]) -> Numbers {
        let mut values = values.iter().copied();
        let mut next = || values.next().flatten();
        let (count, error_rate) = (next(), next());
        let mut numbers = Numbers::new();
        for metric in self.metrics {
            let figures = match metric {
                Metric::Traffic => Figures {
                    n: whole(count),
                    mean: Some(count.unwrap_or(0.0)),
                    sum: Some(count.unwrap_or(0.0)),
                    ..Figures::default()
                },
                Metric::ErrorRate => Figures {
                    n: whole(count),
                    mean: error_rate,
                    ..Figures::default()
                },
                _ if metric.column().is_some() => Figures {
                    n: whole(next()),
                    mean: next(),
                    p50: next(),
                    p95: next(),
                    p99: next(),
                    sum: next(),
                },
                _ => continue,
            };
            numbers.insert(metric.clone(), figures);
        }
        numbers
    }
}

/// A count as a store gives it.
pub fn whole(count: Option<f64>) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a store counts in whole numbers from 0"
    )]
    let whole = count.unwrap_or(0.0) as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_in_the_same_order() {
        let metrics = [
            Metric::Traffic,
            Metric::ErrorRate,
            Metric::Latency,
            Metric::Unpriced,
            Metric::Cost,
        ];
        let layout = Layout::new(&metrics);
        let measures = layout.measures();
        assert_eq!(measures.len(), 2 + 2 * 6);
        let values: Vec<Option<f64>> = (0..measures.len())
            .map(|index| Some(f64::from(u32::try_from(index).unwrap())))
            .collect();
        let numbers = layout.read(&values);
        assert_eq!(numbers[&Metric::ErrorRate].mean, Some(1.0));
        assert_eq!(numbers[&Metric::Latency].n, 2);
        assert_eq!(numbers[&Metric::Latency].p95, Some(5.0));
        assert_eq!(numbers[&Metric::Cost].sum, Some(13.0));
        assert!(!numbers.contains_key(&Metric::Unpriced));
    }

    #[test]
    fn a_percentile_of_few_values_is_no_percentile() {
        let figures = |n| Figures {
            n,
            ..Figures::default()
        };
        assert!(!figures(99).says(Statistic::P99) && figures(100).says(Statistic::P99));
        assert!(!figures(19).says(Statistic::P95) && figures(20).says(Statistic::P95));
        assert!(figures(1).says(Statistic::Mean) && !figures(0).says(Statistic::Mean));
    }
}
