//! Runs a program of the user's once for each question: it reads JSON from its standard input and
//! prints JSON.
//!
//! No shell reads the command. The program sees `PATH`, `HOME` and the variables that are named,
//! and nothing else of the environment. When its time is up, it is killed with all that it
//! started. What it prints is bounded, and nothing secret is shown of it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::domain::project::ProgramSettings;
use crate::domain::run::Answer;
use crate::domain::untrusted::shorten;
use crate::engine::ports::ProviderError;

use crate::adapters::secrets::Secrets;

/// How much of what a program complains about is read, in bytes, and shown, in characters.
const LARGEST_COMPLAINT: u64 = 64 * 1024;
const SHOWN: usize = 300;

/// A program, and where and with what it is run.
pub(super) struct Runner {
    command: Vec<String>,
    folder: PathBuf,
    environment: Vec<(String, String)>,
    secrets: Secrets,
    timeout: Duration,
    largest_output: u64,
}

impl Runner {
    /// A program that runs in a folder with these variables, and may print so many bytes.
    pub(super) fn new(
        settings: &ProgramSettings,
        folder: PathBuf,
        variable: impl Fn(&str) -> Option<String>,
        largest_output: u64,
    ) -> Self {
        let value = |name: &str| Some((name.to_owned(), variable(name)?));
        let named: Vec<_> = settings.env.iter().filter_map(|name| value(name)).collect();
        let secrets = Secrets::new(named.iter().map(|(_, value)| value.clone()));
        let mut environment: Vec<_> = ["PATH", "HOME"].into_iter().filter_map(value).collect();
        environment.extend(named);
        Self {
            command: settings.command.clone(),
            folder,
            environment,
            secrets,
            timeout: settings.timeout,
            largest_output,
        }
    }

    /// Asks the program, and reads what it prints.
    pub(super) async fn ask(
        &self,
        question: &[u8],
        read: impl Fn(&[u8]) -> Result<Answer, String>,
    ) -> Result<Answer, ProviderError> {
        let started = Instant::now();
        let output = match tokio::time::timeout(self.timeout, self.run(question)).await {
            Ok(output) => output,
            Err(_) => Err(format!(
                "the program gave no answer within {} s",
                self.timeout.as_secs_f64()
            )),
        };
        let latency = started.elapsed();
        let answer = output.and_then(|output| read(&output));
        let mut answer = answer.map_err(|message| ProviderError::Failed {
            message: self.secrets.scrub_error(&message),
            attempts: 1,
        })?;
        answer.latency_ms = Some((latency.as_secs_f64() * 1e6).round() / 1e3);
        self.secrets.scrub_answer(&mut answer);
        Ok(answer)
    }

    async fn run(&self, question: &[u8]) -> Result<Vec<u8>, String> {
        let mut running = self.start()?;
        let child = &mut running.0;
        let input = child.stdin.take();
        let write = async {
            if let Some(mut input) = input {
                // A program that does not read its input to the end may still have an answer.
                let _ = input.write_all(question).await;
            }
        };
        let (output, complaint) = (child.stdout.take(), child.stderr.take());
        let ((), output, complaint) = tokio::join!(
            write,
            read(output, self.largest_output),
            read(complaint, LARGEST_COMPLAINT)
        );
        if output.len() as u64 > self.largest_output {
            let most = self.largest_output;
            return Err(format!("the answer is larger than {most} bytes"));
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if !status.success() {
            let said = String::from_utf8_lossy(&complaint);
            let said = shorten(said.trim(), SHOWN);
            let colon = if said.is_empty() { "" } else { ": " };
            return Err(format!("the program ended with {status}{colon}{said}"));
        }
        Ok(output)
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
