//! A runner of GitHub Actions, as far as ours need one: it reads the steps from the file, puts values in
//! the place of expressions, starts bash as GitHub does, and obeys what is printed as commands.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use pointsman::engine::workspace::document::Source;
use pointsman::engine::workspace::yaml::parse_yaml;
use serde_json::{Value, json};

use super::Sandbox;
use super::source::root;

/// A job on a machine of its own: what its steps share.
pub(crate) struct Runner<'s> {
    sandbox: &'s Sandbox,
    /// What expressions can name.
    context: Value,
    variables: BTreeMap<String, String>,
    temporary: PathBuf,
    path: Vec<String>,
    /// Everything that was printed.
    pub(crate) log: String,
    /// What the runner was told, in order: `error title=x::text`.
    pub(crate) commands: Vec<String>,
}

impl<'s> Runner<'s> {
    /// A job for an event on `acme/support`, in a checkout.
    pub(crate) fn new(sandbox: &'s Sandbox, event: &str, payload: &Value) -> Self {
        let temporary = sandbox.path().join("../temporary");
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir(&temporary).expect("the temporary folder is ours");
        let temporary = temporary.canonicalize().expect("it was made above");
        let variables = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_REPOSITORY", "acme/support"),
            ("GITHUB_SERVER_URL", "https://github.invalid"),
            ("GITHUB_API_URL", "https://github.invalid"),
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut runner = Self {
            sandbox,
            context: json!({
                "github": {
                    "action_repository": "acme/pointsman",
                    "actor": "ada",
                    "actor_id": "7",
                    "event": payload,
                    "event_name": event,
                    "token": "token-of-the-job",
                },
            }),
            variables: variables.map(owned).into(),
            temporary,
            path: Vec::new(),
            log: String::new(),
            commands: Vec::new(),
        };
        let commit = sandbox.git(&["rev-parse", "HEAD"]);
        runner.set("GITHUB_SHA", &commit);
        runner
    }

    /// A job on a pull request of `head` to `main`; its number is 41.
    pub(crate) fn on_pull_request(sandbox: &'s Sandbox, head: &str) -> Self {
        let payload = json!({"pull_request": {"number": 41, "head": {"sha": head}}});
        let mut runner = Self::new(sandbox, "pull_request", &payload);
        runner.set("GITHUB_BASE_REF", "main");
        runner
    }

    /// Sets a variable of the job.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// The folder that is the job's own.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.temporary.clone()
    }

    /// Puts pointsman where an earlier step of the job would have put it.
    pub(crate) fn has_pointsman(&self) {
        let folder = self.temporary.join("pointsman/bin");
        fs::create_dir_all(&folder).expect("the folder is ours");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pointsman"), folder.join("pointsman"))
            .expect("the folder is ours");
    }

    /// Runs an action of this repository, in a folder of it; the exit code of the step that failed.
    pub(crate) fn action(&mut self, folder: &str, with: &[(&str, &str)]) -> i32 {
        let path = format!("{folder}/action.yml");
        let action = read(
            &path,
            &fs::read_to_string(root().join(&path)).expect("it is there"),
        );
        let inputs = action["inputs"].as_object().expect("an action has inputs");
        let mut values: BTreeMap<&str, &str> = inputs
            .iter()
            .map(|(name, input)| (name.as_str(), input["default"].as_str().unwrap_or_default()))
            .collect();
        for (name, value) in with {
            assert!(values.insert(name, value).is_some(), "no input `{name}`");
        }
        self.context["inputs"] = json!(values);
        self.context["steps"] = json!({});
        let path = root().join(folder).canonicalize().expect("it is there");
        self.set("GITHUB_ACTION_PATH", path.to_str().expect("a plain name"));
        self.steps(&action["runs"]["steps"])
    }

    /// Runs those steps of a workflow's only job that are scripts, with inputs from whoever starts it.
    pub(crate) fn workflow(&mut self, text: &str, inputs: Value) -> i32 {
        let workflow = read("workflow.yml", text);
        let jobs = workflow["jobs"].as_object().expect("a workflow has jobs");
        let steps = jobs.values().next().expect("one of them")["steps"].clone();
        self.context["inputs"] = inputs;
        let scripts = steps.as_array().expect("a job has steps").iter();
        let scripts: Value = scripts
            .filter(|step| step.get("run").is_some())
            .cloned()
            .collect();
        assert_ne!(scripts, json!([]));
        self.steps(&scripts)
    }

    /// An output of a step of the action that ran.
    pub(crate) fn output(&self, step: &str, name: &str) -> Option<String> {
        let value = &self.context["steps"][step]["outputs"][name];
        value.as_str().map(str::to_owned)
    }

    /// The summary of the job.
    pub(crate) fn summary(&self) -> String {
        fs::read_to_string(self.temporary.join("summary")).unwrap_or_default()
    }

    fn steps(&mut self, steps: &Value) -> i32 {
        for step in steps.as_array().expect("a list of steps") {
            let code = self.step(step);
            if code != 0 {
                return code;
            }
        }
        0
    }

    fn step(&mut self, step: &Value) -> i32 {
        let script = step["run"].as_str().expect("ours are scripts");
        assert!(
            !script.contains("${{"),
            "an expression is read as code: {script}"
        );
        let file = self.temporary.join("step.sh");
        fs::write(&file, script).expect("the folder is ours");
        let line = format!(
            "exec bash --noprofile --norc -eo pipefail '{}'",
            file.display()
        );
        let mut run = self.sandbox.shell(&line);
        if let Some(folder) = step["working-directory"].as_str() {
            run = run.in_folder(folder);
        }
        for (name, value) in &self.variables {
            run = run.env(name, value);
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            run = run.env(
                name,
                &self.evaluate(value.as_str().expect("values are texts")),
            );
        }
        let files = ["output", "summary", "path"].map(|name| self.temporary.join(name));
        let [output, summary, path] = files.each_ref().map(|file| file.to_str().expect("plain"));
        let _ = fs::remove_file(output);
        run = run
            .env(
                "RUNNER_TEMP",
                self.temporary.to_str().expect("a plain name"),
            )
            .env("GITHUB_OUTPUT", output)
            .env("GITHUB_STEP_SUMMARY", summary)
            .env("GITHUB_PATH", path);
        if let Some(first) = self.path.first() {
            run = run.env("PATH", &format!("{first}:/usr/local/bin:/usr/bin:/bin"));
        }
        let ran = run.run();
        self.listen(&ran.stdout);
        if let Some(id) = step["id"].as_str() {
            let text = fs::read_to_string(output).unwrap_or_default();
            let pairs = text.lines().filter_map(|line| line.split_once('='));
            let outputs: BTreeMap<&str, &str> = pairs.collect();
            self.context["steps"][id] = json!({ "outputs": outputs });
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        self.path = text.lines().rev().map(str::to_owned).collect();
        ran.code.expect("no signal ends a step")
    }

    /// Obeys what was printed, as the runner does: a line is a command wherever it is indented.
    fn listen(&mut self, printed: &str) {
        let mut resume: Option<String> = None;
        for line in printed.lines() {
            let Some(command) = line.trim_start().strip_prefix("::") else {
                continue;
            };
            match (&resume, command.strip_prefix("stop-commands::")) {
                (Some(word), _) if command == word => resume = None,
                (None, Some(word)) => resume = Some(format!("{word}::")),
                (None, None) => self.commands.push(command.to_owned()),
                (Some(_), _) => {}
            }
        }
        assert_eq!(resume, None, "the runner listens again");
        self.log.push_str(printed);
    }

    /// A text with the values of its expressions, each of which names a value.
    fn evaluate(&self, text: &str) -> String {
        let mut rest = text;
        let mut value = String::new();
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").expect("an expression ends");
            value.push_str(before);
            let names = expression.trim().split('.');
            let found = names.fold(&self.context, |found, name| &found[name]);
            match found {
                Value::Null => {}
                Value::String(text) => value.push_str(text),
                Value::Number(number) => value.push_str(&number.to_string()),
                other => panic!("`{expression}` is {other}"),
            }
            rest = after;
        }
        value + rest
    }
}

/// A file of YAML as JSON, by the same strict reader that reads a workspace.
#[track_caller]
pub(crate) fn read(path: &str, text: &str) -> Value {
    let node = parse_yaml(&Source::new(path, text));
    node.unwrap_or_else(|findings| panic!("{path}: {findings:?}"))
        .to_json()
}
