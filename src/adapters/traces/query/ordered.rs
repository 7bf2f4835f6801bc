//! Which spans come first in an order.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::ControlFlow;

use parquet::errors::ParquetError;

use crate::adapters::traces::columns::{SPAN, TRACE};
use crate::adapters::traces::texts::Texts;
use crate::domain::trace::column::{Column, ColumnKind};
use crate::engine::ports::traces::TraceStoreError;

use super::batch::Rows;
use super::in_order::in_order;
use super::plan::Wanted;
use super::scan::Scan;
use super::select::Selected;
use super::source::{Overlap, Source};

/// By which column, and in which direction.
pub(super) struct Order<'c> {
    column: &'c Column,
    descending: bool,
}

/// A row with what it is put in order by.
#[derive(Debug, Clone, PartialEq)]
struct Candidate<'a> {
    key: Key<'a>,
    trace: Cow<'a, str>,
    span: Cow<'a, str>,
    source: usize,
    row: u32,
}

/// What a row is put in order by.
#[derive(Debug, Clone, PartialEq)]
enum Key<'a> {
    Time(i64),
    Number(f64),
    Text(Cow<'a, str>),
    Missing,
}

impl<'c> Order<'c> {
    pub(super) fn new(column: &'c Column, descending: bool) -> Self {
        Self { column, descending }
    }

    /// What is wanted of each row.
    pub(super) fn wanted(&self) -> Wanted {
        let by = |kind| {
            if kind {
                vec![self.column.clone()]
            } else {
                Vec::new()
            }
        };
        let kind = self.column.kind();
        let is_text = kind == ColumnKind::Text;
        let is_time = kind == ColumnKind::Time;
        Wanted {
            keys: vec![Column::Trace, Column::Span],
            texts: by(is_text),
            numbers: by(!is_text && !is_time),
            times: is_time,
            ..Wanted::default()
        }
    }

    /// What comes first is less.
    fn compare(&self, one: &Candidate<'_>, other: &Candidate<'_>) -> Ordering {
        let keys = match (&one.key, &other.key) {
            (Key::Missing, Key::Missing) => Ordering::Equal,
            (Key::Missing, _) => Ordering::Greater,
            (_, Key::Missing) => Ordering::Less,
            (one, other) if self.descending => other.compare(one),
            (one, other) => one.compare(other),
        };
        keys.then_with(|| one.trace.cmp(&other.trace))
            .then_with(|| one.span.cmp(&other.span))
    }

    /// Leaves those that come first.
    fn leave_first(&self, candidates: &mut Vec<Candidate<'_>>, limit: usize) {
        if limit < candidates.len() {
            candidates.select_nth_unstable_by(limit, |one, other| self.compare(one, other));
            candidates.truncate(limit);
        }
    }

    /// Sources in the order in which the first spans are likely found first.
    fn sort_sources(&self, sources: &mut [usize], scan: &Scan<'_>) {
        if *self.column != Column::Time {
            return;
        }
        sources.sort_by_key(|source| {
            let (first, last) = scan.sources[*source].0.times();
            if self.descending {
                -i128::from(last)
            } else {
                i128::from(first)
            }
        });
    }

    /// Whether a source can have nothing that comes before a candidate.
    fn comes_after(&self, (source, _): &(Source<'_>, Overlap), worst: &Candidate<'_>) -> bool {
        let (first, last) = source.times();
        match (&worst.key, *self.column == Column::Time) {
            (Key::Time(time), true) if self.descending => last < *time,
            (Key::Time(time), true) => first > *time,
            _ => false,
        }
    }
}

impl Key<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Time(one), Self::Time(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => (one + 0.0).total_cmp(&(other + 0.0)),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => Ordering::Equal,
        }
    }

    fn into_owned(self) -> Key<'static> {
        match self {
            Self::Time(time) => Key::Time(time),
            Self::Number(number) => Key::Number(number),
            Self::Text(text) => Key::Text(text.into_owned().into()),
            Self::Missing => Key::Missing,
        }
    }
}

/// The rows of the first spans in an order, each by its source in the scan.
pub(super) fn first_rows(
    scan: &Scan<'_>,
    order: &Order<'_>,
    limit: usize,
) -> Result<Vec<(usize, u32)>, TraceStoreError> {
    let mut sources: Vec<usize> = (0..scan.sources.len()).collect();
    order.sort_sources(&mut sources, scan);
    let needs = scan.needs();
    let of_source = |place: &usize| {
        let source = &scan.sources[*place];
        let mut found: Vec<Candidate<'static>> = Vec::new();
        source.0.read(&needs, |batch| {
            let rows = scan.rows(batch);
            let selected = scan.select(&rows, source)?;
            let candidates = candidates(&rows, &selected, order, *place);
            let mut candidates = candidates.map_err(|error| source.0.damaged(&error))?;
            order.leave_first(&mut candidates, limit);
            found.extend(candidates.into_iter().map(|candidate| Candidate {
                key: candidate.key.into_owned(),
                trace: candidate.trace.into_owned().into(),
                span: candidate.span.into_owned().into(),
                ..candidate
            }));
            Ok(())
        })?;
        Ok(found)
    };
    let mut first: Vec<Candidate<'static>> = Vec::new();
    let mut seen = 0;
    in_order(&sources, of_source, |found| {
        first.extend(found);
        order.leave_first(&mut first, limit);
        seen += 1;
        let worst = first.iter().max_by(|one, other| order.compare(one, other));
        let is_enough = first.len() >= limit
            && sources[seen..].iter().all(|source| {
                worst.is_none_or(|worst| order.comes_after(&scan.sources[*source], worst))
            });
        Ok(if is_enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    first.sort_unstable_by(|one, other| order.compare(one, other));
    Ok(first.into_iter().map(|it| (it.source, it.row)).collect())
}

fn candidates<'a>(
    rows: &Rows<'a>,
    selected: &Selected,
    order: &Order<'_>,
    source: usize,
) -> Result<Vec<Candidate<'a>>, ParquetError> {
    let traces = Texts::column(rows.batch, TRACE)?;
    let spans = Texts::column(rows.batch, SPAN)?;
    let keys: Vec<Key<'a>> = match order.column.kind() {
        ColumnKind::Time => {
            let times = rows.times()?;
            selected.rows().map(|row| Key::Time(times[row])).collect()
        }
        ColumnKind::Text => {
            let texts = rows.texts(order.column)?;
            let key = |row| texts.joined(row).map_or(Key::Missing, Key::Text);
            selected.rows().map(key).collect()
        }
        ColumnKind::Number | ColumnKind::Money | ColumnKind::Duration => {
            let numbers = rows.numbers(order.column)?;
            let key = |number: f64| {
                if number.is_nan() {
                    Key::Missing
                } else {
                    Key::Number(number)
                }
            };
            selected.rows().map(|row| key(numbers[row])).collect()
        }
    };
    let candidates = selected.rows().zip(keys).map(|(row, key)| Candidate {
        key,
        trace: traces.get(row).unwrap_or_default().into(),
        span: spans.get(row).unwrap_or_default().into(),
        source,
        row: u32::try_from(row).unwrap_or(u32::MAX),
    });
    Ok(candidates.collect())
}
