//! Which spans are meant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::column::Column;

/// A condition on spans. Time is not part of it: see [`TimeRange`].
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Filter {
    /// Every span.
    #[default]
    Everything,
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds.
    Any(Vec<Self>),
    /// This does not hold. A span without the value is one for which it does not hold.
    Not(Box<Self>),
    /// There is a value in the column.
    Present(Column),
    /// The text in the column. A column of labels passes if one of them does.
    Text(Column, TextTest),
    /// The number in the column; durations are in nanoseconds.
    Number(Column, Comparison, f64),
}

/// What is asked of a text. Case counts, but for `Contains`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// It is one of these.
    OneOf(Vec<String>),
    /// It begins with this.
    StartsWith(String),
    /// This is somewhere in it, in whatever case.
    Contains(String),
}

/// How two numbers compare. A missing number compares with none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// Whether it holds.
    #[expect(
        clippy::float_cmp,
        reason = "a filter means the very number that it names"
    )]
    pub fn holds(self, value: f64, other: f64) -> bool {
        match self {
            Self::Equal => value == other,
            Self::Less => value < other,
            Self::AtMost => value <= other,
            Self::Greater => value > other,
            Self::AtLeast => value >= other,
        }
    }

    /// As filters spell it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

impl Filter {
    /// Both of these.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everything, one) | (one, Self::Everything) => one,
            (one, other) => {
                let mut all = one.conditions();
                all.extend(other.conditions());
                Self::All(all)
            }
        }
    }

    /// What must hold at once, as one list without lists in it.
    fn conditions(self) -> Vec<Self> {
        match self {
            Self::All(all) => all,
            one => vec![one],
        }
    }

    /// The columns that it tests.
    pub fn columns(&self) -> Vec<&Column> {
        match self {
            Self::Everything => Vec::new(),
            Self::All(filters) | Self::Any(filters) => {
                filters.iter().flat_map(Self::columns).collect()
            }
            Self::Not(inner) => inner.columns(),
            Self::Present(column) | Self::Text(column, _) | Self::Number(column, _, _) => {
                vec![column]
            }
        }
    }

    /// The text in the column is exactly this.
    pub fn is(column: Column, text: impl Into<String>) -> Self {
        Self::Text(column, TextTest::OneOf(vec![text.into()]))
    }
}

/// A stretch of time: from its start, up to and without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl TimeRange {
    /// All of time.
    pub const ALWAYS: Self = Self {
        from: Timestamp::MIN,
        until: Timestamp::MAX,
    };

    /// What lies in both of two stretches; they may have nothing in common.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        }
    }

    /// Whether no moment is in it.
    pub fn is_empty(&self) -> bool {
        self.until <= self.from
    }

    /// Whether a moment is in it.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_adds_nothing_to_a_filter() {
        let production = Filter::is(Column::Lane, "production");
        let slow = Filter::Number(Column::Duration, Comparison::Greater, 1e9);
        assert_eq!(Filter::Everything.and(production.clone()), production);
        assert_eq!(production.clone().and(Filter::Everything), production);
        assert_eq!(
            production.clone().and(slow.clone()).and(slow.clone()),
            Filter::All(vec![production.clone(), slow.clone(), slow.clone()])
        );
        assert_eq!(
            production.clone().and(slow.clone().and(production.clone())),
            Filter::All(vec![production.clone(), slow.clone(), production.clone()]),
            "one list, from whichever side a list comes"
        );
        let not = Filter::Not(Box::new(production.and(slow)));
        assert_eq!(not.columns(), [&Column::Lane, &Column::Duration]);
    }

    #[test]
    fn a_range_has_its_start_and_not_its_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let range = TimeRange {
            from: at(10),
            until: at(20),
        };
        assert!(range.contains(at(10)) && range.contains(at(19)));
        assert!(!range.contains(at(9)) && !range.contains(at(20)));
        let later = TimeRange {
            from: at(20),
            until: at(30),
        };
        assert!(range.and(later).is_empty() && !range.is_empty());
        assert_eq!(range.and(TimeRange::ALWAYS), range);
    }
}
