//! `pointsman evidence build`, `show` and `sign`.

use crate::support::Sandbox;
use crate::support::signed_lane::SignedLane;

const PARTS: [&str; 9] = [
    "monitor",
    "traceView",
    "traces",
    "behavior",
    "rows",
    "evaluation",
    "comparison",
    "rollback",
    "watch",
];

#[test]
fn the_packet_of_a_planned_move_has_all_parts_and_says_what_is_absent() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    sandbox.edit("prompts/triage.prompt.yml", "Answer with", "Name");
    let row = "{\"id\": \"late\", \"vars\": {\"ticket\": \"billing: late\"}, \"expected\": \"billing\", \
               \"source\": {\"kind\": \"span\", \"trace_id\": \"4bf92f\", \"span_id\": \"00f067\"}}\n";
    let rows = sandbox.read("datasets/tickets.jsonl");
    sandbox.write("datasets/tickets.jsonl", format!("{rows}{row}"));
    sandbox.commit("Name the queue, and keep what failed");
    let before = sandbox.tip("staging");
    let packet = sandbox.pointsman(&["evidence", "build", "staging", "--json"]);
    let packet = packet.succeeds().json();
    assert_eq!(packet["schema"], "pointsman/evidence-packet/v1");
    assert_eq!(packet["sequence"], 2);
    for part in PARTS {
        let state = packet[part]["state"].as_str().expect("a part has a state");
        let known = matches!(part, "traces" | "rows" | "comparison" | "rollback");
        assert_eq!(state == "present", known, "{part}: {}", packet[part]);
        let why = packet[part]["why"].as_str();
        assert_eq!(why.is_some_and(|why| !why.is_empty()), !known, "{part}");
    }
    let warned = sandbox.pointsman(&["evidence", "build", "staging"]);
    warned
        .succeeds()
        .tells("the packet lacks a part: Monitor range and metric change: the move is planned")
        .tells("the packet lacks a part: Watch plan after the release");
    assert_eq!(packet["rows"]["value"][0]["added"][0], "late");
    assert_eq!(packet["traces"]["value"][0]["traceId"], "4bf92f");
    assert_eq!(packet["comparison"]["value"]["changed"][0], "triage");
    assert_eq!(packet["rollback"]["value"]["record"], before.as_str());
    assert_eq!(sandbox.tip("staging"), before, "nothing moved");
    sandbox.promotes("staging");
    let shown = sandbox.pointsman(&["evidence", "show", "staging", "--json"]);
    let shown = shown.succeeds().json();
    assert_eq!(shown["evaluation"]["value"]["verdict"], "pass");
    assert_eq!(shown["rows"], packet["rows"]);
    assert_eq!(shown["snapshot"], packet["snapshot"]);
}

#[test]
fn the_same_packet_is_the_same_bytes_in_every_form() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    let written = ["a", "b"].map(|name| {
        let outputs = ["json", "md", "html"].map(|ending| format!("../{name}.{ending}"));
        let mut args = vec!["--quiet", "evidence", "show", "staging#1"];
        for output in &outputs {
            args.extend(["-o", output]);
        }
        sandbox.pointsman(&args).succeeds();
        outputs.map(|output| sandbox.read(&output))
    });
    assert_eq!(written[0], written[1]);
    let [json, markdown, html] = &written[0];
    assert!(json.contains("\"schema\": \"pointsman/evidence-packet/v1\""));
    for part in [
        "Rollback target",
        "Watch plan after the release",
        "Approvals",
    ] {
        assert!(markdown.contains(&format!("### {part}")), "{markdown}");
        assert!(html.contains(&format!("<h2>{part}</h2>")), "{html}");
    }
    assert!(markdown.contains("Absent: there is nothing to go back to."));
    assert!(!html.contains("<script") && html.contains("default-src 'none'"));
    sandbox
        .pointsman(&["evidence", "show", "staging", "-o", "junit=x"])
        .exits(2)
        .tells("use .json, .md or .html");
}

#[test]
fn a_hostile_reason_stays_text_in_every_form() {
    let sandbox = Sandbox::without_gates();
    let reason = "<img src=x> `@all` \u{1b}[31m";
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--reason", reason])
        .succeeds();
    let markdown = sandbox.pointsman(&["evidence", "show", "staging", "-o", "md=-"]);
    markdown
        .succeeds()
        .says("``why: <img src=x> `@all` \\u{1b}[31m``");
    let html = sandbox.pointsman(&["evidence", "show", "staging", "-o", "html=-"]);
    html.succeeds().says("why: &lt;img src=x&gt;");
}

#[test]
fn a_packet_is_signed_beside_the_lane_and_is_no_approval() {
    let lane = SignedLane::new();
    let sandbox = &lane.sandbox;
    let sign = [
        "evidence",
        "sign",
        "staging",
        "--record",
        "2",
        "--sign-with",
        &lane.dana.key,
    ];
    sandbox
        .pointsman(&sign)
        .exits(2)
        .tells("nobody is here to confirm");
    let signed = [sign.as_slice(), &["--yes"]].concat();
    let run = sandbox.pointsman(&signed);
    run.succeeds()
        .says("signed by SHA256:")
        .says("refs/pointsman/attestations/");
    let reference = run.stdout.trim().rsplit(' ').next().expect("a ref");
    let envelope = sandbox.git(&["cat-file", "blob", reference]);
    assert!(envelope.starts_with("{\"payload\":"), "{envelope}");
    let shown = sandbox.pointsman(&["evidence", "show", "staging#2"]);
    shown
        .succeeds()
        .says("dana@example.com at 2026-03-02")
        .says("gate: passed");
    sandbox.reword("in three words.");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--sign-with", &lane.cleo.key])
        .exits(7)
        .tells("and has that of 0");
}

#[test]
fn the_packet_of_a_record_says_how_production_moved_with_it() {
    let sandbox = Sandbox::without_gates();
    let mut moved = Vec::new();
    for words in ["well", "briefly"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
        sandbox.promotes("production");
        let at = sandbox.now();
        sandbox.wait_seconds(3 * 3_600);
        moved.push(sandbox.traffic("production", at, sandbox.now()));
    }
    let nothing = sandbox.pointsman(&["evidence", "show", "production", "--json"]);
    assert_eq!(
        nothing.json()["monitor"]["why"],
        "no traces of the lane are kept from around #2"
    );
    sandbox.imports(&moved[0]);
    let slower = crate::support::traces::Traffic {
        slowness: 3.0,
        ..moved[1].clone()
    };
    sandbox.imports(&slower);
    let packet = sandbox.pointsman(&["evidence", "build", "production", "--record", "2", "--json"]);
    let monitor = packet.succeeds().json()["monitor"]["value"].clone();
    assert_eq!(monitor["outcome"], "worse", "{monitor}");
    let changes = monitor["changes"].as_array().expect("numbers moved");
    let latency = changes
        .iter()
        .find(|change| change["metric"] == "latency" && change["statistic"] == "p95");
    assert_eq!(latency.expect("it is one of them")["outcome"], "worse");
    let view = packet.json()["traceView"]["value"].clone();
    let view = view.as_str().expect("a filter");
    let listed = sandbox.pointsman(&["traces", "list", "--where", view, "-n", "3"]);
    assert_eq!(listed.succeeds().stdout.lines().count(), 4);
    let shown = sandbox.pointsman(&["evidence", "show", "production#2"]);
    shown
        .succeeds()
        .says("latency p95: ")
        .says("lane = production");
}
