//! Runs shared through a remote, and what is not taken in.

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

const KEY: &str = "sk-canary-77b1";

/// A workspace that asks a server, committed, with a remote that it shares lanes and runs on.
fn asking(server: &ModelServer) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "pointsman.toml",
        format!(
            "remote = \"origin\"\n[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\n\
             key_env = \"MODEL_KEY\"\nmax_attempts = 1\n",
            server.base_url()
        ),
    );
    sandbox.edit(super::PROMPT, "model: echo/echo", "model: local/small");
    sandbox.commit("Ask a server");
    sandbox.with_remote()
}

fn server() -> ModelServer {
    ModelServer::start(|_, call| {
        Reply::says(call.last_message().split(':').next().unwrap_or_default())
    })
}

/// The small workspace on a remote.
fn shared() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("pointsman.toml", "remote = \"origin\"\n");
    sandbox.commit("Name the remote");
    sandbox.with_remote()
}

/// The only ref below `refs/pointsman/runs/` on the remote.
fn shared_ref(sandbox: &Sandbox) -> String {
    let line = sandbox.git(&["ls-remote", "origin", "refs/pointsman/runs/*"]);
    let (_, name) = line.split_once('\t').expect("there is one ref");
    assert!(!name.contains('\n'), "{line}");
    name.to_owned()
}

#[test]
fn what_one_clone_evaluated_another_promotes_without_asking_again() {
    let server = server();
    let ci = asking(&server);
    ci.command(&["eval"]).env("MODEL_KEY", KEY).run().succeeds();
    let pushed = ci.pointsman(&["runs", "push"]);
    pushed.succeeds().says("shared run ");
    assert_eq!(server.calls().len(), 3);
    drop(server);

    let person = ci.clone_of_remote("person");
    let without = person.pointsman(&["promote", "staging", "--yes"]);
    assert_ne!(without.code, Some(0), "nothing was shown here yet");
    person
        .pointsman(&["runs", "fetch"])
        .succeeds()
        .says("fetched run ");
    person
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds();
    let shown = person.pointsman(&["runs", "show"]);
    assert_eq!(shown.stdout, ci.pointsman(&["runs", "show"]).stdout);
}

#[test]
fn a_run_is_shared_once_and_stands_beside_those_of_others() {
    let one = shared();
    let other = one.clone_of_remote("other");
    for sandbox in [&one, &other] {
        super::evaluated(sandbox);
        sandbox
            .pointsman(&["runs", "push"])
            .succeeds()
            .says("shared run ");
    }
    one.pointsman(&["runs", "push"])
        .succeeds()
        .says("origin has this already");
    let count = one.git(&[
        "rev-list",
        "--count",
        &format!(
            "refs/pointsman/remotes/origin/{}",
            &shared_ref(&one)["refs/pointsman/".len()..]
        ),
    ]);
    assert_eq!(count, "2", "one commit for each push, none of them forced");
    one.pointsman(&["runs", "fetch"])
        .succeeds()
        .says("fetched run ");
    one.pointsman(&["runs", "fetch"])
        .succeeds()
        .says("origin has no new runs");
    let list = one.pointsman(&["runs", "list", "--json"]).json();
    assert_eq!(list["runs"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_unfinished_run_is_not_shared() {
    let sandbox = shared();
    sandbox.edit(super::PROMPT, "echo/echo", "replay/any");
    sandbox.pointsman(&["eval"]).exits(9);
    let push = sandbox.pointsman(&["runs", "push"]);
    push.exits(2)
        .tells("is not finished")
        .tells("pointsman eval --resume=");
    assert_eq!(
        sandbox.git(&["ls-remote", "origin", "refs/pointsman/*"]),
        ""
    );
}

#[test]
fn without_a_remote_nothing_is_shared() {
    let sandbox = Sandbox::with_workspace();
    super::evaluated(&sandbox);
    for verb in ["push", "fetch"] {
        let output = sandbox.pointsman(&["runs", verb]);
        output
            .exits(2)
            .tells("no remote is named")
            .tells("remote = \"origin\"");
    }
}

/// What is done to a file.
type Change = fn(&str) -> String;

/// Replaces a file of the shared run on the remote, by hand.
fn tamper(sandbox: &Sandbox, name: &str, change: impl Fn(&str) -> String, to: Option<&str>) {
    let shared = shared_ref(sandbox);
    sandbox.git(&[
        "fetch",
        "--quiet",
        "origin",
        &format!("+{shared}:refs/heads/tampered"),
    ]);
    let run = sandbox.git(&["ls-tree", "--name-only", "tampered"]);
    sandbox.git(&["switch", "--quiet", "tampered"]);
    let path = format!("{run}/{name}");
    let text = if name == "extra" {
        String::new()
    } else {
        sandbox.read(&path)
    };
    sandbox.write(&path, change(&text));
    sandbox.commit("Tamper");
    let target = to.unwrap_or(&shared);
    sandbox.git(&[
        "push",
        "--quiet",
        "--force",
        "origin",
        &format!("tampered:{target}"),
    ]);
    sandbox.git(&["switch", "--quiet", "main"]);
    sandbox.git(&["branch", "--quiet", "-D", "tampered"]);
}

#[test]
fn a_run_that_is_not_what_it_says_is_refused_by_name_and_nothing_of_it_is_kept() {
    let other_plan =
        "refs/pointsman/runs/0000000000000000000000000000000000000000000000000000000000000000";
    let cases: [(&str, Change, Option<&str>, &str); 8] = [
        (
            "cases.jsonl",
            |text| text.replace("\"pass\"", "\"great\""),
            None,
            "`cases.jsonl`, line 1: ",
        ),
        (
            "cases.jsonl",
            |text| text.split_inclusive('\n').skip(1).collect(),
            None,
            "not every case has a verdict",
        ),
        (
            "cases.jsonl",
            |text| text.trim_end().to_owned(),
            None,
            "it is cut off",
        ),
        (
            "cases.jsonl",
            |text| text.replace("no-apology", "no-apologies"),
            None,
            "not graded by the evaluators of its suite",
        ),
        (
            "run.json",
            |text| text.replace("\"repeats\": 1", "\"repeats\": 2"),
            None,
            "it tested something else than it stands for",
        ),
        ("run.json", |_| "{}".to_owned(), None, "`run.json`: "),
        (
            "extra",
            |_| "x".to_owned(),
            None,
            "does not consist of the files of a finished run",
        ),
        (
            "finished.json",
            |text| format!("{text} "),
            Some(other_plan),
            "it tested something else than it stands for",
        ),
    ];
    for (name, change, to, reason) in cases {
        let sandbox = shared();
        super::evaluated(&sandbox);
        sandbox.pointsman(&["runs", "push"]).succeeds();
        tamper(&sandbox, name, change, to);
        let other = sandbox.clone_of_remote("other");
        let fetch = other.pointsman(&["runs", "fetch"]);
        fetch.exits(1).tells("is refused: ").tells(reason);
        let kept = std::fs::read_dir(other.path().join(".git/pointsman/runs"));
        let kept = kept.into_iter().flatten().count();
        assert_eq!(kept, usize::from(to.is_some()), "{name}: {reason}");
    }
}

#[test]
fn refs_that_are_not_ours_are_left_alone() {
    let sandbox = shared();
    sandbox.git(&[
        "push",
        "--quiet",
        "origin",
        "main:refs/pointsman/runs/nonsense",
    ]);
    sandbox.git(&[
        "push",
        "--quiet",
        "origin",
        &format!("main:refs/pointsman/runs/{}", "a".repeat(64)),
    ]);
    let fetch = sandbox.pointsman(&["runs", "fetch"]);
    fetch.succeeds().says("origin has no new runs");
}

#[test]
fn changing_an_evaluator_asks_nobody_and_changing_a_prompt_asks_for_its_rows_only() {
    let server = server();
    let sandbox = asking(&server);
    let prompt = sandbox.read(super::PROMPT);
    for number in 0..99 {
        let text = prompt.replace("Answer with", &format!("Number {number}. Answer with"));
        sandbox.write(&format!("prompts/more/p{number}.prompt.yml"), text);
    }
    let eval = || {
        sandbox
            .command(&["eval", "--quiet", "--json"])
            .env("MODEL_KEY", KEY)
            .run()
    };
    eval().succeeds();
    assert_eq!(server.calls().len(), 300);
    sandbox.edit(
        "evaluators/no-apology.yml",
        "\"sorry\"",
        "\"sorry\", \"regret\"",
    );
    let regraded = eval();
    regraded.succeeds();
    assert_eq!(server.calls().len(), 300, "another rule asks nobody");
    sandbox.edit("prompts/more/p7.prompt.yml", "Number 7.", "Number seven.");
    eval().succeeds();
    let new = &server.calls()[300..];
    assert_eq!(new.len(), 3, "three rows of one prompt");
    assert!(
        new.iter()
            .all(|call| call.body.to_string().contains("Number seven."))
    );
}
