//! A program on this machine that answers: it reads a request as JSON from its standard input and
//! prints the answer as JSON.
//!
//! No shell reads the command. The program sees `PATH`, `HOME` and the variables that the settings
//! name, and nothing else of the environment. When its time is up, it is killed with all that it
//! started.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::domain::project::{Price, ProgramSettings};
use crate::domain::run::{Answer, ModelRequest};
use crate::domain::untrusted::shorten;
use crate::engine::ports::{BoxFuture, Provider, ProviderError, ProviderProfile};

use super::attached;
use super::prices::Prices;
use super::secrets::Secrets;

/// The longest answer that is read, in bytes.
const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// How much of what a program complains about is read, in bytes, and shown, in characters.
const LARGEST_COMPLAINT: u64 = 64 * 1024;
const SHOWN: usize = 300;

/// A program that answers.
pub(super) struct Program {
    profile: ProviderProfile,
    command: Vec<String>,
    folder: PathBuf,
    environment: Vec<(String, String)>,
    secrets: Secrets,
    prices: Prices,
    timeout: Duration,
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
        let value = |name: &str| Some((name.to_owned(), variable(name)?));
        let named: Vec<_> = settings.env.iter().filter_map(|name| value(name)).collect();
        let secrets = Secrets::new(named.iter().map(|(_, value)| value.clone()));
        let mut environment: Vec<_> = ["PATH", "HOME"].into_iter().filter_map(value).collect();
        environment.extend(named);
        Self {
            profile: ProviderProfile {
                name: name.to_owned(),
                endpoint: format!("exec:{}", json!(settings.command)),
                concurrency: settings.concurrency,
                // A program can change from one run to the next, and nothing here would know.
                keep_answers: false,
            },
            command: settings.command.clone(),
            folder,
            environment,
            secrets,
            prices,
            timeout: settings.timeout,
        }
    }

    async fn call(&self, request: &ModelRequest) -> Result<Answer, ProviderError> {
        let answer = match tokio::time::timeout(self.timeout, self.run(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!(
                "the program gave no answer within {} s",
                self.timeout.as_secs_f64()
            )),
        };
        let mut answer = answer.map_err(|message| ProviderError::Failed {
            message: self.secrets.scrub(&message).into_owned(),
            attempts: 1,
        })?;
        self.secrets.scrub_answer(&mut answer);
        Ok(answer)
    }

    async fn run(&self, request: &ModelRequest) -> Result<Answer, String> {
        let started = Instant::now();
        let mut running = self.start()?;
        let child = &mut running.0;
        let question = question(request);
        let input = child.stdin.take();
        let write = async {
            if let Some(mut input) = input {
                // A program that does not read its input to the end may still have an answer.
                let _ = input.write_all(&question).await;
            }
        };
        let (output, complaint) = (child.stdout.take(), child.stderr.take());
        let ((), output, complaint) = tokio::join!(
            write,
            read(output, LARGEST_ANSWER),
            read(complaint, LARGEST_COMPLAINT)
        );
        if output.len() as u64 > LARGEST_ANSWER {
            return Err(format!("the answer is larger than {LARGEST_ANSWER} bytes"));
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if !status.success() {
            let said = String::from_utf8_lossy(&complaint);
            let said = shorten(said.trim(), SHOWN);
            let colon = if said.is_empty() { "" } else { ": " };
            return Err(format!("the program ended with {status}{colon}{said}"));
        }
        let latency = started.elapsed();
        let mut answer = read_answer(&output)?;
        answer.latency_ms = Some((latency.as_secs_f64() * 1e6).round() / 1e3);
        let price = self.prices.of(&request.model.model);
        answer.cost_usd = match answer.cost_usd {
            Some(cost) => Some(cost),
            None => price.and_then(|price| price.cost_usd(&answer)),
        };
        Ok(answer)
    }

    fn start(&self) -> Result<Running, String> {
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| "there is no program to run".to_owned())?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let child = command
            .spawn()
            .map_err(|error| format!("cannot run `{program}`: {error}"))?;
        Ok(Running(child))
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

/// A program that is killed, with all that it started, when nobody waits for it any longer.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self
            .0
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            // A group that is gone already has nobody left to kill.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Reads up to one byte more than the limit, so that the caller sees what went over it.
async fn read(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A pipe that breaks ends what was said; the program's status tells the rest.
        let _ = pipe.take(limit + 1).read_to_end(&mut bytes).await;
    }
    bytes
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
