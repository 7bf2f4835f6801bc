//! A dataset: the cases that a prompt is tested on.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest::Digest;
use super::id::DatasetId;
use super::media::Media;
use super::message::RenderedMessage;

/// The longest value that results are sliced by, in characters.
const LONGEST_LABEL: usize = 64;

/// A dataset's manifest. The rows stand in a file of their own and are read as a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its name: the path below `datasets/` without the ending.
    pub id: DatasetId,
    /// What the rows are, for people.
    pub description: Option<String>,
    /// Why the rows were collected.
    pub kind: DatasetKind,
    /// The file of the rows, relative to the workspace root.
    pub rows_path: String,
    /// How the rows are written.
    pub rows_format: RowsFormat,
    /// The column whose equal values mark rows that are not independent of one another.
    pub cluster: Option<String>,
    /// The pictures and documents that rows name.
    pub media: Option<DatasetMedia>,
    /// Which part of a larger collection this is, for people.
    pub split: Option<String>,
}

/// Where the pictures and documents of a dataset stand, and which columns name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetMedia {
    /// The folder, relative to the workspace root. Everything below it belongs to the dataset.
    pub folder: String,
    /// The columns whose values are paths below the folder.
    pub columns: Vec<String>,
}

/// Why the rows of a dataset were collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetKind {
    /// Chosen by hand to stand for what matters.
    Golden,
    /// Failures that must not come back.
    Regression,
    /// A sample of what production saw.
    Production,
    /// Attacks and other hostile input.
    Adversarial,
    /// Made up, by a person or a model.
    Synthetic,
}

impl DatasetKind {
    /// Every kind with its spelling in files.
    pub const ALL: [(&'static str, Self); 5] = [
        ("golden", Self::Golden),
        ("regression", Self::Regression),
        ("production", Self::Production),
        ("adversarial", Self::Adversarial),
        ("synthetic", Self::Synthetic),
    ];

    /// Its spelling in files.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, kind)| *kind == self);
        found.map_or("", |(name, _)| name)
    }
}

/// How the rows of a dataset are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsFormat {
    /// One JSON object a line.
    Jsonl,
    /// A header line and one record a row; every column but the reserved ones is a variable.
    Csv,
    /// As `testData` of the prompt's own file.
    TestData,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// The row's name, unique in its dataset.
    pub id: String,
    /// The values of the prompt's variables.
    pub vars: IndexMap<String, Value>,
    /// The pictures and documents that variables name, by variable.
    pub files: BTreeMap<String, Media>,
    /// A conversation that goes on after the prompt's own messages. It is data, never a template.
    pub messages: Vec<RenderedMessage>,
    /// The answer that is wanted, for evaluators that compare. Never shown to the model.
    pub expected: Option<Value>,
    /// A row that must pass, whatever the averages say.
    pub critical: bool,
    /// Whether a failure counts for a gate.
    pub priority: Priority,
    /// Whether the row was looked at by a person.
    pub status: RowStatus,
    /// Labels to slice results by.
    pub tags: Vec<String>,
    /// Rows with an equal cluster are not independent.
    pub cluster: Option<String>,
    /// A remark for people.
    pub note: Option<String>,
    /// Where the row comes from.
    pub source: Option<RowSource>,
    /// That it failed with one version of the prompt and passes with another.
    pub proof: Option<RowProof>,
    /// The line in the rows file, from 1.
    pub line: u32,
}

/// Whether a row's failure counts for a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// It counts.
    #[default]
    Blocking,
    /// It is reported only.
    Advisory,
}

/// How far a row has been reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowStatus {
    /// Nobody has confirmed it: it never gates.
    Pending,
    /// Confirmed.
    #[default]
    Reviewed,
    /// Confirmed, and its failure is accepted: it never gates.
    AcceptedRisk,
}

/// Where a row comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowSource {
    /// `manual`, `span`, `csv`, `synthetic` or another word of the team's.
    pub kind: String,
    /// The trace it was taken from.
    pub trace_id: Option<String>,
    /// The span it was taken from.
    pub span_id: Option<String>,
    /// The deployment that was live.
    pub deployment: Option<String>,
    /// The commit that was live.
    pub commit: Option<String>,
    /// Who added it.
    pub by: Option<String>,
    /// When it was added.
    pub at: Option<String>,
}

/// That a row failed with one version of a prompt and passes with another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowProof {
    /// The prompt.
    pub prompt: String,
    /// The evaluators that it failed before.
    pub failed: Vec<String>,
    /// How often it was tested with each version.
    pub times: u32,
    /// The version that failed, every time.
    pub before: ProvedVersion,
    /// The version that passes, every time.
    pub after: ProvedVersion,
    /// Who proved it.
    pub by: String,
    /// When.
    pub at: String,
}

/// A version of a prompt in a proof, and what tested it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProvedVersion {
    /// The commit that it was read from; absent: the files on disk.
    pub commit: Option<String>,
    /// The fingerprint of the prompt.
    pub fingerprint: String,
    /// The digest of what was tested: prompt, row, evaluators, judges.
    pub suite: String,
    /// The run that tested it.
    pub run: String,
}

impl Row {
    /// The digest of what the row tests. Labels and remarks are left out.
    pub fn digest(&self) -> Digest {
        let mut row = json!({
            "pointsman": "row/v1",
            "id": self.id,
            "vars": self.vars,
            "expected": self.expected,
            "critical": self.critical,
            "priority": self.priority,
            "status": self.status,
            "cluster": self.cluster,
        });
        if !self.files.is_empty() {
            let digests = self.files.iter();
            row["files"] = digests
                .map(|(name, media)| (name.clone(), json!(media.digest)))
                .collect();
        }
        if !self.messages.is_empty() {
            let messages = self.messages.iter();
            row["messages"] = messages.map(RenderedMessage::canonical).collect();
        }
        Digest::of_json(&row)
    }

    /// The variables that are short enough to slice results by, as text.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let labels = self.vars.iter().filter_map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            };
            let short = text.chars().nth(LONGEST_LABEL).is_none() && !text.contains('\n');
            short.then(|| (name.clone(), text))
        });
        labels.collect()
    }

    /// Whether a gate counts the row.
    pub fn gates(&self) -> bool {
        self.priority == Priority::Blocking && self.status == RowStatus::Reviewed
    }

    /// A column's value by name: `expected`, or a variable.
    pub fn column(&self, name: &str) -> Option<&Value> {
        if name == "expected" {
            self.expected.as_ref()
        } else {
            self.vars.get(name)
        }
    }
}
