//! How single numbers moved: with intervals over traces, and with all numbers in sight.

use crate::domain::metric::{Metric, Statistic, Unit, Worse};
use crate::domain::monitor::{Change, ChangeOutcome};
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::{Level, Measure, TraceQuery};
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::figures::whole;
use crate::engine::monitor::sample::{Item, Sample};
use crate::engine::ports::traces::{MeasureRequest, TraceStore};
use crate::engine::statistics::{
    Difference, Pair, Proportion, Ranked, Resampled, Summary, difference_of_shares, fewest_answers,
    holm, p_of_equal_shares, resample,
};

use super::{CompareRequest, LEVEL, MIXED};

/// A change by less than this share of the number before is slight.
const SLIGHT_SHARE: f64 = 0.05;

/// A share or a score that moves by less than this is slight.
const SLIGHT_POINTS: f64 = 0.01;

/// A number that is tested.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tested {
    pub(super) metric: Metric,
    pub(super) statistic: Statistic,
}

/// What was measured in one window.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) sample: Sample,
    /// For each number that is tested: how many values it has in the whole window, and what it is.
    pub(super) exact: Vec<(u64, Option<f64>)>,
}

impl Window {
    pub(super) fn read(
        store: &dyn TraceStore,
        request: &CompareRequest,
        range: TimeRange,
        tested: &[Tested],
    ) -> Result<Self, MonitorError> {
        let sample = Sample::take(
            store,
            &MeasureRequest {
                level: request.level,
                range,
                filter: request.filter.clone(),
                keys: MIXED.to_vec(),
                values: columns(tested),
            },
        )?;
        let mut measures = Vec::new();
        for it in tested {
            match it.metric.column() {
                Some(column) => {
                    measures.extend([Measure::Known(column.clone()), it.statistic.measure(column)]);
                }
                None => measures.extend([Measure::Count, Measure::ErrorRate]),
            }
        }
        let table = store.aggregate(&TraceQuery {
            level: request.level,
            range,
            filter: request.filter.clone(),
            group_by: Vec::new(),
            bucket: None,
            measures,
            top: None,
        })?;
        let values = table.rows.into_iter().next().map(|row| row.values);
        let values = values.unwrap_or_default();
        let pair = |index: usize| {
            let value = |at: usize| values.get(at).copied().flatten();
            (whole(value(2 * index)), value(2 * index + 1))
        };
        Ok(Self {
            sample,
            exact: (0..tested.len()).map(pair).collect(),
        })
    }

    /// The values of a number, each with the index of its trace.
    fn ranked(&self, tested: &[Tested], it: &Tested) -> Ranked {
        let column = it.metric.column();
        let place = column.and_then(|column| columns(tested).iter().position(|it| *it == column));
        let value = |item: &Item| match place {
            Some(place) => item.values.get(place).copied().flatten(),
            None => Some(if item.error { 1.0 } else { 0.0 }),
        };
        let traces = self.sample.traces.iter().enumerate();
        let values = traces.flat_map(|(trace, items)| items.iter().map(move |item| (trace, item)));
        Ranked::new(values.filter_map(|(trace, item)| Some((value(item)?, trace))))
    }
}

/// The columns of the numbers that are tested, each once.
fn columns(tested: &[Tested]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for column in tested.iter().filter_map(|it| it.metric.column()) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// The weights of traces that all count alike.
pub(super) fn even(window: &Window) -> Vec<f64> {
    vec![1.0; window.sample.traces.len()]
}

/// How each number moved. `weights` are those of the traces; where they are `standardised`, they are
/// not all alike, and say more than the counts of the whole windows.
pub(super) fn changes(
    request: &CompareRequest,
    tested: &[Tested],
    windows: &[Window; 2],
    weights: &[Vec<f64>; 2],
    standardised: bool,
) -> Vec<Change> {
    let ranked: Vec<[Ranked; 2]> = tested
        .iter()
        .map(|it| [windows[0].ranked(tested, it), windows[1].ranked(tested, it)])
        .collect();
    let pairs: Vec<Pair<'_>> = tested
        .iter()
        .zip(&ranked)
        .map(|(it, [before, after])| Pair {
            summary: it
                .statistic
                .share()
                .map_or(Summary::Mean, Summary::Quantile),
            before,
            after,
        })
        .collect();
    let resampled = resample([&weights[0], &weights[1]], &pairs);
    let moved: Vec<Moved> = resampled
        .into_iter()
        .enumerate()
        .map(|(index, resampled)| {
            let exact = [0, 1].map(|side: usize| windows[side].exact[index]);
            let moved = if standardised {
                let n = [0, 1].map(|side: usize| ranked[index][side].weighty(&weights[side]));
                Moved::of_sample(n, resampled.as_ref())
            } else {
                Moved::of_windows(request.level, &tested[index], exact, resampled)
            };
            moved.if_enough(request, &tested[index])
        })
        .collect();
    let p_values: Vec<f64> = moved.iter().filter_map(|it| it.p).collect();
    let mut rejected = holm(&p_values, LEVEL).into_iter();
    let change = |(it, moved): (&Tested, Moved)| {
        let shown = moved.p.is_some() && rejected.next().unwrap_or(false);
        moved.change(it, shown)
    };
    tested.iter().zip(moved).map(change).collect()
}

/// What is known of how a number moved.
struct Moved {
    n: [u64; 2],
    values: [Option<f64>; 2],
    difference: Option<Difference>,
    ratio: Option<[f64; 3]>,
    p: Option<f64>,
}

impl Moved {
    /// The change between two whole windows. Where only a part of the traces was drawn, the interval
    /// is that of the part around the number of the whole, and is too wide rather than too narrow.
    fn of_windows(
        level: Level,
        tested: &Tested,
        exact: [(u64, Option<f64>); 2],
        resampled: Option<Resampled>,
    ) -> Self {
        let n = exact.map(|(n, _)| n);
        let values = exact.map(|(_, value)| value);
        let centred = match (resampled, values) {
            (Some(resampled), [Some(before), Some(after)]) => {
                Some(resampled.centred(before, after))
            }
            _ => None,
        };
        let mut moved = Self::of_sample(n, centred.as_ref());
        moved.values = values;
        if tested.metric == Metric::ErrorRate && level == Level::Trace {
            let failed = exact.map(|(n, share)| Proportion::of_share(share.unwrap_or(0.0), n));
            moved.difference = difference_of_shares(failed[0], failed[1], LEVEL / 2.0);
            moved.p = p_of_equal_shares(failed[0], failed[1]);
        }
        moved
    }

    fn of_sample(n: [u64; 2], resampled: Option<&Resampled>) -> Self {
        let ratio = resampled.and_then(|it| it.ratio(LEVEL / 2.0));
        Self {
            n,
            values: [resampled.map(|it| it.before), resampled.map(|it| it.after)],
            difference: resampled.map(|it| it.difference(LEVEL / 2.0)),
            ratio: ratio.map(|it| [it.ratio, it.lower, it.upper]),
            p: resampled.map(Resampled::p_of_equal),
        }
    }

    /// The same, without what too few values would pretend to show.
    fn if_enough(self, request: &CompareRequest, tested: &Tested) -> Self {
        let tail = tested.statistic.share().filter(|share| *share > 0.5);
        let for_tail = tail.map_or(0, |share| fewest_answers(share, LEVEL / 2.0) as u64);
        let fewest = request.fewest.max(for_tail).max(2);
        if self.n.iter().all(|n| *n >= fewest) {
            return self;
        }
        Self {
            difference: None,
            ratio: None,
            p: None,
            ..self
        }
    }

    fn change(self, tested: &Tested, shown: bool) -> Change {
        let outcome = match self.difference {
            _ if self.n == [0, 0] => ChangeOutcome::NoValues,
            None => ChangeOutcome::TooFew,
            Some(_) if !shown => ChangeOutcome::NoneShown,
            Some(difference) => outcome(&tested.metric, self.values[0], difference.difference),
        };
        Change {
            metric: tested.metric.name(),
            statistic: tested.statistic.name().to_owned(),
            n: self.n,
            values: self.values,
            difference: self
                .difference
                .map(|it| [it.difference, it.lower, it.upper]),
            ratio: self.ratio,
            p: self.p,
            outcome,
        }
    }
}

/// What a change that was shown means.
fn outcome(metric: &Metric, before: Option<f64>, difference: f64) -> ChangeOutcome {
    let slight = match metric.unit() {
        Unit::Share | Unit::Score => SLIGHT_POINTS,
        Unit::Count | Unit::Duration | Unit::Money => SLIGHT_SHARE * before.unwrap_or(0.0),
    };
    if difference.abs() < slight {
        return ChangeOutcome::Slight;
    }
    match (metric.worse(), difference > 0.0) {
        (Worse::Neither, _) => ChangeOutcome::Moved,
        (Worse::Up, true) | (Worse::Down, false) => ChangeOutcome::Worse,
        (Worse::Up, false) | (Worse::Down, true) => ChangeOutcome::Better,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_worse_in_the_direction_of_its_metric_only() {
        use ChangeOutcome::{Better, Moved, Slight, Worse};
        for (metric, before, difference, expected) in [
            (Metric::Latency, 100.0, 20.0, Worse),
            (Metric::Latency, 100.0, -20.0, Better),
            (Metric::Latency, 100.0, 4.0, Slight),
            (Metric::ErrorRate, 0.02, 0.03, Worse),
            (Metric::ErrorRate, 0.02, 0.005, Slight),
            (Metric::Score(None), 0.9, -0.1, Worse),
            (Metric::Score(None), 0.9, 0.05, Better),
            (Metric::OutputTokens, 100.0, 50.0, Moved),
        ] {
            let found = outcome(&metric, Some(before), difference);
            assert_eq!(found, expected, "{} by {difference}", metric.name());
        }
    }
}
