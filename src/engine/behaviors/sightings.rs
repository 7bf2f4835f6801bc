//! In which traces each pattern was seen.

use std::collections::BTreeMap;

use crate::domain::behavior::{BehaviorKind, BehaviorRole, Detector};

/// What sort of pattern was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// A call of a tool or a search ends with an error.
    ToolError,
    /// Any other step does.
    Error,
    /// An answer has not the shape that was asked for.
    Format,
    /// An answer is cut off.
    CutOff,
    /// An answer is stopped by a filter.
    Filtered,
    /// An answer refuses.
    Refused,
    /// An answer is empty.
    Empty,
    /// A tool is called over and over.
    Loop,
    /// A tool is called again with the same arguments.
    Retry,
    /// A tool is called that was not offered.
    NotOffered,
    /// A tool is not called that usually is.
    Missing,
    /// Tools are called in this order.
    Calls,
    /// Users ask with these words.
    Intent,
}

impl Sort {
    pub(super) fn role(self) -> BehaviorRole {
        match self {
            Self::ToolError | Self::Loop | Self::Retry | Self::Missing | Self::Calls => {
                BehaviorRole::Tool
            }
            Self::Intent => BehaviorRole::User,
            _ => BehaviorRole::Assistant,
        }
    }

    pub(super) fn detector(self) -> Detector {
        match self {
            Self::ToolError | Self::Error => Detector::Error,
            Self::Format => Detector::Format,
            Self::Intent => Detector::Intent,
            _ => Detector::Structure,
        }
    }

    /// Whether it is an issue by what it is; absent: that depends on how its traces end.
    pub(super) fn kind(self) -> Option<BehaviorKind> {
        match self {
            Self::Calls | Self::Intent => None,
            _ => Some(BehaviorKind::Issue),
        }
    }

    /// Why it is written down.
    pub(super) fn rationale(self) -> &'static str {
        match self {
            Self::ToolError => {
                "calls of the tool end with this message; numbers, ids and quoted texts are masked"
            }
            Self::Error => "steps end with this message; numbers, ids and quoted texts are masked",
            Self::Format => "answers have not the shape that the prompt asks for",
            Self::CutOff => "the model had no more tokens before the answer was whole",
            Self::Filtered => "a filter of the provider stopped the answer",
            Self::Refused => "the answer begins by saying that it will not or cannot help",
            Self::Empty => "there is no text in the answer, and no call of a tool",
            Self::Loop => "one tool is called at least 4 times in a row within a trace",
            Self::Retry => "one tool is called twice in a row with the same arguments",
            Self::NotOffered => "the model calls a tool that was not among those it was offered",
            Self::Missing => {
                "at least 9 of 10 traces of this sort call the tool in the window before, and these \
                 do not"
            }
            Self::Calls => "traces in which these tools are called in this order",
            Self::Intent => "traces in which users say these words",
        }
    }
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) sort: Sort,
    pub(super) signature: String,
}

/// Where a pattern was seen first in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    /// The span that shows it.
    pub(super) span: String,
    /// The prompt or the tool of that span.
    pub(super) subject: Option<String>,
}

/// The traces that show a pattern, by their place.
pub(super) type Traces = BTreeMap<usize, Sighting>;

/// In which traces each pattern was seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sightings(pub(super) BTreeMap<Key, Traces>);

impl Sightings {
    /// Adds a trace. That a pattern is seen again in it adds nothing.
    pub(super) fn add(
        &mut self,
        sort: Sort,
        signature: impl Into<String>,
        trace: usize,
        sighting: impl FnOnce() -> Sighting,
    ) {
        let key = Key {
            sort,
            signature: signature.into(),
        };
        let traces = self.0.entry(key).or_default();
        traces.entry(trace).or_insert_with(sighting);
    }
}

/// The subjects of sightings, the most frequent first.
pub(super) fn subjects(traces: &Traces) -> Vec<String> {
    const SHOWN: usize = 3;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for subject in traces.values().filter_map(|it| it.subject.as_deref()) {
        *counts.entry(subject).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    let subjects = counts.into_iter().take(SHOWN);
    subjects.map(|(subject, _)| subject.to_owned()).collect()
}
