//! What a model proposes, read strictly: one object with the whole file and the reason for it.

use serde::Deserialize;

use crate::engine::evaluate::helper::read_object;

/// What a model proposes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Why it should be better.
    pub rationale: String,
    /// The whole file.
    pub prompt: String,
}

/// The answer is no proposal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not one JSON object of `rationale` and `prompt`: {0}")]
pub struct UnreadableAnswer(String);

/// Reads a proposal.
pub fn read_proposal(answer: &str) -> Result<Proposal, UnreadableAnswer> {
    let mut proposal: Proposal = read_object(answer).map_err(UnreadableAnswer)?;
    if !proposal.prompt.ends_with('\n') {
        proposal.prompt.push('\n');
    }
    Ok(proposal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_ends_with_its_last_line() {
        let answer = r#"{"rationale": "r", "prompt": "model: a/b"}"#;
        assert_eq!(read_proposal(answer).unwrap().prompt, "model: a/b\n");
    }

    #[test]
    fn anything_else_is_none() {
        for answer in [
            "",
            "Here it is: {}",
            "model: a/b",
            "{}",
            r#"{"rationale": "r"}"#,
            r#"{"rationale": "r", "prompt": 1}"#,
            r#"{"rationale": "r", "prompt": "p", "path": "../x"}"#,
            r#"{"rationale": "r", "prompt": "p"} {"rationale": "r", "prompt": "p"}"#,
            r#"["r", "p"]"#,
        ] {
            assert!(read_proposal(answer).is_err(), "{answer}");
        }
    }
}
