//! The smallest workspace in which everything works: one prompt, three rows, two evaluators and
//! two lanes, answered by the built-in `echo` provider.

/// The files, by path. `echo` answers with the ticket itself, which starts with its queue.
pub(crate) const SMALL_WORKSPACE: [(&str, &str); 8] = [
    ("pointsman.toml", PROJECT),
    ("prompts/triage.prompt.yml", PROMPT),
    ("datasets/tickets.yml", DATASET),
    ("datasets/tickets.jsonl", ROWS),
    ("evaluators/queue-matches.yml", QUEUE_MATCHES),
    ("evaluators/no-apology.yml", NO_APOLOGY),
    ("environments/staging.toml", STAGING),
    ("environments/production.toml", PRODUCTION),
];

const PROJECT: &str = "# Lanes live in this repository; only the built-in providers are used.
schema = 1
";

const PROMPT: &str = r#"name: Triage
description: Routes a ticket to a queue
model: echo/echo
variables:
  ticket: { type: string, description: the customer's words }
messages:
  - role: system
    content: Answer with the queue that the ticket belongs to.
  - role: user
    content: "{{ ticket }}"
evals:
  - dataset: tickets
    evaluators: [queue-matches, no-apology]
"#;

const DATASET: &str = "description: Tickets that stand for each queue
kind: golden
rows: tickets.jsonl
";

const ROWS: &str = r#"{"id": "refund", "vars": {"ticket": "billing: where is my refund?"}, "expected": "billing", "critical": true}
{"id": "crash", "vars": {"ticket": "bug: the app closes when I open it"}, "expected": "bug"}
{"id": "dark-mode", "vars": {"ticket": "feature: please add a dark mode"}, "expected": "feature"}
"#;

const QUEUE_MATCHES: &str = "description: The answer names the right queue
kind: text
operator: starts-with
value: { column: expected }
blocking: true
";

const NO_APOLOGY: &str = r#"description: The answer does not apologise
kind: text
operator: not-contains-any
value: ["sorry", "apologize"]
ignoreCase: true
"#;

const STAGING: &str = "order = 1

[gate]
floors = { queue-matches = 0.9 }
";

const PRODUCTION: &str = r#"order = 2
from = "staging"

[gate]
floors = { queue-matches = 1.0, no-apology = 0.9 }
evidence_max_age = "14d"
"#;
