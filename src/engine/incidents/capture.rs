//! What is kept of an incident when it is opened: how the numbers moved, what was live, which spans show
//! it, and which release may have brought it.

use jiff::{SignedDuration, Timestamp};

use crate::domain::deployment::ReleaseName;
use crate::domain::incident::LiveThen;
use crate::domain::monitor::ComparedOutcome;
use crate::domain::period::Period;
use crate::domain::trace::filter::{Filter, TimeRange};
use crate::domain::trace::query::Level;
use crate::domain::trace::selection::Selection;
use crate::engine::monitor::MonitorError;
use crate::engine::monitor::compare::{CompareRequest, Compared};
use crate::engine::monitor::markers::{lanes_meant, of_lane};
use crate::engine::monitor::releases::{around, live_within, releases_in};
use crate::engine::ports::traces::TraceStore;
use crate::engine::ports::{LaneRecord, LaneStore};

use super::representatives::{Representative, representatives};

/// The fewest traces on each side that say anything.
const FEWEST: u64 = 30;

/// What an incident is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Affected {
    /// Which spans.
    pub filter: Filter,
    /// The time that is affected.
    pub window: TimeRange,
    /// The time that it is held against.
    pub before: TimeRange,
}

/// What is kept of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// What was compared.
    pub request: CompareRequest,
    /// How the numbers moved.
    pub compared: Compared,
    /// What was live within the window.
    pub live: Vec<LaneRecord>,
    /// Spans that show it.
    pub representatives: Vec<Representative>,
    /// The newest release within the windows after which a number got worse; absent: none.
    pub suspect: Option<LaneRecord>,
}

impl Affected {
    /// A window, held against as much time before it.
    pub fn window(filter: Filter, window: TimeRange) -> Self {
        let length = window.until.duration_since(window.from);
        let before = TimeRange {
            from: window.from.checked_sub(length).unwrap_or(Timestamp::MIN),
            until: window.from,
        };
        Self {
            filter,
            window,
            before,
        }
    }

    /// Looks at it.
    pub fn capture(
        self,
        store: &dyn TraceStore,
        lanes: &dyn LaneStore,
        now: Timestamp,
    ) -> Result<Capture, MonitorError> {
        let suspect = self.suspect(store, lanes, now)?;
        let mut live = Vec::new();
        for lane in lanes_meant(lanes, &self.filter)? {
            live.extend(live_within(lanes, &lane, &self.window)?);
        }
        let selection = Selection {
            range: self.window,
            filter: self.filter.clone(),
        };
        let representatives = representatives(store, &selection)?;
        let request = comparison(self.filter, self.before, self.window);
        Ok(Capture {
            compared: request.ask(store)?,
            request,
            live,
            representatives,
            suspect,
        })
    }

    /// The newest release in the windows after which a number got worse. It is looked at by itself, with
    /// as much time on each side as it was live alone.
    fn suspect(
        &self,
        store: &dyn TraceStore,
        lanes: &dyn LaneStore,
        now: Timestamp,
    ) -> Result<Option<LaneRecord>, MonitorError> {
        let range = TimeRange {
            from: self.before.from,
            until: self.window.until,
        };
        let mut found = Vec::new();
        for lane in lanes_meant(lanes, &self.filter)? {
            found.extend(releases_in(lanes, &lane, &range)?);
        }
        found.sort_by_key(|record| {
            let deployment = &record.deployment;
            (
                std::cmp::Reverse(deployment.recorded_at),
                deployment.lane.clone(),
            )
        });
        let length = self.window.until.duration_since(self.window.from);
        let length = Period {
            seconds: length.max(SignedDuration::from_secs(1)).as_secs(),
        };
        for record in found {
            let windows = around(lanes, &record, length, now)?;
            let filter = of_lane(self.filter.clone(), &record.deployment.lane);
            let request = comparison(filter, windows.before, windows.after);
            if request.ask(store)?.outcome == ComparedOutcome::Worse {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

impl Capture {
    /// What was live, as an incident says it.
    pub fn live_then(&self) -> Vec<LiveThen> {
        let live = self.live.iter().map(|record| LiveThen {
            release: ReleaseName::of(&record.deployment),
            record: record.id.clone(),
            since: record.deployment.recorded_at,
        });
        live.collect()
    }
}

fn comparison(filter: Filter, before: TimeRange, after: TimeRange) -> CompareRequest {
    CompareRequest {
        level: Level::Trace,
        filter,
        before,
        after,
        fewest: FEWEST,
        numbers: Vec::new(),
        explain: None,
    }
}
