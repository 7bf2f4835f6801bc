//! Programs as providers: only where the user allows it, and then with nothing but what they need.

use super::{PROMPT, runs};
use crate::support::Sandbox;
use crate::support::run::RunOutput;

/// The small workspace, asking a shell script.
fn asking_program(script: &str, settings: &str) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("model.sh", script);
    sandbox.write(
        "pointsman.toml",
        format!(
            "[providers.own]\nkind = \"exec\"\ncommand = [\"sh\", \"model.sh\"]\n\
             env = [\"MODEL_KEY\"]\nconcurrency = 1\n{settings}\n"
        ),
    );
    sandbox.edit(PROMPT, "model: echo/echo", "model: own/small");
    sandbox
}

fn eval(sandbox: &Sandbox, args: &[&str]) -> RunOutput {
    let args = [&["eval"], args].concat();
    let command = sandbox.command(&args).env("MODEL_KEY", super::KEY);
    command.env("OTHER_SECRET", "other-canary").run()
}

/// Says the queue that the last message starts with.
const RIGHT: &str = r#"touch ran
queue=$(sed 's/.*"content":"\([a-z]*\):.*/\1/')
printf '{"output": "%s", "input_tokens": 10, "output_tokens": 5}' "$queue"
"#;

#[test]
fn a_program_runs_only_where_the_user_allows_it() {
    let sandbox = asking_program(RIGHT, "");
    for args in [&[][..], &["--json"], &["--no-cache"]] {
        eval(&sandbox, args)
            .exits(2)
            .tells("provider `own` runs the program `sh`, which was not allowed")
            .tells("--allow-exec")
            .has_no_result();
    }
    eval(&sandbox, &["--plan"]).succeeds();
    sandbox.pointsman(&["check"]).succeeds();
    assert!(!sandbox.path().join("ran").exists());
    assert_eq!(runs(&sandbox).len(), 0);
    eval(&sandbox, &["--allow-exec"])
        .succeeds()
        .says("3 of 3 cases")
        .says("30 tokens in, 15 out");
    assert!(sandbox.path().join("ran").exists());
}

#[test]
fn a_program_sees_only_the_variables_that_are_named() {
    let sandbox = asking_program("cat > asked\nenv > seen\necho '{\"output\": \"x\"}'\n", "");
    eval(&sandbox, &["--allow-exec"]).exits(1);
    let seen = std::fs::read_to_string(sandbox.path().join("seen")).expect("the program ran");
    assert!(!seen.contains("other-canary"), "{seen}");
    assert!(
        seen.contains(super::KEY) && seen.contains("PATH="),
        "{seen}"
    );
    let asked = std::fs::read_to_string(sandbox.path().join("asked")).expect("the program ran");
    let asked: serde_json::Value = serde_json::from_str(&asked).expect("it is asked in JSON");
    assert_eq!(asked["model"], "small");
}

#[test]
fn no_shell_reads_the_command() {
    let sandbox = asking_program(RIGHT, "");
    let command = "command = [\"sh\", \"model.sh\"]";
    sandbox.edit(
        "pointsman.toml",
        command,
        "command = [\"sh model.sh; touch ran\"]",
    );
    eval(&sandbox, &["--allow-exec"])
        .exits(9)
        .says("cannot run `sh model.sh; touch ran`");
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn faults_of_a_program_are_never_a_pass() {
    for (script, said) in [
        ("echo billing", "is not an answer"),
        ("echo '{\"output\": \"\"}'", "is empty"),
        ("printf '{\"output\": \"bill'", "is not an answer"),
        (
            "echo \"$MODEL_KEY\" >&2; exit 3",
            "exit status: 3: [key removed]",
        ),
        ("kill -9 $$", "signal: 9"),
        ("exec cat /dev/zero", "larger than"),
        ("exec >&-; exec cat /dev/zero >&2", "the program ended with"),
        ("exec <&-; exit 0", "is not an answer"),
        (
            "echo '{\"output\": \"x\", \"cost_usd\": -1}'",
            "a cost below zero",
        ),
    ] {
        let sandbox = asking_program(script, "timeout = \"20s\"");
        let output = eval(&sandbox, &["--allow-exec"]);
        output.exits(9).says(said).tells("3 case(s) have no answer");
        assert!(!output.transcript().contains(super::KEY), "{script}");
    }
}

#[test]
fn a_program_that_takes_too_long_is_killed_with_all_that_it_started() {
    let script = "(sleep 3; touch survived) & sleep 30";
    let sandbox = asking_program(script, "timeout = \"1s\"");
    sandbox.edit("pointsman.toml", "concurrency = 1", "concurrency = 3");
    eval(&sandbox, &["--allow-exec"])
        .exits(9)
        .says("the program gave no answer within 1 s");
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    assert!(!sandbox.path().join("survived").exists());
}

#[test]
fn a_key_in_the_answer_of_a_program_shows_up_nowhere() {
    let sandbox = asking_program("printf '{\"output\": \"%s\"}' \"$MODEL_KEY\"", "");
    let output = eval(&sandbox, &["--allow-exec"]);
    output.exits(1).says("[key removed]");
    assert!(!output.transcript().contains(super::KEY));
}

#[test]
fn promoting_runs_a_program_only_where_the_user_allows_it() {
    let sandbox = asking_program(RIGHT, "");
    sandbox.commit("Ask a program");
    let promote = ["promote", "staging", "--yes"];
    sandbox
        .pointsman(&promote)
        .exits(2)
        .tells("runs the program `sh`, which was not allowed");
    assert!(!sandbox.path().join("ran").exists());
    sandbox
        .pointsman(&[&promote[..], &["--allow-exec"]].concat())
        .succeeds();
    assert!(sandbox.path().join("ran").exists());
}
