//! What somebody outside is asked beside prompts: by an evaluator about an answer, or by a search
//! about texts.

use serde_json::{Value, json};

use super::digest::Digest;

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Who is asked: the name of a provider, or of a program that an evaluator brings.
    pub provider: String,
    /// What is asked.
    pub task: Task,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// How near a text's meaning is to that of each reference. The answer's output is a JSON list of
    /// cosines, one for each reference.
    Likeness {
        /// The model, as the provider knows it.
        model: String,
        /// The text.
        text: String,
        /// What it is compared with.
        references: Vec<String>,
        /// Where recorded answers stand, relative to the workspace root.
        recordings: String,
    },
    /// Where texts lie in a model's space. The answer's output is a JSON list of places, one for each
    /// text, each a list of numbers.
    Places {
        /// The model, as the provider knows it.
        model: String,
        /// The texts.
        texts: Vec<String>,
    },
    /// A verdict on an answer. The answer's output is the verdict as JSON.
    Verdict {
        /// What the verdict is on: the answer and its row.
        input: Value,
    },
}

impl Task {
    /// The model that is asked; empty where none is named.
    pub fn model(&self) -> &str {
        match self {
            Self::Likeness { model, .. } | Self::Places { model, .. } => model,
            Self::Verdict { .. } => "",
        }
    }
}

impl Query {
    /// The digest of everything that can change the answer but who gives it.
    pub fn digest(&self) -> Digest {
        let task = match &self.task {
            Task::Likeness {
                model,
                text,
                references,
                ..
            } => json!({"model": model, "text": text, "references": references}),
            Task::Places { model, texts } => json!({"model": model, "texts": texts}),
            Task::Verdict { input } => json!({"input": input}),
        };
        Digest::of_json(&json!({"pointsman": "query/v1", "task": task}))
    }
}
