//! Workspaces made for the purpose of timing whole processes in them, as a user waits for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The program that is timed: built as users get it.
pub(crate) const POINTSMAN: &str = env!("CARGO_BIN_EXE_pointsman");

/// A git repository with a generated workspace, removed when dropped.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A workspace with this many prompts, committed; lane `staging` asks for no evaluation.
    pub(crate) fn with_prompts(count: usize) -> Self {
        let folder = TempDir::new().expect("the system has a place for temporary folders");
        let bench = Self { folder };
        bench.write("pointsman.toml", "schema = 1\n");
        bench.write("environments/staging.toml", "order = 1\n");
        bench.write(
            "datasets/tickets.yml",
            "kind: golden\nrows: tickets.jsonl\n",
        );
        let row =
            "{\"id\": \"refund\", \"vars\": {\"ticket\": \"billing: where is my refund?\"}}\n";
        bench.write("datasets/tickets.jsonl", row);
        let evaluator = "kind: text\noperator: contains-any\nvalue: [billing]\n";
        bench.write("evaluators/queue.yml", evaluator);
        bench.write(
            "prompts/_partials/tone.md",
            "Be brief, and do not apologise.\n",
        );
        for index in 0..count {
            bench.write_prompt(index, "Answer with the queue.");
        }
        bench.git(&["init", "--quiet", "--template=", "-b", "main"]);
        bench.commit();
        bench
    }

    /// The name of a prompt by its number.
    pub(crate) fn prompt_id(index: usize) -> String {
        format!("team-{:02}/prompt-{index:05}", index / 100)
    }

    /// Writes a prompt by its number.
    pub(crate) fn write_prompt(&self, index: usize, instruction: &str) {
        let text = format!(
            "name: Prompt {index}
model: echo/echo
modelParameters: {{ temperature: 0, maxTokens: 200 }}
variables:
  ticket: {{ type: string, description: the customer's words }}
  locale: {{ type: string, default: en }}
messages:
  - role: system
    content: |
      {{% include \"_partials/tone.md\" %}}
      {instruction} You are number {index}.
  - role: user
    content: \"{{{{ locale }}}}: {{{{ ticket }}}}\"
evals:
  - dataset: tickets
    evaluators: [queue]
"
        );
        self.write(
            &format!("prompts/{}.prompt.yml", Self::prompt_id(index)),
            &text,
        );
    }

    /// Commits everything in the worktree.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "Change"]);
    }

    /// Runs git, which must succeed.
    pub(crate) fn git(&self, args: &[&str]) {
        self.run("git", args);
    }

    /// Runs a program in the workspace, which must succeed.
    pub(crate) fn run(&self, program: &str, args: &[&str]) {
        run(&mut self.command(program, args));
    }

    /// A command in the workspace, cut off from the machine's git configuration.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "Bench")
                .env(format!("GIT_{role}_EMAIL"), "bench@example.com");
        }
        command
    }

    /// The folder of the repository.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path: PathBuf = self.path().join(path);
        let parent = path.parent().expect("a file stands in a folder");
        fs::create_dir_all(parent).expect("the temporary folder is ours");
        fs::write(path, text).expect("the temporary folder is ours");
    }
}

/// Runs a command, which must succeed.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().expect("the program starts");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{talk}",
        output.status
    );
}
