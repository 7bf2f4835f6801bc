//! What has to be added up to answer a question.

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::query::{Measure, TraceQuery};

/// What is wanted of each span or trace.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// The columns of texts that are keys.
    pub(super) keys: Vec<Column>,
    /// Whether something with several labels counts once for each of them. Otherwise its labels are
    /// one text.
    pub(super) once_a_label: bool,
    /// The columns of texts that are measured.
    pub(super) texts: Vec<Column>,
    /// The columns of numbers.
    pub(super) numbers: Vec<Column>,
    /// Whether it is wanted when each began.
    pub(super) times: bool,
    /// Whether it is wanted if each ended with an error.
    pub(super) errors: bool,
}

impl Wanted {
    /// The key that has several labels, if each of them counts for itself.
    pub(super) fn label_key(&self) -> Option<usize> {
        let key = self.keys.iter().position(|column| *column == Column::Tag);
        key.filter(|_| self.once_a_label)
    }
}

/// Something that is added up in each group. The numbers are places in [`Wanted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// How many ended with an error.
    Errors,
    /// How many have a text.
    Known(usize),
    /// The different texts.
    Texts(usize),
    /// The different numbers.
    Numbers(usize),
    /// The different times.
    Times,
    /// The sum of the numbers, and how many there are.
    Total(usize),
    /// All numbers.
    Values(usize),
}

/// What is made of what was added up, for one measure. The numbers are places in [`Plan::sums`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Finish {
    /// Nothing has a value.
    Nothing,
    /// How many there are.
    Count,
    /// The share of them.
    Share(usize),
    /// The number itself.
    Number(usize),
    /// How many numbers were added up.
    Counted(usize),
    /// How many different ones there are.
    Distinct(usize),
    /// The sum.
    Total(usize),
    /// The mean.
    Mean(usize),
    /// The value at the rank of a share.
    Quantile(usize, f64),
}

/// What has to be added up, and what becomes of it.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) wanted: Wanted,
    /// How long a bucket is, in nanoseconds.
    pub(super) bucket: Option<i64>,
    pub(super) sums: Vec<Sum>,
    /// One for each measure.
    pub(super) finishes: Vec<Finish>,
}

impl Plan {
    /// The plan for a question.
    pub(super) fn new(query: &TraceQuery) -> Self {
        let bucket = query.bucket.map(|period| {
            let seconds = period.seconds.max(1);
            seconds.saturating_mul(1_000_000_000)
        });
        let mut plan = Self {
            wanted: Wanted {
                keys: query.group_by.clone(),
                once_a_label: true,
                times: bucket.is_some(),
                ..Wanted::default()
            },
            bucket,
            sums: Vec::new(),
            finishes: Vec::new(),
        };
        for measure in &query.measures {
            let finish = plan.finish(measure);
            plan.finishes.push(finish);
        }
        plan
    }

    fn finish(&mut self, measure: &Measure) -> Finish {
        match measure {
            Measure::Count | Measure::Known(Column::Time) => Finish::Count,
            Measure::ErrorRate => {
                self.wanted.errors = true;
                Finish::Share(self.sum(Sum::Errors))
            }
            Measure::Known(column) if is_text(column) => {
                let place = place_of(&mut self.wanted.texts, column);
                Finish::Number(self.sum(Sum::Known(place)))
            }
            Measure::Known(column) => Finish::Counted(self.total(column)),
            Measure::Distinct(Column::Time) => {
                self.wanted.times = true;
                Finish::Distinct(self.sum(Sum::Times))
            }
            Measure::Distinct(column) if is_text(column) => {
                let place = place_of(&mut self.wanted.texts, column);
                Finish::Distinct(self.sum(Sum::Texts(place)))
            }
            Measure::Distinct(column) => {
                let place = place_of(&mut self.wanted.numbers, column);
                Finish::Distinct(self.sum(Sum::Numbers(place)))
            }
            Measure::Sum(column) | Measure::Mean(column) | Measure::Quantile(column, _)
                if !is_number(column) =>
            {
                Finish::Nothing
            }
            Measure::Sum(column) => Finish::Total(self.total(column)),
            Measure::Mean(column) => Finish::Mean(self.total(column)),
            Measure::Quantile(column, share) => {
                let place = place_of(&mut self.wanted.numbers, column);
                Finish::Quantile(self.sum(Sum::Values(place)), *share)
            }
        }
    }

    fn total(&mut self, column: &Column) -> usize {
        let place = place_of(&mut self.wanted.numbers, column);
        self.sum(Sum::Total(place))
    }

    fn sum(&mut self, sum: Sum) -> usize {
        place_of(&mut self.sums, &sum)
    }

    /// The shares that are asked of the values in one sum.
    pub(super) fn shares(&self, sum: usize) -> Vec<f64> {
        let shares = self.finishes.iter().filter_map(|finish| match finish {
            Finish::Quantile(of, share) if *of == sum => Some(*share),
            _ => None,
        });
        shares.collect()
    }
}

/// Where something is in a list, to which it is added if need be.
fn place_of<T: Clone + PartialEq>(list: &mut Vec<T>, wanted: &T) -> usize {
    let found = list.iter().position(|it| it == wanted);
    found.unwrap_or_else(|| {
        list.push(wanted.clone());
        list.len() - 1
    })
}

fn is_text(column: &Column) -> bool {
    column.kind() == ColumnKind::Text
}

fn is_number(column: &Column) -> bool {
    !matches!(column.kind(), ColumnKind::Text | ColumnKind::Time)
}
