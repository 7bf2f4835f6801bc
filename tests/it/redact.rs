//! `pointsman redact test`: what would be taken out is named with its place, and neither shown nor stored.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::traces::Traffic;

/// A workspace with rules of its own.
fn with_rules(rules: &str) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    let settings = sandbox.read("pointsman.toml");
    sandbox.write(
        "pointsman.toml",
        format!("{settings}\n[redaction]\n{rules}\n"),
    );
    sandbox
}

#[test]
fn the_places_in_a_text_are_named_and_what_stands_there_is_not_shown() {
    let sandbox = with_rules("allow = [\"*@example.org\"]");
    sandbox.write(
        "../notes.txt",
        "Write to kim@example.com or lee@example.org.\nCard: 4111 1111 1111 1111\n",
    );
    sandbox.write(
        "../rows.jsonl",
        "{\"password\": \"hunter2\"}\n{\"a\": \"b\"}\n",
    );
    sandbox.write("../clean.txt", "nothing here\n");
    let args = [
        "redact",
        "test",
        "../notes.txt",
        "../rows.jsonl",
        "../clean.txt",
    ];
    let run = sandbox.pointsman(&args);
    assert_eq!(
        run.succeeds().stdout,
        "../notes.txt:1:10: email, 15 characters\n\
         ../notes.txt:2:7: card, 19 characters\n\
         ../notes.txt: taken out: card 1, email 1\n\
         ../rows.jsonl:1:14: secret, 9 characters\n\
         ../rows.jsonl: taken out: secret 1\n\
         ../clean.txt: nothing is taken out\n"
    );
    let strict = [&args[..], &["--expect-clean"]].concat();
    sandbox.pointsman(&strict).exits(1);
    let clean = ["redact", "test", "../clean.txt", "--expect-clean"];
    sandbox.pointsman(&clean).succeeds();
    let print = sandbox.pointsman(&["redact", "test", "../notes.txt", "--print"]);
    assert_eq!(
        print.succeeds().stdout,
        "Write to <email> or lee@example.org.\nCard: <card>\n"
    );
}

#[test]
fn the_fields_of_spans_are_named_and_nothing_is_stored() {
    let traffic = Traffic::new(31, 3);
    let sandbox = with_rules("drop = [\"http.*\"]\ncontent = [\"variables\"]");
    let run = sandbox.command(&["--json", "redact", "test", "-"]);
    let run = run.stdin(&traffic.ndjson()).run();
    let json = run.succeeds().json();
    assert_eq!(json["schema"], "pointsman/redact-test/v1");
    let input = &json["inputs"][0];
    assert_eq!(input["name"], "stdin");
    assert_eq!(input["items"], traffic.span_count());
    let places = input["places"].as_array().expect("a list");
    let told = |field: &str, rules: &[&str]| {
        let is = |it: &&Value| it["field"] == field && it["rules"] == Value::from(rules);
        places.iter().filter(is).count()
    };
    assert!(
        told("content.variables.ticket", &["email"]) > 0,
        "{places:#?}"
    );
    assert!(
        told("attributes.http.request.method", &[]) > 0,
        "{places:#?}"
    );
    assert!(told("content.input", &[]) > 0, "{places:#?}");
    assert!(!run.transcript().contains("@example.com"));
    let print = sandbox.command(&["redact", "test", "-", "--print"]);
    let print = print.stdin(&traffic.ndjson()).run();
    let lines = print.succeeds().stdout.lines().count();
    assert_eq!(lines, traffic.span_count());
    print.says("Write to <email>");
    assert!(!sandbox.path().join(".git/pointsman/traces").exists());
}

#[test]
fn the_examples_of_the_settings_are_tried() {
    let rules = "[redaction.patterns.customer]\nregex = 'C-\\d{4}'\n\
                 [[redaction.examples]]\ntext = \"C-1234, kim@example.com\"\n\
                 expect = \"<customer>, <email>\"\n";
    let sandbox = with_rules(rules);
    let run = sandbox.pointsman(&["redact", "test"]);
    assert_eq!(run.succeeds().stdout, "1 of 1 example right\n");
    sandbox.edit("pointsman.toml", "C-1234,", "C-123,");
    let run = sandbox.pointsman(&["redact", "test"]);
    run.exits(1)
        .says("expected `<customer>, <email>`, and this is left: `C-123, <email>`\n")
        .says("0 of 1 example right\n");
    let none = Sandbox::with_workspace();
    let run = none.pointsman(&["redact", "test"]);
    run.exits(2)
        .has_no_result()
        .tells("there is nothing to test");
}

#[test]
fn what_is_neither_text_nor_traces_is_refused() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../picture.png", b"\x89PNG\r\n\x1a\n\xFF\xFE");
    let run = sandbox.pointsman(&["redact", "test", "../picture.png"]);
    run.exits(2)
        .has_no_result()
        .tells("is neither text in UTF-8 nor traces");
    let run = sandbox.pointsman(&["redact", "test", "../absent.txt"]);
    run.exits(2)
        .has_no_result()
        .tells("cannot read `../absent.txt`");
}
