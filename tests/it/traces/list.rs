//! `traces list`: which traces there are.

use serde_json::Value;

use super::made::{HOSTILE, REFUND, keep, sandbox, span};
use crate::support::Sandbox;

/// The lines of JSON that a command prints.
fn lines(stdout: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).expect("each line is JSON");
    stdout.lines().map(line).collect()
}

#[test]
fn traces_are_listed_newest_first_by_all_that_their_spans_say() {
    let output = sandbox().pointsman(&["traces", "list"]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @"
    TIME                  TRACE         NAME           STATUS  DURATION  SPANS  TOTAL_TOKENS       COST
    2026-03-02 09:01:00Z  0af7651916cd  GET /help      unset     900 ms      2           660  $0.000312
    2026-03-02 09:00:00Z  4bf92f3577b3  POST /tickets  error     2.41 s      3           660  $0.000312
    ");
    output.tells("look into one: pointsman traces show 0af7651916cd43dd8448eb211c80319c\n");
}

#[test]
fn a_filter_on_one_span_lists_its_whole_trace() {
    let sandbox = sandbox();
    let filter = "operation = execute_tool and error_type = timeout";
    let listed = sandbox.pointsman(&["traces", "list", "--where", filter, "--json"]);
    let lines = lines(&listed.succeeds().stdout);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["schema"], "pointsman/trace-row/v1");
    assert_eq!(lines[0]["trace"], REFUND);
    assert_eq!(lines[0]["duration"], 2_410_000_000_u64);
    assert_eq!(
        (&lines[0]["spans"], &lines[0]["status"]),
        (&3.into(), &"error".into())
    );
}

#[test]
fn spans_are_listed_with_the_columns_that_are_asked_for() {
    let output = sandbox().pointsman(&[
        "traces",
        "list",
        "--by",
        "span",
        "--where",
        "has(model)",
        "--sort",
        "duration",
        "--columns",
        "span,prompt,duration,score.queue-matches,input,output",
    ]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @"
    SPAN          PROMPT                 DURATION  SCORE.QUEUE-MATCHES  INPUT                                                    OUTPUT
    6ac1d2e3f4a5  docs/grounded-summary    860 ms                    1  How do I change the address of my account?               Open the settings, then Account.
    a2fb4a1d1a96  support/triage           1.20 s                    0  I was charged twice, please refund one of the payments.  billing
    ");
}

#[test]
fn a_table_fits_the_terminal() {
    let output = sandbox()
        .command(&[
            "traces",
            "list",
            "--columns",
            "trace,input,output,duration,cost",
        ])
        .env("COLUMNS", "72")
        .run();
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @"
    TRACE         INPUT               OUTPUT             DURATION       COST
    0af7651916cd  How do I change t…  Open the setting…    900 ms  $0.000312
    4bf92f3577b3  I was charged twi…  billing              2.41 s  $0.000312
    ");
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 72));
}

#[test]
fn the_time_can_be_asked_for_in_any_way() {
    let sandbox = sandbox();
    let count = |args: &[&str]| {
        let args = [&["traces", "list", "--json"], args].concat();
        lines(&sandbox.pointsman(&args).succeeds().stdout).len()
    };
    assert_eq!(count(&["--since", "2026-03-02T09:00:30Z"]), 1);
    assert_eq!(count(&["--until", "2026-03-02T09:00:30Z"]), 1);
    assert_eq!(count(&["--window", "2026-03-02..2026-03-03"]), 2);
    assert_eq!(count(&["--where", "time >= 2026-03-03"]), 0);
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds();
    assert_eq!(count(&["--around", "staging#1"]), 2);
    assert_eq!(count(&["--around", "staging#1:1s"]), 0);
    let unknown = sandbox.pointsman(&["traces", "list", "--around", "staging#7"]);
    unknown
        .exits(2)
        .has_no_result()
        .tells("lane `staging` has no record #7");
}

#[test]
fn what_is_wrong_with_a_filter_is_shown_in_its_place() {
    let output = sandbox().pointsman(&[
        "traces",
        "list",
        "--where",
        "lane = production and modle ~ gpt",
    ]);
    output.exits(2).has_no_result();
    insta::assert_snapshot!(output.stderr, @"
    error[invalid-filter]: there is no column `modle`
      --> --where:1:23
      |
    1 | lane = production and modle ~ gpt
      |                       ^^^^^
      = help: did you mean `model`?

    error: the filter cannot be read
    ");
    for (args, told) in [
        (["--columns", "trace,nmae"], "did you mean `name`?"),
        (["--sort", "-durtion"], "did you mean `duration`?"),
        (["--by", "session"], "possible values: trace, span"),
    ] {
        let args = [&["traces", "list"], args.as_slice()].concat();
        sandbox()
            .pointsman(&args)
            .exits(2)
            .has_no_result()
            .tells(told);
    }
}

#[test]
fn who_finds_nothing_is_told_why() {
    let empty = Sandbox::with_workspace().pointsman(&["traces", "list"]);
    empty
        .succeeds()
        .has_no_result()
        .tells("no traces are kept here; `pointsman traces import`");
    let sandbox = sandbox();
    let early = sandbox.pointsman(&["traces", "list", "--until", "2020-01-01"]);
    early.succeeds().has_no_result().tells(
        "no span began in this time; 5 spans are kept, from 2026-03-02 09:00:00Z to 2026-03-02 09:01:00Z",
    );
    let filter = "attribute.http.request.metod = POST";
    let odd = sandbox.pointsman(&["traces", "list", "--where", filter]);
    odd.succeeds()
        .has_no_result()
        .tells("no span that is kept has `attribute.http.request.metod`; did you mean `attribute.http.request.method`?");
}

#[test]
fn hostile_text_neither_drives_the_terminal_nor_breaks_a_line() {
    let sandbox = Sandbox::with_workspace();
    let mut bad = span(&"e".repeat(32), &"f".repeat(16), "", HOSTILE, (0, 5));
    bad.origin.tags = vec![HOSTILE.to_owned()];
    bad.content.input = Some("x".repeat(3_000_000));
    keep(&sandbox, &[bad], &[]);
    let columns = "trace,name,tag,input";
    let table = sandbox.pointsman(&["traces", "list", "--by", "span", "--columns", columns]);
    let shown = &table.succeeds().stdout;
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert!(
        shown.contains("\\u{1b}[2J") && shown.contains("\\u{202e}"),
        "{shown}"
    );
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{7}'),
        "{shown}"
    );
    assert!(shown.len() < 2_000, "{}", shown.len());
    let json = sandbox.pointsman(&["traces", "list", "--columns", columns, "--json"]);
    let lines = lines(&json.succeeds().stdout);
    assert_eq!(lines[0]["name"], HOSTILE);
    assert_eq!(lines[0]["input"].as_str().map(str::len), Some(3_000_000));
}
