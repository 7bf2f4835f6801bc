//! The releases of a time, each held against the time before it.

use jiff::{SignedDuration, Timestamp};

use crate::domain::id::LaneName;
use crate::domain::monitor::ComparedOutcome;
use crate::domain::period::Period;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::Level;
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::compare::CompareRequest;
use crate::engine::monitor::markers::of_lane;
use crate::engine::monitor::releases::{around, releases_in};
use crate::engine::ports::traces::TraceStore;
use crate::engine::ports::{LaneRecord, LaneStore};

/// How much time on each side of a release is looked at.
pub const AROUND: Period = Period {
    seconds: 24 * 3_600,
};

/// The fewest traces on each side that say anything.
const FEWEST: u64 = 30;

/// A release and what its numbers say.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseSeen {
    /// The release.
    pub record: LaneRecord,
    /// What the time after it says against the time before it.
    pub outcome: ComparedOutcome,
}

/// The releases of all lanes in a window, in the order of time.
pub fn releases_seen(
    store: &dyn TraceStore,
    lanes: &dyn LaneStore,
    range: &TimeRange,
    now: Timestamp,
) -> Result<Vec<ReleaseSeen>, MonitorError> {
    let mut seen = Vec::new();
    let names: Vec<LaneName> = lanes.tips()?.into_keys().collect();
    for lane in names {
        for record in releases_in(lanes, &lane, range)? {
            let windows = around(lanes, &record, AROUND, now)?;
            let request = CompareRequest {
                level: Level::Trace,
                filter: of_lane(Filter::Everything, &lane),
                before: windows.before,
                after: windows.after,
                fewest: FEWEST,
                numbers: Vec::new(),
                explain: None,
            };
            let outcome = request.ask(store)?.outcome;
            seen.push(ReleaseSeen { record, outcome });
        }
    }
    seen.sort_by_key(|it| {
        let deployment = &it.record.deployment;
        (deployment.recorded_at, deployment.lane.clone())
    });
    Ok(seen)
}

/// The days up to a moment.
pub fn days_before(moment: Timestamp, days: i64) -> TimeRange {
    let length = SignedDuration::from_hours(24 * days);
    TimeRange {
        from: moment.checked_sub(length).unwrap_or(Timestamp::MIN),
        until: moment,
    }
}
