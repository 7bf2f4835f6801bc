//! Rows that wait are decided about.

use crate::support::Sandbox;

use super::{ROWS, with_pending_row};

#[test]
fn a_row_is_reviewed_by_options_and_every_other_line_stays() {
    let sandbox = with_pending_row();
    let before = sandbox.read(ROWS);
    let output = sandbox.pointsman(&[
        "dataset",
        "review",
        "tickets",
        "--row",
        "late",
        "--expected",
        "delivery",
        "--tag",
        "parcel",
        "--note",
        "seen twice",
        "--priority",
        "advisory",
    ]);
    output.succeeds().says("reviewed late");
    let after = sandbox.read(ROWS);
    let lines: Vec<&str> = after.lines().collect();
    assert_eq!(lines[..3], before.lines().collect::<Vec<_>>()[..3]);
    insta::assert_snapshot!(lines[3], @r#"{"id":"late","vars":{"ticket":"my parcel is late"},"source":{"kind":"span","trace_id":"7f"},"expected":"delivery","priority":"advisory","note":"seen twice","tags":["parcel"]}"#);
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn a_row_that_is_noise_is_dropped() {
    let sandbox = with_pending_row();
    sandbox
        .pointsman(&["dataset", "review", "tickets", "--row", "late", "--drop"])
        .succeeds();
    assert_eq!(sandbox.read(ROWS).lines().count(), 3);
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let sandbox = with_pending_row();
    let before = sandbox.read(ROWS);
    let output = sandbox.pointsman(&["dataset", "review", "tickets"]);
    output
        .exits(2)
        .tells("nobody is there to be asked")
        .tells("--row <id>");
    assert_eq!(sandbox.read(ROWS), before);
    let none = Sandbox::with_workspace();
    let output = none.pointsman(&["dataset", "review", "tickets"]);
    output.succeeds().tells("no row of `tickets` waits");
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_rows_are_asked_about_one_by_one() {
    let sandbox = with_pending_row();
    let mut rows = sandbox.read(ROWS);
    rows.push_str(
        "{\"id\": \"noise\", \"vars\": {\"ticket\": \"asdf\"}, \"status\": \"pending\"}\n",
    );
    sandbox.write(ROWS, rows);
    let program = env!("CARGO_BIN_EXE_pointsman");
    let line =
        format!("script --quiet --return --command '{program} dataset review tickets' /dev/null");
    let typed = "r\ndelivery\nparcel, late\nb\ny\n\nd\n";
    let output = sandbox.shell(&line).stdin(typed).run();
    output
        .succeeds()
        .says("row 1 of 2")
        .says("decided about 2 of 2 row(s)");
    let after = sandbox.read(ROWS);
    let late = after.lines().nth(3).expect("the row is there");
    let late: serde_json::Value = serde_json::from_str(late).expect("a line of JSON");
    assert_eq!(late["expected"], "delivery");
    assert_eq!(late["tags"], serde_json::json!(["parcel", "late"]));
    assert_eq!(late["critical"], true);
    assert!(
        late.get("status").is_none() && !after.contains("asdf"),
        "{after}"
    );
}
