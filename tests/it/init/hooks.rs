//! Our hooks for pre-commit, run by pre-commit from a repository that it clones.

use crate::support::Sandbox;
use crate::support::run::RunOutput;
use crate::support::source::root;
use crate::support::tools::tools;

/// A workspace whose hooks come from a repository with our definitions; and how pre-commit is run there.
struct Hooked {
    sandbox: Sandbox,
    tools: String,
}

impl Hooked {
    fn new() -> Option<Self> {
        let tools = tools("pre_commit")?;
        let sandbox = Sandbox::with_workspace().with_remote();
        if sandbox.lacks("python3") {
            return None;
        }
        sandbox.git(&["remote", "set-head", "origin", "main"]);
        let hooks = std::fs::read(root().join(".pre-commit-hooks.yaml")).expect("ours");
        sandbox.write("../hooks/.pre-commit-hooks.yaml", hooks);
        let folder = sandbox.path().join("../hooks");
        let folder = folder.canonicalize().expect("it was made above");
        let folder = folder.to_str().expect("a plain name");
        let git = |args: &[&str]| sandbox.git(&[&["-C", folder], args].concat());
        git(&["init", "--quiet", "--template="]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "-m", "Define hooks"]);
        let revision = git(&["rev-parse", "HEAD"]);
        sandbox.write(
            ".pre-commit-config.yaml",
            format!(
                "repos:\n  - repo: {folder}\n    rev: {revision}\n    hooks:\n      - id: pointsman-check\n      - id: pointsman-gate\n"
            ),
        );
        sandbox.commit("Use hooks");
        sandbox.git(&["push", "--quiet", "origin", "main"]);
        Some(Self { sandbox, tools })
    }

    fn run(&self, args: &str) -> RunOutput {
        let home = self.sandbox.path().join("../pre-commit");
        self.sandbox
            .shell(&format!(
                "python3 -m pre_commit run --color=never --verbose {args}"
            ))
            .env("PYTHONPATH", &self.tools)
            .env("PRE_COMMIT_HOME", home.to_str().expect("a plain name"))
            .run()
    }
}

#[test]
fn what_is_wrong_with_staged_files_is_found_before_the_commit() {
    let Some(hooked) = Hooked::new() else {
        return;
    };
    let sandbox = &hooked.sandbox;
    sandbox.write("README.md", "# Words\n");
    sandbox.git(&["add", "--all"]);
    hooked.run("").succeeds().says("(no files to check)Skipped");

    sandbox.edit("prompts/triage.prompt.yml", "{{ ticket }}", "{{ tikcet }}");
    sandbox.git(&["add", "--all"]);
    // What is not staged is put aside: only what would be committed counts.
    sandbox.edit("prompts/triage.prompt.yml", "{{ tikcet }}", "{{ ticket }}");
    hooked.run("").exits(1).says("tikcet");
    sandbox.git(&["add", "--all"]);
    hooked.run("").succeeds();
}

#[test]
fn a_push_is_judged_by_the_branch_that_it_will_be_merged_into() {
    let Some(hooked) = Hooked::new() else {
        return;
    };
    let sandbox = &hooked.sandbox;
    sandbox.git(&["switch", "--quiet", "-c", "topic"]);
    sandbox.edit(
        "prompts/triage.prompt.yml",
        "\"{{ ticket }}\"",
        "\"Sorry: {{ ticket }}\"",
    );
    sandbox.commit("Apologise first");
    let push = "--hook-stage=pre-push pointsman-gate";
    hooked
        .run(push)
        .exits(1)
        .says("gate of lane staging: failed");
    sandbox.edit("prompts/triage.prompt.yml", "Sorry: ", "");
    sandbox.commit("Do not");
    hooked.run(push).succeeds();
}
