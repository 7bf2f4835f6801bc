//! A repository with rules of many sorts, and pull requests against it.

use crate::support::Sandbox;
use crate::support::run::RunOutput;

/// The file that a pull request breaks to be caught for.
const PROMPT: &str = "prompts/triage.prompt.yml";

/// Rules beside those of the small workspace. `staging` decides, being the first.
const RULES: [(&str, &str); 12] = [
    (
        "pointsman.toml",
        "[providers.local]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n",
    ),
    ("environments/staging.toml", STAGING),
    ("evaluators/queue-matches.yml", QUEUE_MATCHES),
    (
        "evaluators/no-apology.yml",
        "kind: text\noperator: not-contains-any\nvalue: [sorry]\nignoreCase: true\nblocking: false\n",
    ),
    (
        "evaluators/one-word.yml",
        "kind: text\noperator: regex\nvalue: \"^[a-z]+:\"\nblocking: true\n",
    ),
    (
        "evaluators/polite.yml",
        "kind: llm-judge\nprompt: judges/polite\nscale: { min: 1, max: 5 }\nthreshold: 4\n",
    ),
    ("prompts/judges/polite.prompt.yml", JUDGE),
    (
        "evaluators/scripted.yml",
        "kind: javascript\nfile: scripted.js\ntimeLimitMs: 10000\n",
    ),
    ("evaluators/scripted.js", "return output.length > 0\n"),
    ("prompts/_partials/tone.md", "Be brief."),
    (
        "prompts/other.prompt.yml",
        "model: echo/echo\nmessages:\n  - { role: user, content: billing }\n",
    ),
    (".github/workflows/gate.yml", "on: pull_request\n"),
];

const STAGING: &str = "order = 1
from = \"dev\"
[gate]
floors = { queue-matches = 0.9, one-word = 0.9 }
repeats = 2
margin = 0.45
confidence = 0.9
max_cost_ratio = 1.3
evidence_max_age = \"14d\"
on_inconclusive = \"warn\"
[freeze]
soak = \"1h\"
";

const QUEUE_MATCHES: &str = "kind: text
operator: starts-with
value: { column: expected }
blocking: true
";

const JUDGE: &str = r#"model: echo/echo
variables:
  output: { type: string }
messages:
  - role: user
    content: '{"score": {% if "rude" in output %}1{% else %}5{% endif %}, "reason": "looks for rudeness"}'
"#;

/// A repository on `topic`, which was started from `main`.
pub(crate) struct PullRequest {
    pub(crate) sandbox: Sandbox,
}

impl PullRequest {
    /// The repository that pull requests are made to; it passes its own check.
    pub(crate) fn base() -> Sandbox {
        let sandbox = Sandbox::with_workspace();
        for (path, text) in RULES {
            sandbox.write(path, text);
        }
        sandbox.write("environments/dev.toml", "order = 9\n");
        sandbox.edit(PROMPT, "to.\n", "to. {% include \"_partials/tone.md\" %}\n");
        sandbox.edit(PROMPT, "[queue-matches,", "[queue-matches, one-word,");
        sandbox.commit("Write rules");
        sandbox
    }

    /// A pull request to a copy of `base`.
    pub(crate) fn to(base: &Sandbox) -> Self {
        let sandbox = base.copy();
        sandbox.git(&["switch", "--quiet", "-c", "topic"]);
        Self { sandbox }
    }

    /// The author writes a prompt that the base's rules do not let in.
    pub(crate) fn break_prompt(&self) {
        self.sandbox
            .edit(PROMPT, "\"{{ ticket }}\"", "\"Sorry: {{ ticket }}\"");
    }

    /// The author writes other words that answer as before.
    pub(crate) fn improve_prompt(&self) {
        self.sandbox
            .edit(PROMPT, "Answer with the queue", "Name the queue");
    }

    /// Commits, and runs the gate.
    pub(crate) fn gate(&self, more: &[&str]) -> RunOutput {
        self.sandbox.commit("Propose");
        let mut args = vec!["gate", "--base", "main"];
        args.extend(more);
        self.sandbox.pointsman(&args)
    }
}
