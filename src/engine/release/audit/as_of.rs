//! The lanes as they stood when a record was made: the lane that it came from ends with the record
//! that it was taken from.

use std::collections::BTreeMap;

use crate::domain::deployment::{ObjectId, Source};
use crate::domain::id::LaneName;
use crate::engine::ports::{Content, FileTree, LaneError, LaneRecord, LaneStore, RecordDraft};

/// The lanes as they stood for whoever took from `source`.
pub(super) struct AsOf<'a> {
    pub(super) lanes: &'a dyn LaneStore,
    pub(super) source: &'a Source,
}

impl LaneStore for AsOf<'_> {
    fn tips(&self) -> Result<BTreeMap<LaneName, ObjectId>, LaneError> {
        let mut tips = self.lanes.tips()?;
        if let (Some(lane), Some(record)) = (&self.source.lane, &self.source.record) {
            tips.insert(lane.clone(), record.clone());
        }
        Ok(tips)
    }

    fn refresh(&self, _lane: &LaneName) -> Result<(), LaneError> {
        Ok(())
    }

    fn tip(&self, lane: &LaneName) -> Result<Option<LaneRecord>, LaneError> {
        match &self.source.record {
            Some(record) if self.source.lane.as_ref() == Some(lane) => {
                self.lanes.record(lane, record).map(Some)
            }
            _ => self.lanes.tip(lane),
        }
    }

    fn record(&self, lane: &LaneName, id: &ObjectId) -> Result<LaneRecord, LaneError> {
        self.lanes.record(lane, id)
    }

    fn tree(&self, record: &LaneRecord) -> Result<Box<dyn FileTree>, LaneError> {
        self.lanes.tree(record)
    }

    fn actor(&self) -> Result<String, LaneError> {
        self.lanes.actor()
    }

    fn git_tree(&self, content: &Content) -> Result<ObjectId, LaneError> {
        self.lanes.git_tree(content)
    }

    fn append(&self, _draft: &RecordDraft) -> Result<LaneRecord, LaneError> {
        Err(LaneError::Failed {
            message: "the past cannot be added to".to_owned(),
            hint: None,
        })
    }
}
