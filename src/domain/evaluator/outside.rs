//! Rules that ask somebody outside who is no judge: a program or a server that grades, or a model
//! that places texts by their meaning.

use serde_json::{Value, json};

use super::super::digest::Digest;
use super::super::finding::Span;
use super::super::id::EvaluatorId;
use super::super::project::ProgramSettings;
use super::super::prompt::ModelRef;
use super::comparison::TextValue;

/// A rule that lets somebody outside say the verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictRule {
    /// Who says it.
    pub from: VerdictFrom,
    /// The least score that passes where the verdict is nothing but a score.
    pub threshold: f64,
    /// The evaluator in whose file the rule stands.
    pub owner: EvaluatorId,
}

/// Who says a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerdictFrom {
    /// A program on this machine, named by the evaluator.
    Program(ProgramSettings),
    /// A server: a provider of the kind `grader`, and where it is named.
    Server(String, Span),
}

/// A rule that measures how near the meanings of two texts are.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingRule {
    /// The model that places texts, and where it is named.
    pub model: (ModelRef, Span),
    /// What to compare with; of several references the nearest counts.
    pub value: TextValue,
    /// The least cosine that passes, from 0 to 1.
    pub threshold: f64,
    /// The evaluator in whose file the rule stands.
    pub owner: EvaluatorId,
}

impl VerdictRule {
    pub(super) fn kind(&self) -> &'static str {
        match self.from {
            VerdictFrom::Program(_) => "exec",
            VerdictFrom::Server(..) => "http",
        }
    }

    /// The name under which whoever says the verdict is asked. No provider of a workspace has that
    /// of a program.
    pub fn asked(&self) -> String {
        match &self.from {
            VerdictFrom::Program(program) => {
                let digest = Digest::of_json(&canonical_program(program));
                format!("program {}", digest.short())
            }
            VerdictFrom::Server(provider, _) => provider.clone(),
        }
    }

    /// The canonical form. What the program or the server is, beside its name, joins the digest
    /// where the rule is planned.
    pub(super) fn canonical(&self) -> Value {
        let from = match &self.from {
            VerdictFrom::Program(program) => canonical_program(program),
            VerdictFrom::Server(provider, _) => json!({"provider": provider}),
        };
        json!({"from": from, "threshold": self.threshold})
    }
}

fn canonical_program(program: &ProgramSettings) -> Value {
    json!({
        "command": program.command,
        "env": program.env,
        "timeoutMs": u64::try_from(program.timeout.as_millis()).unwrap_or(u64::MAX),
    })
}

impl EmbeddingRule {
    pub(super) fn canonical(&self) -> Value {
        json!({
            "metric": "embedding",
            "model": self.model.0,
            "value": self.value.canonical(),
            "threshold": self.threshold,
        })
    }
}
