//! The first of any number of traces.

use std::cmp::Ordering;

use crate::domain::trace::query::Measured;

use super::{ListRequest, ListValue};

/// How many more than are wanted may wait before they are put in order.
const WAITING: usize = 1_024;

/// Keeps the first of the traces that it is offered.
pub(super) struct First {
    limit: usize,
    descending: bool,
    kept: Vec<(Option<ListValue>, Measured)>,
}

impl First {
    pub(super) fn new(request: &ListRequest) -> Self {
        Self {
            limit: request.limit,
            descending: request.order.descending,
            kept: Vec::new(),
        }
    }

    /// Takes a trace in, with the value that decides its place.
    pub(super) fn offer(&mut self, value: Option<ListValue>, measured: Measured) {
        self.kept.push((value, measured));
        if self.kept.len() > self.limit.saturating_mul(2).saturating_add(WAITING) {
            self.settle();
        }
    }

    /// The first, in order.
    pub(super) fn finish(mut self) -> Vec<Measured> {
        self.settle();
        self.kept
            .into_iter()
            .map(|(_, measured)| measured)
            .collect()
    }

    fn settle(&mut self) {
        let descending = self.descending;
        self.kept.sort_by(|(one, a), (two, b)| {
            let order = match (one, two) {
                (Some(one), Some(two)) if descending => compare(two, one),
                (Some(one), Some(two)) => compare(one, two),
                (one, two) => two.is_some().cmp(&one.is_some()),
            };
            order.then_with(|| a.trace.cmp(&b.trace))
        });
        self.kept.truncate(self.limit);
    }
}

/// The order of two values of one column.
fn compare(one: &ListValue, two: &ListValue) -> Ordering {
    match (one, two) {
        (ListValue::Text(one), ListValue::Text(two)) => one.cmp(two),
        (ListValue::Time(one), ListValue::Time(two)) => one.cmp(two),
        (ListValue::Number(_, one), ListValue::Number(_, two)) => one.total_cmp(two),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::trace::column::{Column, ColumnKind};
    use crate::domain::trace::field::RowOrder;
    use crate::domain::trace::query::Level;
    use crate::domain::trace::selection::Selection;

    fn first(descending: bool, limit: usize, values: &[(&str, Option<f64>)]) -> Vec<String> {
        let mut first = First::new(&ListRequest {
            selection: Selection::EVERYTHING,
            level: Level::Trace,
            order: RowOrder {
                column: Column::Cost,
                descending,
            },
            limit,
            fields: Vec::new(),
        });
        for (trace, value) in values {
            let measured = Measured {
                trace: (*trace).to_owned(),
                started_at: Timestamp::UNIX_EPOCH,
                error: false,
                keys: Vec::new(),
                values: Vec::new(),
            };
            let value = value.map(|value| ListValue::Number(ColumnKind::Money, value));
            first.offer(value, measured);
        }
        first
            .finish()
            .into_iter()
            .map(|measured| measured.trace)
            .collect()
    }

    #[test]
    fn what_has_no_value_comes_last_in_either_direction() {
        let values = [
            ("a", None),
            ("b", Some(2.0)),
            ("d", Some(1.0)),
            ("c", Some(1.0)),
        ];
        assert_eq!(first(false, 9, &values), ["c", "d", "b", "a"]);
        assert_eq!(first(true, 9, &values), ["b", "c", "d", "a"]);
    }

    #[test]
    fn the_first_are_found_among_more_than_are_kept() {
        let values: Vec<(String, f64)> = (0..5_000_u32)
            .map(|index| (format!("{index:05}"), f64::from((index * 7_919) % 5_000)))
            .collect();
        let offered: Vec<(&str, Option<f64>)> = values
            .iter()
            .map(|(trace, value)| (trace.as_str(), Some(*value)))
            .collect();
        let found = first(true, 3, &offered);
        let mut sorted = values.clone();
        sorted.sort_by(|one, two| two.1.total_cmp(&one.1));
        let expected: Vec<String> = sorted.into_iter().take(3).map(|(trace, _)| trace).collect();
        assert_eq!(found, expected);
    }
}
