//! A repository whose prompt has a history: sixty rows, one evaluator, and commits by the dozen.

use std::fmt::Write as _;

use crate::support::Sandbox;
use crate::support::run::RunOutput;

pub(super) const PROMPT: &str = "prompts/triage.prompt.yml";

/// What the prompt says at first; `echo` answers with the user's message.
const TEXT: &str = r#"name: Triage
model: echo/echo
variables:
  ticket: { type: string }
messages:
  - role: system
    content: Be brief, version 0.
  - role: user
    content: "{{ ticket }}"
evals:
  - dataset: tickets
    evaluators: [no-apology]
"#;

/// A prompt and its history.
pub(super) struct History {
    pub(super) sandbox: Sandbox,
}

impl History {
    /// The first commit.
    pub(super) fn start() -> Self {
        Self::of_rows(60)
    }

    /// The first commit, with so many rows.
    pub(super) fn of_rows(rows: usize) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("pointsman.toml", "schema = 1\n");
        sandbox.write(PROMPT, TEXT);
        sandbox.write(
            "datasets/tickets.yml",
            "kind: golden\nrows: tickets.jsonl\n",
        );
        let mut text = String::new();
        for number in 1..=rows {
            let _ = writeln!(
                text,
                "{{\"id\": \"r{number}\", \"vars\": {{\"ticket\": \"bug {number}\"}}}}"
            );
        }
        sandbox.write("datasets/tickets.jsonl", text);
        sandbox.write(
            "evaluators/no-apology.yml",
            "kind: text\noperator: not-contains-any\nvalue: [sorry]\nignoreCase: true\n",
        );
        sandbox.write("environments/staging.toml", "order = 1\n");
        sandbox.commit("Add the workspace");
        Self { sandbox }
    }

    /// Commits other words that answer as before.
    pub(super) fn reword(&self, number: usize) -> String {
        self.rewrite(number);
        self.sandbox.commit(&format!("triage: version {number}"))
    }

    /// Writes other words that answer as before.
    pub(super) fn rewrite(&self, number: usize) {
        let text = self.sandbox.read(PROMPT);
        let (start, rest) = text
            .split_once("version ")
            .expect("the prompt has a version");
        let (_, end) = rest.split_once('.').expect("the version ends the sentence");
        let text = format!("{start}version {number}.{end}");
        self.sandbox.write(PROMPT, text);
    }

    /// Commits something that is none of the prompt's business.
    pub(super) fn unrelated(&self, number: usize) {
        self.sandbox.write("notes.txt", format!("{number}\n"));
        self.sandbox.commit(&format!("Note {number}"));
    }

    /// Writes a prompt that says sorry.
    pub(super) fn spoil(&self) {
        self.sandbox
            .edit(PROMPT, "\"{{ ticket }}\"", "\"Sorry: {{ ticket }}\"");
    }

    /// Writes a prompt that does not say sorry any more.
    pub(super) fn mend(&self) {
        self.sandbox
            .edit(PROMPT, "\"Sorry: {{ ticket }}\"", "\"{{ ticket }}\"");
    }

    /// Runs the search.
    pub(super) fn bisect(&self, more: &[&str]) -> RunOutput {
        let mut args = vec!["bisect", "triage", "--evaluator", "no-apology"];
        args.extend(more);
        self.sandbox.pointsman(&args)
    }
}
