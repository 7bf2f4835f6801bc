//! What was live when: the stays of snapshots and of versions of prompts in a lane.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::digest::Digest;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::moment::parse_moment;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;

use super::ReleaseError;
use super::history::History;

/// The fewest digits by which a record, a snapshot or a version is named.
const FEWEST_DIGITS: usize = 7;

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A moment: what was live then?
    Time(Timestamp),
    /// A record's number: what did it make live?
    Sequence(u64),
    /// The first digits of a record's id, of a snapshot's digest, or of a prompt's fingerprint.
    Digits(String),
}

/// The text asks nothing that we know an answer to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a time nor a record nor a fingerprint")]
pub struct QuestionError(pub String);

impl Question {
    /// Reads a time (`2026-03-02T09:00:00Z`, `2026-03-02` for its first moment in UTC, `2h ago`,
    /// `now`), a record (`#41`, digits of its id), or digits of a snapshot or a fingerprint.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, QuestionError> {
        if let Some(time) = parse_moment(text, now) {
            return Ok(Self::Time(time));
        }
        let number = text.strip_prefix('#').unwrap_or(text);
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        if digits && (number.len() < FEWEST_DIGITS || number != text) {
            let sequence = number.parse().ok().map(Self::Sequence);
            return sequence.ok_or_else(|| QuestionError(text.to_owned()));
        }
        let is_id =
            text.len() >= FEWEST_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_id {
            return Ok(Self::Digits(text.to_lowercase()));
        }
        Err(QuestionError(text.to_owned()))
    }
}

/// A time without a break in which one thing was live in a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay {
    /// The lane.
    pub lane: LaneName,
    /// The version of one prompt; absent: a whole snapshot.
    pub prompt: Option<(PromptId, Digest)>,
    /// The record that answers the question.
    pub record: LaneRecord,
    /// The record that let it in.
    pub since: LaneRecord,
    /// The record that brought something else; absent: it is live now.
    pub until: Option<LaneRecord>,
}

/// The stays in `lane` that answer a question, the newest first.
pub fn stays(
    lanes: &dyn LaneStore,
    lane: &LaneName,
    question: &Question,
) -> Result<Vec<Stay>, ReleaseError> {
    let Some(newest) = lanes.tip(lane)? else {
        return Ok(Vec::new());
    };
    let found = stays_of_snapshots(lanes, &newest, question)?;
    match question {
        Question::Digits(digits) if found.is_empty() => stays_of_prompts(lanes, &newest, digits),
        _ => Ok(found),
    }
}

fn stays_of_snapshots(
    lanes: &dyn LaneStore,
    newest: &LaneRecord,
    question: &Question,
) -> Result<Vec<Stay>, ReleaseError> {
    let mut found: Vec<Stay> = Vec::new();
    // The record after the stay at hand, the newest of the stay, and whether it is in `found`.
    let mut until: Option<LaneRecord> = None;
    let mut last: Option<LaneRecord> = None;
    let mut open = false;
    for record in History::from(lanes, newest) {
        let record = record?;
        let snapshot = |record: &LaneRecord| record.deployment.snapshot.sha256;
        if let Some(newer) = last.take()
            && snapshot(&newer) != snapshot(&record)
        {
            if open && !matches!(question, Question::Digits(_)) {
                break;
            }
            until = Some(newer);
            open = false;
        }
        if open && let Some(stay) = found.last_mut() {
            stay.since = record.clone();
        } else if answers(question, &record) {
            open = true;
            found.push(Stay {
                lane: record.deployment.lane.clone(),
                prompt: None,
                record: record.clone(),
                since: record.clone(),
                until: until.clone(),
            });
        }
        last = Some(record);
    }
    Ok(found)
}

fn answers(question: &Question, record: &LaneRecord) -> bool {
    let deployment = &record.deployment;
    match question {
        Question::Time(time) => deployment.recorded_at <= *time,
        Question::Sequence(sequence) => deployment.sequence == *sequence,
        Question::Digits(digits) => {
            let snapshot = deployment.snapshot.sha256.to_string();
            record.id.as_str().starts_with(digits) || snapshot.starts_with(digits)
        }
    }
}

/// The stays of prompts whose fingerprints start with `digits`. Only what a record changed is read
/// in it.
fn stays_of_prompts(
    lanes: &dyn LaneStore,
    newest: &LaneRecord,
    digits: &str,
) -> Result<Vec<Stay>, ReleaseError> {
    let records: Result<Vec<LaneRecord>, _> = History::from(lanes, newest).collect();
    let mut found: Vec<Stay> = Vec::new();
    // By prompt: which of the stays has not ended.
    let mut open: BTreeMap<PromptId, usize> = BTreeMap::new();
    for record in records?.into_iter().rev() {
        let tree = lanes.tree(&record)?;
        let workspace = Workspace::new(tree.as_ref());
        let changes = &record.deployment.changes;
        let touched = changes.added.iter().chain(&changes.changed);
        for prompt in touched.chain(&changes.removed) {
            let closure = workspace.closure(prompt).ok();
            let version = closure.map(|closure| closure.fingerprint());
            let wanted = version.filter(|it| it.to_string().starts_with(digits));
            let before = open.get(prompt).map(|index| &mut found[*index]);
            match (before, wanted) {
                (Some(stay), now) if stay.prompt.as_ref().map(|(_, it)| *it) == now => {}
                (before, now) => {
                    if let Some(stay) = before {
                        stay.until = Some(record.clone());
                        open.remove(prompt);
                    }
                    if let Some(fingerprint) = now {
                        open.insert(prompt.clone(), found.len());
                        found.push(Stay {
                            lane: record.deployment.lane.clone(),
                            prompt: Some((prompt.clone(), fingerprint)),
                            record: record.clone(),
                            since: record.clone(),
                            until: None,
                        });
                    }
                }
            }
        }
    }
    found.reverse();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_records_and_fingerprints_are_told_apart() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let asks = |text: &str| Question::parse(text, now).unwrap();
        let time = |text: &str| Question::Time(text.parse().unwrap());
        assert_eq!(asks("now"), Question::Time(now));
        assert_eq!(asks("2h ago"), time("2026-03-02T07:00:00Z"));
        assert_eq!(asks("2026-02-01"), time("2026-02-01T00:00:00Z"));
        assert_eq!(
            asks("2026-02-01T10:00:00+01:00"),
            time("2026-02-01T09:00:00Z")
        );
        assert_eq!(asks("41"), Question::Sequence(41));
        assert_eq!(asks("#12345678"), Question::Sequence(12_345_678));
        assert_eq!(
            asks("F77E3CB2DB26"),
            Question::Digits("f77e3cb2db26".to_owned())
        );
        for text in [
            "",
            "#",
            "yesterday",
            "2 hours ago",
            "2026-02-30",
            "2026-02-01 10:00",
            "abc",
        ] {
            assert_eq!(
                Question::parse(text, now),
                Err(QuestionError(text.to_owned()))
            );
        }
    }
}
