//! A behavior: a pattern that comes back in production, what was seen of it, and what people decided.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::BehaviorId;

/// A behavior as its file says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Behavior {
    /// Its permanent name.
    pub id: BehaviorId,
    /// What people say about it. A scan leaves this alone.
    pub decided: Decided,
    /// What the pattern is.
    pub pattern: Pattern,
    /// What the last scan saw of it.
    pub seen: Seen,
    /// The same, lane by lane.
    pub lanes: Vec<LaneSeen>,
    /// The releases with which its rate moved, the newest last.
    pub releases: Vec<ReleaseSeen>,
    /// Other behaviors in the same traces, the closest first.
    pub together: Vec<Together>,
    /// Spans that show it.
    pub evidence: Vec<Evidence>,
    /// What each scan counted, the oldest first.
    pub history: Vec<Counted>,
}

/// What people say about a behavior.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    /// What it is called.
    pub title: Option<String>,
    /// What a model calls it.
    pub label: Option<Label>,
    /// Whether it is an issue; absent: the scan says.
    pub kind: Option<BehaviorKind>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// Whether somebody keeps an eye on it.
    pub watched: bool,
    /// That it is to be left out of lists.
    pub dismissed: Option<Decision>,
    /// That it was dealt with.
    pub resolved: Option<Decision>,
}

/// What a model calls a behavior. It counts where people give it no title, and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The words.
    pub text: String,
    /// The model, as `<provider>/<model>`.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Who decided something, when, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a pattern is.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Whose behavior it is.
    pub role: BehaviorRole,
    /// What found it.
    pub detector: Detector,
    /// Whether it is an issue, as far as a scan can tell.
    pub kind: BehaviorKind,
    /// What its traces have in common. Of a cluster of texts: the words that it was named by.
    pub signature: String,
    /// Why it was written down.
    pub rationale: String,
    /// The prompts and tools of the spans that show it, the most frequent first.
    pub subjects: Vec<String>,
    /// Of a cluster of texts: its words, the heaviest first.
    pub terms: Vec<Term>,
}

/// A word of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The word.
    pub word: String,
    /// How much it weighs: the squares of all weights add up to at most 1.
    pub weight: f64,
}

/// What a scan saw of a behavior.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What that says.
    pub state: BehaviorState,
    /// When the first of its traces began that any scan saw.
    pub first: Timestamp,
    /// When the last of them began.
    pub last: Timestamp,
    /// The window that was looked at: its start.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// How many of the traces in the window have it, and how many there are.
    pub now: [u64; 2],
    /// The same of the window before.
    pub before: [u64; 2],
    /// How many of its traces in both windows failed, and how many there are.
    pub failed: [u64; 2],
    /// How many of the other traces failed, and how many there are.
    pub others_failed: [u64; 2],
    /// The window in [`PIECES`] pieces: how many traces have it, and how many there are.
    pub pieces: Vec<[u64; 2]>,
}

/// Into how many pieces a window is cut for a sparkline.
pub const PIECES: usize = 7;

/// What was seen in a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneSeen {
    /// The lane; absent: traces that name none.
    pub lane: Option<String>,
    /// What that says.
    pub state: BehaviorState,
    /// When the first of its traces began that any scan saw there.
    pub first: Timestamp,
    /// How many of the traces in the window have it, and how many there are.
    pub now: [u64; 2],
    /// The same of the window before.
    pub before: [u64; 2],
    /// The probability of such a difference, or a greater one, where the rate is the same; absent:
    /// one of the windows has no traces.
    pub p: Option<f64>,
}

/// A release with which a rate moved.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseSeen {
    /// The record, as `production#41`.
    pub deployment: String,
    /// When it went live.
    pub at: Timestamp,
    /// How the rate moved.
    pub change: ReleaseChange,
    /// How many of the traces before it have the behavior, and how many there are.
    pub before: [u64; 2],
    /// The same after it.
    pub after: [u64; 2],
    /// The probability of such a difference, or a greater one, where the rate is the same.
    pub p: f64,
}

/// Another behavior in the same traces.
#[derive(Debug, Clone, PartialEq)]
pub struct Together {
    /// The other behavior.
    pub behavior: BehaviorId,
    /// How many traces have both.
    pub both: u64,
    /// How many have one or the other.
    pub either: u64,
}

/// A span that shows a behavior.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// Its trace.
    pub trace_id: String,
    /// The span.
    pub span_id: String,
    /// When the trace began.
    pub at: Timestamp,
}

/// What one scan counted in one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The window that was looked at: its start.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// The lane; absent: traces that name none.
    pub lane: Option<String>,
    /// How many traces have the behavior.
    pub hits: u64,
    /// How many there are.
    pub traces: u64,
}

/// Gives a closed set of words its names in files, options and JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $count:literal, { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, with their names.
            pub const ALL: [(&'static str, Self); $count] = [$(($word, Self::$variant),)+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words!(
    /// Whose behavior it is.
    BehaviorRole, 3, {
        /// What people ask.
        User = "user",
        /// What the model answers.
        Assistant = "assistant",
        /// Which tools are called, and what they give back.
        Tool = "tool",
    }
);

words!(
    /// What finds behaviors.
    Detector, 4, {
        /// The messages of errors, with everything masked that differs from one to the next.
        Error = "error",
        /// Answers that break the format which their prompt asks for.
        Format = "format",
        /// The order of calls, and how answers ended.
        Structure = "structure",
        /// Texts of users that share their words.
        Intent = "intent",
    }
);

words!(
    /// Whether something is wrong.
    BehaviorKind, 2, {
        /// It is.
        Issue = "issue",
        /// It is not, as far as anybody knows.
        Healthy = "healthy",
    }
);

words!(
    /// What was seen of a behavior, or decided about it. The most urgent comes first.
    BehaviorState, 9, {
        /// An issue whose rate rose.
        Worse = "worse",
        /// It came back after it was away or resolved.
        Reactivated = "reactivated",
        /// It was not seen before the window.
        New = "new",
        /// It was there, and is no longer.
        Vanishing = "vanishing",
        /// An issue whose rate fell.
        Better = "better",
        /// What it looks like moved; or it is none of the issues, and its rate moved.
        Changed = "changed",
        /// It is there as before.
        Ongoing = "ongoing",
        /// People dealt with it, and it was not seen since.
        Resolved = "resolved",
        /// People left it out.
        Dismissed = "dismissed",
    }
);

words!(
    /// How a rate moved with a release.
    ReleaseChange, 4, {
        /// It was not there before.
        Began = "began",
        /// It is not there after.
        Ended = "ended",
        /// It is there more often.
        Rose = "rose",
        /// It is there less often.
        Fell = "fell",
    }
);

impl BehaviorState {
    /// Whether people said that it needs nobody any more.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Dismissed | Self::Resolved)
    }
}

impl Behavior {
    /// Whether it is an issue: as people say, or else as the scan does.
    pub fn kind(&self) -> BehaviorKind {
        self.decided.kind.unwrap_or(self.pattern.kind)
    }

    /// What it is called: its title, or else what its traces have in common.
    pub fn title(&self) -> &str {
        self.name().unwrap_or(&self.pattern.signature)
    }

    /// What people call it, or else a model.
    pub fn name(&self) -> Option<&str> {
        let label = self.decided.label.as_ref().map(|it| it.text.as_str());
        self.decided.title.as_deref().or(label)
    }

    /// Its state as things stand: what people decide counts at once, and not with the next scan.
    pub fn state(&self) -> BehaviorState {
        let back = |it: &Decision| it.at < self.seen.last;
        match (&self.decided.dismissed, &self.decided.resolved) {
            (Some(_), _) => BehaviorState::Dismissed,
            (None, Some(resolved)) if back(resolved) => BehaviorState::Reactivated,
            (None, Some(_)) => BehaviorState::Resolved,
            (None, None) => self.seen.state,
        }
    }

    /// Whether somebody should act: an issue that began, came back or got worse.
    pub fn is_urgent(&self) -> bool {
        let states = [
            BehaviorState::Worse,
            BehaviorState::Reactivated,
            BehaviorState::New,
        ];
        self.kind() == BehaviorKind::Issue && states.contains(&self.state())
    }
}
