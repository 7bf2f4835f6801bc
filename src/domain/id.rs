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
    #[error("this name is one segment, without `/`")]
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

id!(
    /// Names a saved view of traces: `bad-answers` lives in `operations/views/bad-answers.toml`.
    ViewId,
    check_path
);

id!(
    /// Names an alert rule: `slow-answers` lives in `operations/alerts/slow-answers.toml`.
    AlertId,
    check_path
);

id!(
    /// Names a behavior: `tool-timeout-3f2a91` lives in `operations/behaviors/tool-timeout-3f2a91.toml`.
    BehaviorId,
    check_path
);

id!(
    /// Names an incident: `2026-03-02-slow-refunds` lives in `operations/incidents/2026-03-02-slow-refunds.md`.
    IncidentId,
    check_one_segment
);

id!(
    /// Names a review: `production-12-day-1` lives in `operations/reviews/production-12-day-1.md`.
    ReviewId,
    check_one_segment
);

/// How the names of tests begin that stand in a prompt's own file: those of `prompts/a.prompt.yml` are
/// the dataset `prompts/a`, and evaluators such as `prompts/a/is-short`. No file can have such a name.
pub const OWN_PREFIX: &str = "prompts/";

/// The prompt in whose file the rule `prompts/<prompt>/<name>` stands.
fn owner_of_rule(name: &str) -> Option<&str> {
    let (owner, _) = name.strip_prefix(OWN_PREFIX)?.rsplit_once('/')?;
    Some(owner)
}

fn prompt_file(name: &str) -> String {
    format!("prompts/{name}.prompt.yml")
}

/// The longest name that is made of words for people, in bytes.
const LONGEST_OF_WORDS: usize = 60;

/// Words for people as a segment of a name: letters and digits in lower case, joined by hyphens; empty
/// where there are none.
pub fn kebab_case(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut name = words.join("-");
    name.truncate(LONGEST_OF_WORDS);
    name.trim_end_matches('-').to_owned()
}

impl PromptId {
    /// Where the prompt lives, relative to the workspace root.
    pub fn path(&self) -> String {
        prompt_file(owner_of_rule(&self.0).unwrap_or(&self.0))
    }

    /// The prompt in whose file this one stands, as the judge of one of its own evaluators.
    pub fn owner(&self) -> Option<Self> {
        owner_of_rule(&self.0).map(|owner| Self(owner.to_owned()))
    }

    /// The name of the dataset that stands in the prompt's file.
    pub fn own_dataset(&self) -> Result<DatasetId, IdError> {
        DatasetId::new(format!("{OWN_PREFIX}{}", self.0))
    }

    /// The name of an evaluator that stands in the prompt's file.
    pub fn own_evaluator(&self, name: &str) -> Result<EvaluatorId, IdError> {
        EvaluatorId::new(format!("{OWN_PREFIX}{}/{name}", self.0))
    }

    /// Where the prompt's recorded answers live, relative to the workspace root.
    pub fn recordings_path(&self) -> String {
        format!("recordings/{}.jsonl", self.0)
    }
}

impl DatasetId {
    /// Where the manifest lives, relative to the workspace root.
    pub fn path(&self) -> String {
        match self.0.strip_prefix(OWN_PREFIX) {
            Some(owner) => prompt_file(owner),
            None => format!("datasets/{}.yml", self.0),
        }
    }

    /// The prompt in whose file the rows stand.
    pub fn owner(&self) -> Option<PromptId> {
        let owner = self.0.strip_prefix(OWN_PREFIX)?;
        Some(PromptId(owner.to_owned()))
    }
}

impl EvaluatorId {
    /// Where the evaluator lives, relative to the workspace root.
    pub fn path(&self) -> String {
        match owner_of_rule(&self.0) {
            Some(owner) => prompt_file(owner),
            None => format!("evaluators/{}.yml", self.0),
        }
    }

    /// The prompt in whose file the evaluator stands.
    pub fn owner(&self) -> Option<PromptId> {
        owner_of_rule(&self.0).map(|owner| PromptId(owner.to_owned()))
    }

    /// The name of the judge that the evaluator brings with it.
    pub fn own_judge(&self) -> PromptId {
        PromptId(self.0.clone())
    }

    /// Where the recorded answers to the evaluator's own questions live, relative to the workspace
    /// root. Those of judges live with the judges' prompts.
    pub fn recordings_path(&self) -> String {
        format!("recordings/evaluators/{}.jsonl", self.0)
    }
}

impl ViewId {
    /// Where the view lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("operations/views/{}.toml", self.0)
    }
}

impl AlertId {
    /// Where the rule lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("operations/alerts/{}.toml", self.0)
    }
}

impl BehaviorId {
    /// Where the behavior lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("operations/behaviors/{}.toml", self.0)
    }
}

impl IncidentId {
    /// Where the incident lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("operations/incidents/{}.md", self.0)
    }
}

impl ReviewId {
    /// Where the review lives, relative to the workspace root.
    pub fn path(&self) -> String {
        format!("operations/reviews/{}.md", self.0)
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
    fn tests_in_a_prompts_own_file_are_named_after_it() {
        let prompt = PromptId::new("support/triage").unwrap();
        let file = "prompts/support/triage.prompt.yml";
        let dataset = prompt.own_dataset().unwrap();
        assert_eq!(dataset.as_str(), "prompts/support/triage");
        assert_eq!(
            (dataset.path().as_str(), dataset.owner()),
            (file, Some(prompt.clone()))
        );
        let evaluator = prompt.own_evaluator("short").unwrap();
        assert_eq!(evaluator.as_str(), "prompts/support/triage/short");
        assert_eq!(
            (evaluator.path().as_str(), evaluator.owner()),
            (file, Some(prompt.clone()))
        );
        let judge = evaluator.own_judge();
        assert_eq!((judge.path().as_str(), judge.owner()), (file, Some(prompt)));
        assert_eq!(EvaluatorId::new("support/short").unwrap().owner(), None);
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
