//! A record of a lane as a user names it: `production`, `production#41` or `production#9deee84`.

use std::str::FromStr;

use crate::adapters::git::GitLanes;
use crate::domain::deployment::ObjectId;
use crate::domain::id::LaneName;
use crate::engine::ports::{LaneStore, RecordCommits as _};

use super::error::CommandError;

/// The fewest digits that an id is named by.
const FEWEST_DIGITS: usize = 7;

/// A lane, and where one is named, one of its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordName {
    /// The lane.
    pub lane: LaneName,
    /// The record: its number, or digits of its id; absent: the newest.
    pub record: Option<String>,
}

impl FromStr for RecordName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (lane, record) = match text.split_once('#') {
            Some((_, "")) => return Err("a number must follow `#`".to_owned()),
            Some((lane, record)) => (lane, Some(record.to_owned())),
            None => (text, None),
        };
        let lane = lane.strip_prefix("lanes/").unwrap_or(lane);
        let lane = LaneName::new(lane).map_err(|error| error.to_string())?;
        Ok(Self { lane, record })
    }
}

impl RecordName {
    /// The commit of the record, whether or not it can be read as one.
    pub fn tip(&self, lanes: &GitLanes<'_>) -> Result<ObjectId, CommandError> {
        match &self.record {
            Some(record) => self.id_of(lanes, record),
            None => self.newest(lanes),
        }
    }

    fn newest(&self, lanes: &GitLanes<'_>) -> Result<ObjectId, CommandError> {
        let lane = &self.lane;
        lanes.tips()?.remove(lane).ok_or_else(|| {
            CommandError::usage(format!("lane `{lane}` has no records yet"))
                .with_hint("`pointsman lanes list` shows the lanes")
        })
    }

    /// The commit that a number, or digits of an id, name on this lane: by its place in the chain,
    /// not by what a record says of itself.
    pub fn id_of(&self, lanes: &GitLanes<'_>, record: &str) -> Result<ObjectId, CommandError> {
        let mut chain = vec![self.newest(lanes)?];
        while let Some(parent) = lanes
            .commit(&chain[chain.len() - 1])?
            .parents
            .into_iter()
            .next()
        {
            chain.push(parent);
        }
        let by_number = record.parse().ok().filter(|_| record.len() < FEWEST_DIGITS);
        let found = match by_number {
            Some(number) => chain.len().checked_sub(number).and_then(|at| chain.get(at)),
            None => chain
                .iter()
                .find(|id| record.len() >= FEWEST_DIGITS && id.as_str().starts_with(record)),
        };
        found.cloned().ok_or_else(|| {
            let lane = &self.lane;
            CommandError::usage(format!("lane `{lane}` has no record `{record}`")).with_hint(
                format!("`pointsman lanes log {lane}` shows the records and their numbers"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_after_its_lane() {
        let read = |text: &str| text.parse::<RecordName>();
        assert_eq!(read("production").unwrap().record, None);
        let named = read("lanes/production#41").unwrap();
        assert_eq!(named.lane.as_str(), "production");
        assert_eq!(named.record.as_deref(), Some("41"));
        assert!(read("production#").is_err());
        assert!(read("a/b#1").is_err());
    }
}
