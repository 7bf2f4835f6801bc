//! `pointsman traces import`: files of telemetry in every framing, read once however often they come.

mod langfuse;
mod langsmith;
mod mapped;
mod phoenix;

use std::io::Write as _;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::traces::Traffic;

/// A workspace with the traffic of a day in `traces.jsonl` and its scores in `scores.jsonl`.
fn with_traffic(traffic: &Traffic) -> Sandbox {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../traces.jsonl", traffic.ndjson());
    sandbox.write("../scores.jsonl", traffic.scores_ndjson());
    sandbox
}

/// One count of an import, as JSON gives it.
pub(super) fn count(report: &Value, name: &str) -> usize {
    let count = report[name].as_u64();
    usize::try_from(count.expect("the report has this count")).expect("tests are small")
}

/// Values as lines of JSON.
fn lines(values: &[Value]) -> String {
    let lines: Vec<String> = values.iter().map(Value::to_string).collect();
    lines.join("\n")
}

/// What is stored, as lines of JSON tell it.
fn imported(sandbox: &Sandbox) -> Vec<Value> {
    let run = sandbox.pointsman(&["traces", "export", "-o", "jsonl=-"]);
    let lines = run.succeeds().stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("this is JSON"))
        .collect()
}

/// The stored line of the span with this name.
fn span_named<'l>(told: &'l [Value], name: &str) -> &'l Value {
    let found = told.iter().find(|line| line["span"]["name"] == name);
    found.unwrap_or_else(|| panic!("no span is called {name}"))
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("memory can be written")
}

pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("tests are small");
    [&length.to_be_bytes(), message].concat()
}

#[test]
fn what_is_imported_twice_is_stored_once() {
    let traffic = Traffic::new(1, 60);
    let sandbox = with_traffic(&traffic);
    let args = [
        "--json",
        "traces",
        "import",
        "../traces.jsonl",
        "../scores.jsonl",
    ];
    let first = sandbox.pointsman(&args).succeeds().json();
    assert_eq!(first["schema"], "pointsman/traces-import/v1");
    assert_eq!(count(&first, "spans"), traffic.span_count());
    assert_eq!(count(&first, "scores"), traffic.score_count());
    assert_eq!(count(&first, "duplicate_spans"), 0);
    assert_eq!(first["refused"], json!([]));
    let again = sandbox.pointsman(&args).succeeds().json();
    assert_eq!(count(&again, "spans"), 0);
    assert_eq!(count(&again, "duplicate_spans"), traffic.span_count());
    assert_eq!(count(&again, "duplicate_scores"), traffic.score_count());
}

#[test]
fn a_file_reads_alike_in_every_framing_and_compression() {
    let traffic = Traffic::new(2, 10);
    let lines = traffic.ndjson();
    let lines = lines.as_bytes();
    let values: Vec<Value> = traffic.each().map(|trace| trace.request()).collect();
    let pretty = serde_json::to_string_pretty(&values).expect("this is JSON");
    let messages: Vec<u8> = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .flat_map(|line| framed(&zstd(line)))
        .collect();
    let files = [
        ("lines.jsonl", lines.to_vec()),
        ("list.json", pretty.into_bytes()),
        ("lines.json.gz", gzip(lines)),
        ("lines.json.zst", zstd(lines)),
        ("messages.zst", messages),
    ];
    for (name, bytes) in files {
        let sandbox = Sandbox::with_workspace();
        sandbox.write(&format!("../{name}"), bytes);
        let args = ["--json", "traces", "import", &format!("../{name}")];
        let report = sandbox.pointsman(&args).succeeds().json();
        assert_eq!(count(&report, "spans"), traffic.span_count(), "{name}");
        assert_eq!(count(&report, "records"), 10, "{name}");
    }
}

#[test]
fn a_bad_record_is_told_with_its_place_and_costs_no_other() {
    let traffic = Traffic::new(3, 3);
    let lines = traffic.ndjson();
    let mut lines: Vec<&str> = lines.lines().collect();
    lines.insert(1, "{\"resourceSpans\": [nonsense]}");
    lines.insert(3, "{\"other\": 1}");
    lines.push("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"x\"}]}]}]}");
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../traces.jsonl", lines.join("\n"));
    let run = sandbox.pointsman(&["traces", "import", "../traces.jsonl"]);
    insta::assert_snapshot!(run.succeeds().transcript());
    let strict = sandbox.pointsman(&["traces", "import", "--strict", "../traces.jsonl"]);
    strict.exits(1).has_no_result();
    strict.tells("../traces.jsonl:2:20 (expected an object): it is not JSON of the expected shape");
}

#[test]
fn what_is_no_telemetry_is_told_and_nothing_is_kept() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../notes.txt", "hello there");
    let run = sandbox.pointsman(&["traces", "import", "../notes.txt"]);
    insta::assert_snapshot!(run.exits(1).transcript());
    let run = sandbox.pointsman(&["traces", "import", "../absent"]);
    run.exits(2)
        .has_no_result()
        .tells("there is no `../absent`");
}

#[cfg(unix)]
#[test]
fn a_folder_is_read_in_the_order_of_its_names_and_no_link_in_it_is_followed() {
    let traffic = Traffic::new(4, 4);
    let sandbox = with_traffic(&traffic);
    let lines = traffic.ndjson();
    for (index, line) in lines.lines().enumerate() {
        sandbox.write(&format!("../exports/{index}/a.jsonl"), line);
    }
    let link = sandbox.path().join("../exports/link.jsonl");
    std::os::unix::fs::symlink("../scores.jsonl", link).expect("the folder is ours");
    let args = ["--json", "traces", "import", "../exports/"];
    let report = sandbox.pointsman(&args).succeeds().json();
    assert_eq!(count(&report, "files"), 4);
    assert_eq!(count(&report, "spans"), traffic.span_count());
    assert_eq!(count(&report, "scores"), 0);
}

#[test]
fn what_is_piped_in_is_read_to_its_end() {
    let traffic = Traffic::new(5, 5);
    let sandbox = Sandbox::with_workspace();
    let run = sandbox.command(&["traces", "import", "-"]);
    let run = run.stdin(&traffic.ndjson()).run();
    run.succeeds()
        .says(&format!("imported {} spans", traffic.span_count()));
}

#[test]
fn nothing_that_redaction_takes_out_is_written_anywhere() {
    let traffic = Traffic::new(6, 40);
    let sandbox = with_traffic(&traffic);
    assert!(traffic.ndjson().contains("@example.com"));
    let run = sandbox.pointsman(&["traces", "import", "../traces.jsonl"]);
    run.succeeds().says("email ");
    let found = sandbox
        .shell("grep -rl 'kim\\.[0-9]*@example' .git; true")
        .run();
    assert_eq!(found.succeeds().stdout, "");
}

#[test]
fn a_record_of_no_known_format_or_of_several_is_told_the_option_that_says_which() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../app.log", "{\"message\":\"hi\"}\n{\"message\":\"ho\"}\n");
    let run = sandbox.pointsman(&["traces", "import", "../app.log"]);
    run.exits(1)
        .says("2: it is a record of no format that is known here: say which with `--format`")
        .says("`--mapping`");
    let both = json!({ "trace_id": "t", "type": "SPAN", "start_time": "2026-03-02T09:00:00Z", "id": "a",
        "end_time": "2026-03-02T09:00:01Z", "run_type": "llm", "name": "one" });
    sandbox.write("../both.jsonl", lines(&[both]));
    let run = sandbox.pointsman(&["traces", "import", "../both.jsonl"]);
    run.exits(1)
        .says("it could be a record of several formats: say which with `--format`; first: ../both.jsonl:1 (langfuse, langsmith)");
    let args = ["traces", "import", "--format", "langsmith", "../both.jsonl"];
    sandbox.pointsman(&args).succeeds().says("imported 1 span");
    sandbox.write("../rows.csv", "id,trace_id,type\n1,2,SPAN\n");
    let run = sandbox.pointsman(&["traces", "import", "../rows.csv"]);
    run.exits(1).says("write them as JSON lines first");
}

#[test]
fn deep_and_hostile_records_of_other_tools_cost_no_other() {
    let deep = format!(
        "{{\"run_type\":\"llm\",\"inputs\":{}1{}}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    let good = json!({ "id": "a", "run_type": "llm", "name": "\u{1b}[2Jgood\u{202e}", "start_time": 1_772_442_000,
        "end_time": 1_772_442_001, "\u{1b}]0;owned\u{7}": 1 });
    let sandbox = Sandbox::with_workspace();
    let odd =
        json!({ "id": [], "run_type": {}, "start_time": 1e308, "extra": "{", "child_runs": 7 });
    sandbox.write("../runs.jsonl", format!("{good}\n{deep}\n{odd}\n"));
    let run = sandbox.pointsman(&["traces", "import", "../runs.jsonl"]);
    let shown = &run.succeeds().stdout;
    run.says("imported 1 span").says("recursion limit exceeded");
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown}");
}

#[test]
fn a_record_of_very_many_fields_is_read_as_fast_as_it_is_long() {
    const MANY: usize = 30_000;
    let fields = |name: &str| -> serde_json::Map<String, Value> {
        (0..MANY)
            .map(|index| (format!("{name}{index}"), json!(index)))
            .collect()
    };
    let mut metadata = fields("own");
    metadata.insert("attributes".to_owned(), Value::Object(fields("theirs")));
    let observation = json!({ "id": "a", "trace_id": "t", "type": "SPAN", "name": "wide",
        "start_time": "2026-03-02T09:00:00Z", "end_time": "2026-03-02T09:00:01Z", "metadata": metadata });
    let sandbox = Sandbox::with_workspace();
    sandbox.write("../wide.jsonl", lines(&[observation]));
    let run = sandbox.pointsman(&["traces", "import", "../wide.jsonl"]);
    run.succeeds().says("imported 1 span");
    let mut record = fields("field");
    record.insert("ts".to_owned(), json!(1_772_442_000));
    sandbox.write("../wide.log", lines(&[Value::Object(record)]));
    sandbox.write("../log.toml", "[columns]\ntime = \"ts\"\n");
    let args = [
        "traces",
        "import",
        "--mapping",
        "../log.toml",
        "../wide.log",
    ];
    sandbox
        .pointsman(&args)
        .succeeds()
        .says("(others) 29000")
        .says("and 989 more");
}
