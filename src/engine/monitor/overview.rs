//! The numbers of a window: in all, in each bucket of time, and in each group.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::metric::Metric;
use crate::domain::period::Period;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest, TimeRange};
use crate::domain::trace::query::{Level, Measure, Top, TraceQuery};
use crate::domain::trace::selection::Selection;
use crate::domain::trace::span::Operation;
use crate::engine::ports::traces::TraceStore;

use super::MonitorError;
use super::buckets::{Bucket, buckets};
use super::figures::{Figures, Layout, Numbers, whole};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct OverviewRequest {
    /// Whether traces or spans are counted.
    pub level: Level,
    /// When.
    pub range: TimeRange,
    /// Which.
    pub filter: Filter,
    /// The columns whose values make groups.
    pub group_by: Vec<Column>,
    /// How long a bucket is.
    pub bucket: Period,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// How many groups are shown at most, those with the most traffic.
    pub most_groups: usize,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The buckets of the window, in order.
    pub buckets: Vec<Bucket>,
    /// The groups, those with the most traffic first. Without columns to group by there is one.
    pub groups: Vec<Group>,
    /// Whether there are more groups.
    pub more: bool,
}

/// The numbers of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its value in each column; `None`: those that have none.
    pub keys: Vec<Option<String>>,
    /// In the whole window.
    pub total: Numbers,
    /// In each bucket.
    pub series: Vec<Numbers>,
}

impl OverviewRequest {
    /// Asks a store.
    pub fn ask(&self, store: &dyn TraceStore) -> Result<Overview, MonitorError> {
        let buckets = buckets(&self.range, self.bucket)?;
        let totals = self.numbers(store, None)?;
        let mut groups: Vec<Group> = totals
            .into_iter()
            .map(|((_, keys), total)| Group {
                keys,
                total,
                series: vec![self.nothing(); buckets.len()],
            })
            .collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(traffic(group)), group.keys.clone()));
        let more = groups.len() > self.most_groups;
        groups.truncate(self.most_groups);
        if groups.is_empty() && self.group_by.is_empty() {
            groups.push(Group {
                keys: Vec::new(),
                total: self.nothing(),
                series: vec![self.nothing(); buckets.len()],
            });
        }
        for ((start, keys), numbers) in self.numbers(store, Some(self.bucket))? {
            let place = buckets.iter().position(|it| Some(it.start) == start);
            let group = groups.iter_mut().find(|group| group.keys == keys);
            if let (Some(place), Some(group)) = (place, group) {
                group.series[place].extend(numbers);
            }
        }
        Ok(Overview {
            buckets,
            groups,
            more,
        })
    }

    /// The numbers by bucket and keys.
    fn numbers(
        &self,
        store: &dyn TraceStore,
        bucket: Option<Period>,
    ) -> Result<BTreeMap<Place, Numbers>, MonitorError> {
        let layout = Layout::new(&self.metrics);
        let query = TraceQuery {
            level: self.level,
            range: self.range,
            filter: self.filter.clone(),
            group_by: self.group_by.clone(),
            bucket,
            measures: layout.measures(),
            top: self.top().filter(|_| bucket.is_none()),
        };
        let mut found = BTreeMap::new();
        for row in store.aggregate(&query)?.rows {
            found.insert((row.bucket, row.keys), layout.read(&row.values));
        }
        if self.metrics.contains(&Metric::Unpriced) {
            let unpriced = TraceQuery {
                level: Level::Span,
                filter: self.filter.clone().and(calls_to_models()),
                measures: vec![Measure::Count, Measure::Known(Column::Cost)],
                ..query
            };
            for row in store.aggregate(&unpriced)?.rows {
                let place = (row.bucket, row.keys);
                let numbers: &mut Numbers = found.entry(place).or_insert_with(|| self.nothing());
                numbers.insert(Metric::Unpriced, unpriced_share(&row.values));
            }
        }
        Ok(found)
    }

    /// One group more than are shown, so that it is known whether there are more.
    fn top(&self) -> Option<Top> {
        (!self.group_by.is_empty()).then_some(Top {
            measure: 0,
            limit: self.most_groups + 1,
        })
    }

    /// The numbers of a time in which nothing happened.
    fn nothing(&self) -> Numbers {
        let metrics = self.metrics.iter().cloned();
        let mut numbers: Numbers = metrics.map(|it| (it, Figures::default())).collect();
        if let Some(traffic) = numbers.get_mut(&Metric::Traffic) {
            (traffic.mean, traffic.sum) = (Some(0.0), Some(0.0));
        }
        numbers
    }
}

/// The numbers of everything in a window.
pub fn numbers_of(
    store: &dyn TraceStore,
    level: Level,
    selection: &Selection,
    metrics: &[Metric],
) -> Result<Numbers, MonitorError> {
    let request = OverviewRequest {
        level,
        range: selection.range,
        filter: selection.filter.clone(),
        group_by: Vec::new(),
        bucket: Period { seconds: 1 },
        metrics: metrics.to_vec(),
        most_groups: 1,
    };
    let numbers = request.numbers(store, None)?.into_values().next();
    Ok(numbers.unwrap_or_else(|| request.nothing()))
}

/// When and what a group is.
type Place = (Option<Timestamp>, Vec<Option<String>>);

fn traffic(group: &Group) -> u64 {
    let counts = group
        .total
        .iter()
        .filter(|(metric, _)| matches!(metric, Metric::Traffic | Metric::ErrorRate));
    counts.map(|(_, figures)| figures.n).max().unwrap_or(0)
}

/// The spans that are calls to models, which are what a price list knows.
pub fn calls_to_models() -> Filter {
    let calls = [Operation::Chat, Operation::Embeddings];
    let names = calls.map(|operation| operation.name().to_owned());
    Filter::Text(Column::Operation, TextTest::OneOf(names.to_vec()))
}

fn unpriced_share(values: &[Option<f64>]) -> Figures {
    let count = |index: usize| values.get(index).copied().flatten().unwrap_or(0.0);
    let (calls, priced) = (count(0), count(1));
    Figures {
        n: whole(Some(calls)),
        mean: (calls > 0.0).then(|| (calls - priced) / calls),
        sum: Some(calls - priced),
        ..Figures::default()
    }
}
