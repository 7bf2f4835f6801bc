//! A filter as text: what is printed reads back as the same.

use std::fmt::{self, Write as _};

use jiff::Timestamp;

use crate::domain::trace::column::{Column, ColumnKind};
use crate::domain::trace::filter::{Filter, TextTest, TimeRange};
use crate::domain::trace::selection::Selection;

use super::is_keyword;
use super::tokens::ends_word;
use super::values::duration_text;

impl fmt::Display for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.range.to_string();
        let filter = self.filter.to_string();
        let joint = if time.is_empty() || filter.is_empty() {
            ""
        } else {
            " and "
        };
        if !time.is_empty() && matches!(self.filter, Filter::Any(_)) {
            return write!(formatter, "{time}{joint}({filter})");
        }
        write!(formatter, "{time}{joint}{filter}")
    }
}

impl fmt::Display for TimeRange {
    /// Nothing where all of time is meant.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut joint = "";
        if self.from != Timestamp::MIN {
            write!(formatter, "time >= {}", self.from)?;
            joint = " and ";
        }
        if self.until != Timestamp::MAX {
            write!(formatter, "{joint}time < {}", self.until)?;
        }
        Ok(())
    }
}

impl fmt::Display for Filter {
    /// Nothing where every span is meant.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => Ok(()),
            other => write_filter(other, formatter),
        }
    }
}

fn write_filter(filter: &Filter, to: &mut fmt::Formatter<'_>) -> fmt::Result {
    match filter {
        Filter::Everything => to.write_str("everything"),
        Filter::All(all) => join(all, " and ", "everything", to),
        Filter::Any(any) => join(any, " or ", "not everything", to),
        Filter::Not(inner) => write_negation(inner, to),
        Filter::Present(column) => write!(to, "has({})", column_text(column)),
        Filter::Text(column, TextTest::OneOf(values)) => write_one_of(column, values, "", to),
        Filter::Text(column, TextTest::StartsWith(start)) => {
            write!(to, "{} ^= {}", column_text(column), value_text(start))
        }
        Filter::Text(column, TextTest::Contains(part)) => {
            write!(to, "{} ~ {}", column_text(column), value_text(part))
        }
        Filter::Number(column, comparison, number) => {
            let (column, symbol, number) = (
                column_text(column),
                comparison.symbol(),
                figure(column, *number),
            );
            write!(to, "{column} {symbol} {number}")
        }
    }
}

fn write_negation(inner: &Filter, to: &mut fmt::Formatter<'_>) -> fmt::Result {
    match inner {
        Filter::Text(column, TextTest::OneOf(values)) if !values.is_empty() => {
            write_one_of(column, values, "not ", to)
        }
        Filter::Text(column, TextTest::Contains(part)) => {
            write!(to, "{} !~ {}", column_text(column), value_text(part))
        }
        Filter::All(_) | Filter::Any(_) => {
            to.write_str("not (")?;
            write_filter(inner, to)?;
            to.write_char(')')
        }
        _ => {
            to.write_str("not ")?;
            write_filter(inner, to)
        }
    }
}

fn write_one_of(
    column: &Column,
    values: &[String],
    not: &str,
    to: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let name = column_text(column);
    match values {
        [] => to.write_str("not everything"),
        [only] if not.is_empty() => write!(to, "{name} = {}", value_text(only)),
        [only] => write!(to, "{name} != {}", value_text(only)),
        values => {
            let values: Vec<String> = values.iter().map(|value| value_text(value)).collect();
            write!(to, "{name} {not}in ({})", values.join(", "))
        }
    }
}

fn join(filters: &[Filter], word: &str, none: &str, to: &mut fmt::Formatter<'_>) -> fmt::Result {
    if filters.is_empty() {
        return to.write_str(none);
    }
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            to.write_str(word)?;
        }
        match filter {
            Filter::All(_) | Filter::Any(_) => {
                to.write_char('(')?;
                write_filter(filter, to)?;
                to.write_char(')')?;
            }
            plain => write_filter(plain, to)?,
        }
    }
    Ok(())
}

fn column_text(column: &Column) -> String {
    value_text(&column.name())
}

/// A text as a value: in quotes where it would be read as something else without.
fn value_text(text: &str) -> String {
    let plain = !text.is_empty()
        && !is_keyword(text)
        && !text.contains(|character: char| ends_word(character) || character.is_control());
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(control));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

fn figure(column: &Column, number: f64) -> String {
    match column.kind() {
        ColumnKind::Duration => duration_text(number),
        _ => number.to_string(),
    }
}
