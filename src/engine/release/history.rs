//! A lane's records, newest first.

use crate::domain::deployment::ObjectId;
use crate::domain::id::LaneName;
use crate::engine::ports::{LaneError, LaneRecord, LaneStore};

/// Walks from a lane's newest record to its first.
pub struct History<'l> {
    lanes: &'l dyn LaneStore,
    lane: LaneName,
    next: Option<ObjectId>,
}

impl<'l> History<'l> {
    /// The records from `newest` on.
    pub fn from(lanes: &'l dyn LaneStore, newest: &LaneRecord) -> Self {
        Self {
            lanes,
            lane: newest.deployment.lane.clone(),
            next: Some(newest.id.clone()),
        }
    }
}

impl Iterator for History<'_> {
    type Item = Result<LaneRecord, LaneError>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        let record = self.lanes.record(&self.lane, &id);
        if let Ok(record) = &record {
            self.next.clone_from(&record.deployment.previous);
        }
        Some(record)
    }
}
