//! Work in proportion to the change: what was answered for the same bytes is not asked again.

use super::{PROMPT, asking, eval};
use crate::support::model_server::{ModelServer, Reply};

const PROMPTS: usize = 100;
const ROWS: usize = 3;

#[test]
fn one_prompt_of_a_hundred_that_changed_is_asked_for_its_own_rows_only() {
    let server = ModelServer::start(|_, call| {
        let ticket = call.last_message();
        Reply::says(ticket.split(':').next().unwrap_or_default())
    });
    let sandbox = asking(&server);
    let text = sandbox.read(PROMPT);
    sandbox.remove(PROMPT);
    let path = |number: usize| format!("prompts/p{number}.prompt.yml");
    for number in 0..PROMPTS {
        let instruction = format!("You are number {number}. Answer");
        sandbox.write(&path(number), text.replacen("Answer", &instruction, 1));
    }
    eval(&sandbox, &[]).succeeds();
    assert_eq!(server.calls().len(), PROMPTS * ROWS);
    sandbox.edit(&path(42), "Answer", "Say");
    let output = eval(&sandbox, &["--json"]);
    let json = output.succeeds().json();
    let calls = server.calls().split_off(PROMPTS * ROWS);
    assert_eq!(calls.len(), ROWS);
    for call in &calls {
        let system = call.body["messages"][0]["content"].as_str();
        assert!(system.is_some_and(|text| text.starts_with("You are number 42. Say")));
    }
    let suites = json["suites"].as_array().expect("suites are a list");
    let reused = suites
        .iter()
        .map(|suite| suite["usage"]["reused_answers"].as_u64());
    let reused: Option<u64> = reused.sum();
    assert_eq!(reused, Some(((PROMPTS - 1) * ROWS) as u64));
}
