//! The error that a command ends with: one message, what to do next, and an exit code.

use crate::adapters::git::GitError;
use crate::domain::finding::{Finding, Findings};
use crate::domain::untrusted::Untrusted;
use crate::engine::diff::DiffError;
use crate::engine::monitor::MonitorError;
use crate::engine::ports::traces::TraceStoreError;
use crate::engine::ports::{LaneError, LaneRecord, SignError, TreeError};
use crate::engine::release::ReleaseError;
use crate::engine::release::authorize::{Condition, Refusal};

use super::exit::Exit;

/// Why a command could not do what was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong: a fragment without a full stop.
    pub message: String,
    /// What to do next, one suggestion each.
    pub hints: Vec<String>,
    /// What is wrong with which files, where that is the reason.
    pub findings: Vec<Finding>,
}

impl CommandError {
    /// An error with an exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hints: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The command line or the configuration is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The lane's policy refuses.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what is wrong with which files.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }
}

impl From<GitError> for CommandError {
    fn from(error: GitError) -> Self {
        Self {
            hints: error.hint().into_iter().collect(),
            ..Self::usage(error.to_string())
        }
    }
}

impl From<TreeError> for CommandError {
    fn from(error: TreeError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<Findings> for CommandError {
    fn from(Findings(mut findings): Findings) -> Self {
        if let [finding] = findings.as_mut_slice()
            && finding.place.span.is_none()
        {
            // About a file as a whole: there is no line to show, so the message says it all.
            let hints = finding.help.take().into_iter().collect();
            let message = std::mem::take(&mut finding.message);
            return Self {
                hints,
                ..Self::usage(format!("{message} ({})", finding.place.path))
            };
        }
        Self::usage(format!(
            "{} problem(s) in the workspace's files",
            findings.len()
        ))
        .with_hint("`pointsman check` shows everything that is wrong")
        .with_findings(findings)
    }
}

impl From<LaneError> for CommandError {
    fn from(error: LaneError) -> Self {
        let message = error.to_string();
        match error {
            LaneError::Failed { hint, .. } => Self {
                hints: hint.into_iter().collect(),
                ..Self::usage(message)
            },
            LaneError::Remote { hint, .. } => Self {
                hints: hint.into_iter().collect(),
                ..Self::new(Exit::Provider, message)
            },
            LaneError::Moved { tip } => Self::lost_race(tip.as_deref()),
        }
    }
}

impl From<TraceStoreError> for CommandError {
    fn from(error: TraceStoreError) -> Self {
        let exit = if error.remote {
            Exit::Provider
        } else {
            Exit::Usage
        };
        Self {
            hints: error.hint.into_iter().collect(),
            ..Self::new(exit, error.message)
        }
    }
}

impl From<MonitorError> for CommandError {
    fn from(error: MonitorError) -> Self {
        let message = error.to_string();
        match error {
            MonitorError::Store(error) => error.into(),
            MonitorError::Lane(error) => error.into(),
            MonitorError::Release(error) => error.into(),
            MonitorError::Files(findings) => findings.into(),
            MonitorError::NotARelease { lane, .. } => Self::usage(message).with_hint(format!(
                "`pointsman lanes log {lane}` shows which records changed what is live"
            )),
            MonitorError::Buckets(_) => {
                Self::usage(message).with_hint("choose a longer `--bucket`, or a shorter window")
            }
        }
    }
}

impl From<SignError> for CommandError {
    fn from(error: SignError) -> Self {
        Self::usage(error.message).with_hint(error.hint)
    }
}

impl From<DiffError> for CommandError {
    fn from(error: DiffError) -> Self {
        match error {
            DiffError::Tree(error) => error.into(),
            DiffError::Findings(findings) => findings.into(),
        }
    }
}

impl From<ReleaseError> for CommandError {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::Lane(error) => error.into(),
            ReleaseError::Tree(error) => error.into(),
            ReleaseError::Findings(findings) => findings.into(),
            ReleaseError::Sign(error) => error.into(),
            ReleaseError::Invalid { message, hint } => Self::usage(message).with_hint(hint),
            ReleaseError::Unexpected(record) => Self::lost_race(record.as_deref()),
            ReleaseError::Refused(refusals) => refusals.into(),
        }
    }
}

impl From<Vec<Refusal>> for CommandError {
    fn from(refusals: Vec<Refusal>) -> Self {
        let conditions = || refusals.iter().map(|refusal| refusal.condition);
        let exit = if conditions().all(Condition::is_about_results) {
            if conditions().any(|it| it == Condition::Gate) {
                Exit::Failed
            } else if conditions().any(|it| it == Condition::Comparable) {
                Exit::NotComparable
            } else if conditions().any(|it| it == Condition::Inconclusive) {
                Exit::Inconclusive
            } else {
                Exit::NothingEvaluated
            }
        } else {
            Exit::Refused
        };
        let mut message = "the policy refuses, and nothing was moved".to_owned();
        let mut hints: Vec<String> = Vec::new();
        for refusal in &refusals {
            message.push('\n');
            message.push_str(&Untrusted(&refusal.message).to_string());
            if !hints.contains(&refusal.next) {
                hints.push(refusal.next.clone());
            }
        }
        Self {
            hints,
            ..Self::new(exit, message)
        }
    }
}

impl CommandError {
    /// Somebody else moved the lane first: says who, when and why.
    pub fn lost_race(winner: Option<&LaneRecord>) -> Self {
        let message = match winner {
            None => "the lane moved in the meantime: it is not there any more".to_owned(),
            Some(LaneRecord { id, deployment }) => format!(
                "the lane moved in the meantime: `{}` is now at #{} ({} {} by {} at {}{})",
                deployment.lane,
                deployment.sequence,
                deployment.kind.name(),
                id.short(),
                deployment.actor,
                deployment.recorded_at,
                deployment
                    .reason
                    .as_ref()
                    .map(|reason| format!(": {reason}"))
                    .unwrap_or_default(),
            ),
        };
        Self::new(Exit::LostRace, message)
            .with_hint("nothing was moved; look at the new record, then run the command again")
    }
}
