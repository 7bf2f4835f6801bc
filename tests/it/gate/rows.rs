//! Edits of rows alone: whatever they are, they never turn a failure into a pass.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::pull_request::PullRequest;

const ROWS: &str = "datasets/tickets.jsonl";

/// An edit of the head's rows.
#[derive(Debug, Clone)]
enum Edit {
    Delete(usize),
    Relabel(usize),
    Pend(usize),
    Duplicate(usize),
    Add(u8),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (0..3_usize).prop_map(Edit::Delete),
        (0..3_usize).prop_map(Edit::Relabel),
        (0..3_usize).prop_map(Edit::Pend),
        (0..3_usize).prop_map(Edit::Duplicate),
        any::<u8>().prop_map(Edit::Add),
    ];
    prop::collection::vec(edit, 1..6)
}

fn apply(edits: &[Edit], rows: &str) -> String {
    let mut rows: Vec<Option<String>> = rows.lines().map(|row| Some(row.to_owned())).collect();
    for (number, edit) in edits.iter().enumerate() {
        let row = |index: &usize| rows[*index].clone().unwrap_or_default();
        match edit {
            Edit::Delete(index) => rows[*index] = None,
            Edit::Relabel(index) => {
                rows[*index] = Some(row(index).replace("\"expected\": \"", "\"expected\": \"Sorry"));
            }
            Edit::Pend(index) => {
                let row = row(index).replace(", \"status\": \"pending\"", "");
                rows[*index] = Some(row.replace("}, \"exp", "}, \"status\": \"pending\", \"exp"));
            }
            Edit::Duplicate(index) => {
                let id = format!("\"id\": \"copy-{number}-");
                rows.push(Some(row(index).replacen("\"id\": \"", &id, 1)));
            }
            Edit::Add(seed) => rows.push(Some(format!(
                "{{\"id\": \"new-{number}-{seed}\", \"vars\": {{\"ticket\": \"{seed}\"}}, \"expected\": \"Sorry\"}}"
            ))),
        }
    }
    let rows: Vec<String> = rows
        .into_iter()
        .flatten()
        .filter(|row| !row.is_empty())
        .collect();
    rows.join("\n")
}

#[test]
fn edits_of_rows_alone_never_turn_a_failure_into_a_pass() {
    let base = PullRequest::base();
    let rows = base.read(ROWS);
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let property = |edits: Vec<Edit>| {
        let request = PullRequest::to(&base);
        request.break_prompt();
        let edited = apply(&edits, &rows);
        request.sandbox.write(ROWS, &edited);
        let run = request.gate(&["--json"]);
        prop_assert_eq!(run.code, Some(1), "{}", run.transcript());
        if edited.is_empty() {
            // That is found before anything is judged.
            prop_assert!(run.transcript().contains("there are no rows"));
            return Ok(());
        }
        prop_assert_eq!(&run.json()["decision"]["verdict"], "fail");
        prop_assert_eq!(&run.json()["decision"]["checks"][0]["total"], 6);
        Ok(())
    };
    runner.run(&edits(), property).expect("the property holds");
}
