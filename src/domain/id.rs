//! Names that users give to things, checked once so that no later code has to.
//!
//! A name is safe as a path, as a git ref and as an argument: nothing but lower-case ASCII
//! letters, digits and single hyphens, in segments joined by `/` where folders are allowed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest accepted name, in bytes.
pub const MAX_NAME_LENGTH: usize = 200;

/// Longest accepted path segment, in bytes (a lane name is one segment).
pub const MAX_SEGMENT_LENGTH: usize = 63;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty or longer than [`MAX_NAME_LENGTH`].
    #[error("a name has 1 to {MAX_NAME_LENGTH} characters")]
    Length,
    /// A segment is not kebab-case.
    #[error("`{0}` is not kebab-case: use lower-case letters, digits and single hyphens")]
    NotKebabCase(String),
    /// A folder was given where one segment is expected.
    #[error("a lane name is one segment, without `/`")]
    NotOneSegment,
}

fn check_segment(segment: &str) -> Result<(), IdError> {
    let kebab = !segment.is_empty()
        && segment.len() <= MAX_SEGMENT_LENGTH
        && !segment.starts_with('-')
        && !segment.ends_with('-')
        && !segment.contains("--")
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if kebab {
        Ok(())
    } else {
        Err(IdError::NotKebabCase(segment.to_owned()))
    }
}

fn check_path(text: &str) -> Result<(), IdError> {
    if text.is_empty() || text.len() > MAX_NAME_LENGTH {
        return Err(IdError::Length);
    }
    text.split('/').try_for_each(check_segment)
}

fn check_one_segment(text: &str) -> Result<(), IdError> {
    if text.contains('/') {
        return Err(IdError::NotOneSegment);
    }
    check_path(text)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and makes a name of it.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

id!(
    /// Names a prompt: `support/triage` lives in `prompts/support/triage.prompt.yml`.
    PromptId,
    check_path
);
id!(
    /// Names a dataset: `support-golden` lives in `datasets/support-golden.yml`.
    DatasetId,
    check_path
);
id!(
    /// Names an evaluator: `valid-json` lives in `evaluators/valid-json.yml`.
    EvaluatorId,
    check_path
);
id!(
    /// Names a release lane: `production` lives in `environments/production.toml`
    /// and points at `refs/heads/lanes/production`.
    LaneName,
    check_one_segment
);

impl PromptId {
    /// Where the prompt lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("prompts/{}.prompt.yml", self.0)
    }

    /// Where the prompt's recorded answers live, relative to the workspace root.
    pub fn recordings_path(&self) -> String {
        format!("recordings/{}.jsonl", self.0)
    }
}

impl DatasetId {
    /// Where the manifest lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("datasets/{}.yml", self.0)
    }
}

impl EvaluatorId {
    /// Where the evaluator lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("evaluators/{}.yml", self.0)
    }

    /// Where the recorded answers to the evaluator's own questions live, relative to the workspace
    /// root. Those of judges live with the judges' prompts.
    pub fn recordings_path(&self) -> String {
        format!("recordings/evaluators/{}.jsonl", self.0)
    }
}

impl LaneName {
    /// Where the lane's policy lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("environments/{}.toml", self.0)
    }

    /// The full name of the git ref that the lane is.
    pub fn ref_name(&self) -> String {
        format!("refs/heads/lanes/{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_id_may_have_folders_and_a_lane_name_may_not() {
        assert_eq!(
            PromptId::new("support/triage").unwrap().path(),
            "prompts/support/triage.prompt.yml"
        );
        assert_eq!(LaneName::new("a/b"), Err(IdError::NotOneSegment));
        assert_eq!(
            LaneName::new("production-eu").unwrap().ref_name(),
            "refs/heads/lanes/production-eu"
        );
    }

    #[test]
    fn names_that_would_be_dangerous_as_paths_refs_or_arguments_are_refused() {
        for text in [
            "",
            "-x",
            "--upload-pack=x",
            "..",
            "a/../b",
            "/a",
            "a/",
            "a//b",
            "A",
            "a b",
            "a.lock",
            "a_b",
            "ä",
            "con\u{202e}",
            "a\\b",
            "c:",
            "a--b",
            "a-",
        ] {
            assert!(PromptId::new(text).is_err(), "{text:?} was accepted");
            assert!(LaneName::new(text).is_err(), "{text:?} was accepted");
        }
    }
}
