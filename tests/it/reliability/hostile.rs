//! A repository in which everybody whom it hears says what would drive a terminal, hide there, open an
//! element, end a block, be computed by a spreadsheet or command a runner of CI.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::run::RunOutput;

/// Stands in every hostile text, and nowhere else.
pub(super) const MARK: &str = "zqx";

/// What every hostile text holds, on one line.
const REST: &str = "zqx\u{1b}[2J\u{1b}]0;zqx\u{7}\u{1b}]8;;http://zqx.example\u{1b}\\\u{9b}31m\u{7f}\u{202e}\u{2066}\
    \u{200b}\u{feff}\u{e0041}\u{2028}##[error]zqx ##vso[zqx] <zqx onzqx=\"1\">\"'><script>zqx</script><img src=zqx:1>\
    ![zqx](http://zqx.example/x.png) @zqx <details>zqx</details> ]]></pre></code>zqx ```` zqx | zqx";

/// A line that begins like a command to a runner.
pub(super) fn command() -> String {
    format!("::error title=zqx::{REST}")
}

/// A line that begins like a formula.
pub(super) fn formula() -> String {
    format!("=zqx(A1){REST}")
}

/// Lines, some of which are commands.
pub(super) fn block() -> String {
    let (command, formula) = (command(), formula());
    format!("zqx\n{command}\r\n  {command}\n##vso[zqx]zqx\n{formula}\n````\n@zqx\n~~~\n# zqx\n")
}

/// A text in quotes, as YAML, TOML and JSON read it alike.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for character in json!(text).to_string().chars() {
        match u32::from(character) {
            // What does not fit into four digits is spelt in another way by each of them.
            code @ (0x7f..=0xffff) => {
                let _ = write!(quoted, "\\u{code:04x}");
            }
            _ => quoted.push(character),
        }
    }
    quoted
}

/// What attributes of spans must go on saying, so that something comes of them.
const KEPT: [&str; 8] = [
    "gen_ai.operation.name",
    "gen_ai.prompt.name",
    "pointsman.lane",
    "pointsman.deployment.id",
    "pointsman.prompt.fingerprint",
    "gen_ai.evaluation.name",
    "gen_ai.evaluation.score.label",
    "http.request.method",
];

/// The repository, and the names of what is in it.
pub(super) struct Hostile {
    pub(super) sandbox: Sandbox,
    key: String,
    trace: String,
    behavior: String,
    incident: String,
}

impl Hostile {
    pub(super) fn new() -> Self {
        let sandbox = Sandbox::with_workspace();
        let cleo = sandbox.key_holder("cleo");
        sandbox.allow_signers("environments/approvers", &[&cleo]);
        write_files(&sandbox);
        write_inputs(&sandbox);
        sandbox.commit(&block());
        let mut hostile = Self {
            sandbox,
            key: cleo.key,
            trace: String::new(),
            behavior: String::new(),
            incident: String::new(),
        };
        hostile.releases();
        hostile.sandbox.reword("at length");
        hostile.releases();
        hostile.brings_traces();
        hostile.looks_into_them();
        hostile.evaluates();
        hostile.names_everything();
        hostile
    }

    /// A command of which `{...}` stand for what is here, by somebody with a hostile name.
    pub(super) fn runs(&self, words: &str, more: &[&str]) -> RunOutput {
        let words: Vec<String> = words.split(' ').map(|word| self.meant(word)).collect();
        let args: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
            .collect();
        let name = command().replace(['<', '>'], "");
        let command = self.sandbox.command(&args);
        let named = command
            .env("GIT_COMMITTER_NAME", &name)
            .env("GIT_AUTHOR_NAME", &name);
        named
            .env("SECRET", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
            .stdin(&block())
            .run()
    }

    fn meant(&self, word: &str) -> String {
        let (command, formula, block) = (command(), formula(), block());
        let meanings = [
            ("{command}", &command),
            ("{formula}", &formula),
            ("{block}", &block),
            ("{key}", &self.key),
            ("{trace}", &self.trace),
            ("{behavior}", &self.behavior),
            ("{incident}", &self.incident),
        ];
        let start = word.to_owned();
        meanings
            .iter()
            .fold(start, |word, (name, meant)| word.replace(name, meant))
    }

    /// Both lanes get what is committed.
    fn releases(&self) {
        for line in [
            "promote staging --yes --reason {command}",
            "approve production --yes --reason {command} --sign-with {key}",
            "promote production --yes --reason {command}",
        ] {
            self.runs(line, &[]).succeeds();
        }
        self.sandbox.wait_seconds(3_600);
    }

    fn brings_traces(&mut self) {
        let now = self.sandbox.now();
        let hour = jiff::SignedDuration::from_hours(1);
        let mut traffic = self.sandbox.traffic("production", now - hour, now);
        traffic.error_rate = 0.4;
        let lines = format!("{}{}", traffic.ndjson(), traffic.scores_ndjson());
        let mut spoilt = String::new();
        for line in lines.lines() {
            let mut request: Value = serde_json::from_str(line).expect("it is JSON");
            spoil(&mut request, "");
            spoilt.push_str(&request.to_string());
            spoilt.push('\n');
        }
        self.sandbox.imports_text(&spoilt);
        let failed = [
            "traces",
            "list",
            "--where",
            "status = error",
            "--json",
            "-n1",
        ];
        let listed = self.sandbox.pointsman(&failed);
        let line = listed.succeeds().stdout.lines().next().unwrap_or_default();
        let row: Value = serde_json::from_str(line).expect("a row is JSON");
        let trace = row["trace"].as_str();
        self.trace = trace.map(str::to_owned).expect("a row names its trace");
    }

    fn looks_into_them(&mut self) {
        let found = self
            .runs("behaviors scan --json --since 12h", &[])
            .succeeds()
            .json();
        let behaviors = found["behaviors"].as_array().expect("it is a list");
        let first = behaviors.first().expect("what fails so often is found");
        let name = first["behavior"].as_str();
        self.behavior = name.map(str::to_owned).expect("it has a name");
        let open = "incident open {command} --deployment production#2 --json";
        let opened = self.runs(open, &[]).succeeds().json();
        let id = opened["incident"]["id"].as_str();
        self.incident = id.map(str::to_owned).expect("an incident has a name");
        self.runs("incident note {incident} {block}", &[])
            .succeeds();
        self.runs("review launch --day 0", &[]).succeeds();
    }

    fn evaluates(&self) {
        self.runs("eval", &[]).exits(1);
        self.sandbox.reword("briefly");
        self.runs("eval", &[]).exits(1);
        let prompt = self.sandbox.read("prompts/triage.prompt.yml");
        let better = prompt.replace("briefly", "kindly and briefly");
        self.sandbox.write("../better.prompt.yml", better);
        let start = "improve start --prompt triage --from ../better.prompt.yml";
        self.runs(start, &[]).succeeds();
    }

    /// Branches, tags and the remote get names of which git takes what it takes.
    fn names_everything(&self) {
        let sandbox = &self.sandbox;
        let name = "zqx\u{9b}31m\u{202e}\u{200b}<script>zqx=##[error]";
        let refused = sandbox.try_git(&["tag", name]);
        assert_ne!(refused.code, Some(0), "git takes no `[`");
        let name = name.replace('[', "");
        sandbox.git(&["tag", &name]);
        sandbox.git(&["switch", "--quiet", "--create", &name]);
        sandbox.git(&[
            "remote",
            "add",
            "origin",
            "file:///zqx\u{1b}[2J\u{202e}.git",
        ]);
        sandbox.commit(&block());
    }
}

/// Files in which people say something for people.
fn write_files(sandbox: &Sandbox) {
    let texts = [command(), formula(), block()];
    let [command, formula, block] = [&texts[0], &texts[1], &texts[2]].map(|it| quoted(it));
    let hostile_prompt = format!(
        "name: {command}\ndescription: {block}\nmodel: echo/echo\n\
         variables:\n  ticket: {{ type: string, description: {block} }}\n\
         messages:\n  - role: system\n    content: {block}\n  - role: system\n    content: Answer with the queue.\n\
         \x20 - role: user\n    content: \"{{{{ ticket }}}}\"\n\
         evals:\n  - dataset: tickets\n    evaluators: [queue-matches, no-apology, says]\n"
    );
    sandbox.write("prompts/triage.prompt.yml", hostile_prompt);
    sandbox.write(
        "datasets/tickets.yml",
        format!("description: {block}\nkind: golden\nrows: tickets.jsonl\n"),
    );
    let row = |id: &str, status: &str, said: &str| {
        json!({"id": id, "vars": {"ticket": said}, "expected": "bug", "tags": [texts[1]],
               "note": said, "status": status})
    };
    let rows = sandbox.read("datasets/tickets.jsonl");
    let first = row("hostile", "pending", &texts[2]);
    let id = "::error::zqx\u{202e}\u{200b} ##[error]<zqx>";
    let second = row(id, "pending", &texts[1]);
    let reviewed = row("reviewed", "reviewed", &texts[0]);
    sandbox.write(
        "datasets/tickets.jsonl",
        format!("{rows}{first}\n{second}\n{reviewed}\n"),
    );
    sandbox.write(
        "evaluators/no-apology.yml",
        format!("description: {block}\nkind: text\noperator: not-contains-any\nvalue: [{command}, {formula}]\n"),
    );
    sandbox.write(
        "evaluators/says.yml",
        format!("description: {command}\nkind: javascript\nblocking: false\nscript: |\n  return {{ pass: false, reason: {block} }}\n"),
    );
    write_operations(sandbox, [&command, &formula]);
}

/// Lanes, views and alerts, in which people say something for people.
fn write_operations(sandbox: &Sandbox, [command, formula]: [&str; 2]) {
    sandbox.write(
        "environments/staging.toml",
        format!("order = 1\ndescription = {command}\n[gate]\nfloors = {{ queue-matches = 0.5 }}\n"),
    );
    sandbox.write(
        "environments/production.toml",
        format!(
            "order = 2\nfrom = \"staging\"\ndescription = {formula}\n[approval]\nrequired = 1\n\
             allowed_signers = \"environments/approvers\"\n[watch]\ncheckpoints = [\"1h\"]\nmax_error_rate_increase = 0.01\n"
        ),
    );
    sandbox.write(
        "operations/views/seen.toml",
        format!("description = {command}\nwhere = \"lane = production\"\n"),
    );
    sandbox.write(
        "operations/alerts/failing.toml",
        format!(
            "description = {command}\nowner = {command}\nrunbook = {formula}\nuser_impact = {command}\n\
             where = 'lane = production'\nmetric = \"error_rate\"\nwindow = \"1h\"\nabove = 0.2\n"
        ),
    );
}

/// Files of elsewhere, beside the repository.
fn write_inputs(sandbox: &Sandbox) {
    let text = block();
    let [command, formula, block] = [&command(), &formula(), &text].map(|it| quoted(it));
    for (path, text) in [
        (
            "hostile.csv",
            format!("{formula},expected\n{formula},{command}\n"),
        ),
        (
            "hostile.prompty",
            format!("---\nname: {command}\n{command}: 1\nmodel: gpt-4o\n---\nsystem:\n{text}\n"),
        ),
        (
            "hostile.prompt",
            format!("---\nmodel: gpt-4o\n{command}: 1\n---\n{text}{{{{name}}}}\n"),
        ),
        (
            "hostile.yaml",
            format!(
                "description: {command}\nprompts: [{block}]\nproviders: [{formula}]\ntests: [{{ {command}: 1 }}]\n"
            ),
        ),
        (
            "hostile.jsonl",
            format!("{command}\n{{\"resourceSpans\": {command}}}\n"),
        ),
        ("hostile.txt", format!("{text}kim@example.com\n")),
    ] {
        sandbox.write(&format!("../in/{path}"), text);
    }
}

/// Makes every text of a request hostile, but for what must stay.
fn spoil(value: &mut Value, key: &str) {
    let is_attribute = value.get("key").is_some();
    if is_attribute {
        let key = value["key"].as_str().unwrap_or_default().to_owned();
        if KEPT.contains(&key.as_str()) {
            return;
        }
        let said = match key.as_str() {
            "gen_ai.input.messages" | "gen_ai.output.messages" => {
                let part = json!([{"type": "text", "content": block()}]);
                json!([{"role": "user", "parts": part}]).to_string()
            }
            "gen_ai.tool.call.arguments" => json!({ command(): block() }).to_string(),
            "session.id" | "user.id" | "gen_ai.tool.name" => formula(),
            _ => command(),
        };
        if let Some(text) = value["value"].get_mut("stringValue") {
            *text = json!(said);
        }
        return;
    }
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                spoil(value, key);
            }
        }
        Value::Array(items) if key == "attributes" => {
            for item in items.iter_mut() {
                spoil(item, "");
            }
            items.push(json!({"key": command(), "value": {"stringValue": block()}}));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, "")),
        Value::String(text) if matches!(key, "name" | "message" | "version") => *text = command(),
        _ => {}
    }
}
