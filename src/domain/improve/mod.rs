//! An attempt to improve a prompt: what failed, who proposed what, how it was checked, and what
//! became of it. Each attempt is one candidate and one record, and the record only grows.

mod check;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deployment::ObjectId;
use super::digest::Digest;
use super::id::{DatasetId, EvaluatorId, PromptId};
use super::prompt::ModelRef;
use super::run::RunId;

pub use check::{Check, CheckedFlip, CheckedRate, CheckedUsage, Side};

/// Where the records of attempts are: one ref an attempt.
pub const RECORDS: &str = "refs/pointsman/improve/";

/// Names an attempt: the prompt, and which attempt at it this is, from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttemptId {
    /// The prompt.
    pub prompt: PromptId,
    /// Which attempt.
    pub number: u32,
}

/// The text does not name an attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a candidate is named by its prompt and a number, as in `support/triage/1`")]
pub struct AttemptIdError;

impl AttemptId {
    /// The ref of the record.
    pub fn record_ref(&self) -> String {
        format!("{RECORDS}{self}")
    }

    /// The candidate's branch, without `refs/heads/`.
    pub fn branch(&self) -> String {
        format!("improve/{self}")
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}/{}", self.prompt, self.number))
    }
}

impl FromStr for AttemptId {
    type Err = AttemptIdError;

    fn from_str(text: &str) -> Result<Self, AttemptIdError> {
        let text = text.strip_prefix("improve/").unwrap_or(text);
        let (prompt, number) = text.rsplit_once('/').ok_or(AttemptIdError)?;
        let parsed: u32 = number.parse().map_err(|_| AttemptIdError)?;
        if parsed == 0 || parsed.to_string() != number {
            return Err(AttemptIdError);
        }
        Ok(Self {
            prompt: PromptId::new(prompt).map_err(|_| AttemptIdError)?,
            number: parsed,
        })
    }
}

impl TryFrom<String> for AttemptId {
    type Error = AttemptIdError;

    fn try_from(text: String) -> Result<Self, AttemptIdError> {
        text.parse()
    }
}

impl From<AttemptId> for String {
    fn from(id: AttemptId) -> String {
        id.to_string()
    }
}

/// Everything that is known of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The version of this shape.
    pub schema: u32,
    /// Its name.
    pub id: AttemptId,
    /// When it began.
    pub started_at: Timestamp,
    /// Who began it: name and address, as commits name people.
    pub started_by: String,
    /// The commit whose prompt is to become better.
    pub base: ObjectId,
    /// The fingerprint of that prompt.
    pub base_fingerprint: Digest,
    /// What a person wanted looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<String>,
    /// Keys of the prompt's file that may change beside its words.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub may_change: BTreeSet<Changeable>,
    /// What fails, and what of it was shown to whoever proposed.
    pub diagnosis: Diagnosis,
    /// Who wrote the candidate.
    pub author: Author,
    /// Why the candidate should be better, in its author's words: data, whoever wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rationale: String,
    /// The candidate; absent: what was proposed was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Candidate>,
    /// Why what was proposed was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// Every check of the candidate, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// What became of it; absent: it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// Keys of a prompt's file that may change where the one who starts the attempt says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changeable {
    /// Which model answers.
    Model,
    /// The settings handed to the model.
    Parameters,
    /// The tools that the model may call.
    Tools,
}

impl Changeable {
    /// Every one with its spelling.
    pub const ALL: [(&'static str, Self); 3] = [
        ("model", Self::Model),
        ("parameters", Self::Parameters),
        ("tools", Self::Tools),
    ];

    /// The key of the prompt's file.
    pub fn key(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Parameters => "modelParameters",
            Self::Tools => "tools",
        }
    }

    /// Its spelling.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, it)| *it == self);
        found.map_or("", |(name, _)| name)
    }
}

/// What fails, and what of it was shown.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnosis {
    /// The runs that showed it; empty: nobody looked before the candidate was written.
    pub runs: BTreeSet<RunId>,
    /// What the failing rows were taken from, as in `incident late-refunds`; absent: all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How many rows fail that gate, of those that it is about.
    pub failing: u64,
    /// How many rows there are that gate.
    pub rows: u64,
    /// The failing rows that were shown to the proposer, with what came of them.
    pub shown: Vec<FailingRow>,
    /// The rows that pass and were shown, so that they go on passing.
    pub shown_passing: Vec<RowPlace>,
    /// The failing rows that were held back, to see whether the candidate is good for more than what
    /// its author saw.
    pub held_back: Vec<RowPlace>,
}

/// A row of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowPlace {
    /// The dataset.
    pub dataset: DatasetId,
    /// The row.
    pub row: String,
}

/// A row that fails, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailingRow {
    /// The row.
    pub at: RowPlace,
    /// The evaluator that does not let it pass.
    pub evaluator: EvaluatorId,
    /// Its reason.
    pub reason: String,
}

/// Who wrote a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Author {
    /// A model.
    Model {
        /// The model.
        model: ModelRef,
        /// The prompt that it was asked with.
        proposer: PromptId,
        /// The fingerprint of that prompt.
        fingerprint: Digest,
        /// What it was asked.
        request: Digest,
        /// What the answer cost in US dollars; absent: not known.
        cost_usd: Option<f64>,
        /// Tokens read and written; absent: not known.
        tokens: [Option<u64>; 2],
    },
    /// A person: the one who began the attempt.
    Person {
        /// The candidate that was edited; absent: the prompt itself.
        edited: Option<AttemptId>,
    },
}

impl Author {
    /// Who it is, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Model { model, .. } => model.to_string(),
            Self::Person { .. } => "a person".to_owned(),
        }
    }
}

/// A candidate: one commit that changes one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The commit.
    pub commit: ObjectId,
    /// The prompt's file in it.
    pub blob: ObjectId,
    /// The fingerprint of the prompt.
    pub fingerprint: Digest,
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What.
    pub kind: DecisionKind,
    /// When.
    pub at: Timestamp,
    /// Who decided.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What can become of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DecisionKind {
    /// It was merged. Nothing was deployed by that.
    Approved {
        /// The branch, as a full ref name.
        branch: String,
        /// The merge.
        commit: ObjectId,
    },
    /// Another candidate was made of it.
    Edited {
        /// The other one.
        into: AttemptId,
    },
    /// It was given up.
    Rejected,
}

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// What was proposed broke the contract of the prompt: there is no candidate.
    Refused,
    /// The candidate waits for its check.
    Unchecked,
    /// The last check found what passed before and fails now.
    Regresses,
    /// The last check found nothing of the sort: a person decides.
    Checked,
    /// It was merged.
    Approved,
    /// Another candidate was made of it.
    Edited,
    /// It was given up.
    Rejected,
}

impl State {
    /// Whether somebody still has to do something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Unchecked | Self::Regresses | Self::Checked)
    }

    /// Its spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unchecked => "unchecked",
            Self::Regresses => "regresses",
            Self::Checked => "checked",
            Self::Approved => "approved",
            Self::Edited => "edited",
            Self::Rejected => "rejected",
        }
    }
}

impl Attempt {
    /// The version of the shape that this program writes.
    pub const SCHEMA: u32 = 1;

    /// How far it has come.
    pub fn state(&self) -> State {
        match self.decision.as_ref().map(|decision| &decision.kind) {
            Some(DecisionKind::Approved { .. }) => State::Approved,
            Some(DecisionKind::Edited { .. }) => State::Edited,
            Some(DecisionKind::Rejected) => State::Rejected,
            None if self.candidate.is_none() => State::Refused,
            None => match self.checks.last() {
                None => State::Unchecked,
                Some(check) if check.passes() => State::Checked,
                Some(_) => State::Regresses,
            },
        }
    }

    /// Every row that was shown.
    pub fn seen(&self) -> impl Iterator<Item = &RowPlace> {
        let failing = self.diagnosis.shown.iter().map(|row| &row.at);
        failing.chain(&self.diagnosis.shown_passing)
    }

    /// The record as it is stored.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .expect("attempts have text keys and no failing serializers");
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_named_by_its_prompt_and_a_plain_number() {
        let id: AttemptId = "support/triage/12".parse().unwrap();
        assert_eq!((id.prompt.as_str(), id.number), ("support/triage", 12));
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_eq!("improve/support/triage/12".parse(), Ok(id));
        for text in [
            "",
            "triage",
            "triage/",
            "triage/0",
            "triage/01",
            "triage/-1",
            "/1",
            "A/1",
        ] {
            assert!(text.parse::<AttemptId>().is_err(), "{text}");
        }
    }
}
