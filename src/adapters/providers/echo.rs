//! Answers with the text of the last user message: for trying things out without a model.

use crate::domain::project::{ECHO, Price};
use crate::domain::prompt::Role;
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::ports::{BoxFuture, Provider, ProviderError, ProviderProfile};

/// The provider `echo`.
pub(super) struct Echo {
    profile: ProviderProfile,
}

impl Echo {
    /// The provider.
    pub(super) fn new() -> Self {
        Self {
            profile: ProviderProfile {
                name: ECHO.to_owned(),
                endpoint: String::new(),
                concurrency: 64,
                keep_answers: false,
            },
        }
    }
}

impl Provider for Echo {
    fn profile(&self) -> &ProviderProfile {
        &self.profile
    }

    fn price(&self, _model: &str) -> Option<Price> {
        Some(Price::NOTHING)
    }

    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        let mut messages = request.messages.iter().rev();
        let last = messages.find(|message| message.role == Role::User);
        let texts: Vec<&str> = last
            .iter()
            .flat_map(|message| message.content.texts())
            .collect();
        let answer = if texts.is_empty() {
            Err(ProviderError::Failed {
                message: "there is no text of the user to echo".to_owned(),
                attempts: 1,
            })
        } else {
            Ok(Answer {
                output: texts.join("\n"),
                ..Answer::default()
            })
        };
        Box::pin(std::future::ready(answer))
    }
}
