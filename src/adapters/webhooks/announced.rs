//! Lanes whose moves are announced: no move can be made without its messages being written.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::adapters::git::GitLanes;
use crate::adapters::store::FileOutbox;
use crate::adapters::store::outbox::BegunMove;
use crate::domain::deployment::ObjectId;
use crate::domain::id::LaneName;
use crate::engine::ports::{
    Content, FileTree, LaneError, LaneRecord, LaneStore, RecordDraft, Signer,
};
use crate::engine::release::history::History;
use crate::engine::release::notice::notices;

/// The lanes of a repository, with the outbox that their moves are announced in.
pub struct AnnouncedLanes<'r> {
    lanes: GitLanes<'r>,
    outbox: FileOutbox,
}

impl<'r> AnnouncedLanes<'r> {
    /// Announces what happens to `lanes`.
    pub fn new(lanes: GitLanes<'r>, outbox: FileOutbox) -> Self {
        Self { lanes, outbox }
    }

    /// The same lanes, whose records are commits that `signer` signs.
    #[must_use]
    pub fn signing_commits(mut self, signer: Option<&'r dyn Signer>) -> Self {
        self.lanes = self.lanes.signing_commits(signer);
        self
    }

    /// The lanes themselves.
    pub fn lanes(&self) -> &GitLanes<'r> {
        &self.lanes
    }

    /// Where the messages are.
    pub fn outbox(&self) -> &FileOutbox {
        &self.outbox
    }

    /// Writes the messages of moves that were made here and that a crash kept from being announced.
    pub fn catch_up(&self, now: Timestamp) -> Result<(), LaneError> {
        for begun in self.outbox.begun()? {
            match self.fate(&begun)? {
                Fate::Made(record) => self.announce(&begun, &record)?,
                Fate::NeverMade => self.outbox.settle(&begun)?,
                Fate::Unknown => {}
            }
        }
        Ok(self.outbox.tidy(now)?)
    }

    /// What became of a move that was begun.
    fn fate(&self, begun: &BegunMove) -> Result<Fate, LaneError> {
        let wanted = &begun.deployment;
        let Some(tip) = self.lanes.tip(&wanted.lane)? else {
            return Ok(Fate::Unknown);
        };
        if tip.deployment.sequence < wanted.sequence {
            // It may be under way, or be on a remote that was not asked since.
            return Ok(Fate::Unknown);
        }
        for record in History::from(&self.lanes, &tip) {
            let record = record?;
            if record.deployment.sequence <= wanted.sequence {
                return Ok(if record.deployment == *wanted {
                    Fate::Made(Box::new(record))
                } else {
                    Fate::NeverMade
                });
            }
        }
        Ok(Fate::NeverMade)
    }

    fn announce(&self, begun: &BegunMove, record: &LaneRecord) -> Result<(), LaneError> {
        for notice in notices(&self.lanes, record)? {
            self.outbox.add(&notice)?;
        }
        Ok(self.outbox.settle(begun)?)
    }
}

/// What became of a move that was begun.
enum Fate {
    Made(Box<LaneRecord>),
    NeverMade,
    Unknown,
}

impl LaneStore for AnnouncedLanes<'_> {
    fn tips(&self) -> Result<BTreeMap<LaneName, ObjectId>, LaneError> {
        self.lanes.tips()
    }

    fn refresh(&self, lane: &LaneName) -> Result<(), LaneError> {
        self.lanes.refresh(lane)
    }

    fn tip(&self, lane: &LaneName) -> Result<Option<LaneRecord>, LaneError> {
        self.lanes.tip(lane)
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

    fn append(&self, draft: &RecordDraft) -> Result<LaneRecord, LaneError> {
        let begun = self.outbox.begin(&draft.deployment)?;
        let appended = self.lanes.append(draft);
        match &appended {
            // The move is made, whatever comes of its messages: what is not written now is written
            // by the next command that sends.
            Ok(record) => drop(self.announce(&begun, record)),
            Err(LaneError::Moved { .. }) => drop(self.outbox.settle(&begun)),
            // Where the answer was lost, the move may have been made: the lane will say.
            Err(_) => {}
        }
        appended
    }
}
