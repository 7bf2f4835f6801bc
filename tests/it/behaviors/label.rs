//! `behaviors label`: a model says what a behavior is, and decides nothing.

use std::path::Path;

use serde_json::{Value, json};

use super::made::{Step, Told};
use crate::support::Sandbox;
use crate::support::model_server::{Call, ModelServer, Reply};
use crate::support::run::{Run, RunOutput};

const KEY: &str = "key-of-a-provider-4711";

/// Production in which two tools fail, one with an address in its error.
fn sandbox(answer: impl Fn(&Call) -> String + Send + Sync + 'static) -> (ModelServer, Sandbox) {
    let server = ModelServer::start(move |_, call| Reply::says(&answer(call)));
    let sandbox = Sandbox::with_workspace();
    let provider = format!(
        "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\nkey_env = \"LABEL_KEY\"\nmax_attempts = 1\n",
        server.base_url()
    );
    sandbox.write("pointsman.toml", provider);
    let traces = (10..600_u32).step_by(10).map(|minute| {
        let (tool, error) = match minute % 20 {
            0 => (
                "find_order",
                "Error: the order of kim@example.com is locked",
            ),
            _ => ("refund", "Error: the bank is closed"),
        };
        let steps = vec![Step::Tool(tool, json!({ "minute": minute }), json!(error))];
        Told::new(minute.into(), minute.into(), steps)
    });
    sandbox.imports_told(&traces.collect::<Vec<Told>>());
    sandbox.scans(&["--window", "2026-03-01T05:00:00Z..2026-03-01T10:00:00Z"]);
    (server, sandbox)
}

fn command(sandbox: &Sandbox, args: &[&str]) -> Run {
    let args = [&["behaviors", "label"], args].concat();
    sandbox.command(&args).env("LABEL_KEY", KEY)
}

fn label(sandbox: &Sandbox, args: &[&str]) -> RunOutput {
    command(sandbox, args).run()
}

/// The names of the behaviors whose error a pattern says.
fn behaviors_of(sandbox: &Sandbox, tool: &str) -> Vec<Value> {
    let list = sandbox.pointsman(&["behaviors", "list", "--json"]);
    let list = list.succeeds().json();
    let all = list["behaviors"].as_array().expect("it is a list").iter();
    let about = all.filter(|it| it["subjects"] == json!([tool]));
    about.cloned().collect()
}

fn says(label: &str) -> String {
    json!({ "label": label }).to_string()
}

#[test]
fn a_label_stands_in_lists_and_changes_nothing_else() {
    let (server, sandbox) = sandbox(|call| {
        says(if call.text.contains("locked") {
            "orders are locked"
        } else {
            "refunds fail"
        })
    });
    let before = sandbox.behavior_files();
    let output = label(&sandbox, &["--model", "local/small"]);
    output
        .succeeds()
        .says("orders are locked")
        .says("refunds fail");
    for one in behaviors_of(&sandbox, "find_order") {
        assert_eq!(one["label"]["text"], "orders are locked");
        assert_eq!(one["label"]["by"], "local/small");
    }
    let list = sandbox.pointsman(&["behaviors", "list"]);
    list.succeeds().says("orders are locked");
    let after = sandbox.behavior_files();
    let added = after.lines().filter(|line| !before.contains(line));
    assert!(
        added
            .clone()
            .all(|line| line.starts_with("label = { text = ")),
        "{after}"
    );
    assert_eq!(added.count(), server.calls().len());
    assert!(!after.contains(KEY));
    let again = sandbox.scans(&["--window", "2026-03-01T05:00:00Z..2026-03-01T10:00:00Z"]);
    assert_eq!(again.0["written"], json!([]));
    label(&sandbox, &["--model", "local/small"])
        .exits(6)
        .tells("no open behavior lacks a label");
}

#[test]
fn a_model_is_shown_only_what_redaction_let_through() {
    let (server, sandbox) = sandbox(|_| says("something fails"));
    label(&sandbox, &["--model", "local/small"]).succeeds();
    let calls = server.calls();
    assert!(calls.iter().any(|call| call.text.contains("is locked")));
    for call in calls {
        assert!(!call.text.contains("kim@example.com"), "{}", call.text);
        assert_eq!(
            call.authorization.as_deref(),
            Some(format!("Bearer {KEY}").as_str())
        );
    }
}

#[test]
fn what_is_no_label_is_not_written_and_the_others_are() {
    let (_server, sandbox) = sandbox(|call| {
        if call.text.contains("locked") {
            says("\u{1b}[2J all is well \u{202e}")
        } else {
            says("refunds fail")
        }
    });
    let output = label(&sandbox, &["--model", "local/small"]);
    output
        .exits(1)
        .says("refunds fail")
        .tells("the answer is no label");
    assert!(!output.stdout.contains('\u{1b}') && !output.stderr.contains('\u{1b}'));
    assert!(
        behaviors_of(&sandbox, "find_order")
            .iter()
            .all(|it| it["label"].is_null())
    );
    assert!(
        behaviors_of(&sandbox, "refund")
            .iter()
            .all(|it| it["label"]["text"] == "refunds fail")
    );
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn a_plan_says_what_would_be_shown_and_asks_nobody() {
    let (server, sandbox) = sandbox(|_| says("something fails"));
    let before = sandbox.behavior_files();
    let plan = label(&sandbox, &["--model", "local/small", "--plan", "-n", "1"]);
    plan.succeeds()
        .says("behaviors/label asks local/small")
        .says("shown");
    let plan = label(&sandbox, &["--model", "local/small", "--plan", "--json"]);
    let plan = plan.succeeds().json();
    assert_eq!(plan["schema"], "pointsman/behaviors-label-plan/v1");
    assert_eq!(
        plan["behaviors"][0]["spans"].as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(server.calls().len(), 0);
    assert_eq!(sandbox.behavior_files(), before);
}

#[test]
fn somebody_says_which_model_is_asked() {
    let (server, sandbox) = sandbox(|_| says("refunds fail"));
    let output = label(&sandbox, &[]);
    output
        .exits(2)
        .tells("nobody says which model is asked")
        .tells("--model <provider>/<model>");
    let built_in =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine/behaviors/label.prompt.yml");
    let own = std::fs::read_to_string(built_in).expect("the built-in prompt is there");
    let own = own
        .replace("replay/labels", "local/own")
        .replace("eight plain words", "three words");
    sandbox.write("prompts/behaviors/label.prompt.yml", own);
    let one = &behaviors_of(&sandbox, "refund")[0]["behavior"];
    let one = one.as_str().expect("it has a name");
    label(&sandbox, &[one]).succeeds().says("refunds fail");
    let calls = server.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].text.contains("three words"), "{}", calls[0].text);
    label(&sandbox, &[one, "--model", "local/small"])
        .exits(2)
        .tells("names its model");
}

#[test]
fn who_does_not_answer_labels_nothing() {
    let server = ModelServer::start(|_, _| Reply::raw(500, "{}"));
    let (_asked, sandbox) = sandbox(|_| says("refunds fail"));
    let provider = format!(
        "[providers.local]\nkind = \"openai\"\nbase_url = \"{}\"\nkey_env = \"LABEL_KEY\"\nmax_attempts = 1\n",
        server.base_url()
    );
    sandbox.write("pointsman.toml", provider);
    let before = sandbox.behavior_files();
    label(&sandbox, &["--model", "local/small"])
        .exits(9)
        .tells("the model gave no answer");
    assert_eq!(sandbox.behavior_files(), before);
}
