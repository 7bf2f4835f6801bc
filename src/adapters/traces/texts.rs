//! Texts of a column, whichever way they are kept.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int32Type;
use arrow_array::{Array, Int32Array, RecordBatch, StringArray};
use parquet::errors::ParquetError;

/// The texts in a column.
#[derive(Clone, Copy)]
pub(super) enum Texts<'a> {
    /// There are none.
    None,
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

    /// Whether there is a text in a row.
    pub(super) fn is_at(self, row: usize) -> bool {
        match self {
            Self::None => false,
            Self::Plain(texts) => texts.is_valid(row),
            Self::Repeated { keys, .. } => keys.is_valid(row),
        }
    }

    /// The text in a row.
    pub(super) fn get(self, row: usize) -> Option<&'a str> {
        match self {
            Self::None => None,
            Self::Plain(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Repeated { values, .. } => {
                let code = self.code(row)?;
                values.is_valid(code).then(|| values.value(code))
            }
        }
    }

    /// How many different codes there are; `None`: the texts have no codes.
    pub(super) fn codes(self) -> Option<usize> {
        match self {
            Self::None | Self::Plain(_) => None,
            Self::Repeated { values, .. } => Some(values.len()),
        }
    }

    /// The code of the text in a row: rows with one code have one text.
    pub(super) fn code(self, row: usize) -> Option<usize> {
        match self {
            Self::None | Self::Plain(_) => None,
            Self::Repeated { keys, .. } => {
                let key = keys.is_valid(row).then(|| keys.value(row))?;
                usize::try_from(key).ok()
            }
        }
    }

    /// Looks for one text.
    pub(super) fn finder(self, wanted: &'a str) -> Finder<'a> {
        let code = match self {
            Self::Repeated { values, .. } => {
                let place = values.iter().position(|value| value == Some(wanted));
                place.and_then(|place| i32::try_from(place).ok())
            }
            Self::None | Self::Plain(_) => None,
        };
        Finder {
            texts: self,
            wanted,
            code,
        }
    }
}

/// Looks for one text in a column.
pub(super) struct Finder<'a> {
    texts: Texts<'a>,
    wanted: &'a str,
    code: Option<i32>,
}

impl Finder<'_> {
    /// Whether it is in a row.
    pub(super) fn is_at(&self, row: usize) -> bool {
        match self.texts {
            Texts::None => false,
            Texts::Plain(texts) => texts.is_valid(row) && texts.value(row) == self.wanted,
            Texts::Repeated { keys, .. } => {
                self.code.is_some_and(|code| keys.value(row) == code) && keys.is_valid(row)
            }
        }
    }
}

/// A column that is not there, or holds something else.
pub(super) fn wrong_column(name: &str) -> ParquetError {
    ParquetError::General(format!("the column `{name}` is not as pointsman writes it"))
}
