//! Some rows, with what a question asks about them.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, TimestampNanosecondType, UInt64Type};
use arrow_array::{Array as _, RecordBatch, UInt64Array};
use parquet::errors::ParquetError;

use crate::adapters::traces::columns::{COST, TIME};
use crate::adapters::traces::texts::wrong_column;
use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::query::Level;

use super::scores::ScoreIndex;
use super::text_column::TextColumn;

/// Some rows with the columns that a question needs.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) batch: &'a RecordBatch,
    /// Where scores are looked up, if the question needs them.
    pub(super) scores: Option<&'a ScoreIndex>,
    /// Whose scores count.
    pub(super) level: Level,
}

impl<'a> Rows<'a> {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.batch.num_rows()
    }

    /// When each began, in nanoseconds.
    pub(super) fn times(&self) -> Result<&'a [i64], ParquetError> {
        let times = self.batch.column_by_name(TIME);
        let times = times.and_then(|it| it.as_primitive_opt::<TimestampNanosecondType>());
        Ok(times.ok_or_else(|| wrong_column(TIME))?.values())
    }

    /// The texts in a column.
    pub(super) fn texts(&self, column: &Column) -> Result<TextColumn<'a>, ParquetError> {
        TextColumn::of(self.batch, column)
    }

    /// A column of whole numbers, as it is kept.
    pub(super) fn counts(&self, column: &Column) -> Result<&'a UInt64Array, ParquetError> {
        let name = column.name();
        let counts = self.batch.column_by_name(&name);
        let counts = counts.and_then(|it| it.as_primitive_opt::<UInt64Type>());
        counts.ok_or_else(|| wrong_column(&name))
    }

    /// The numbers in a column; not a number: there is none. A column of something else has none.
    pub(super) fn numbers(&self, column: &Column) -> Result<Vec<f64>, ParquetError> {
        match column {
            Column::AnyScore | Column::Score(_) => match self.scores {
                Some(scores) => scores.numbers(self, column),
                None => Ok(vec![f64::NAN; self.count()]),
            },
            Column::Cost => {
                let costs = self.batch.column_by_name(COST);
                let costs = costs.and_then(|it| it.as_primitive_opt::<Float64Type>());
                let costs = costs.ok_or_else(|| wrong_column(COST))?;
                if costs.null_count() == 0 {
                    return Ok(costs.values().to_vec());
                }
                Ok(costs.iter().map(|it| it.unwrap_or(f64::NAN)).collect())
            }
            Column::TotalTokens => {
                let input = self.counts(&Column::InputTokens)?;
                let output = self.counts(&Column::OutputTokens)?;
                let totals = input.iter().zip(output);
                Ok(totals.map(|(input, output)| total(input, output)).collect())
            }
            plain => match plain.kind() {
                ColumnKind::Text | ColumnKind::Time => Ok(vec![f64::NAN; self.count()]),
                ColumnKind::Number | ColumnKind::Money | ColumnKind::Duration => {
                    Ok(as_numbers(self.counts(plain)?))
                }
            },
        }
    }
}

fn total(input: Option<u64>, output: Option<u64>) -> f64 {
    if input.is_none() && output.is_none() {
        return f64::NAN;
    }
    number(input.unwrap_or(0).saturating_add(output.unwrap_or(0)))
}

fn as_numbers(counts: &UInt64Array) -> Vec<f64> {
    if counts.null_count() == 0 {
        return counts.values().iter().copied().map(number).collect();
    }
    let numbers = counts.iter().map(|count| count.map_or(f64::NAN, number));
    numbers.collect()
}

/// A count as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of tokens and nanoseconds below 104 days are exact"
)]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}
