//! Releases in time: which there were in a window, and the equal windows before and after one.

use jiff::{SignedDuration, Timestamp};

use crate::domain::id::LaneName;
use crate::domain::period::Period;
use crate::domain::trace::filter::TimeRange;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::release::history::History;

use super::MonitorError;

/// A release with the equal windows before and after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// The release.
    pub record: LaneRecord,
    /// The time before it.
    pub before: TimeRange,
    /// The time after it.
    pub after: TimeRange,
    /// What made the windows shorter than they should be; absent: nothing.
    pub clipped_by: Option<ClippedBy>,
}

/// What made the windows around a release shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClippedBy {
    /// The release before it, by its number.
    Earlier(u64),
    /// The release after it, by its number.
    Later(u64),
    /// It is not that long ago.
    Now,
}

/// The releases of a lane in a window, the oldest first. What only set or released a hold is none.
pub fn releases_in(
    lanes: &dyn LaneStore,
    lane: &LaneName,
    range: &TimeRange,
) -> Result<Vec<LaneRecord>, MonitorError> {
    let mut found = Vec::new();
    for record in releases(lanes, lane)? {
        let record = record?;
        if record.deployment.recorded_at < range.from {
            break;
        }
        if range.contains(record.deployment.recorded_at) {
            found.push(record);
        }
    }
    found.reverse();
    Ok(found)
}

/// The releases of a lane that were live within a window, the oldest first: what was live when it began,
/// and what went live before its end.
pub fn live_within(
    lanes: &dyn LaneStore,
    lane: &LaneName,
    range: &TimeRange,
) -> Result<Vec<LaneRecord>, MonitorError> {
    let mut found = Vec::new();
    for record in releases(lanes, lane)? {
        let record = record?;
        let at = record.deployment.recorded_at;
        if at < range.until {
            found.push(record);
        }
        if at <= range.from {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

/// The release that is live in a lane; `None` where there was none yet.
pub fn live_release(
    lanes: &dyn LaneStore,
    lane: &LaneName,
) -> Result<Option<LaneRecord>, MonitorError> {
    releases(lanes, lane)?.next().transpose()
}

/// The windows around a release: each of this length, and both shortened alike where another release,
/// or the present, is nearer. A record that moved nothing is refused as not a release.
pub fn around(
    lanes: &dyn LaneStore,
    record: &LaneRecord,
    length: Period,
    now: Timestamp,
) -> Result<Around, MonitorError> {
    let lane = &record.deployment.lane;
    let (mut later, mut earlier, mut found) = (None, None, false);
    for other in releases(lanes, lane)? {
        let other = other?;
        if other.id == record.id {
            found = true;
        } else if found {
            earlier = Some(other.deployment);
            break;
        } else {
            later = Some(other.deployment);
        }
    }
    if !found {
        return Err(MonitorError::NotARelease {
            lane: lane.clone(),
            sequence: record.deployment.sequence,
        });
    }
    let at = record.deployment.recorded_at;
    let since = |moment: Timestamp| moment.duration_since(at).max(SignedDuration::ZERO);
    let mut clips = vec![(SignedDuration::from_secs(length.seconds), None)];
    clips.extend(earlier.map(|it| {
        let gap = at.duration_since(it.recorded_at).max(SignedDuration::ZERO);
        (gap, Some(ClippedBy::Earlier(it.sequence)))
    }));
    clips.extend(later.map(|it| {
        let gap = since(it.recorded_at);
        (gap, Some(ClippedBy::Later(it.sequence)))
    }));
    clips.push((since(now), Some(ClippedBy::Now)));
    let shortest = clips.into_iter().min_by_key(|(gap, _)| *gap);
    let (gap, clipped_by) = shortest.expect("the length itself is among them");
    Ok(Around {
        record: record.clone(),
        before: TimeRange {
            from: at.checked_sub(gap).unwrap_or(Timestamp::MIN),
            until: at,
        },
        after: TimeRange {
            from: at,
            until: at.checked_add(gap).unwrap_or(Timestamp::MAX),
        },
        clipped_by,
    })
}

/// The releases of a lane, the newest first.
fn releases<'l>(
    lanes: &'l dyn LaneStore,
    lane: &LaneName,
) -> Result<impl Iterator<Item = Result<LaneRecord, MonitorError>> + 'l, MonitorError> {
    let newest = lanes.tip(lane)?;
    let records = newest.map(|newest| History::from(lanes, &newest));
    let records = records.into_iter().flatten();
    let moves = |record: &LaneRecord| record.deployment.kind.moves_content();
    Ok(records
        .filter(move |record| record.as_ref().map_or(true, moves))
        .map(|record| record.map_err(MonitorError::from)))
}
