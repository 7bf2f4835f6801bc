//! `traces export`: spans for other programs.

mod otlp;
mod parquet;

use serde_json::Value;

use super::made::{HOSTILE, REFUND, keep, sandbox, span, spans};
use crate::support::Sandbox;

#[test]
fn json_lines_have_everything_and_the_same_store_gives_the_same_bytes() {
    let sandbox = sandbox();
    let export = [
        "traces",
        "export",
        "--where",
        "trace ^= 4bf9",
        "-o",
        "bad.jsonl",
    ];
    sandbox
        .pointsman(&export)
        .succeeds()
        .has_no_result()
        .tells("exported 3 spans");
    let text = sandbox.read("bad.jsonl");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines[0]["schema"], "pointsman/span-line/v1");
    for (line, span) in lines.iter().zip(spans()) {
        assert_eq!(
            line["span"],
            serde_json::to_value(span).expect("a span is JSON")
        );
    }
    assert_eq!(lines[1]["scores"][0]["label"], "fail");
    assert_eq!(lines[0]["scores"].as_array().map(Vec::len), Some(0));
    let printed = sandbox.pointsman(&[
        "traces",
        "export",
        "--where",
        &format!("trace = {REFUND}"),
        "-o",
        "jsonl=-",
    ]);
    assert_eq!(printed.succeeds().stdout, text);
}

#[test]
fn csv_has_the_columns_that_are_asked_for() {
    let columns = "span,duration,cost,tag,score.queue-matches,input";
    let output = sandbox().pointsman(&["traces", "export", "-o", "csv=-", "--columns", columns]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout, @r#"
    span,duration,cost,tag,score.queue-matches,input
    00f067aa0ba902b7,2410000000,,"eu,vip",,
    a2fb4a1d1a96d312,1200000000,0.000312,,0,"I was charged twice, please refund one of the payments."
    b7ad6b7169203331,1185000000,,,,"{""payment"":4711,""amount"":""12.00""}"
    53ce929d0e0e4736,900000000,,eu,,
    6ac1d2e3f4a5b6c7,860000000,0.000312,,1,How do I change the address of my account?
    "#);
    let all = sandbox().pointsman(&["traces", "export", "-o", "csv=-"]);
    all.succeeds()
        .says("time,duration,status,error_type,name,operation,trace,span,");
}

#[test]
fn hostile_text_is_no_formula_and_no_command_in_csv() {
    let sandbox = Sandbox::with_workspace();
    let mut bad = span(&"e".repeat(32), &"f".repeat(16), "", HOSTILE, (0, 5));
    bad.origin.user = Some("@SUM(1)".to_owned());
    keep(&sandbox, &[bad], &[]);
    let output = sandbox.pointsman(&["traces", "export", "-o", "csv=-", "--columns", "name,user"]);
    let shown = &output.succeeds().stdout;
    assert!(
        shown.contains("\"'=HYPERLINK(\"\"x\"\")\\u{1b}[2J"),
        "{shown}"
    );
    assert!(shown.contains("'@SUM(1)"), "{shown}");
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\r']), "{shown}");
}

#[test]
fn an_export_that_cannot_be_made_leaves_no_file() {
    let sandbox = sandbox();
    for (args, told) in [
        (vec!["-o", "spans"], "the ending names no format"),
        (
            vec!["-o", "a.jsonl", "--columns", "name"],
            "JSON lines have everything",
        ),
        (vec!["-o", "no/such/folder/a.jsonl"], "cannot write"),
        (
            vec!["-o", "a.csv", "--columns", "nmae"],
            "did you mean `name`?",
        ),
    ] {
        let args = [&["traces", "export"], args.as_slice()].concat();
        sandbox
            .pointsman(&args)
            .exits(2)
            .has_no_result()
            .tells(told);
    }
    assert!(!sandbox.path().join("a.jsonl").exists());
    let none = sandbox.pointsman(&[
        "traces",
        "export",
        "--where",
        "user = nobody",
        "-o",
        "none.jsonl",
    ]);
    none.succeeds()
        .tells("exported 0 spans")
        .tells("none of the spans in this time is meant");
    assert_eq!(sandbox.read("none.jsonl"), "");
}
