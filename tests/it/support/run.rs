//! A program's run: what it was called with, what it said, how it ended.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A program that is about to run.
pub(crate) struct Run {
    command: Command,
    line: String,
    folder: PathBuf,
    stdin: Option<String>,
}

impl Run {
    /// A run of `command`, shown as `line`. Where output names `folder`, tests see `[SANDBOX]`.
    pub(crate) fn new(command: Command, line: String, folder: &Path) -> Self {
        Self {
            command,
            line,
            folder: folder.to_owned(),
            stdin: None,
        }
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in a folder below the repository, or in an absolute one.
    pub(crate) fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        let base = self.command.get_current_dir().unwrap_or(&self.folder);
        let folder = base.join(folder);
        self.command.current_dir(folder);
        self
    }

    /// Gives the program something to read; without it, stdin is empty.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.to_owned());
        self
    }

    /// Starts the program and waits for its end.
    pub(crate) fn run(self) -> RunOutput {
        self.start().wait()
    }

    /// Starts the program, to have several at once or to stop it.
    pub(crate) fn start(mut self) -> Running {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start `{}`: {error}", self.line));
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        if let Some(text) = &self.stdin {
            // A program that does not read what it was given ends the pipe early.
            let _ = stdin.write_all(text.as_bytes());
        }
        Running {
            child: Some(child),
            line: self.line,
            folder: self.folder,
        }
    }
}

/// A program that runs, as long as the test that started it.
pub(crate) struct Running {
    /// Absent when its end was waited for.
    child: Option<Child>,
    line: String,
    folder: PathBuf,
}

impl Running {
    /// The process's number, to send it a signal.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Waits for the first line of the result, while the program goes on.
    pub(crate) fn first_line(&mut self) -> String {
        let child = self.child.as_mut().expect("nobody waited for its end");
        let stdout = child.stdout.as_mut().expect("stdout is a pipe");
        let mut line = Vec::new();
        let mut byte = [0];
        // Byte by byte: what follows is left for whoever waits for the end.
        while stdout.read(&mut byte).expect("a pipe can be read") == 1 && byte != [b'\n'] {
            line.push(byte[0]);
        }
        String::from_utf8(line).expect("our results are text")
    }

    /// Waits for the program's end.
    pub(crate) fn wait(mut self) -> RunOutput {
        let child = self.child.take().expect("nobody waited for its end");
        let output = child
            .wait_with_output()
            .unwrap_or_else(|error| panic!("lost `{}`: {error}", self.line));
        let line = std::mem::take(&mut self.line);
        RunOutput::new(line, &output, &self.folder)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct RunOutput {
    line: String,
    /// The exit code; `None` where a signal ended the program.
    pub(crate) code: Option<i32>,
    /// The result.
    pub(crate) stdout: String,
    /// The talk.
    pub(crate) stderr: String,
}

impl RunOutput {
    fn new(line: String, output: &Output, folder: &Path) -> Self {
        let folder = folder.to_str().expect("temporary folders have text names");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(folder, "[SANDBOX]");
        Self {
            line,
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        self.exits(0)
    }

    /// Asserts an exit code.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        let right = self.code == Some(code);
        assert!(right, "expected exit code {code}\n{}", self.transcript());
        self
    }

    /// Asserts that the result holds a text.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        let right = self.stdout.contains(text);
        assert!(right, "expected on stdout: {text:?}\n{}", self.transcript());
        self
    }

    /// Asserts that the talk holds a text.
    #[track_caller]
    pub(crate) fn tells(&self, text: &str) -> &Self {
        let right = self.stderr.contains(text);
        assert!(right, "expected on stderr: {text:?}\n{}", self.transcript());
        self
    }

    /// Asserts that nothing was printed as a result.
    #[track_caller]
    pub(crate) fn has_no_result(&self) -> &Self {
        let right = self.stdout.is_empty();
        assert!(right, "expected nothing on stdout\n{}", self.transcript());
        self
    }

    /// The result, read as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{}", self.transcript()))
    }

    /// Everything that happened, for snapshots and for failures.
    pub(crate) fn transcript(&self) -> String {
        let mut text = format!("$ {}\n", self.line);
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                let _ = write!(text, "--- {name}\n{stream}");
                if !stream.ends_with('\n') {
                    text.push('\n');
                }
            }
        }
        let code = self
            .code
            .map_or("a signal".to_owned(), |code| code.to_string());
        let _ = writeln!(text, "--- exit {code}");
        text
    }
}
