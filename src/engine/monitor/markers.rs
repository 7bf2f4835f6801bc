//! Which releases fall into which piece of a window: a number that moves with a release is another
//! thing than one that moves by itself.

use crate::domain::id::LaneName;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::{Filter, TextTest, TimeRange};
use crate::engine::ports::{LaneRecord, LaneStore};

use super::MonitorError;
use super::buckets::Bucket;
use super::releases::releases_in;

/// A release within a window that is cut into buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    /// The bucket in which it went live, by its index.
    pub bucket: usize,
    /// The release.
    pub record: LaneRecord,
}

/// The releases in a window, in the order of time: those of the lanes that a filter names, or of all
/// lanes where it names none.
pub fn markers(
    lanes: &dyn LaneStore,
    filter: &Filter,
    range: &TimeRange,
    buckets: &[Bucket],
) -> Result<Vec<Marker>, MonitorError> {
    let mut found = Vec::new();
    for lane in lanes_meant(lanes, filter)? {
        found.extend(releases_in(lanes, &lane, range)?);
    }
    found.sort_by_key(|record| {
        let deployment = &record.deployment;
        (deployment.recorded_at, deployment.lane.clone())
    });
    let place = |record: &LaneRecord| {
        let at = record.deployment.recorded_at;
        buckets
            .iter()
            .position(|bucket| bucket.covered.contains(at))
    };
    let marked = found.into_iter().filter_map(|record| {
        Some(Marker {
            bucket: place(&record)?,
            record,
        })
    });
    Ok(marked.collect())
}

/// The lanes with records that a filter names, or all of them where it names none.
pub fn lanes_meant(lanes: &dyn LaneStore, filter: &Filter) -> Result<Vec<LaneName>, MonitorError> {
    let named = lanes_named(filter);
    let is_meant = |lane: &LaneName| {
        let named = named.as_ref();
        named.is_none_or(|named| named.contains(&lane.as_str()))
    };
    let all = lanes.tips()?.into_keys();
    Ok(all.filter(is_meant).collect())
}

/// The lanes of which every span is that passes a filter; `None` where it may be of any lane.
pub fn lanes_named(filter: &Filter) -> Option<Vec<&str>> {
    match filter {
        Filter::Text(Column::Lane, TextTest::OneOf(names)) => {
            Some(names.iter().map(String::as_str).collect())
        }
        Filter::All(all) => all.iter().find_map(lanes_named),
        _ => None,
    }
}

/// A filter that holds for spans of one lane only. One that names lanes already is left as it is.
#[must_use]
pub fn of_lane(filter: Filter, lane: &LaneName) -> Filter {
    match lanes_named(&filter) {
        Some(_) => filter,
        None => filter.and(Filter::is(Column::Lane, lane.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_lanes_where_no_span_of_another_passes() {
        let production = Filter::is(Column::Lane, "production");
        let slow = Filter::Present(Column::Duration);
        let both = production.clone().and(slow.clone());
        assert_eq!(lanes_named(&both), Some(vec!["production"]));
        let either = Filter::Any(vec![production.clone(), slow.clone()]);
        assert_eq!(lanes_named(&either), None);
        assert_eq!(
            lanes_named(&Filter::Not(Box::new(production.clone()))),
            None
        );
        let staging = LaneName::new("staging").unwrap();
        assert_eq!(of_lane(both.clone(), &staging), both);
        assert_eq!(
            of_lane(slow.clone(), &staging),
            slow.and(Filter::is(Column::Lane, "staging"))
        );
    }
}
