//! A hold: what must not come into a lane again until somebody releases it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::id::PromptId;

/// A hold, with who set it and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Shape", into = "Shape")]
pub struct Hold {
    /// What is held.
    pub held: Held,
    /// The record that set the hold.
    pub set_by_sequence: u64,
    /// Why.
    pub reason: String,
}

/// What a hold keeps out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// A whole snapshot.
    Snapshot(Digest),
    /// One version of one prompt, in whatever snapshot it stands.
    Prompt {
        /// The prompt.
        id: PromptId,
        /// The fingerprint of its closure.
        fingerprint: Digest,
    },
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(digest) => write!(formatter, "snapshot {}", digest.short()),
            Self::Prompt { id, fingerprint } => {
                write!(formatter, "prompt `{id}` at {}", fingerprint.short())
            }
        }
    }
}

/// A hold as a record spells it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Shape {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<PromptId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Digest>,
    set_by_sequence: u64,
    reason: String,
}

impl TryFrom<Shape> for Hold {
    type Error = &'static str;

    fn try_from(shape: Shape) -> Result<Self, Self::Error> {
        let held = match (shape.snapshot, shape.prompt, shape.fingerprint) {
            (Some(digest), None, None) => Held::Snapshot(digest),
            (None, Some(id), Some(fingerprint)) => Held::Prompt { id, fingerprint },
            _ => return Err("a hold names a `snapshot`, or a `prompt` and its `fingerprint`"),
        };
        Ok(Self {
            held,
            set_by_sequence: shape.set_by_sequence,
            reason: shape.reason,
        })
    }
}

impl From<Hold> for Shape {
    fn from(hold: Hold) -> Self {
        let (snapshot, prompt, fingerprint) = match hold.held {
            Held::Snapshot(digest) => (Some(digest), None, None),
            Held::Prompt { id, fingerprint } => (None, Some(id), Some(fingerprint)),
        };
        Self {
            snapshot,
            prompt,
            fingerprint,
            set_by_sequence: hold.set_by_sequence,
            reason: hold.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(held: Held) -> Hold {
        Hold {
            held,
            set_by_sequence: 3,
            reason: "x".to_owned(),
        }
    }

    #[test]
    fn a_hold_reads_back_as_it_was_written() {
        let digest = Digest::of(b"a");
        let id = PromptId::new("support/triage").unwrap();
        let prompt = Held::Prompt {
            id,
            fingerprint: digest,
        };
        for hold in [hold(Held::Snapshot(digest)), hold(prompt)] {
            let text = serde_json::to_string(&hold).unwrap();
            assert_eq!(serde_json::from_str::<Hold>(&text).unwrap(), hold);
        }
    }

    #[test]
    fn a_hold_on_nothing_or_on_two_things_is_refused() {
        let digest = Digest::of(b"a");
        for subject in [
            String::new(),
            format!("\"snapshot\": \"{digest}\", \"fingerprint\": \"{digest}\", "),
            "\"prompt\": \"triage\", ".to_owned(),
        ] {
            let text = format!("{{{subject}\"setBySequence\": 1, \"reason\": \"x\"}}");
            let error = serde_json::from_str::<Hold>(&text).unwrap_err();
            assert!(error.to_string().contains("a hold names"), "{error}");
        }
    }
}
