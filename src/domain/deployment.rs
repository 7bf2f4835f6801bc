//! A deployment record: one move of a lane, written once and never changed.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::hold::Hold;
use super::id::{LaneName, PromptId};
use super::watch::WatchPlan;

/// Where the record stands in the tree of its commit.
pub const RECORD_PATH: &str = ".lane/deployment.json";

/// The folder of the evidence in the tree of a record's commit.
pub const EVIDENCE_FOLDER: &str = ".lane/evidence";

/// The id of a git object, in hexadecimal: 40 digits (SHA-1) or 64 (SHA-256).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId(String);

/// The text is not a full git object id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a full git object id is 40 or 64 lower-case hexadecimal digits")]
pub struct ObjectIdError;

impl ObjectId {
    /// Checks a full id.
    pub fn new(text: impl Into<String>) -> Result<Self, ObjectIdError> {
        let text = text.into();
        let digits = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if digits && matches!(text.len(), 40 | 64) {
            Ok(Self(text))
        } else {
            Err(ObjectIdError)
        }
    }

    /// The id in hexadecimal.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits: enough for people.
    pub fn short(&self) -> &str {
        &self.0[..10]
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl TryFrom<String> for ObjectId {
    type Error = ObjectIdError;

    fn try_from(text: String) -> Result<Self, ObjectIdError> {
        Self::new(text)
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> String {
        id.0
    }
}

/// What sort of move a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeployKind {
    /// New content came in.
    Promote,
    /// Earlier content came back.
    Rollback,
    /// Something must not come in again. What is live stayed as it was.
    Hold,
    /// Something may come in again that was held. What is live stayed as it was.
    Unhold,
}

impl DeployKind {
    /// Every sort of move.
    pub const ALL: [Self; 4] = [Self::Promote, Self::Rollback, Self::Hold, Self::Unhold];

    /// The spelling in trailers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Hold => "hold",
            Self::Unhold => "unhold",
        }
    }

    /// Whether such a move changes what is live.
    pub fn moves_content(self) -> bool {
        matches!(self, Self::Promote | Self::Rollback)
    }
}

/// One move of a lane: the machine's truth. The commit's trailers repeat parts of it for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Deployment {
    /// The version of this shape.
    pub schema: u32,
    /// The lane.
    pub lane: LaneName,
    /// 1 for the lane's first record, then one more each time.
    pub sequence: u64,
    /// What sort of move it is.
    pub kind: DeployKind,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who moved the lane: the committer's name and address.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// Where the content comes from.
    pub source: Source,
    /// What is deployed.
    pub snapshot: Snapshot,
    /// The record before this one; absent for the first.
    pub previous: Option<ObjectId>,
    /// Where a rollback would go; absent where there is nothing to go back to.
    pub rollback_target: Option<RollbackTarget>,
    /// What must not come in again until it is released.
    pub holds: Vec<Hold>,
    /// What changed against the record before this one.
    pub changes: Changes,
    /// The evidence, by path in the record's tree.
    pub evidence: Vec<EvidenceLink>,
    /// How the release is to be watched, as the policy said that let it in; absent: not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<WatchPlan>,
}

impl Deployment {
    /// The version of the shape that this program writes.
    pub const SCHEMA: u32 = 1;

    /// The name of the tag that marks the record as a milestone.
    pub fn tag(&self) -> String {
        format!("deploy/{}/{}", self.lane, self.sequence)
    }

    /// The bytes of the record, as they stand at [`RECORD_PATH`].
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .expect("a record has text keys and no failing serializers");
        bytes.push(b'\n');
        bytes
    }
}

/// Where deployed content comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Source {
    /// The commit on the development history that the content was taken from.
    pub commit: ObjectId,
    /// The lane it was promoted from, where it was.
    pub lane: Option<LaneName>,
    /// The record of that lane, where it was.
    pub record: Option<ObjectId>,
}

/// What is deployed, named twice: for us and for git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Snapshot {
    /// SHA-256 of the canonical manifest (see `engine::release::snapshot`).
    pub sha256: Digest,
    /// The git tree of the snapshot, without `.lane/`.
    pub git_tree: ObjectId,
}

/// A record of a lane by its number, written `production#12`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseName {
    /// The lane.
    pub lane: LaneName,
    /// The number.
    pub sequence: u64,
}

impl ReleaseName {
    /// The name of a record.
    pub fn of(deployment: &Deployment) -> Self {
        Self {
            lane: deployment.lane.clone(),
            sequence: deployment.sequence,
        }
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.lane, self.sequence)
    }
}

impl FromStr for ReleaseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "a record of a lane is written `production#12`".to_owned();
        let (lane, sequence) = text.split_once('#').ok_or_else(form)?;
        Ok(Self {
            lane: lane.parse().map_err(|error| format!("{error}"))?,
            sequence: sequence.parse().map_err(|_| form())?,
        })
    }
}

/// Where a rollback would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RollbackTarget {
    /// The record's sequence number.
    pub sequence: u64,
    /// The record.
    pub record: ObjectId,
    /// What it deployed.
    pub snapshot: Snapshot,
}

/// What a record changed, by prompt and by file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Changes {
    /// Prompts that are new in the lane.
    pub added: Vec<PromptId>,
    /// Prompts whose closure is another.
    pub changed: Vec<PromptId>,
    /// Prompts that are gone.
    pub removed: Vec<PromptId>,
    /// Other files that are another: datasets, evaluators, policies, settings, recordings.
    pub files: Vec<String>,
}

impl Changes {
    /// Whether a prompt is among what changed.
    pub fn names(&self, prompt: &PromptId) -> bool {
        let mut all = [&self.added, &self.changed, &self.removed].into_iter();
        all.any(|prompts| prompts.contains(prompt))
    }
}

/// A file of evidence and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EvidenceLink {
    /// The path in the record's tree.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: Digest,
}

/// The address of a person as commits name one: `Ada Example <ada@example.com>`, or the address
/// alone. In lower case; absent where there is none.
pub fn address(person: &str) -> Option<String> {
    let address = match person.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => person,
    };
    let address = address.trim().to_lowercase();
    (!address.is_empty()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_a_name() {
        let read = |person| address(person).unwrap_or_default();
        assert_eq!(read("Ada@example.com"), "ada@example.com");
        assert_eq!(read("Bea Example <bea@example.com>"), "bea@example.com");
        assert_eq!(address("Nobody <>"), None);
    }
}
