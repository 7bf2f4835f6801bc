//! A prompt with all it includes: what is fingerprinted, rendered and released as one.

use indexmap::IndexMap;
use serde_json::Value;

use crate::domain::digest::Digest;
use crate::domain::prompt::Prompt;
use crate::domain::run::ModelRequest;

/// A prompt with all it includes, compiled.
pub struct Closure {
    prompt: Prompt,
    includes: IndexMap<String, String>,
}

/// A prompt could not be rendered with these values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(pub String);

impl Closure {
    /// The prompt.
    pub fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// The partials that the templates reach: path (relative to the workspace root) to content.
    pub fn includes(&self) -> &IndexMap<String, String> {
        &self.includes
    }

    /// See [`Prompt::fingerprint`].
    pub fn fingerprint(&self) -> Digest {
        todo!()
    }

    /// Renders the prompt. Values are checked against the declared variables: a missing one without
    /// default, one of the wrong kind and an undeclared one are errors.
    pub fn render(
        &self,
        _variables: &IndexMap<String, Value>,
        _repeat_index: u32,
    ) -> Result<ModelRequest, RenderError> {
        todo!()
    }
}
