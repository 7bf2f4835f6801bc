//! A prompt that fails on refunds, the model that it asks, and a model that proposes: one server on
//! loopback for both.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::model_server::{Call, ModelServer, Reply};
use crate::support::run::{Run, RunOutput};

pub(super) const PROMPT: &str = "prompts/triage.prompt.yml";

/// The first candidate.
pub(super) const CANDIDATE: &str = "triage/1";

/// What the prompt says, and what a candidate replaces.
pub(super) const OLD: &str = "Answer with the queue that the ticket belongs to.";

/// With these words the model finds the queue of refunds.
pub(super) const CURE: &str = "Refunds belong to billing.";

/// With this word the model forgets the queue of bugs.
pub(super) const POISON: &str = "Be terse.";

pub(super) const KEY: &str = "sk-canary-93b1d5";

/// Four refunds that fail, and four rows that pass.
const ROWS: &str = r#"{"id": "refund-1", "vars": {"ticket": "the refund for my red shoes is late"}, "expected": "billing"}
{"id": "refund-2", "vars": {"ticket": "no refund for the blue lamp yet"}, "expected": "billing"}
{"id": "refund-3", "vars": {"ticket": "may I have a refund of the green sofa"}, "expected": "billing"}
{"id": "refund-4", "vars": {"ticket": "a refund is due for the white desk"}, "expected": "billing"}
{"id": "bug-1", "vars": {"ticket": "bug: the app closes on start"}, "expected": "bug", "critical": true}
{"id": "bug-2", "vars": {"ticket": "bug: the screen is black"}, "expected": "bug"}
{"id": "wish-1", "vars": {"ticket": "feature: a dark mode"}, "expected": "feature"}
{"id": "wish-2", "vars": {"ticket": "feature: a larger font"}, "expected": "feature"}
"#;

/// The rows that fail, by what stands in their tickets and nowhere else.
pub(super) const FAILING: [(&str, &str); 4] = [
    ("refund-1", "red shoes"),
    ("refund-2", "blue lamp"),
    ("refund-3", "green sofa"),
    ("refund-4", "white desk"),
];

/// A repository with such a prompt.
pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    pub(super) server: ModelServer,
}

/// What a model proposes: a whole file in one object.
pub(super) fn proposal(file: &str) -> String {
    json!({ "rationale": "Refunds have no word for their queue.", "prompt": file }).to_string()
}

/// A proposal that helps, made from the file that the model was shown.
pub(super) fn cure(file: &str) -> String {
    proposal(&file.replace(OLD, &format!("{OLD} {CURE}")))
}

/// A proposal that helps, and breaks something else.
pub(super) fn poisoned_cure(file: &str) -> String {
    proposal(&file.replace(OLD, &format!("{OLD} {CURE} {POISON}")))
}

impl Scene {
    /// A scene in which the proposing model answers what `propose` makes of the prompt's file.
    pub(super) fn whose_model_proposes(
        propose: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        let file = prompt_file();
        Self::with_server(ModelServer::start(move |_, call| match model(call) {
            "big" => Reply::says(&propose(&file)),
            _ => Reply::says(&answer(call)),
        }))
    }

    /// A scene in which the proposing model gives these answers, one after the other.
    pub(super) fn with_answers<const COUNT: usize>(answers: [String; COUNT]) -> Self {
        let asked = AtomicUsize::new(0);
        Self::whose_model_proposes(move |_| {
            answers[asked.fetch_add(1, Ordering::SeqCst) % COUNT].clone()
        })
    }

    pub(super) fn with_server(server: ModelServer) -> Self {
        let sandbox = Sandbox::with_workspace();
        let url = server.base_url();
        sandbox.write(
            "pointsman.toml",
            format!(
                "schema = 1\n[providers.local]\nkind = \"openai\"\nbase_url = \"{url}\"\n\
                 key_env = \"MODEL_KEY\"\nmax_attempts = 1\n"
            ),
        );
        sandbox.write(PROMPT, prompt_file());
        sandbox.write("datasets/tickets.jsonl", ROWS);
        sandbox.write("secret", "outside of every prompt");
        sandbox.commit("Ask a server");
        Self { sandbox, server }
    }

    /// Runs `pointsman improve` with the key.
    pub(super) fn improve(&self, args: &[&str]) -> RunOutput {
        self.command(args).run()
    }

    pub(super) fn command(&self, args: &[&str]) -> Run {
        let mut all = vec!["improve"];
        all.extend_from_slice(args);
        if args[0] == "start" && !args.iter().any(|arg| ["--from", "--edit"].contains(arg)) {
            all.extend(["--model", "local/big"]);
        }
        self.sandbox.command(&all).env("MODEL_KEY", KEY)
    }

    pub(super) fn eval(&self) -> RunOutput {
        self.sandbox.command(&["eval"]).env("MODEL_KEY", KEY).run()
    }

    /// What the proposing model was sent, one text a call.
    pub(super) fn shown_to_the_proposer(&self) -> Vec<String> {
        let calls = self.server.calls().into_iter();
        calls
            .filter(|call| model(call) == "big")
            .map(|call| call.text)
            .collect()
    }

    /// The record of an attempt.
    pub(super) fn record(&self, candidate: &str) -> Value {
        let json = self
            .improve(&["show", candidate, "--json"])
            .succeeds()
            .json();
        json["attempt"]["record"].clone()
    }

    /// Branches of people, the index, the files and what is checked out.
    pub(super) fn everything_but_the_records(&self) -> [String; 4] {
        let sandbox = &self.sandbox;
        [
            sandbox.git(&[
                "for-each-ref",
                "refs/heads/main",
                "refs/heads/lanes",
                "refs/tags",
            ]),
            sandbox.git(&["status", "--porcelain=v2", "--branch"]),
            sandbox.git(&["ls-files", "--stage"]),
            sandbox.read(PROMPT),
        ]
    }

    /// The refs that attempts leave.
    pub(super) fn refs_of_attempts(&self) -> String {
        self.sandbox
            .git(&["for-each-ref", "refs/pointsman", "refs/heads/improve"])
    }
}

/// The prompt's file as it is committed.
pub(super) fn prompt_file() -> String {
    let known = crate::support::workspace::SMALL_WORKSPACE;
    let file = known.iter().find(|(path, _)| *path == PROMPT);
    let (_, text) = file.expect("the small workspace has this prompt");
    text.replace("model: echo/echo", "model: local/small")
}

fn model(call: &Call) -> &str {
    call.body["model"].as_str().unwrap_or_default()
}

/// What the model of the prompt makes of a ticket.
fn answer(call: &Call) -> String {
    let instruction = call.body["messages"][0]["content"].as_str();
    let knows = |words: &str| instruction.is_some_and(|it| it.contains(words));
    let ticket = call.last_message();
    if ticket.contains("refund") {
        return if knows(CURE) { "billing" } else { "other" }.to_owned();
    }
    let queue = ticket.split(':').next().unwrap_or_default();
    if queue == "bug" && knows(POISON) {
        return "crash".to_owned();
    }
    queue.to_owned()
}
