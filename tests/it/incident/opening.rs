//! `incident open`: what production shows is written down before it is forgotten.

use super::{FILE, REFUNDS, bad_release, opened};
use crate::support::Sandbox;
use crate::support::traces::Traffic;
use crate::support::two_releases::{HOSTILE, Production};

#[test]
fn a_release_that_went_wrong_is_written_down_with_what_was_live_and_what_shows_it() {
    let sandbox = bad_release();
    let open = [
        "incident",
        "open",
        "Refunds pile up",
        "--deployment",
        "production#2",
    ];
    let output = sandbox.pointsman(&open);
    insta::assert_snapshot!(output.transcript());
    insta::assert_snapshot!(sandbox.read(FILE));
    sandbox
        .pointsman(&["check", "--secrets"])
        .succeeds()
        .says("2 lanes and 1 incident: no problems");
}

#[test]
fn the_evidence_is_the_same_each_time_and_can_be_looked_at() {
    let sandbox = opened();
    let again = [
        "incident",
        "open",
        "Again",
        "--deployment",
        "production#2:3h",
        "--id",
        "again",
        "--json",
    ];
    let again = sandbox.pointsman(&again).succeeds().json();
    assert_eq!(again["schema"], "pointsman/incident/v1");
    let show = ["incident", "show", REFUNDS, "--json"];
    let first = sandbox.pointsman(&show).succeeds().json();
    let evidence = &first["incident"]["evidence"];
    assert_eq!(evidence, &again["incident"]["evidence"]);
    let evidence = evidence.as_array().expect("there is evidence");
    for why in ["error", "slowest", "lowest-score"] {
        let of_it = evidence.iter().filter(|it| it["why"] == why).count();
        assert!((1..=3).contains(&of_it), "{why}: {evidence:#?}");
    }
    for it in evidence {
        let text = |key: &str| it[key].as_str().expect("ids are texts");
        let span = format!("{}/{}", text("traceId"), text("spanId"));
        sandbox.pointsman(&["traces", "show", &span]).succeeds();
    }
}

#[test]
fn an_alert_brings_its_window_its_owner_and_the_release_that_it_coincides_with() {
    let sandbox = bad_release();
    sandbox.write(
        "operations/alerts/slow-answers.toml",
        "owner = \"support-platform\"\nrunbook = \"docs/slow.md\"\nuser_impact = \"Customers wait.\"\n\
         where = 'lane = production'\nmetric = \"latency\"\nwindow = \"3h\"\nabove = \"1s\"\n",
    );
    let open = [
        "incident",
        "open",
        "Slow",
        "--alert",
        "slow-answers",
        "--json",
    ];
    let json = sandbox.pointsman(&open).succeeds().json();
    let incident = &json["incident"];
    assert_eq!(incident["alert"], "slow-answers");
    assert_eq!(incident["where"], "lane = production");
    assert_eq!(incident["deployment"], "production#2");
    let text = sandbox.read("operations/incidents/2026-03-02-slow.md");
    for said in [
        "- alert rule `slow-answers`: fired",
        "- owner: `support-platform`, runbook `docs/slow.md`",
        "Since production#2 a number is worse than before it.",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn where_nothing_got_worse_no_release_is_blamed() {
    let production = Production::calm();
    let open = ["incident", "open", "Odd", "--window", "3h", "--json"];
    let json = production.sandbox.pointsman(&open).succeeds().json();
    assert_eq!(json["incident"]["deployment"], serde_json::Value::Null);
    let live = json["incident"]["live"].as_array().expect("lanes are live");
    let releases: Vec<&str> = live
        .iter()
        .filter_map(|it| it["release"].as_str())
        .collect();
    assert!(releases.contains(&"production#2"), "{releases:?}");
}

#[test]
fn an_incident_is_written_down_without_any_traces() {
    let sandbox = Sandbox::without_gates();
    let output = sandbox.pointsman(&["incident", "open", "No answers", "--window", "1h"]);
    output
        .succeeds()
        .says("operations/incidents/2026-03-02-no-answers.md")
        .tells("no traces are kept here");
    sandbox.pointsman(&["check"]).succeeds();
}

#[test]
fn what_cannot_be_written_down_is_refused() {
    let sandbox = opened();
    for (args, told) in [
        (
            &["Refunds pile up", "--window", "1h"][..],
            "there is an incident `2026-03-02-refunds-pile-up` already",
        ),
        (&["Odd"], "required"),
        (
            &["!?", "--window", "1h"],
            "no words that a file could be named by",
        ),
        (
            &["Odd", "--window", "yesterday"],
            "`yesterday` is not a stretch of time",
        ),
        (&["Odd", "--alert", "slow"], "there is no alert rule `slow`"),
        (
            &["Odd", "--deployment", "production#9"],
            "lane `production` has no record #9",
        ),
        (
            &["Odd", "--window", "1h", "--where", "modle = a"],
            "the filter cannot be read",
        ),
    ] {
        let all = [&["incident", "open"][..], args].concat();
        sandbox.pointsman(&all).exits(2).has_no_result().tells(told);
    }
    let before = sandbox.read(FILE);
    assert!(before.contains("title: Refunds pile up"));
}

#[test]
fn what_traces_say_forges_nothing_in_the_file() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    sandbox.imports(&first);
    let failing = Traffic {
        error_rate: 0.5,
        ..second
    };
    let escaped = HOSTILE.replace('\u{1b}', "\\u001b");
    sandbox.imports_with(&failing, "\"timeout\"", &format!("\"{escaped}\""));
    let open = [
        "incident",
        "open",
        HOSTILE,
        "--deployment",
        "production#2",
        "--id",
        "odd",
    ];
    sandbox.pointsman(&open).succeeds();
    let text = sandbox.read("operations/incidents/odd.md");
    let (_, body) = text.split_once("\n---\n").expect("the settings end");
    for hidden in ['\u{1b}', '\u{202e}'] {
        assert!(!text.contains(hidden), "{text}");
    }
    let hostile: Vec<&str> = body
        .lines()
        .filter(|line| line.contains("script>"))
        .collect();
    assert!(hostile.len() > 1, "{text}");
    for line in hostile {
        let is_title = line.starts_with("# ") && !line.contains("<script>");
        assert!(is_title || line.contains("`POST"), "{line}");
    }
    sandbox.pointsman(&["check"]).succeeds();
}
