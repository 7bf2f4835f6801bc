//! The texts of one column of a batch: one a row, one of many attributes a row, or any number of labels.

use std::borrow::Cow;
use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use parquet::errors::ParquetError;

use crate::adapters::traces::columns::{ATTRIBUTE, Sort, TAG, TEXTS};
use crate::adapters::traces::decode::rows;
use crate::adapters::traces::texts::{Texts, wrong_column};
use crate::domain::trace::column::Column;

/// Stands for no place.
const NOWHERE: u32 = u32::MAX;

/// Texts, and where those of a row are among them.
pub(super) struct TextColumn<'a> {
    texts: Texts<'a>,
    places: Places<'a>,
}

enum Places<'a> {
    /// No row has any.
    None,
    /// Each row has its own.
    Row,
    /// Each row has one at most.
    One(Vec<u32>),
    /// A row has those between two offsets.
    Many(&'a [i32]),
}

impl<'a> TextColumn<'a> {
    /// A column of a batch. A column of something else has no texts.
    pub(super) fn of(batch: &'a RecordBatch, column: &Column) -> Result<Self, ParquetError> {
        match column {
            Column::Tag => {
                let lists = batch
                    .column_by_name(TAG)
                    .and_then(|it| it.as_list_opt::<i32>());
                let lists = lists.ok_or_else(|| wrong_column(TAG))?;
                let texts = Texts::of(lists.values()).ok_or_else(|| wrong_column(TAG))?;
                let places = Places::Many(lists.value_offsets());
                Ok(Self { texts, places })
            }
            Column::Attribute(name) => Self::attribute(batch, name),
            plain => {
                let name = plain.name();
                let is_text = TEXTS
                    .iter()
                    .any(|it| it.name == name && it.sort != Sort::Content);
                if !is_text {
                    let (texts, places) = (Texts::None, Places::None);
                    return Ok(Self { texts, places });
                }
                let texts = Texts::column(batch, &name)?;
                let places = Places::Row;
                Ok(Self { texts, places })
            }
        }
    }

    fn attribute(batch: &'a RecordBatch, name: &str) -> Result<Self, ParquetError> {
        let wrong = || wrong_column(ATTRIBUTE);
        let maps = batch
            .column_by_name(ATTRIBUTE)
            .and_then(|it| it.as_map_opt());
        let maps = maps.ok_or_else(wrong)?;
        let (keys, texts) = (Texts::of(maps.keys()), Texts::of(maps.values()));
        let (keys, texts) = (keys.ok_or_else(wrong)?, texts.ok_or_else(wrong)?);
        let wanted = keys.finder(name);
        let places = maps.value_offsets().windows(2).map(|offsets| {
            let found = rows(offsets).find(|place| wanted.is_at(*place));
            found
                .and_then(|place| u32::try_from(place).ok())
                .unwrap_or(NOWHERE)
        });
        let places = Places::One(places.collect());
        Ok(Self { texts, places })
    }

    /// The places of a row's texts.
    pub(super) fn places(&self, row: usize) -> Range<usize> {
        let one = match &self.places {
            Places::None => return 0..0,
            Places::Row => row,
            Places::One(places) if places[row] == NOWHERE => return 0..0,
            Places::One(places) => places[row] as usize,
            Places::Many(offsets) => return rows(&offsets[row..row + 2]),
        };
        if self.texts.is_at(one) {
            one..one + 1
        } else {
            0..0
        }
    }

    /// Whether a row may have more than one text.
    pub(super) fn has_many(&self) -> bool {
        matches!(self.places, Places::Many(_))
    }

    /// All texts.
    pub(super) fn texts(&self) -> Texts<'a> {
        self.texts
    }

    /// The one text of a row; several labels as one text.
    pub(super) fn joined(&self, row: usize) -> Option<Cow<'a, str>> {
        let places = self.places(row);
        let mut texts = places.clone().filter_map(|place| self.texts.get(place));
        if places.len() <= 1 {
            return texts.next().map(Cow::Borrowed);
        }
        Some(texts.collect::<Vec<&str>>().join(",").into())
    }
}
