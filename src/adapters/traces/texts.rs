//! Texts of a column, whichever way they are kept.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int32Type;
use arrow_array::{Array, Int32Array, RecordBatch, StringArray};
use parquet::errors::ParquetError;

/// The texts in a column.
#[derive(Clone, Copy)]
pub(super) enum Texts<'a> {
    /// One by one.
    Plain(&'a StringArray),
    /// Each once, and where it stands.
    Repeated {
        keys: &'a Int32Array,
        values: &'a StringArray,
    },
}

impl<'a> Texts<'a> {
    /// The texts of an array.
    pub(super) fn of(array: &'a dyn Array) -> Option<Self> {
        if let Some(plain) = array.as_string_opt::<i32>() {
            return Some(Self::Plain(plain));
        }
        let repeated = array.as_dictionary_opt::<Int32Type>()?;
        Some(Self::Repeated {
            keys: repeated.keys(),
            values: repeated.values().as_string_opt::<i32>()?,
        })
    }

    /// The texts in a column of a batch.
    pub(super) fn column(batch: &'a RecordBatch, name: &str) -> Result<Self, ParquetError> {
        let texts = batch.column_by_name(name).and_then(|array| Self::of(array));
        texts.ok_or_else(|| wrong_column(name))
    }

    /// The text in a row.
    pub(super) fn get(self, row: usize) -> Option<&'a str> {
        match self {
            Self::Plain(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Repeated { keys, values } => {
                let key = keys.is_valid(row).then(|| keys.value(row))?;
                let key = usize::try_from(key).ok()?;
                values.is_valid(key).then(|| values.value(key))
            }
        }
    }
}

/// A column that is not there, or holds something else.
pub(super) fn wrong_column(name: &str) -> ParquetError {
    ParquetError::General(format!("the column `{name}` is not as pointsman writes it"))
}
