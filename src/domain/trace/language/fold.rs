//! Takes the tests of time out of a condition: they become the range in which spans begin.

use std::ops::Range;

use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::selection::Selection;

use super::FilterError;

/// A condition as it was read.
#[derive(Debug)]
pub(super) enum Node {
    Filter(Filter),
    Time(TimeRange, Range<usize>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
}

/// The selection that a condition means.
pub(super) fn fold(node: Node) -> Result<Selection, FilterError> {
    match node {
        Node::Time(range, _) => Ok(Selection {
            range,
            ..Selection::EVERYTHING
        }),
        Node::All(all) => {
            let mut selection = Selection::EVERYTHING;
            for node in all {
                selection = selection.and(fold(node)?);
            }
            Ok(selection)
        }
        node => Ok(Selection {
            filter: filter(node)?,
            ..Selection::EVERYTHING
        }),
    }
}

/// The filter of a condition in which no time can be tested.
fn filter(node: Node) -> Result<Filter, FilterError> {
    Ok(match node {
        Node::Filter(filter) => filter,
        Node::Time(_, range) => {
            let message = "the time is tested beside everything else, not within `or` or `not`";
            let error = FilterError::new(range, message);
            return Err(error.with_help("join the test of the time to all of the rest by `and`"));
        }
        Node::All(all) => {
            let mut filter = Filter::Everything;
            for node in all {
                filter = filter.and(self::filter(node)?);
            }
            filter
        }
        Node::Any(any) => {
            let mut filters = Vec::with_capacity(any.len());
            for node in any {
                match self::filter(node)? {
                    Filter::Any(more) => filters.extend(more),
                    one => filters.push(one),
                }
            }
            Filter::Any(filters)
        }
        Node::Not(node) => Filter::Not(Box::new(filter(*node)?)),
    })
}
