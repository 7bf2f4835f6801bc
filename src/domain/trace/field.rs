//! What a list of traces or spans can say of each, and in which order.

use std::fmt;
use std::str::FromStr;

use crate::domain::suggest::did_you_mean;

use super::column::Column;

/// What a list can say of a trace or span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// A column.
    Column(Column),
    /// How many spans a trace has.
    Spans,
    /// What went in first.
    Input,
    /// What came out last.
    Output,
}

/// The fields that are no columns, with their names.
const OTHER_FIELDS: [(Field, &str); 3] = [
    (Field::Spans, "spans"),
    (Field::Input, "input"),
    (Field::Output, "output"),
];

impl Field {
    /// The names of all fields that have one.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let other = OTHER_FIELDS.iter().map(|(_, name)| *name);
        Column::names().chain(other)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => formatter.write_str(&column.name()),
            other => {
                let found = OTHER_FIELDS.iter().find(|(field, _)| field == other);
                formatter.write_str(found.map_or("", |(_, name)| name))
            }
        }
    }
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.trim();
        let other = OTHER_FIELDS.iter().find(|(_, known)| *known == name);
        let field = other.map(|(field, _)| field.clone());
        let field = field.or_else(|| Column::of(name).map(Self::Column));
        field.ok_or_else(|| unknown(name, Self::names()))
    }
}

/// By what rows are put in order: a column, with `-` before it where the greatest comes first. Rows
/// without a value come last, and equal ones by trace and span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOrder {
    /// The column.
    pub column: Column,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl RowOrder {
    /// What began last comes first.
    pub const NEWEST_FIRST: Self = Self {
        column: Column::Time,
        descending: true,
    };
}

impl fmt::Display for RowOrder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.descending { "-" } else { "" };
        write!(formatter, "{sign}{}", self.column.name())
    }
}

impl FromStr for RowOrder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let column = Column::of(name).ok_or_else(|| unknown(name, Column::names()))?;
        Ok(Self { column, descending })
    }
}

fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    format!("there is no column `{name}`; {}", did_you_mean(name, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_orders_read_back_as_they_are_written() {
        for name in Field::names().chain(["attribute.http.method", "score.tone"]) {
            assert_eq!(
                name.parse::<Field>().map(|it| it.to_string()),
                Ok(name.to_owned())
            );
        }
        for order in ["time", "-duration", "-score.tone"] {
            let read = order.parse::<RowOrder>().map(|it| it.to_string());
            assert_eq!(read, Ok(order.to_owned()));
        }
    }

    #[test]
    fn what_does_not_exist_is_told_the_nearest() {
        let error = "nmae".parse::<Field>().unwrap_err();
        assert_eq!(error, "there is no column `nmae`; did you mean `name`?");
        assert!("-spans".parse::<RowOrder>().is_err());
    }
}
