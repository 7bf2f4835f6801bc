//! What each sort of column can be compared with, and how its values are written.

use std::borrow::Cow;
use std::ops::Range;

use crate::domain::suggest::did_you_mean;
use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::filter::Comparison;
use crate::domain::trace::span::{Operation, SpanStatus};
use crate::domain::untrusted::shorten;

use super::FilterError;
use super::tokens::Mark;
use super::values::{duration_ns, money, number};

/// How much of a value a message shows, in characters.
const SHOWN: usize = 60;

/// A value of a test, and where it stands.
pub(super) struct Value {
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

/// The start of a text, for messages.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    shorten(text, SHOWN)
}

impl Value {
    /// The text, for messages.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        shown(&self.text)
    }
}

/// The comparison of figures that a mark stands for.
pub(super) fn comparison(mark: Mark) -> Option<Comparison> {
    match mark {
        Mark::Equal => Some(Comparison::Equal),
        Mark::Less => Some(Comparison::Less),
        Mark::AtMost => Some(Comparison::AtMost),
        Mark::Greater => Some(Comparison::Greater),
        Mark::AtLeast => Some(Comparison::AtLeast),
        Mark::Unequal | Mark::Contains | Mark::Lacks | Mark::StartsWith => None,
    }
}

/// How columns of a sort are tested, for messages.
pub(super) fn comparisons(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "`=`, `!=`, `~` (contains), `!~`, `^=` (starts with) or `in (…)`",
        ColumnKind::Time => "`<`, `<=`, `>` or `>=`",
        ColumnKind::Number | ColumnKind::Money | ColumnKind::Duration => {
            "`=`, `!=`, `<`, `<=`, `>` or `>=`"
        }
    }
}

/// What the values of a column are, for messages.
pub(super) fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Number => "a number",
        ColumnKind::Money => "money",
        ColumnKind::Duration => "a duration",
        ColumnKind::Time => "a time",
    }
}

/// The figure that a value is.
pub(super) fn figure(kind: ColumnKind, value: &Value) -> Result<f64, FilterError> {
    let (figure, help) = match kind {
        ColumnKind::Money => (money(&value.text), "write US dollars: `0.01` or `$0.01`"),
        ColumnKind::Duration => (
            duration_ns(&value.text),
            "write a number and a unit: `150ms`, `1.5s`, `2m`, `1h`",
        ),
        _ => (number(&value.text), "write digits: `3`, `0.75`"),
    };
    figure.ok_or_else(|| {
        let message = format!("`{}` is not {}", value.shown(), kind_name(kind));
        FilterError::new(value.range.clone(), message).with_help(help)
    })
}

/// Refuses what a column of fixed words never holds.
pub(super) fn check_word(column: &Column, value: &Value) -> Result<(), FilterError> {
    let statuses = || SpanStatus::ALL.iter().map(|(_, name)| *name);
    let operations = || Operation::ALL.iter().map(|(_, name)| *name);
    let words: Vec<&str> = match column {
        Column::Status => statuses().collect(),
        Column::Operation => operations().collect(),
        _ => return Ok(()),
    };
    if words.contains(&value.text.as_str()) {
        return Ok(());
    }
    let message = format!("no span has the {} `{}`", column.name(), value.shown());
    let error = FilterError::new(value.range.clone(), message);
    Err(error.with_help(did_you_mean(&value.text, words)))
}

/// The error for a name that no column has.
pub(super) fn unknown_column(name: &str, range: Range<usize>) -> FilterError {
    let mut help = did_you_mean(name, Column::names());
    if name.contains('.') {
        let name = shown(name);
        help = format!("any other attribute is written `attribute.{name}`");
    }
    let message = format!("there is no column `{}`", shown(name));
    FilterError::new(range, message).with_help(help)
}
