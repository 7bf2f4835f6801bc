//! Which spans are meant, and when they began.

use super::filter::{Filter, TimeRange};

/// Spans that are meant: what a filter's text says, options for time included.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// When they began.
    pub range: TimeRange,
    /// What else holds for them.
    pub filter: Filter,
}

impl Selection {
    /// Every span.
    pub const EVERYTHING: Self = Self {
        range: TimeRange::ALWAYS,
        filter: Filter::Everything,
    };

    /// What both of two selections mean.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            range: self.range.and(other.range),
            filter: self.filter.and(other.filter),
        }
    }
}
