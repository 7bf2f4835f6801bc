//! Whether a behavior began, ended or moved with a release: its rate in the time before a record of a
//! lane, and in as much time after it.

use crate::domain::behavior::{ReleaseChange, ReleaseSeen};
use crate::domain::id::LaneName;
use crate::domain::period::Period;
use crate::domain::trace::filter::TimeRange;
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::releases::{Around, around, releases_in};
use crate::engine::ports::LaneStore;
use crate::engine::statistics::{Proportion, benjamini_hochberg, fisher_exact};

use super::lifecycle::{FALSE_SHARE, is_slight};
use super::population::Population;
use super::sightings::Traces;

/// How many releases of a lane are looked at: the newest.
const MOST_RELEASES: usize = 20;

/// How many are kept of a behavior: the newest.
const KEPT: usize = 5;

/// A release with the traces before it and after it.
pub(super) struct Release {
    around: Around,
    before: Vec<usize>,
    after: Vec<usize>,
}

/// The releases of all lanes that the traces name.
pub(super) fn releases(
    lanes: &dyn LaneStore,
    population: &Population,
    range: TimeRange,
    length: Period,
) -> Result<Vec<Release>, MonitorError> {
    let tips = lanes.tips()?;
    let mut found = Vec::new();
    for (place, name) in population.lanes.iter().enumerate() {
        let lane = name.as_ref().and_then(|name| LaneName::new(name).ok());
        let Some(lane) = lane.filter(|lane| tips.contains_key(lane)) else {
            continue;
        };
        let records = releases_in(lanes, &lane, &range)?;
        let skipped = records.len().saturating_sub(MOST_RELEASES);
        for record in &records[skipped..] {
            let around = around(lanes, record, length, range.until)?;
            found.push(Release {
                before: population.of_lane(place, around.before),
                after: population.of_lane(place, around.after),
                around,
            });
        }
    }
    Ok(found)
}

/// The releases with which each behavior moved, with all behaviors and releases in sight.
pub(super) fn effects(releases: &[Release], behaviors: &[&Traces]) -> Vec<Vec<ReleaseSeen>> {
    let mut looks = Vec::new();
    for (place, traces) in behaviors.iter().enumerate() {
        for release in releases {
            let [before, after] = [&release.before, &release.after].map(|side| Proportion {
                hits: side.iter().filter(|it| traces.contains_key(it)).count() as u64,
                total: side.len() as u64,
            });
            let says_something = before.total > 0 && after.total > 0;
            if says_something && before.hits + after.hits > 0 {
                looks.push((place, release, before, after, fisher_exact(before, after)));
            }
        }
    }
    let p_values: Vec<f64> = looks.iter().map(|look| look.4).collect();
    let rejected = benjamini_hochberg(&p_values, FALSE_SHARE);
    let mut seen: Vec<Vec<ReleaseSeen>> = behaviors.iter().map(|_| Vec::new()).collect();
    for ((place, release, before, after, p), moved) in looks.into_iter().zip(rejected) {
        let deployment = &release.around.record.deployment;
        if let Some(change) = change(before, after).filter(|_| moved) {
            seen[place].push(ReleaseSeen {
                deployment: format!("{}#{}", deployment.lane, deployment.sequence),
                at: deployment.recorded_at,
                change,
                before: [before.hits, before.total],
                after: [after.hits, after.total],
                p,
            });
        }
    }
    for seen in &mut seen {
        seen.sort_by(|one, other| (one.at, &one.deployment).cmp(&(other.at, &other.deployment)));
        seen.drain(..seen.len().saturating_sub(KEPT));
    }
    seen
}

/// How a rate moved; `None` where it did by a hair.
fn change(before: Proportion, after: Proportion) -> Option<ReleaseChange> {
    let (earlier, later) = before.share().zip(after.share())?;
    match (before.hits, after.hits) {
        (0, _) => Some(ReleaseChange::Began),
        (_, 0) => Some(ReleaseChange::Ended),
        _ if is_slight(earlier, later) => None,
        _ if later > earlier => Some(ReleaseChange::Rose),
        _ => Some(ReleaseChange::Fell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_begins_ends_rises_and_falls() {
        let of = |hits| Proportion { hits, total: 100 };
        for (before, after, expected) in [
            (0, 9, Some(ReleaseChange::Began)),
            (9, 0, Some(ReleaseChange::Ended)),
            (9, 30, Some(ReleaseChange::Rose)),
            (30, 9, Some(ReleaseChange::Fell)),
            (30, 30, None),
        ] {
            assert_eq!(change(of(before), of(after)), expected);
        }
    }
}
