//! The ground of all other tests: nothing of the machine gets in, and every run gives the same
//! bytes.

use pointsman::adapters::files::WorktreeTree;
use pointsman::adapters::http::client;
use pointsman::domain::finding::Findings;
use pointsman::engine::workspace::Workspace;

use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

#[test]
fn commit_ids_are_the_same_in_every_sandbox() {
    let ids = [Sandbox::with_workspace(), Sandbox::with_workspace()]
        .map(|sandbox| sandbox.git(&["rev-parse", "HEAD"]));
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn git_reads_only_the_configuration_of_the_repository() {
    let sandbox = Sandbox::new();
    let origins = sandbox.git(&["config", "--list", "--show-origin"]);
    for line in origins.lines() {
        assert!(line.starts_with("file:.git/config\t"), "{line}");
    }
}

#[test]
fn nothing_is_inherited_from_the_environment_but_the_path() {
    let names = "env | cut -d= -f1 | sort | grep -vxE 'PWD|OLDPWD|SHLVL|_'";
    let run = Sandbox::without_git().shell(names).run();
    insta::assert_snapshot!(run.succeeds().stdout, @r"
    GIT_AUTHOR_DATE
    GIT_AUTHOR_EMAIL
    GIT_AUTHOR_NAME
    GIT_COMMITTER_DATE
    GIT_COMMITTER_EMAIL
    GIT_COMMITTER_NAME
    GIT_CONFIG_GLOBAL
    GIT_CONFIG_NOSYSTEM
    GIT_TERMINAL_PROMPT
    HOME
    LC_ALL
    PATH
    POINTSMAN_CLOCK
    TMPDIR
    TZ
    ");
}

#[test]
fn results_and_talk_are_kept_apart() {
    let sandbox = Sandbox::without_git();
    sandbox
        .pointsman(&["--version"])
        .succeeds()
        .says("pointsman ");
    sandbox
        .pointsman(&["no-such-command"])
        .exits(2)
        .has_no_result()
        .tells("no-such-command");
}

#[test]
fn time_passes_with_every_call_and_clones_share_the_clock() {
    let sandbox = Sandbox::with_workspace().with_remote();
    let second = sandbox.clone_of_remote("second");
    let before = sandbox.now();
    second.pointsman(&["--version"]);
    assert!(sandbox.now() > before);
    assert_eq!(sandbox.now(), second.now());
    assert_eq!(
        second.read("environments/staging.toml"),
        sandbox.read("environments/staging.toml")
    );
}

#[test]
fn the_small_workspace_is_read_without_findings() -> Result<(), Findings> {
    let sandbox = Sandbox::with_workspace();
    let tree = WorktreeTree::new(sandbox.path());
    let workspace = Workspace::new(&tree);
    workspace.project()?;
    for id in workspace.prompt_ids()? {
        workspace.closure(&id)?;
    }
    for id in workspace.evaluator_ids()? {
        workspace.evaluator(&id)?;
    }
    for name in workspace.lane_names()? {
        workspace.lane(&name)?;
    }
    let mut rows = 0;
    for id in workspace.dataset_ids()? {
        for row in workspace.rows(&workspace.dataset(&id)?)? {
            row?;
            rows += 1;
        }
    }
    assert_eq!(rows, 3);
    Ok(())
}

#[test]
fn files_are_edited_where_the_test_says_and_nowhere_else() {
    let sandbox = Sandbox::with_workspace();
    sandbox.edit("pointsman.toml", "Lanes live", "Lanes stay");
    sandbox.remove("evaluators/no-apology.yml");
    let status = sandbox.git(&["status", "--porcelain"]);
    assert_eq!(status, " D evaluators/no-apology.yml\n M pointsman.toml");
}

#[test]
fn a_run_can_be_fed_moved_and_stopped() {
    let sandbox = Sandbox::without_git();
    sandbox.write("below/file", "");
    let run = sandbox.shell("ls; cat; echo $WORD").in_folder("below");
    let output = run.env("WORD", "last").stdin("fed\n").run();
    assert_eq!(output.stdout, "file\nfed\nlast\n");

    let endless = sandbox.shell("exec sleep 600").start();
    sandbox
        .shell(&format!("kill -INT {}", endless.process_id()))
        .run()
        .succeeds();
    assert_eq!(endless.wait().code, None);
}

#[test]
fn output_shows_no_path_of_the_machine() {
    let sandbox = Sandbox::without_git();
    let folder = sandbox
        .path()
        .to_str()
        .expect("temporary folders have text names");
    let output = sandbox
        .shell("printf '{\"folder\": \"%s\"}' \"$PWD\"")
        .run();
    assert_ne!(folder, "[SANDBOX]/repository");
    assert_eq!(output.json()["folder"], "[SANDBOX]/repository");
}

#[test]
fn the_model_server_answers_by_its_script_and_keeps_what_was_asked() {
    let server = ModelServer::start(|number, call| match number {
        0 => Reply::fails(429, "slow down").with_header("retry-after", "1"),
        _ => Reply::says(&format!("you said {}", call.last_message())).after_ms(5),
    });
    let ask = || {
        let client = client().build().expect("it needs nothing");
        let request = client
            .post(format!("{}/chat/completions", server.base_url()))
            .bearer_auth("key")
            .json(&serde_json::json!({"messages": [{"role": "user", "content": "hello"}]}));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has room for one more event loop");
        runtime.block_on(async {
            let response = request.send().await.expect("the server is there");
            let status = response.status().as_u16();
            let wait = response.headers().get("retry-after").cloned();
            let body: serde_json::Value = response.json().await.expect("the server sends JSON");
            (status, wait.is_some(), body)
        })
    };
    let (status, has_wait, body) = ask();
    assert_eq!((status, has_wait), (429, true));
    assert_eq!(body["error"]["message"], "slow down");
    let (status, has_wait, body) = ask();
    assert_eq!((status, has_wait), (200, false));
    assert_eq!(body["choices"][0]["message"]["content"], "you said hello");
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].authorization.as_deref(), Some("Bearer key"));
}
