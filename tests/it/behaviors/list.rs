//! `behaviors list` and `show`: what is urgent comes first.

use serde_json::json;

use super::made::{Step, Told};
use crate::support::Sandbox;

/// A lane in which one error gets worse and a tool is called as ever.
fn production() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let traces: Vec<Told> = (0..1_200_u32)
        .step_by(5)
        .map(|minute| {
            let mut steps = vec![Step::Tool(
                "find_order",
                json!({ "order": minute }),
                json!({ "state": "sent" }),
            )];
            let every = if minute < 600 { 100 } else { 15 };
            if minute.is_multiple_of(every) {
                steps.push(Step::Fails(format!("no answer after {minute} s")));
            }
            Told::new(minute.into(), minute.into(), steps)
        })
        .collect();
    sandbox.imports_told(&traces);
    sandbox.scans(&["--window", "2026-03-01T10:00:00Z..2026-03-01T20:00:00Z"]);
    sandbox
}

#[test]
fn issues_come_first_with_their_rates_and_how_they_went() {
    let sandbox = production();
    let output = sandbox.pointsman(&["behaviors", "list"]);
    output.succeeds();
    insta::assert_snapshot!(output.transcript());
}

#[test]
fn one_behavior_is_shown_with_all_that_is_known_and_traces_that_show_it() {
    let sandbox = production();
    let args = ["behaviors", "list", "--kind", "issue", "--json"];
    let json = sandbox.pointsman(&args).succeeds().json();
    assert_eq!(json["schema"], "pointsman/behaviors-list/v1");
    let id = json["behaviors"][0]["behavior"]
        .as_str()
        .expect("it has a name");
    let output = sandbox.pointsman(&["behaviors", "show", id, "-n", "2"]);
    output.succeeds();
    insta::assert_snapshot!(output.transcript());
    let json = sandbox
        .pointsman(&["behaviors", "show", id, "--json"])
        .succeeds()
        .json();
    assert_eq!(json["schema"], "pointsman/behavior/v1");
    assert_eq!(json["examples"][0]["isKept"], true);
}

#[test]
fn the_file_of_a_behavior_is_for_people_too() {
    let sandbox = production();
    insta::assert_snapshot!(sandbox.behavior_files());
}

#[test]
fn lists_are_narrowed_by_state_role_and_kind() {
    let sandbox = production();
    let listed = |args: &[&str]| -> usize {
        let args = [&["behaviors", "list", "--json"], args].concat();
        let json = sandbox.pointsman(&args).succeeds().json();
        json["behaviors"].as_array().expect("it is a list").len()
    };
    assert_eq!(listed(&[]), 2);
    assert_eq!(listed(&["--state", "worse,new"]), 1);
    assert_eq!(listed(&["--role", "tool"]), 1);
    assert_eq!(listed(&["--role", "user"]), 0);
    assert_eq!(listed(&["--kind", "healthy"]), 1);
    assert_eq!(listed(&["--watched"]), 0);
    sandbox
        .pointsman(&["behaviors", "list", "--state", "wrse"])
        .exits(2)
        .tells("did you mean `worse`?");
    let nothing = Sandbox::with_workspace();
    nothing
        .pointsman(&["behaviors", "list"])
        .succeeds()
        .has_no_result()
        .tells("`pointsman behaviors scan` looks for them");
}
