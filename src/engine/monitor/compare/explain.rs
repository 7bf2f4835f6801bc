//! What the bad traces have in common that others have not. It coincides with the change; whether it
//! is the cause, nobody can tell from counts.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::domain::metric::{Metric, Worse};
use crate::domain::monitor::Change;
use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::query::Measured;
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::sample::lot;
use crate::engine::ports::traces::{MeasureRequest, TraceStore};
use crate::engine::statistics::{association, benjamini_hochberg, of_count};

use super::CompareRequest;
use super::numbers::Window;

/// How many traces are looked at.
const MOST_TRACES: f64 = 100_000.0;

/// How many other attributes are looked at: those that most spans carry.
const MOST_ATTRIBUTES: usize = 40;

/// A column with more values than this tells single requests apart, not sorts of them.
const MOST_VALUES: usize = 200;

/// The share of values that would be shown though they have nothing to do with it.
const FALSE_SHARE: f64 = 0.05;

/// How many values are shown.
const SHOWN: usize = 5;

/// What the bad traces have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The metric by which they are bad.
    pub metric: Metric,
    /// The bound beyond which one is bad; absent: those that failed are.
    pub bound: Option<f64>,
    /// How many are bad in the later window.
    pub bad: u64,
    /// How many others there are in both windows.
    pub others: u64,
    /// The values that the bad ones have more often, the strongest first.
    pub contrasts: Vec<Contrast>,
}

/// A value that bad traces have more often than others.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The column.
    pub column: Column,
    /// The value.
    pub value: String,
    /// The share of the bad ones that have it.
    pub bad: f64,
    /// The share of the others that have it.
    pub others: f64,
    /// How many times as often the bad ones have it; absent: no other one has it.
    pub lift: Option<f64>,
    /// The probability of such a difference, or a greater one, where it has nothing to do with it.
    pub p: f64,
    strength: f64,
}

/// Looks into the bad traces of the later window. `None` where there are none, or where nothing says
/// which of them are bad.
pub(super) fn explain(
    store: &dyn TraceStore,
    request: &CompareRequest,
    change: &Change,
    windows: &[Window; 2],
) -> Result<Option<Explanation>, MonitorError> {
    let Some(test) = Test::of(store, request, change)? else {
        return Ok(None);
    };
    let columns = columns(store)?;
    let items = windows[0].sample.items + windows[1].sample.items;
    let share = (MOST_TRACES / of_count(items.max(1))).min(1.0);
    let mut tally = Tally::new(columns.len());
    for (side, range) in [request.before, request.after].into_iter().enumerate() {
        let measured = MeasureRequest {
            level: request.level,
            range,
            filter: request.filter.clone(),
            keys: columns.clone(),
            values: test.metric.column().into_iter().collect(),
        };
        store.measure(&measured, &mut |measured| {
            if let Some(bad) = test.is_bad(&measured)
                && (share >= 1.0 || lot(&measured.trace) <= share)
            {
                tally.add(bad && side == 1, &columns, &measured);
            }
            ControlFlow::Continue(())
        })?;
    }
    if tally.counts[1] == 0 || tally.counts[0] == 0 {
        return Ok(None);
    }
    Ok(Some(Explanation {
        metric: test.metric,
        bound: test.bound,
        bad: tally.counts[1],
        others: tally.counts[0],
        contrasts: tally.contrasts(&columns),
    }))
}

/// What makes a trace a bad one.
struct Test {
    metric: Metric,
    /// Bad ones are above it.
    above: bool,
    bound: Option<f64>,
}

impl Test {
    /// A failed one is bad; one that is beyond 95 of 100 of the earlier window; one that is scored
    /// below the mean of the earlier window.
    fn of(
        store: &dyn TraceStore,
        request: &CompareRequest,
        change: &Change,
    ) -> Result<Option<Self>, MonitorError> {
        let Some(metric) = Metric::of(&change.metric) else {
            return Ok(None);
        };
        let grew = change.difference.is_none_or(|it| it[0] > 0.0);
        let above = match metric.worse() {
            Worse::Up => true,
            Worse::Down => false,
            Worse::Neither => grew,
        };
        let bound = match (&metric, metric.column()) {
            (Metric::Score(_), _) => change.values[0],
            (_, Some(column)) => {
                let share = if above { 0.95 } else { 0.05 };
                let bound = earlier_quantile(store, request, column, share)?;
                if bound.is_none() {
                    return Ok(None);
                }
                bound
            }
            (_, None) => None,
        };
        Ok(Some(Self {
            metric,
            above,
            bound,
        }))
    }

    /// Whether one is bad; `None` where nothing is known of it.
    fn is_bad(&self, measured: &Measured) -> Option<bool> {
        let Some(bound) = self.bound else {
            return Some(measured.error);
        };
        let value = measured.values.first().copied().flatten()?;
        Some(if self.above {
            value > bound
        } else {
            value < bound
        })
    }
}

fn earlier_quantile(
    store: &dyn TraceStore,
    request: &CompareRequest,
    column: Column,
    share: f64,
) -> Result<Option<f64>, MonitorError> {
    use crate::domain::trace::query::{Measure, TraceQuery};
    let table = store.aggregate(&TraceQuery {
        level: request.level,
        range: request.before,
        filter: request.filter.clone(),
        group_by: Vec::new(),
        bucket: None,
        measures: vec![Measure::Quantile(column, share)],
        top: None,
    })?;
    let row = table.rows.into_iter().next();
    Ok(row.and_then(|row| row.values.first().copied().flatten()))
}

/// The columns whose values are looked at: those of texts that tell sorts apart, and the attributes
/// that most spans carry.
fn columns(store: &dyn TraceStore) -> Result<Vec<Column>, MonitorError> {
    let names_one = |column: &Column| {
        matches!(
            column,
            Column::Trace | Column::Span | Column::Parent | Column::Fingerprint | Column::Status
        )
    };
    let plain = Column::plain().filter(|it| it.kind() == ColumnKind::Text && !names_one(it));
    let mut attributes: Vec<(String, u64)> = store.contents()?.attributes.into_iter().collect();
    attributes.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    // Our own say which release it was, and that is what the windows are told apart by.
    attributes.retain(|(name, _)| !name.starts_with("pointsman."));
    let attributes = attributes.into_iter().take(MOST_ATTRIBUTES);
    let attributes = attributes.map(|(name, _)| Column::Attribute(name));
    Ok(plain.chain(attributes).collect())
}

/// How often each value stands in bad traces, and in others.
struct Tally {
    /// Others, then bad ones.
    counts: [u64; 2],
    /// By column; absent: it has too many values.
    values: Vec<Option<BTreeMap<String, [u64; 2]>>>,
}

impl Tally {
    fn new(columns: usize) -> Self {
        Self {
            counts: [0, 0],
            values: vec![Some(BTreeMap::new()); columns],
        }
    }

    fn add(&mut self, bad: bool, columns: &[Column], measured: &Measured) {
        let side = usize::from(bad);
        self.counts[side] += 1;
        let places = self.values.iter_mut().zip(columns).zip(&measured.keys);
        for ((values, column), key) in places {
            let (Some(known), Some(key)) = (values.as_mut(), key) else {
                continue;
            };
            for value in labels(column, key) {
                match known.get_mut(value) {
                    Some(counts) => counts[side] += 1,
                    None => {
                        known.entry(value.to_owned()).or_default()[side] = 1;
                    }
                }
            }
            if known.len() > MOST_VALUES {
                *values = None;
            }
        }
    }

    fn contrasts(self, columns: &[Column]) -> Vec<Contrast> {
        let [others, bad] = self.counts;
        let mut contrasts: Vec<Contrast> = Vec::new();
        for (values, column) in self.values.into_iter().zip(columns) {
            for (value, [in_others, in_bad]) in values.into_iter().flatten() {
                let found = association(
                    &[in_others, others.saturating_sub(in_others)],
                    &[in_bad, bad.saturating_sub(in_bad)],
                );
                contrasts.extend(found.map(|found| Contrast {
                    column: column.clone(),
                    value,
                    bad: of_count(in_bad) / of_count(bad),
                    others: of_count(in_others) / of_count(others),
                    lift: (in_others > 0).then(|| {
                        of_count(in_bad) * of_count(others) / (of_count(bad) * of_count(in_others))
                    }),
                    p: found.p,
                    strength: found.g,
                }));
            }
        }
        let p_values: Vec<f64> = contrasts.iter().map(|it| it.p).collect();
        let mut shown = benjamini_hochberg(&p_values, FALSE_SHARE).into_iter();
        contrasts.retain(|it| shown.next().unwrap_or(false) && it.bad > it.others);
        contrasts.sort_by(|one, other| other.strength.total_cmp(&one.strength));
        contrasts.truncate(SHOWN);
        contrasts
    }
}

/// The values of a key: a column of labels has any number of them, joined by commas.
fn labels<'k>(column: &Column, key: &'k str) -> impl Iterator<Item = &'k str> {
    let separator = if *column == Column::Tag { "," } else { "\u{0}" };
    key.split(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(keys: &[Option<&str>]) -> Measured {
        Measured {
            trace: "t".to_owned(),
            started_at: "2026-03-02T09:00:00Z".parse().unwrap(),
            error: false,
            keys: keys.iter().map(|key| key.map(str::to_owned)).collect(),
            values: vec![Some(1.0)],
        }
    }

    #[test]
    fn the_value_that_bad_traces_share_comes_first_and_others_are_left_out() {
        let columns = [Column::Version, Column::Route, Column::Tag, Column::User];
        let mut tally = Tally::new(columns.len());
        for index in 0..400 {
            let bad = index < 40;
            let version = if bad || index % 8 == 0 { "v2" } else { "v1" };
            let route = if index % 2 == 0 { "/help" } else { "/tickets" };
            let tags = if bad { "eu,vip" } else { "eu" };
            let user = format!("user-{index}");
            let keys = [Some(version), Some(route), Some(tags), Some(user.as_str())];
            tally.add(bad, &columns, &measured(&keys));
        }
        let found = tally.contrasts(&columns);
        let shown: Vec<(&Column, &str)> = found
            .iter()
            .map(|it| (&it.column, it.value.as_str()))
            .collect();
        assert_eq!(shown, [(&Column::Tag, "vip"), (&Column::Version, "v2")]);
        assert_eq!(
            (found[0].bad, found[0].others, found[0].lift),
            (1.0, 0.0, None)
        );
        assert!((found[1].lift.unwrap() - 8.0).abs() < 1e-9);
    }

    #[test]
    fn a_trace_is_bad_beyond_the_bound_in_the_direction_of_the_metric() {
        let test = |metric, above, bound| Test {
            metric,
            above,
            bound,
        };
        let one = measured(&[]);
        assert_eq!(
            test(Metric::Latency, true, Some(0.5)).is_bad(&one),
            Some(true)
        );
        assert_eq!(
            test(Metric::Score(None), false, Some(0.5)).is_bad(&one),
            Some(false)
        );
        assert_eq!(
            test(Metric::ErrorRate, true, None).is_bad(&one),
            Some(false)
        );
        let unknown = Measured {
            values: vec![None],
            ..one
        };
        assert_eq!(test(Metric::Cost, true, Some(0.5)).is_bad(&unknown), None);
    }
}
