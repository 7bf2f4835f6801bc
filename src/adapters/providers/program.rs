//! A program on this machine that answers prompts: it reads a request and prints an answer.

use std::path::PathBuf;

use serde_json::json;

use crate::domain::project::{Price, ProgramSettings};
use crate::domain::run::{Answer, ModelRequest};
use crate::engine::ports::{BoxFuture, Provider, ProviderError, ProviderProfile};

use super::attached;
use super::prices::Prices;
use super::runner::Runner;

/// The longest answer that is read, in bytes.
const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// A program that answers.
pub(super) struct Program {
    profile: ProviderProfile,
    runner: Runner,
    prices: Prices,
}

impl Program {
    /// A program that runs in a folder with these variables.
    pub(super) fn new(
        name: &str,
        settings: &ProgramSettings,
        folder: PathBuf,
        variable: impl Fn(&str) -> Option<String>,
        prices: Prices,
    ) -> Self {
        Self {
            profile: ProviderProfile {
                name: name.to_owned(),
                endpoint: format!("exec:{}", json!(settings.command)),
                concurrency: settings.concurrency,
                // A program can change from one run to the next by what no digest covers.
                keep_answers: false,
            },
            runner: Runner::new(settings, folder, variable, LARGEST_ANSWER),
            prices,
        }
    }

    async fn call(&self, request: &ModelRequest) -> Result<Answer, ProviderError> {
        let question = question(request);
        let mut answer = self.runner.ask(&question, read_answer).await?;
        let price = self.prices.of(&request.model.model);
        answer.cost_usd = match answer.cost_usd {
            Some(cost) => Some(cost),
            None => price.and_then(|price| price.cost_usd((&answer).into())),
        };
        Ok(answer)
    }
}

impl Provider for Program {
    fn profile(&self) -> &ProviderProfile {
        &self.profile
    }

    fn price(&self, model: &str) -> Option<Price> {
        self.prices.of(model)
    }

    fn answer<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, Result<Answer, ProviderError>> {
        Box::pin(self.call(request))
    }
}

fn question(request: &ModelRequest) -> Vec<u8> {
    let question = json!({
        "model": request.model.model,
        "messages": attached::messages(request),
        "parameters": request.parameters,
        "response_format": request.response_format.canonical(),
        "tools": request.tools,
        "repeat": request.repeat_index,
    });
    question.to_string().into_bytes()
}

/// The answer has the shape that recordings have. It holds an output, and no cost below zero.
fn read_answer(output: &[u8]) -> Result<Answer, String> {
    let answer: Answer = serde_json::from_slice(output)
        .map_err(|error| format!("what the program printed is not an answer: {error}"))?;
    if answer.output.is_empty() {
        return Err("the program's answer is empty".to_owned());
    }
    if answer.cost_usd.is_some_and(|cost| cost < 0.0) {
        return Err("the program's answer has a cost below zero".to_owned());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_not_one_is_an_error() {
        assert!(read_answer(br#"{"output": "billing", "input_tokens": 3}"#).is_ok());
        for wrong in [
            &br#"{"output": ""}"#[..],
            br#"{"output": "x", "cost_usd": -1}"#,
            br#"{"output": "x", "tokens": 1}"#,
            br#"{"output": "x"} {"output": "y"}"#,
            b"billing",
            b"",
        ] {
            assert!(read_answer(wrong).is_err());
        }
    }
}
