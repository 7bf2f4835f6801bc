//! Saved views: questions that are files.

use super::made::sandbox;
use crate::support::Sandbox;

const BAD: &str = "operations/views/bad-answers.toml";

#[test]
fn a_question_is_saved_as_a_file_and_asked_again() {
    let sandbox = sandbox();
    let question = [
        "traces",
        "list",
        "--where",
        "score < 0.5 and time >= \"30d ago\"",
        "--since",
        "7d",
        "--by",
        "span",
        "--columns",
        "trace,span,score",
        "--sort",
        "score",
    ];
    let asked = sandbox.pointsman(&question);
    let saved = sandbox.pointsman(&[question.as_slice(), &["--save", "bad-answers"]].concat());
    assert_eq!(saved.succeeds().stdout, asked.succeeds().stdout);
    saved.tells("saved as operations/views/bad-answers.toml; commit it to share it");
    insta::assert_snapshot!(sandbox.read(BAD), @r#"
    where = 'score < 0.5 and time >= "30d ago"'
    last = "7d"
    by = "span"
    columns = ["trace", "span", "score"]
    sort = "score"
    "#);
    let again = sandbox.pointsman(&["traces", "list", "--view", "bad-answers"]);
    assert_eq!(again.succeeds().stdout, asked.stdout);
    let twice = sandbox.pointsman(&["traces", "list", "--save", "bad-answers"]);
    twice
        .exits(2)
        .has_no_result()
        .tells("there is a view `bad-answers` already")
        .tells("edit operations/");
}

#[test]
fn what_is_said_beside_a_view_narrows_it_and_may_be_saved_again() {
    let sandbox = sandbox();
    sandbox.write(
        BAD,
        "where = 'score < 0.5 or status = error'\nlast = '7d'\nsort = 'duration'\n",
    );
    let narrowed = [
        "traces",
        "list",
        "--view",
        "bad-answers",
        "--where",
        "route = nowhere",
        "--until",
        "2026-03-02T12:00:00Z",
    ];
    let output = sandbox.pointsman(&[narrowed.as_slice(), &["--save", "team/nowhere"]].concat());
    output.succeeds().has_no_result();
    insta::assert_snapshot!(sandbox.read("operations/views/team/nowhere.toml"), @r#"
    where = "(score < 0.5 or status = error) and (route = nowhere) and (time < 2026-03-02T12:00:00Z)"
    last = "7d"
    sort = "duration"
    "#);
    let search = sandbox.pointsman(&["traces", "search", "kind", "--view", "bad-answers"]);
    search.succeeds().tells("1 of 3 spans");
}

#[test]
fn views_are_listed() {
    let sandbox = sandbox();
    sandbox
        .pointsman(&["traces", "views"])
        .succeeds()
        .has_no_result()
        .tells("there are no views");
    sandbox.write(
        BAD,
        "description = 'What users complain about'\nwhere = 'score < 0.5'\nlast = '7d'\n",
    );
    sandbox.write(
        "operations/views/slow.toml",
        "where = 'duration > 30s'\nby = 'span'\n",
    );
    let listed = sandbox.pointsman(&["traces", "views"]);
    insta::assert_snapshot!(listed.succeeds().stdout, @"
    VIEW         LAST  WHERE           FOR
    bad-answers    7d  score < 0.5     What users complain about
    slow               duration > 30s
    ");
    let json = sandbox.pointsman(&["traces", "views", "--json"]).json();
    assert_eq!(json["schema"], "pointsman/trace-views/v1");
    assert_eq!(json["views"][1]["by"], "span");
    assert_eq!(json["views"][0]["where"], "score < 0.5");
}

#[test]
fn check_finds_what_is_wrong_with_a_view() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(BAD, "where = 'score < 0.5'\n");
    sandbox
        .pointsman(&["check"])
        .succeeds()
        .says("2 lanes and 1 view: no problems");
    sandbox.write(BAD, "where = 'scroe < 0.5'\ncolumn = ['time']\n");
    sandbox.write("operations/views/notes.txt", "hello");
    let output = sandbox.pointsman(&["check"]);
    output.exits(1);
    insta::assert_snapshot!(output.stdout, @"
    error[invalid-filter]: there is no column `scroe`
      --> operations/views/bad-answers.toml:1:10
      |
    1 | where = 'scroe < 0.5'
      |          ^^^^^
      = help: did you mean `score`?

    error[unknown-key]: unknown key `column`
      --> operations/views/bad-answers.toml:2:1
      |
    2 | column = ['time']
      | ^^^^^^
      = help: did you mean `columns`?

    warning[stray-file]: nothing reads this file
      --> operations/views/notes.txt
      = help: files here end in .toml

    checked 1 prompt, 1 dataset with 3 rows, 2 evaluators, 2 lanes and 1 view: 2 errors and 1 warning
    ");
    let used = sandbox.pointsman(&["traces", "list", "--view", "bad-answers"]);
    used.exits(2)
        .has_no_result()
        .tells("there is no column `scroe`");
    let unknown = sandbox.pointsman(&["traces", "list", "--view", "bad-answer"]);
    unknown
        .exits(2)
        .has_no_result()
        .tells("there is no view `bad-answer`")
        .tells("did you mean `bad-answers`?");
    sandbox
        .pointsman(&["traces", "list", "--view", "../x"])
        .exits(2)
        .has_no_result();
}
