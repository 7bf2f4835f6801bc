//! Rows that come in from files.

use crate::support::Sandbox;

use super::ROWS;

const CSV: &str =
    "text,label\nmy card was charged twice,billing\n\"billing:  where is MY refund?\",billing\n";

const INTO: [&str; 5] = ["dataset", "import", "new.csv", "--to", "tickets"];

#[test]
fn rows_of_a_table_join_a_dataset_and_what_it_asks_already_is_left_out() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("new.csv", CSV);
    let args = [
        &INTO[..],
        &["--map", "text=ticket", "--map", "label=expected"],
    ]
    .concat();
    let before = sandbox.read(ROWS);
    let dry = sandbox.pointsman(&[&args[..], &["--dry-run"]].concat());
    dry.succeeds()
        .says("would add 1 row(s) to tickets; 1 ask what it asks already");
    assert_eq!(sandbox.read(ROWS), before);
    let output = sandbox.pointsman(&args);
    output.succeeds().says("added 1 row(s) to tickets");
    let after = sandbox.read(ROWS);
    let added = after
        .strip_prefix(&before)
        .expect("what was there stays as it is");
    let row: serde_json::Value = serde_json::from_str(added).expect("a line of JSON");
    assert_eq!(row["vars"]["ticket"], "my card was charged twice");
    assert_eq!(row["expected"], "billing");
    assert_eq!(row["source"]["kind"], "file");
    assert_eq!(row["source"]["at"], "2026-03-02T09:02:00Z");
    sandbox.pointsman(&["check"]).succeeds();
    let again = sandbox.pointsman(&[&args[..], &["--json"]].concat());
    let again = again.succeeds().json();
    assert_eq!(again["added"].as_array().map(Vec::len), Some(0));
    assert_eq!(again["known"].as_array().map(Vec::len), Some(2));
    assert_eq!(sandbox.read(ROWS), after);
}

#[test]
fn a_dataset_that_is_not_there_is_made_with_rows_that_wait_if_they_should() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "new.jsonl",
        "{\"ticket\": \"hello\", \"expected\": \"other\"}\n",
    );
    let args = [
        "dataset",
        "import",
        "new.jsonl",
        "--to",
        "support/seen",
        "--kind",
        "production",
        "--pending",
    ];
    sandbox.pointsman(&args).succeeds();
    assert_eq!(
        sandbox.read("datasets/support/seen.yml"),
        "kind: production\nrows: seen.jsonl\n"
    );
    let rows = sandbox.read("datasets/support/seen.jsonl");
    assert!(rows.contains(r#""status":"pending""#), "{rows}");
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_line_and_nothing_is_written() {
    let sandbox = Sandbox::with_workspace();
    let before = sandbox.read(ROWS);
    for (name, text, options, told) in [
        ("a.csv", "id,ticket\na,b,c\n", &[][..], "a.csv:2"),
        ("b.csv", "ticket,ticket\na,b\n", &[], "b.csv:1"),
        (
            "c.csv",
            "tickets\na\n",
            &["--map", "tiket=ticket"],
            "did you mean `tickets`?",
        ),
        (
            "d.csv",
            "ticket,critical\na,yes\n",
            &[],
            "`yes` is neither true nor false",
        ),
        (
            "e.jsonl",
            "{\"ticket\": \"a\"}\nnonsense\n",
            &[],
            "e.jsonl:2",
        ),
        ("f.jsonl", "[1]\n", &[], "f.jsonl:1"),
        ("g.csv", "", &[], "there are no rows"),
        (
            "h.csv",
            "id,ticket\nrefund,something else\n",
            &[],
            "another row is called `refund`",
        ),
        ("i.txt", "a\n", &[], "neither `.csv` nor `.jsonl`"),
    ] {
        sandbox.write(name, text);
        let args = [&["dataset", "import", name, "--to", "tickets"][..], options].concat();
        sandbox.pointsman(&args).exits(2).tells(told);
        assert_eq!(sandbox.read(ROWS), before, "{name}");
    }
}

#[test]
fn rows_of_csv_cannot_say_where_they_are_from() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("datasets/plain.yml", "kind: golden\nrows: plain.csv\n");
    sandbox.write("datasets/plain.csv", "id,ticket\na,b\n");
    sandbox.write("new.csv", CSV);
    let output = sandbox.pointsman(&["dataset", "import", "new.csv", "--to", "plain"]);
    output
        .exits(2)
        .tells("cannot hold a review")
        .tells("dataset export plain");
}

#[test]
fn a_row_that_stands_twice_in_the_file_comes_in_once_and_one_that_wants_two_answers_does_not() {
    let sandbox = Sandbox::with_workspace();
    let twice = "ticket,expected\nmy card is lost,billing\nMy card  is lost,billing\n";
    sandbox.write("new.csv", twice);
    let output = sandbox.pointsman(&INTO);
    output
        .succeeds()
        .says("added 1 row(s) to tickets; 1 ask what it asks already");
    let before = sandbox.read(ROWS);
    let torn = "ticket,expected\nmy card is stolen,billing\nmy card is stolen,account\n";
    sandbox.write("new.csv", torn);
    sandbox
        .pointsman(&INTO)
        .exits(2)
        .tells("line 3: this row asks what line 2 asks, and wants another answer");
    assert_eq!(sandbox.read(ROWS), before);
}
