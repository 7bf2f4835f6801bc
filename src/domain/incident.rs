//! An incident: what was wrong in production, what was live, and what it leaves behind.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use super::deployment::{ObjectId, ReleaseName};
use super::id::{AlertId, DatasetId, EvaluatorId, IncidentId, LaneName};
use super::trace::filter::TimeRange;

/// An incident, as the settings at the top of its file say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// What is wrong, in a few words.
    pub title: String,
    /// Who opened it, and when.
    pub opened: Signed,
    /// The time that is affected.
    pub window: TimeRange,
    /// Which spans are meant, as filters are written; empty: all.
    pub filter: String,
    /// The alert rule that fired.
    pub alert: Option<AlertId>,
    /// The release that is taken for the cause.
    pub deployment: Option<ReleaseName>,
    /// What was live in each lane within the window, the oldest first.
    pub live: Vec<LiveThen>,
    /// Spans that show it.
    pub evidence: Vec<Evidence>,
    /// The rows in which failed calls are preserved.
    pub rows: Vec<RowName>,
    /// How it was contained.
    pub contained: Option<Contained>,
    /// Where the fault lies.
    pub layer: Option<Layer>,
    /// How it ended; absent: it is open.
    pub closed: Option<Closed>,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// When.
    pub at: Timestamp,
    /// Who, by name: the address stands in the commit.
    pub by: String,
}

/// A release that was live within a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveThen {
    /// The release.
    pub release: ReleaseName,
    /// Its record.
    pub record: ObjectId,
    /// Since when it was live.
    pub since: Timestamp,
}

/// A span that shows what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The trace.
    pub trace_id: String,
    /// The span.
    pub span_id: String,
    /// Why it stands for others.
    pub why: Why,
}

/// Why a span stands for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It ended with an error.
    Error,
    /// It is among the slowest.
    Slowest,
    /// It has one of the lowest scores.
    LowestScore,
    /// A person chose it.
    Chosen,
}

impl Why {
    /// Every reason with its spelling in files.
    pub const ALL: [(&'static str, Self); 4] = [
        ("error", Self::Error),
        ("slowest", Self::Slowest),
        ("lowest-score", Self::LowestScore),
        ("chosen", Self::Chosen),
    ];

    /// Its spelling in files.
    pub fn name(self) -> &'static str {
        spelled(&Self::ALL, &self)
    }
}

/// A row of a dataset, written `support-regression:late-refund`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowName {
    /// The dataset.
    pub dataset: DatasetId,
    /// The row.
    pub row: String,
}

impl fmt::Display for RowName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.dataset, self.row)
    }
}

impl FromStr for RowName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').filter(|(_, row)| !row.is_empty());
        let (dataset, row) = parts.ok_or_else(|| {
            "a row is written `<dataset>:<row>`, as in `regression:r-1`".to_owned()
        })?;
        Ok(Self {
            dataset: DatasetId::new(dataset).map_err(|error| error.to_string())?,
            row: row.to_owned(),
        })
    }
}

/// How an incident was contained: by a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contained {
    /// Who rolled back, and when.
    pub signed: Signed,
    /// The record of the rollback.
    pub rollback: ReleaseName,
    /// Its commit.
    pub record: ObjectId,
}

/// Where a fault lies, which says where it is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The words of a prompt: the model had what it needed, and answered wrongly.
    Prompt,
    /// An evaluator: it said wrong of what is right, or the other way round.
    Evaluator,
    /// A dataset: the case was not among the rows, or its expected answer is wrong.
    Dataset,
    /// A tool: its schema or its instructions led to wrong calls.
    Tool,
    /// Retrieval: the model was given the wrong context.
    Retrieval,
    /// The application, or a service that it calls.
    Backend,
    /// The provider of the model.
    Provider,
    /// The release itself: the wrong version, in the wrong place, or read too late.
    Deployment,
}

impl Layer {
    /// Every layer with its spelling.
    pub const ALL: [(&'static str, Self); 8] = [
        ("prompt", Self::Prompt),
        ("evaluator", Self::Evaluator),
        ("dataset", Self::Dataset),
        ("tool", Self::Tool),
        ("retrieval", Self::Retrieval),
        ("backend", Self::Backend),
        ("provider", Self::Provider),
        ("deployment", Self::Deployment),
    ];

    /// Its spelling.
    pub fn name(self) -> &'static str {
        spelled(&Self::ALL, &self)
    }
}

/// How an incident ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Who closed it, and when.
    pub signed: Signed,
    /// What it leaves behind.
    pub left: Vec<Left>,
    /// Why it leaves nothing behind, where it does not.
    pub waiver: Option<String>,
}

/// What an incident leaves behind, so that the same thing is noticed before it happens again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// A row that fails where it comes back.
    Row(RowName),
    /// An evaluator that grades it.
    Evaluator(EvaluatorId),
    /// An alert rule that sees it.
    Alert(AlertId),
    /// The watch plan of a lane.
    Watch(LaneName),
}

impl Left {
    /// What sort of thing it is, as its key in files.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Row(_) => "row",
            Self::Evaluator(_) => "evaluator",
            Self::Alert(_) => "alert",
            Self::Watch(_) => "watch",
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Row(row) => row.to_string(),
            Self::Evaluator(id) => id.to_string(),
            Self::Alert(id) => id.to_string(),
            Self::Watch(lane) => lane.to_string(),
        }
    }
}

/// How far an incident has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentState {
    /// Nothing was done yet that ends it.
    Open,
    /// It was rolled back, and is not closed.
    Contained,
    /// It is over.
    Closed,
}

impl IncidentState {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Contained => "contained",
            Self::Closed => "closed",
        }
    }
}

impl Incident {
    /// How far it has come.
    pub fn state(&self) -> IncidentState {
        if self.closed.is_some() {
            IncidentState::Closed
        } else if self.contained.is_some() {
            IncidentState::Contained
        } else {
            IncidentState::Open
        }
    }

    /// The traces among the evidence that stand for others for such a reason, each once.
    pub fn traces(&self, meant: impl Fn(Why) -> bool) -> Vec<&str> {
        let mut traces: Vec<&str> = Vec::new();
        for evidence in self.evidence.iter().filter(|it| meant(it.why)) {
            if !traces.contains(&evidence.trace_id.as_str()) {
                traces.push(&evidence.trace_id);
            }
        }
        traces
    }
}

fn spelled<T: PartialEq>(all: &[(&'static str, T)], value: &T) -> &'static str {
    let found = all.iter().find(|(_, known)| known == value);
    found.map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_named_after_its_dataset() {
        let row: RowName = "support/regression:r:1".parse().unwrap();
        assert_eq!(
            (row.dataset.as_str(), row.row.as_str()),
            ("support/regression", "r:1")
        );
        assert_eq!(row.to_string().parse(), Ok(row));
        for wrong in ["regression", "regression:", "Regression:r", ":r"] {
            assert!(wrong.parse::<RowName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_spelled_alike_in_files_and_in_json() {
        for (name, layer) in Layer::ALL {
            assert_eq!(serde_json::to_value(layer).unwrap(), name);
            assert_eq!(layer.name(), name);
        }
        for (name, why) in Why::ALL {
            assert_eq!(serde_json::to_value(why).unwrap(), name);
            assert_eq!(why.name(), name);
        }
    }
}
