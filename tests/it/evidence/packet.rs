//! `pointsman evidence build`, `show` and `sign`.

use crate::support::Sandbox;
use crate::support::signed_lane::SignedLane;
use crate::support::traces::Traffic;
use crate::support::two_releases::Production;

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
fn what_production_showed_travels_with_the_packet() {
    let sandbox = Production::new().goes_on(|second| Traffic {
        error_rate: 0.2,
        ..second
    });
    let show = |args: &[&str]| sandbox.pointsman(&[&["evidence"], args].concat());
    let record = show(&["show", "production#2", "--json"]).succeeds().json();
    let monitor = &record["monitor"]["value"];
    assert_eq!(monitor["outcome"], "worse");
    assert_eq!(monitor["filter"], "lane = production");
    assert_eq!(monitor["traces"], serde_json::json!([360, 360]));
    assert_eq!(record["traceView"]["value"]["traces"], 720);
    show(&["show", "production#2"])
        .succeeds()
        .says("outcome: worse")
        .says("before: 2026-03-02 ")
        .says("error_rate avg: ")
        .says("720 traces from 2026-03-02 ");
    // A planned move shows what it is to replace.
    sandbox.reword("by name");
    sandbox.promotes("staging");
    let planned = show(&["build", "production", "--json"]);
    planned
        .succeeds()
        .tells("the packet has no behavior: ")
        .tells("the packet has no watch plan: the policy has no plan for watching it");
    assert_eq!(planned.json()["monitor"], record["monitor"]);
    let first = show(&["show", "staging#1", "--json"]).succeeds().json();
    assert_eq!(
        first["monitor"]["why"],
        "no trace of the lane is stored for the time around the release"
    );
}

#[test]
fn failures_that_were_accepted_are_named_with_their_reason() {
    let sandbox = Sandbox::with_workspace();
    let row = "{\"id\": \"rude\", \"vars\": {\"ticket\": \"billing: now!\"}, \"expected\": \"billing\", \
               \"status\": \"accepted-risk\", \"note\": \"two tickets a year\"}\n";
    let rows = sandbox.read("datasets/tickets.jsonl");
    sandbox.write("datasets/tickets.jsonl", format!("{rows}{row}"));
    sandbox.commit("Accept that rude tickets go astray");
    sandbox.promotes("staging");
    let packet = sandbox.pointsman(&["evidence", "show", "staging"]);
    packet
        .succeeds()
        .says("Accepted failures\n  tickets rude: two tickets a year");
}
