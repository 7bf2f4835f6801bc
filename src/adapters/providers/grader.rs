//! A program on this machine that grades: it reads an answer with its row and prints a verdict.

use std::path::PathBuf;

use crate::domain::project::{Price, ProgramSettings};
use crate::domain::query::{Query, Task};
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::ports::{BoxFuture, Provider, ProviderError, ProviderProfile};

use super::runner::Runner;

/// The longest verdict that is read, in bytes.
pub(super) const LARGEST_VERDICT: usize = 64 * 1024;

/// A program that grades.
pub(super) struct GradingProgram {
    profile: ProviderProfile,
    runner: Runner,
}

impl GradingProgram {
    /// A program that runs in a folder with these variables.
    pub(super) fn new(
        name: &str,
        settings: &ProgramSettings,
        folder: PathBuf,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        Self {
            profile: ProviderProfile {
                name: name.to_owned(),
                endpoint: String::new(),
                concurrency: settings.concurrency,
                keep_answers: false,
            },
            runner: Runner::new(settings, folder, variable, LARGEST_VERDICT as u64),
        }
    }

    async fn ask(&self, query: &Query) -> Result<Answer, ProviderError> {
        let Task::Verdict { input } = &query.task else {
            return Err(ProviderError::Failed {
                message: NOTHING_ELSE.to_owned(),
                attempts: 0,
            });
        };
        let question = input.to_string();
        self.runner.ask(question.as_bytes(), read_verdict).await
    }
}

const NOTHING_ELSE: &str = "it gives verdicts on answers and nothing else";

impl Provider for GradingProgram {
    fn profile(&self) -> &ProviderProfile {
        &self.profile
    }

    fn price(&self, _model: &str) -> Option<Price> {
        Some(Price::NOTHING)
    }

    fn accepts(&self, _request: &ModelRequest) -> Result<(), String> {
        Err(NOTHING_ELSE.to_owned())
    }

    fn answer<'a>(
        &'a self,
        _request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        Box::pin(std::future::ready(Err(ProviderError::Failed {
            message: NOTHING_ELSE.to_owned(),
            attempts: 0,
        })))
    }

    fn accepts_query(&self, query: &Query) -> Result<(), String> {
        match query.task {
            Task::Verdict { .. } => Ok(()),
            Task::Likeness { .. } | Task::Places { .. } => Err(NOTHING_ELSE.to_owned()),
        }
    }

    fn consult<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        Box::pin(self.ask(query))
    }
}

/// A verdict is JSON; whether it is one that may be given, the rule says that asked for it. What
/// the work of a grader costs its owner is not counted.
pub(super) fn read_verdict(said: &[u8]) -> Result<Answer, String> {
    if said.len() > LARGEST_VERDICT {
        return Err(format!(
            "the verdict is larger than {LARGEST_VERDICT} bytes"
        ));
    }
    let broken = |error: String| format!("what was said is no verdict: {error}");
    let text = std::str::from_utf8(said).map_err(|error| broken(error.to_string()))?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| broken(error.to_string()))?;
    Ok(Answer {
        output: text.trim().to_owned(),
        cost_usd: Some(0.0),
        ..Answer::default()
    })
}
