//! Which rows a question means.

use parquet::errors::ParquetError;

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::filter::{Filter, TextTest, TimeRange};

use super::batch::Rows;
use super::source::bounds;
use super::text_column::TextColumn;

/// Rows by their number, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selected {
    /// All of so many.
    All(usize),
    /// These.
    Some(Vec<u32>),
}

impl Selected {
    /// The rows that a filter means, among those that began in a stretch of time (`None`: all did).
    pub(super) fn of(
        rows: &Rows<'_>,
        range: Option<&TimeRange>,
        filter: &Filter,
    ) -> Result<Self, ParquetError> {
        let mut mask = match filter {
            Filter::Everything => None,
            filter => Some(mask(rows, filter)?),
        };
        if let Some(range) = range {
            let (from, until) = bounds(range);
            let within = |time: &i64| {
                let time = i128::from(*time);
                from <= time && time < until
            };
            let times = rows.times()?.iter().map(within);
            mask = Some(match mask {
                Some(mask) => times.zip(mask).map(|(one, other)| one && other).collect(),
                None => times.collect(),
            });
        }
        Ok(match mask {
            None => Self::All(rows.count()),
            Some(mask) => {
                let rows = (0_u32..).zip(mask).filter(|(_, meant)| *meant);
                Self::Some(rows.map(|(row, _)| row).collect())
            }
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(rows) => rows.len(),
        }
    }

    /// Leaves the first so many.
    pub(super) fn truncate(&mut self, limit: usize) {
        match self {
            Self::All(count) if *count > limit => {
                let limit = u32::try_from(limit).unwrap_or(u32::MAX);
                *self = Self::Some((0..limit).collect());
            }
            Self::All(_) => {}
            Self::Some(rows) => rows.truncate(limit),
        }
    }

    /// The rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        let (all, some) = match self {
            Self::All(count) => (0..*count, &[][..]),
            Self::Some(rows) => (0..0, rows.as_slice()),
        };
        all.chain(some.iter().map(|row| *row as usize))
    }
}

/// For each row whether a filter holds.
fn mask(rows: &Rows<'_>, filter: &Filter) -> Result<Vec<bool>, ParquetError> {
    match filter {
        Filter::Everything => Ok(vec![true; rows.count()]),
        Filter::All(filters) => combined(rows, filters, true),
        Filter::Any(filters) => combined(rows, filters, false),
        Filter::Not(filter) => {
            let mut mask = mask(rows, filter)?;
            for holds in &mut mask {
                *holds = !*holds;
            }
            Ok(mask)
        }
        Filter::Present(column) => present(rows, column),
        Filter::Text(column, test) => text_mask(rows, column, test),
        Filter::Number(column, comparison, other) => {
            let numbers = rows.numbers(column)?.into_iter();
            let holds = numbers.map(|number| !number.is_nan() && comparison.holds(number, *other));
            Ok(holds.collect())
        }
    }
}

/// Whether all of some filters hold, or any of them.
fn combined(rows: &Rows<'_>, filters: &[Filter], all: bool) -> Result<Vec<bool>, ParquetError> {
    let mut result = vec![all; rows.count()];
    for filter in filters {
        for (result, holds) in result.iter_mut().zip(mask(rows, filter)?) {
            *result = if all {
                *result && holds
            } else {
                *result || holds
            };
        }
    }
    Ok(result)
}

fn present(rows: &Rows<'_>, column: &Column) -> Result<Vec<bool>, ParquetError> {
    match column.kind() {
        ColumnKind::Time => Ok(vec![true; rows.count()]),
        ColumnKind::Text => {
            let texts = rows.texts(column)?;
            let all = 0..rows.count();
            Ok(all.map(|row| !texts.places(row).is_empty()).collect())
        }
        ColumnKind::Number | ColumnKind::Money | ColumnKind::Duration => {
            let numbers = rows.numbers(column)?.into_iter();
            Ok(numbers.map(|number| !number.is_nan()).collect())
        }
    }
}

fn text_mask(rows: &Rows<'_>, column: &Column, test: &TextTest) -> Result<Vec<bool>, ParquetError> {
    let texts = rows.texts(column)?;
    let mut test = Test::new(&texts, test);
    let holds = (0..rows.count()).map(|row| texts.places(row).any(|place| test.holds(place)));
    Ok(holds.collect())
}

/// A test of texts, which is made once for each different one where they have codes.
struct Test<'a> {
    texts: &'a TextColumn<'a>,
    question: &'a TextTest,
    /// The part that is looked for, without its case.
    part: Option<String>,
    known: Vec<Option<bool>>,
}

impl<'a> Test<'a> {
    fn new(texts: &'a TextColumn<'a>, test: &'a TextTest) -> Self {
        let part = match test {
            TextTest::Contains(part) => Some(part.to_lowercase()),
            TextTest::OneOf(_) | TextTest::StartsWith(_) => None,
        };
        Self {
            texts,
            question: test,
            part,
            known: vec![None; texts.texts().codes().unwrap_or(0)],
        }
    }

    fn holds(&mut self, place: usize) -> bool {
        let texts = self.texts.texts();
        let code = texts.code(place);
        if let Some(known) = code.and_then(|code| self.known.get(code).copied().flatten()) {
            return known;
        }
        let holds = texts.get(place).is_some_and(|text| match &self.part {
            Some(part) => text.to_lowercase().contains(part),
            None => self.question.holds(text),
        });
        if let Some(known) = code.and_then(|code| self.known.get_mut(code)) {
            *known = Some(holds);
        }
        holds
    }
}
