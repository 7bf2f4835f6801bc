//! What a model proposes, read strictly: one object with the whole file and the reason for it.

use serde::Deserialize;

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

/// Reads a proposal: one JSON object and nothing beside it, but for the fence that models like to put
/// around their code.
pub fn read_proposal(answer: &str) -> Result<Proposal, UnreadableAnswer> {
    let text = without_fence(answer.trim());
    if !text.starts_with('{') {
        return Err(UnreadableAnswer("it does not start with `{`".to_owned()));
    }
    let mut proposal: Proposal =
        serde_json::from_str(text).map_err(|error| UnreadableAnswer(error.to_string()))?;
    if !proposal.prompt.ends_with('\n') {
        proposal.prompt.push('\n');
    }
    Ok(proposal)
}

fn without_fence(text: &str) -> &str {
    let inside = text
        .strip_prefix("```")
        .and_then(|it| it.strip_suffix("```"));
    match inside.and_then(|it| it.split_once('\n')) {
        Some(("" | "json", inside)) => inside.trim(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_is_a_proposal_whether_fenced_or_not() {
        let object = r#"{"rationale": "r", "prompt": "model: a/b"}"#;
        for answer in [
            object.to_owned(),
            format!("\n{object}\n"),
            format!("```json\n{object}\n```"),
            format!("```\n{object}\n```\n"),
        ] {
            let proposal = read_proposal(&answer).unwrap();
            assert_eq!(proposal.prompt, "model: a/b\n", "{answer}");
        }
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
