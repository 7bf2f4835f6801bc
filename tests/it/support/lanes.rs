//! Workspaces whose lanes have no gate, for tests of how lanes move.

use serde_json::Value;

use super::Sandbox;

const PROMPT: &str = "prompts/triage.prompt.yml";

impl Sandbox {
    /// The small workspace with lanes that ask for no evaluation.
    pub(crate) fn without_gates() -> Self {
        let sandbox = Self::with_workspace();
        sandbox.drop_gates();
        sandbox.commit("Drop the gates");
        sandbox
    }

    /// The same, with its lanes on a bare repository over `file://`.
    pub(crate) fn with_remote_lanes() -> Self {
        let sandbox = Self::with_workspace();
        sandbox.drop_gates();
        sandbox.write("pointsman.toml", "remote = \"origin\"\n");
        sandbox.commit("Put the lanes on the remote");
        sandbox.with_remote()
    }

    fn drop_gates(&self) {
        self.write("environments/staging.toml", "order = 1\n");
        self.write(
            "environments/production.toml",
            "order = 2\nfrom = \"staging\"\n",
        );
    }

    /// Commits another wording of the prompt.
    pub(crate) fn reword(&self, words: &str) -> String {
        let text = self.read(PROMPT);
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with("content: Answer"))
            .expect("the small workspace's prompt has this line");
        let text = text.replace(line, &format!("    content: Answer {words}"));
        self.write(PROMPT, text);
        self.commit(&format!("Answer {words}"))
    }

    /// Moves a lane, which must succeed.
    #[track_caller]
    pub(crate) fn promotes(&self, lane: &str) {
        self.pointsman(&["promote", lane, "--yes"]).succeeds();
    }

    /// A commit like another but for one file and, where one is named, its parent: what a hand that
    /// is not ours may do to a lane.
    pub(crate) fn amend(
        &self,
        commit: &str,
        path: &str,
        text: &str,
        parent: Option<&str>,
    ) -> String {
        self.write("../amended", text);
        let blob = self.git(&["hash-object", "-w", "../amended"]);
        let index = "export GIT_INDEX_FILE=../index && rm -f ../index";
        let line = format!(
            "{index} && git read-tree {commit} && \
             git update-index --add --cacheinfo 100644,{blob},{path} && git write-tree"
        );
        let tree = self.shell(&line).run().succeeds().stdout.trim().to_owned();
        let mut args = vec!["commit-tree", &tree, "-m", "By hand"];
        let own = self.git(&["log", "-1", "--format=%P", commit]);
        let parent = parent.unwrap_or(&own);
        if !parent.is_empty() {
            args.extend(["-p", parent]);
        }
        self.git(&args)
    }

    /// The id that a ref names; empty where there is none.
    pub(crate) fn tip(&self, lane: &str) -> String {
        let name = format!("refs/heads/lanes/{lane}");
        let output = self.try_git(&["rev-parse", "--quiet", "--verify", &name]);
        output.stdout.trim().to_owned()
    }

    /// A lane's newest record, as the machine reads it.
    pub(crate) fn record(&self, lane: &str) -> Value {
        let text = self.git(&["show", &format!("lanes/{lane}:.lane/deployment.json")]);
        serde_json::from_str(&text).expect("a record is JSON")
    }
}
