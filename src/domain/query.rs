//! What an evaluator asks somebody outside about an answer, beside what it asks judges.

use serde_json::{Value, json};

use super::digest::Digest;

/// A question of an evaluator.
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
    /// A verdict on an answer. The answer's output is the verdict as JSON.
    Verdict {
        /// What the verdict is on: the answer and its row.
        input: Value,
    },
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
            Task::Verdict { input } => json!({"input": input}),
        };
        Digest::of_json(&json!({"pointsman": "query/v1", "task": task}))
    }
}
