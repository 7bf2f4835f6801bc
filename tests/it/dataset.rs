//! `pointsman dataset`: rows are listed, brought in, reviewed, looked at and written out.

mod add_span;
mod import;
mod lint;
mod prove;
mod review;

use crate::support::Sandbox;

const ROWS: &str = "datasets/tickets.jsonl";

/// The small workspace with a row that waits for a review.
fn with_pending_row() -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let rows = sandbox.read(ROWS);
    let pending = r#"{"id": "late", "vars": {"ticket": "my parcel is late"}, "status": "pending", "source": {"kind": "span", "trace_id": "7f"}}"#;
    sandbox.write(ROWS, format!("{rows}{pending}\n"));
    sandbox
}

#[test]
fn datasets_are_listed_with_what_counts_in_them() {
    let sandbox = with_pending_row();
    let output = sandbox.pointsman(&["dataset", "list"]);
    insta::assert_snapshot!(output.succeeds().stdout, @r"
    DATASET  KIND    ROWS  GATING  CRITICAL  PENDING  TESTS
    tickets  golden     4       3         1        1  triage
    ");
    let json = sandbox.pointsman(&["dataset", "list", "--json"]);
    let json = json.succeeds().json();
    assert_eq!(json["schema"], "pointsman/dataset-list/v1");
    assert_eq!(json["datasets"][0]["pending"], 1);
}

#[test]
fn rows_are_shown_in_short_and_one_of_them_whole() {
    let sandbox = with_pending_row();
    let output = sandbox.pointsman(&["dataset", "show", "tickets"]);
    insta::assert_snapshot!(output.succeeds().stdout, @r"
    ROW        STATUS    COUNTS    EXPECTED  ASKS
    refund     reviewed  critical  billing   billing: where is my refund?
    crash      reviewed  yes       bug       bug: the app closes when I open it
    dark-mode  reviewed  yes       feature   feature: please add a dark mode
    late       pending   no                  my parcel is late
    ");
    let one = sandbox.pointsman(&["dataset", "show", "datasets/tickets.yml", "late"]);
    insta::assert_snapshot!(one.succeeds().stdout, @r"
    id           late
    vars
      ticket     my parcel is late
    status       pending
    source
      kind       span
      trace_id   7f
    ");
    let waiting = sandbox.pointsman(&["dataset", "show", "tickets", "--pending", "--json"]);
    let waiting = waiting.succeeds().json();
    assert_eq!(waiting["schema"], "pointsman/dataset/v1");
    assert_eq!(waiting["rows"][0]["id"], "late");
    assert_eq!(waiting["rows"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_name_that_is_none_finds_the_nearest() {
    let sandbox = Sandbox::with_workspace();
    let dataset = sandbox.pointsman(&["dataset", "show", "ticket"]);
    dataset.exits(2).tells("did you mean `tickets`?");
    let row = sandbox.pointsman(&["dataset", "show", "tickets", "refunds"]);
    row.exits(2)
        .tells("the dataset `tickets` has no row `refunds`")
        .tells("did you mean `refund`?");
}

#[test]
fn hostile_rows_drive_no_terminal() {
    let sandbox = Sandbox::with_workspace();
    let row = r#"{"id": "h", "vars": {"ticket": "a\u001b[2J\u202eb\nc"}}"#;
    sandbox.write(ROWS, format!("{row}\n"));
    for args in [
        &["dataset", "show", "tickets"][..],
        &["dataset", "show", "tickets", "h"],
    ] {
        let output = sandbox.pointsman(args);
        let said = &output.succeeds().stdout;
        assert!(
            !said.contains('\u{1b}') && !said.contains('\u{202e}'),
            "{said}"
        );
    }
}

#[test]
fn rows_go_out_as_csv_without_formulas_and_come_back_as_they_were() {
    let sandbox = Sandbox::with_workspace();
    let rows = "{\"id\":\"f\",\"vars\":{\"ticket\":\"=1+1\"},\"expected\":\"bug\",\"tags\":[\"a\",\"b\"]}\n";
    sandbox.write(ROWS, rows);
    let csv = sandbox.pointsman(&["dataset", "export", "tickets", "-o", "csv=-"]);
    insta::assert_snapshot!(csv.succeeds().stdout, @r"
    id,expected,tags,ticket
    f,bug,a;b,'=1+1
    ");
    sandbox
        .pointsman(&["dataset", "export", "tickets", "-o", "out.csv"])
        .succeeds();
    let import = ["dataset", "import", "out.csv", "--to", "copy"];
    sandbox.pointsman(&import).succeeds();
    let copy = sandbox
        .pointsman(&["dataset", "show", "copy", "--json"])
        .json();
    assert_eq!(copy["rows"][0]["vars"]["ticket"], "=1+1");
    assert_eq!(copy["rows"][0]["tags"][1], "b");
}

#[test]
fn lines_go_out_as_they_are() {
    let sandbox = Sandbox::with_workspace();
    let lines = sandbox.pointsman(&["dataset", "export", "tickets", "-o", "jsonl=-"]);
    assert_eq!(lines.succeeds().stdout, sandbox.read(ROWS));
}

#[test]
fn what_csv_cannot_hold_is_refused_and_no_half_a_file_is_left() {
    let sandbox = with_pending_row();
    let output = sandbox.pointsman(&["dataset", "export", "tickets", "-o", "out.csv"]);
    output
        .exits(2)
        .tells("row `late` has a status of its review")
        .tells("jsonl=PATH");
    assert!(!sandbox.path().join("out.csv").exists());
}
