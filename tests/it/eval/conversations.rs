//! Rows that are conversations: what is sent, and what is found wrong before anything is sent.

use serde_json::json;

use super::{PROMPT, asking, eval};
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};

const ROWS: &str = r#"{"id": "again", "vars": {"ticket": "billing: a refund"}, "messages": [{"role": "assistant", "content": "Which order?"}, {"role": "user", "content": "{{ ticket }} 17"}], "expected": "billing"}
"#;

#[test]
fn a_conversation_is_sent_after_the_prompts_own_messages_and_is_no_template() {
    let server = ModelServer::start(|_, _| Reply::says("billing"));
    let sandbox = asking(&server);
    sandbox.write("datasets/tickets.jsonl", ROWS);
    sandbox.pointsman(&["check"]).succeeds();
    eval(&sandbox, &[]).succeeds();
    let system = "Answer with the queue that the ticket belongs to.";
    assert_eq!(
        server.calls()[0].body["messages"],
        json!([
            { "role": "system", "content": system },
            { "role": "user", "content": "billing: a refund" },
            { "role": "assistant", "content": "Which order?" },
            { "role": "user", "content": "{{ ticket }} 17" },
        ])
    );
    let shown = sandbox.pointsman(&["prompt", "render", "triage", "--row", "tickets:again"]);
    shown.succeeds().says("[assistant]\nWhich order?");
    eval(&sandbox, &[]).succeeds();
    sandbox.edit("datasets/tickets.jsonl", "17", "18");
    eval(&sandbox, &[]).succeeds();
    assert_eq!(
        server.calls().len(),
        2,
        "another conversation is another request"
    );
}

#[test]
fn a_prompt_without_variables_takes_a_conversation_alone() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        PROMPT,
        "model: echo/echo\nmessages:\n  - role: system\n    content: Help.\nevals:\n  - dataset: tickets\n    \
         evaluators: [no-apology]\n",
    );
    let row = r#"{"id": "a", "messages": [{"role": "user", "content": "Hello"}]}"#;
    sandbox.write("datasets/tickets.jsonl", row);
    sandbox.pointsman(&["eval", "-o", "cases.jsonl"]).succeeds();
    assert!(sandbox.read("cases.jsonl").contains("\"output\":\"Hello\""));
}

#[test]
fn a_conversation_that_gives_instructions_is_found_before_anything_is_sent() {
    let sandbox = Sandbox::with_workspace();
    let rows = ROWS.replace("assistant", "system");
    sandbox.write("datasets/tickets.jsonl", rows);
    let output = sandbox.pointsman(&["check"]);
    output.exits(1).says("`user`").says("`assistant`");
    sandbox.pointsman(&["eval"]).exits(2);
}
