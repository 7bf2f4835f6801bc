//! Telemetry that was made to do harm: it is refused record by record, in bounded memory, or it is data.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::import::{count, gzip, zstd};
use super::receive::one_span;
use crate::support::Sandbox;

/// An export request of which the list of spans is a text.
fn request_with(spans: &str) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#)
}

#[test]
fn bombs_are_refused_in_little_memory_and_what_stands_beside_them_is_kept() {
    const MIB: usize = 1024 * 1024;
    let sandbox = Sandbox::with_workspace();
    let blank = " ".repeat(80 * MIB);
    let many = request_with(&format!("{}{{}}", "{},".repeat(5 * MIB)));
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let deep = request_with(&format!(
        r#"{{"attributes":[{{"key":"a","value":{deep}}}]}}"#
    ));
    let good = one_span(1).to_string();
    let files: [(&str, Vec<u8>); 6] = [
        ("1-blank.json.gz", gzip(format!("{{{blank}").as_bytes())),
        ("2-blank.json.zst", zstd(format!("{{{blank}").as_bytes())),
        ("3-many.json", many.clone().into_bytes()),
        ("4-many.json.gz", gzip(many.as_bytes())),
        ("5-deep.jsonl", format!("{deep}\n{good}\n").into_bytes()),
        ("6-good.jsonl", one_span(2).to_string().into_bytes()),
    ];
    for (name, bytes) in files {
        sandbox.write(&format!("../bombs/{name}"), bytes);
    }
    // Two gigabytes of addresses, stacks and libraries included.
    let line = "ulimit -v 2000000; pointsman --json traces import ../bombs";
    let run = sandbox.shell(line).run();
    let report: Value = serde_json::from_str(&run.succeeds().stdout).expect("it is JSON");
    assert_eq!(count(&report, "spans"), 2, "{report:#}");
    let refused = report["refused"].as_array().expect("a list");
    let all: u64 = refused.iter().filter_map(|it| it["count"].as_u64()).sum();
    assert_eq!(all, 5, "{report:#}");
}

#[test]
fn names_of_attributes_are_data_whatever_they_are() {
    let mut names: Vec<String> = [
        "",
        "lane",
        "__proto__",
        "a b\" or \"1\"=\"1",
        "'; drop table spans; --",
        "=HYPERLINK(\"x\")",
        "\u{1b}]0;owned\u{7}\u{1b}[2J",
        "a\r\nb",
        "\u{202e}txt.exe",
        "../../etc/hosts",
        "<script>alert(1)</script>",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("long.".repeat(20_000));
    let mut all = names.clone();
    for number in 0..3_000 {
        let mut name = String::new();
        let _ = write!(name, "many.{number}");
        all.push(name);
    }
    // The last of equal names counts.
    all.push("lane".to_owned());
    let attributes: Vec<Value> = all
        .iter()
        .map(|name| json!({ "key": name, "value": { "stringValue": format!("of {name}") } }))
        .collect();
    let mut request = one_span(1);
    request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = attributes.into();
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../traces.json", request.to_string());
    sandbox
        .pointsman(&["traces", "import", "../traces.json"])
        .succeeds();
    let id = format!("{:032x}", 1);
    for args in [
        vec!["traces", "show", id.as_str(), "--all"],
        vec!["traces", "list", "--where", "attribute.lane = 'of lane'"],
        vec!["traces", "export", "-o", "csv=-"],
        vec!["traces", "search", "hosts"],
    ] {
        let run = sandbox.pointsman(&args);
        run.succeeds();
        let hostile = ['\u{1b}', '\u{7}', '\u{202e}'];
        assert!(!run.transcript().contains(hostile), "{args:?}");
    }
    let exported = sandbox.pointsman(&["traces", "export", "-o", "jsonl=-"]);
    let line: Value = serde_json::from_str(&exported.succeeds().stdout).expect("it is JSON");
    let kept = line["span"]["attributes"].as_object().expect("a mapping");
    for name in names.iter().filter(|name| !name.is_empty()) {
        assert_eq!(kept[name.as_str()], format!("of {name}"));
    }
    let again = sandbox.pointsman(&["--json", "traces", "import", "../traces.json"]);
    assert_eq!(count(&again.succeeds().json(), "duplicate_spans"), 1);
}
