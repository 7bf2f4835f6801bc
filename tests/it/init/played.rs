//! The pipelines that `init` writes, run: the scripts of the workflows that move lanes, by bash against a
//! git server, and the lines of the job for GitLab.

use serde_json::json;

use super::pipelines::{github, gitlab, workflow};
use crate::gate::pull_request::PullRequest;
use crate::support::Sandbox;
use crate::support::git_server::GitServer;
use crate::support::run::RunOutput;
use crate::support::runner::{Runner, read};

/// The checkout of the default branch, with workflows, of a repository on a server.
fn checkout(server: &GitServer, sandbox: Sandbox) -> Sandbox {
    sandbox.write("pointsman.toml", "remote = \"origin\"\n");
    sandbox.pointsman(&["init", &github()]).succeeds();
    sandbox.commit("Write workflows");
    let clone = sandbox.with_remote().clone_of_remote("runner");
    clone.set_remote_url(&server.url("remote.git"));
    clone
}

/// Runs a workflow that somebody starts with these inputs; its exit code and what was printed.
fn start(
    server: &GitServer,
    sandbox: &Sandbox,
    name: &str,
    inputs: serde_json::Value,
) -> (i32, String) {
    let mut runner = Runner::new(sandbox, "workflow_dispatch", &json!({}));
    runner.set("GITHUB_SERVER_URL", server.url("").trim_end_matches('/'));
    let code = runner.workflow(&sandbox.read(&workflow(name)), inputs);
    (code, runner.log)
}

fn server(sandbox: &Sandbox) -> GitServer {
    let folder = sandbox.remote_path();
    GitServer::start(folder.parent().expect("it stands in a folder").to_owned())
}

#[test]
fn lanes_move_on_the_server_with_the_token_of_the_job_and_the_name_of_who_started_it() {
    let sandbox = Sandbox::with_workspace();
    let server = server(&sandbox);
    let sandbox = checkout(&server, sandbox);
    let reason = "fewer \"refunds\"; $(touch stolen) `touch stolen`";
    let first = json!({"lane": "staging", "prompts": "", "reason": reason});
    let (code, log) = start(&server, &sandbox, "promote", first);
    assert_eq!(code, 0, "{log}");
    let record = |format: &str| {
        let format = format!("--format={format}");
        let folder = sandbox.remote_path();
        let folder = folder.to_str().expect("temporary folders have text names");
        sandbox.git(&["-C", folder, "log", "-1", &format, "lanes/staging"])
    };
    assert_eq!(record("%an <%ae>"), "ada <7+ada@users.noreply.github.com>");
    assert!(record("%B").contains(reason), "{}", record("%B"));
    assert!(!sandbox.path().join("stolen").exists());
    // `x-access-token:token-of-the-job` in base64.
    let login = "basic eC1hY2Nlc3MtdG9rZW46dG9rZW4tb2YtdGhlLWpvYg==";
    assert_eq!(server.authorizations(), [login.to_owned()].into());

    sandbox.edit("prompts/triage.prompt.yml", "Answer with", "Say");
    sandbox.commit("Reword");
    let second = json!({"lane": "staging", "prompts": "triage", "reason": ""});
    let (code, log) = start(&server, &sandbox, "promote", second);
    assert_eq!(code, 0, "{log}");
    let back = json!({"lane": "staging", "to": "", "reason": "worse"});
    let (code, log) = start(&server, &sandbox, "rollback", back);
    assert_eq!(code, 0, "{log}");
    assert!(
        record("%s").starts_with("rollback staging #3"),
        "{}",
        record("%s")
    );
    let told = log.contains("::add-mask::") && !log.contains("token-of-the-job");
    assert!(told, "{log}");
}

#[test]
fn a_lane_that_would_be_gone_with_the_machine_is_not_moved() {
    let sandbox = Sandbox::with_workspace();
    let server = server(&sandbox);
    let sandbox = checkout(&server, sandbox);
    sandbox.write("pointsman.toml", "schema = 1\n");
    for (name, inputs) in [
        (
            "promote",
            json!({"lane": "staging", "prompts": "", "reason": ""}),
        ),
        (
            "rollback",
            json!({"lane": "staging", "to": "", "reason": "x"}),
        ),
    ] {
        let (code, log) = start(&server, &sandbox, name, inputs);
        assert_eq!(code, 2);
        assert!(log.contains("pointsman.toml names no remote"), "{log}");
    }
    assert_eq!(sandbox.git(&["branch", "--list", "lanes/*"]), "");
}

/// Runs the lines of the job for GitLab in a checkout, as its runner does.
fn merge_request(sandbox: &Sandbox) -> RunOutput {
    let job = read("gitlab", &sandbox.read(".gitlab/pointsman.yml"))["pointsman-gate"].clone();
    let mut script = String::from("set -eo pipefail\n");
    for part in ["before_script", "script"] {
        for line in job[part].as_array().expect("a list of lines") {
            script.push_str(line.as_str().expect("a line is a text"));
            script.push('\n');
        }
    }
    sandbox.write("../job.sh", script);
    let folder = sandbox.path().to_str().expect("a plain name");
    let mut run = sandbox
        .shell("exec bash ../job.sh")
        .env("CI_PROJECT_DIR", folder)
        .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
        .env("CI_COMMIT_SHA", &sandbox.git(&["rev-parse", "HEAD"]));
    for (name, value) in job["variables"].as_object().expect("variables have names") {
        run = run.env(name, value.as_str().expect("quoted values"));
    }
    run.run()
}

#[test]
fn a_merge_request_is_judged_and_leaves_the_reports_that_gitlab_shows() {
    let base = PullRequest::base();
    base.pointsman(&["init", &gitlab()]).succeeds();
    base.commit("Write a pipeline");
    let request = PullRequest::to(&base);
    request.break_prompt();
    request
        .sandbox
        .edit("environments/staging.toml", "margin = 0.45", "margin = 0.5");
    request.sandbox.commit("Propose");
    let sandbox = request.sandbox.with_remote();
    let run = merge_request(&sandbox);
    run.exits(1).says("gate of lane staging: failed");
    let job = read("gitlab", &sandbox.read(".gitlab/pointsman.yml"));
    let reports = &job["pointsman-gate"]["artifacts"]["reports"];
    let report = |name: &str| sandbox.read(reports[name].as_str().expect("a path"));
    assert!(report("junit").contains("<testcase name=\"gate-policy environments/staging.toml\""));
    assert!(report("codequality").contains("\"check_name\": \"gate-policy\""));
    assert!(sandbox.read("pointsman-gate/report.md").contains("failed"));

    sandbox.edit("prompts/triage.prompt.yml", "Sorry: ", "");
    sandbox.edit("environments/staging.toml", "margin = 0.5", "margin = 0.45");
    sandbox.commit("Take it back");
    merge_request(&sandbox).succeeds();
}
