//! A saved question to the traces, so that everybody asks the same one every week.

use jiff::{SignedDuration, Timestamp};

use crate::domain::id::ViewId;
use crate::domain::period::Period;

use super::field::{Field, RowOrder};
use super::filter::TimeRange;
use super::language::{FilterError, parse};
use super::query::Level;
use super::selection::Selection;

/// A saved view.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Its name.
    pub id: ViewId,
    /// What it is for.
    pub description: Option<String>,
    /// Which spans are meant, as the file says it.
    pub filter: String,
    /// How long ago they began at most.
    pub last: Option<Period>,
    /// What a row of its list is.
    pub by: Option<Level>,
    /// What is shown of each row.
    pub columns: Vec<Field>,
    /// In which order.
    pub sort: Option<RowOrder>,
}

impl View {
    /// The spans that are meant now.
    pub fn selection(&self, now: Timestamp) -> Result<Selection, FilterError> {
        let from = self.last.and_then(|last| {
            let length = SignedDuration::from_secs(last.seconds);
            now.checked_sub(length).ok()
        });
        let range = TimeRange {
            from: from.unwrap_or(Timestamp::MIN),
            ..TimeRange::ALWAYS
        };
        Ok(parse(&self.filter, now)?.and(Selection {
            range,
            ..Selection::EVERYTHING
        }))
    }
}
