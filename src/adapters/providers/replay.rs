//! Answers that were recorded before, read from `recordings/` of the workspace.
//!
//! One file for each prompt, and one for each evaluator that asks for itself; one JSON object a
//! line: the digest of the request, the answer, and
//! where and when it was recorded. A request that was not recorded has no answer, never a guess.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead as _;

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::finding::{Finding, Findings, Place, Span};
use crate::domain::project::{Price, REPLAY};
use crate::domain::query::{Query, Task};
use crate::domain::run::{Answer, ModelRequest};
use crate::domain::untrusted::shorten;
use crate::engine::ports::{BoxFuture, FileTree, Provider, ProviderError, ProviderProfile};

/// How much of a broken line is shown, in characters.
const SHOWN: usize = 200;

/// One recorded answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The digest of the request.
    pub request: Digest,
    /// What was answered.
    pub answer: Answer,
    /// Where the answer comes from.
    pub recorded: Provenance,
}

/// Where a recorded answer comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Who answered: a provider and a model, or whatever stood in for one.
    pub from: String,
    /// When, as RFC 3339 says it.
    pub at: String,
}

/// The provider `replay`.
pub struct Replay {
    profile: ProviderProfile,
    recordings: BTreeMap<String, BTreeMap<Digest, Recording>>,
}

impl Replay {
    /// Reads the recordings in these files. A file that is not there holds none.
    pub fn load(tree: &dyn FileTree, paths: &BTreeSet<String>) -> Result<Self, Findings> {
        let mut recordings = BTreeMap::new();
        for path in paths {
            recordings.insert(path.clone(), read(tree, path)?);
        }
        Ok(Self {
            profile: ProviderProfile {
                name: REPLAY.to_owned(),
                endpoint: String::new(),
                concurrency: 64,
                keep_answers: false,
            },
            recordings,
        })
    }

    /// The answer to a request that is recorded in a file.
    pub(super) fn recorded(&self, path: &str, request: &Digest) -> Option<&Answer> {
        let recording = self.recordings.get(path)?.get(request)?;
        Some(&recording.answer)
    }

    /// The recordings in a file, in the order of their digests.
    pub(super) fn in_file(&self, path: &str) -> BTreeMap<Digest, Recording> {
        self.recordings.get(path).cloned().unwrap_or_default()
    }

    fn find(&self, path: &str, digest: Digest) -> Result<Answer, ProviderError> {
        let answer = self.recorded(path, &digest).cloned();
        answer.ok_or(ProviderError::NotRecorded(digest))
    }
}

impl Provider for Replay {
    fn profile(&self) -> &ProviderProfile {
        &self.profile
    }

    fn price(&self, _model: &str) -> Option<Price> {
        Some(Price::NOTHING)
    }

    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        let answer = self.find(&request.prompt.recordings_path(), request.digest());
        Box::pin(std::future::ready(answer))
    }

    fn accepts_query(&self, query: &Query) -> Result<(), String> {
        match query.task {
            Task::Likeness { .. } => Ok(()),
            Task::Places { .. } => Err("places of texts are not recorded".to_owned()),
            Task::Verdict { .. } => Err("verdicts are not recorded".to_owned()),
        }
    }

    fn consult<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        let answer = match &query.task {
            Task::Likeness { recordings, .. } => self.find(recordings, query.digest()),
            Task::Places { .. } | Task::Verdict { .. } => {
                Err(ProviderError::NotRecorded(query.digest()))
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

fn read(tree: &dyn FileTree, path: &str) -> Result<BTreeMap<Digest, Recording>, Findings> {
    let unreadable = |message: String| {
        Findings::from(Finding::error(
            "unreadable-file",
            Place::file(path),
            message,
        ))
    };
    let mut recordings = BTreeMap::new();
    let Some(reader) = tree
        .open(path)
        .map_err(|error| unreadable(error.to_string()))?
    else {
        return Ok(recordings);
    };
    let mut findings = Vec::new();
    for (index, line) in reader.lines().enumerate() {
        let line = line.map_err(|error| unreadable(format!("cannot read the file: {error}")))?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Recording>(&line) {
            Ok(recording) => {
                recordings.insert(recording.request, recording);
            }
            Err(error) => findings.push(malformed(path, index, &line, &error)),
        }
    }
    if findings.is_empty() {
        Ok(recordings)
    } else {
        Err(Findings(findings))
    }
}

fn malformed(path: &str, index: usize, line: &str, error: &serde_json::Error) -> Finding {
    let place = Place {
        path: path.to_owned(),
        span: Some(Span {
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            column: u32::try_from(error.column()).unwrap_or(1).max(1),
            length: 1,
        }),
        excerpt: Some(shorten(line, SHOWN).into_owned()),
    };
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default();
    Finding::error("malformed-recording", place, format!("not a recording: {message}"))
        .with_help("a line is `{\"request\": …, \"answer\": {…}, \"recorded\": {\"from\": …, \"at\": …}}`; record again with `pointsman eval --record <provider>`")
}
