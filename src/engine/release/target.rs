//! Which record of a lane a rollback goes to.

use crate::domain::deployment::ObjectId;
use crate::domain::hold::Held;
use crate::engine::ports::{LaneRecord, LaneStore};

use super::ReleaseError;
use super::authorize::{Condition, Refusal};
use super::evidence::shows_a_pass;
use super::history::History;

/// The fewest digits by which a record is named.
const FEWEST_DIGITS: usize = 7;

/// Which record is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The one that was recorded with what is live; of a prompt, its version before.
    Recorded,
    /// The one with this number.
    Sequence(u64),
    /// The one whose id starts with these digits.
    Id(String),
    /// The newest whose evidence shows that its gate passed.
    LastPassed,
}

impl Target {
    /// Reads `last-passed`, `41`, `#41` or the first digits of an id; nothing else names a record by
    /// itself.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "last-passed" {
            return Some(Self::LastPassed);
        }
        let number = text.strip_prefix('#').unwrap_or(text);
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        if digits && (number.len() < FEWEST_DIGITS || number != text) {
            return number.parse().ok().map(Self::Sequence);
        }
        let is_id =
            text.len() >= FEWEST_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self::Id(text.to_lowercase()))
    }
}

impl From<&ObjectId> for Target {
    fn from(id: &ObjectId) -> Self {
        Self::Id(id.to_string())
    }
}

/// A record to go to, with those that are left.
pub(super) struct Way {
    /// The record.
    pub(super) target: LaneRecord,
    /// From the newest record to the one after the target.
    pub(super) bypassed: Vec<LaneRecord>,
}

/// Walks from `current` to the record that `wanted` names.
pub(super) fn find(
    lanes: &dyn LaneStore,
    current: &LaneRecord,
    wanted: &Target,
) -> Result<Way, ReleaseError> {
    let lane = &current.deployment.lane;
    let recorded = current.deployment.rollback_target.as_ref();
    if *wanted == Target::Recorded && recorded.is_none() {
        let sequence = current.deployment.sequence;
        return Err(nowhere(
            lane.as_str(),
            format!("lane `{lane}` has nothing to go back to from #{sequence}"),
        ));
    }
    let mut bypassed = Vec::new();
    for record in History::from(lanes, current) {
        let record = record?;
        let found = match wanted {
            Target::Recorded => recorded.is_some_and(|target| target.record == record.id),
            Target::Sequence(sequence) => record.deployment.sequence == *sequence,
            Target::Id(digits) => record.id.as_str().starts_with(digits.as_str()),
            Target::LastPassed => has_passed(lanes, current, &record)?,
        };
        if found {
            return Ok(Way {
                target: record,
                bypassed,
            });
        }
        bypassed.push(record);
    }
    Err(match wanted {
        Target::LastPassed => nowhere(
            lane.as_str(),
            format!("no earlier record of lane `{lane}` shows that its gate passed"),
        ),
        Target::Recorded => nowhere(
            lane.as_str(),
            format!("the recorded target is not in the history of lane `{lane}`"),
        ),
        Target::Sequence(sequence) => unknown(lane.as_str(), &format!("#{sequence}")),
        Target::Id(digits) => unknown(lane.as_str(), digits),
    })
}

/// Whether a record deployed something else than `current`, not held since, that passed its gate.
fn has_passed(
    lanes: &dyn LaneStore,
    current: &LaneRecord,
    record: &LaneRecord,
) -> Result<bool, ReleaseError> {
    let snapshot = record.deployment.snapshot.sha256;
    let held = Held::Snapshot(snapshot);
    let is_held = current
        .deployment
        .holds
        .iter()
        .any(|hold| hold.held == held);
    if snapshot == current.deployment.snapshot.sha256 || is_held {
        return Ok(false);
    }
    shows_a_pass(lanes, record)
}

fn unknown(lane: &str, to: &str) -> ReleaseError {
    ReleaseError::invalid(
        format!("lane `{lane}` has no record `{to}`"),
        format!("`pointsman lanes log {lane}` shows the records and their numbers"),
    )
}

pub(super) fn nowhere(lane: &str, message: String) -> ReleaseError {
    ReleaseError::Refused(vec![Refusal {
        condition: Condition::Target,
        message,
        next: format!("`pointsman lanes log {lane}` shows the records; name one with `--to`"),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_its_number_or_by_digits_of_its_id() {
        let id = |digits: &str| Some(Target::Id(digits.to_owned()));
        assert_eq!(Target::parse("41"), Some(Target::Sequence(41)));
        assert_eq!(
            Target::parse("#12345678"),
            Some(Target::Sequence(12_345_678))
        );
        assert_eq!(Target::parse("1234567"), id("1234567"));
        assert_eq!(Target::parse("4D88503"), id("4d88503"));
        assert_eq!(Target::parse("last-passed"), Some(Target::LastPassed));
        for text in ["", "#", "4d8850", "deploy/production/3", "latest"] {
            assert_eq!(Target::parse(text), None, "{text:?}");
        }
    }
}
