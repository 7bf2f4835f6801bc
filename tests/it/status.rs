//! `status`: what is live, what waits, and what to do next.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::traces::Traffic;
use crate::support::two_releases::Production;

/// The things to do of a situation, as programs read them.
fn to_do(sandbox: &Sandbox, situation: &str) -> Vec<Value> {
    let json = sandbox.pointsman(&["status", "--json"]).succeeds().json();
    assert_eq!(json["schema"], "pointsman/status/v1");
    let all = json["toDo"].as_array().expect("things to do").clone();
    all.into_iter()
        .filter(|it| it["situation"] == situation)
        .collect()
}

#[test]
fn without_traces_and_releases_it_says_where_to_begin() {
    let sandbox = Sandbox::without_gates();
    let output = sandbox.pointsman(&["status"]);
    output.succeeds().says("staging").says("nothing waits");
    sandbox.promotes("staging");
    sandbox.reword("briefly");
    let output = sandbox.pointsman(&["status"]);
    insta::assert_snapshot!(output.succeeds().stdout);
    let ready = to_do(&sandbox, "prompt-ready");
    assert_eq!(ready.len(), 1, "{ready:?}");
    assert_eq!(
        ready[0]["what"],
        "triage can go from the files here to staging"
    );
}

#[test]
fn a_bad_release_is_told_first_and_what_is_done_about_it_next() {
    let plan = "checkpoints = [\"1h\", \"24h\"]\nmax_error_rate_increase = 0.01\n";
    let sandbox = Production::watched(plan).goes_on(|second| Traffic {
        error_rate: 0.4,
        slowness: 1.5,
        ..second
    });
    sandbox.write(
        "operations/alerts/slow-answers.toml",
        "owner = \"support-platform\"\nrunbook = \"docs/slow.md\"\nuser_impact = \"Customers wait.\"\n\
         where = 'lane = production'\nmetric = \"latency\"\nwindow = \"3h\"\nabove = \"1s\"\n",
    );
    let output = sandbox.pointsman(&["status"]);
    let shown = &output.succeeds().stdout;
    insta::assert_snapshot!(shown);
    assert!(shown.lines().count() <= 24, "{shown}");
    let failed = to_do(&sandbox, "release-failed");
    assert_eq!(
        failed[0]["what"],
        "production#2 is beyond its watch plan: max_error_rate_increase"
    );
    let slow = to_do(&sandbox, "latency-rises");
    let first = slow[0]["next"][0].as_str().expect("a command");
    assert!(first.ends_with("--sort -duration"), "{first}");
    let open = [
        "incident",
        "open",
        "Errors",
        "--deployment",
        "production#2",
        "--id",
        "errors",
    ];
    sandbox.pointsman(&open).succeeds();
    let incident = to_do(&sandbox, "incident");
    assert_eq!(incident[0]["urgency"], "now");
    assert_eq!(incident[0]["next"][0], "pointsman incident contain errors");
    sandbox
        .pointsman(&["incident", "contain", "errors", "--yes"])
        .succeeds();
    let incident = to_do(&sandbox, "incident");
    assert_eq!(incident[0]["urgency"], "next");
    assert_eq!(to_do(&sandbox, "hold").len(), 1);
}

#[test]
fn what_waits_for_people_is_counted() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.promotes("production");
    let rows = sandbox.read("datasets/tickets.jsonl");
    let pending = "{\"id\": \"late\", \"vars\": {\"ticket\": \"x\"}, \"status\": \"pending\"}\n\
                   {\"id\": \"told\", \"vars\": {\"ticket\": \"\\\"pending\\\"\"}}\n";
    sandbox.write("datasets/tickets.jsonl", rows + pending);
    let waiting = to_do(&sandbox, "rows-pending");
    assert_eq!(
        waiting[0]["what"],
        "1 row(s) of tickets wait for a review, and count for no gate"
    );
    assert_eq!(waiting[0]["next"][0], "pointsman dataset review tickets");
    let due = to_do(&sandbox, "review-due");
    assert_eq!(due[0]["what"], "the review of production#1 on day 0 is due");
    sandbox
        .pointsman(&["review", "launch", "--day", "0"])
        .succeeds();
    assert!(to_do(&sandbox, "review-due").is_empty());
    assert_eq!(to_do(&sandbox, "review-open").len(), 1);
    sandbox.wait_seconds(8 * 24 * 3_600);
    let due: Vec<Value> = to_do(&sandbox, "review-due");
    let due: Vec<&str> = due.iter().filter_map(|it| it["next"][0].as_str()).collect();
    assert_eq!(
        due,
        [
            "pointsman review launch --day 7 --deployment production#1",
            "pointsman review weekly"
        ]
    );
}

#[test]
fn what_cannot_be_read_hides_nothing_else() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox.write("operations/incidents/broken.md", "no settings\n");
    sandbox.write(
        "environments/production.toml",
        "order = 2\nform = \"staging\"\n",
    );
    sandbox.reword("briefly");
    let output = sandbox.pointsman(&["status", "--all"]);
    output
        .succeeds()
        .says("now: the file has no settings at its top")
        .says("now: unknown key `form`")
        .says("    pointsman check")
        .says("later: triage can go from the files here to staging")
        .says("    pointsman promote staging");
}

#[test]
fn what_files_say_cannot_drive_the_terminal() {
    let sandbox = Sandbox::without_gates();
    sandbox.write(
        "operations/incidents/odd.md",
        "---\ntitle: \"\\e[2J\\u202e odd\"\nopened: { at: \"2026-03-02T09:00:00Z\", by: Ada }\n\
         window: { from: \"2026-03-02T08:00:00Z\", until: \"2026-03-02T09:00:00Z\" }\n---\n",
    );
    for args in [&["status"][..], &["status", "--all"], &["incident", "list"]] {
        let output = sandbox.pointsman(args);
        let shown = &output.succeeds().stdout;
        assert!(shown.contains("odd"), "{shown}");
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
            "{shown}"
        );
    }
}
