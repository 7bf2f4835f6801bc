//! `monitor` itself: what the traces of a window took and cost.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::two_releases::{HOSTILE, Production};

#[test]
fn the_numbers_of_a_day_are_a_table_and_lines_with_the_releases_below_them() {
    let production = Production::calm();
    let output = production
        .sandbox
        .pointsman(&["monitor", "--where", "lane = production"]);
    output.succeeds();
    insta::assert_snapshot!(output.stdout);
    assert_eq!(output.stderr, "");
}

#[test]
fn groups_are_rows_and_each_has_a_line() {
    let production = Production::calm();
    let output = production
        .sandbox
        .command(&[
            "monitor",
            "--by",
            "deployment",
            "--bucket",
            "30m",
            "--trend",
            "p50",
        ])
        .env("COLUMNS", "100")
        .run();
    output.succeeds();
    insta::assert_snapshot!(output.stdout);
    assert!(
        output
            .stdout
            .lines()
            .all(|line| line.chars().count() <= 100)
    );
}

#[test]
fn steps_are_counted_where_groups_are_made_of_steps() {
    let production = Production::calm();
    let args = ["monitor", "--by", "prompt", "--json"];
    let json = production.sandbox.pointsman(&args).succeeds().json();
    assert_eq!(json["per"], "span");
    let keys = |group: &Value| group["keys"][0].clone();
    let groups = json["groups"].as_array().expect("groups are a list");
    let prompts: Vec<Value> = groups.iter().map(keys).collect();
    for prompt in ["support/triage", "support/reply", "docs/grounded-summary"] {
        assert!(prompts.contains(&prompt.into()), "{prompts:?}");
    }
}

#[test]
fn programs_get_every_number_and_the_releases_with_their_buckets() {
    let production = Production::calm();
    let args = ["monitor", "--bucket", "1h", "--json"];
    let json = production.sandbox.pointsman(&args).succeeds().json();
    assert_eq!(json["schema"], "pointsman/monitor/v1");
    assert_eq!(
        (&json["per"], &json["more"]),
        (&"trace".into(), &false.into())
    );
    let total = &json["groups"][0]["total"];
    assert_eq!(total["traffic"]["n"], 720);
    let p95 = total["latency"]["p95"].as_f64().expect("there are enough");
    assert!((1e9..60e9).contains(&p95), "{p95}");
    let buckets = json["buckets"].as_array().expect("buckets are a list");
    let series = json["groups"][0]["series"].as_array().expect("a list");
    assert_eq!((buckets.len(), series.len()), (25, 25));
    let counts = series.iter().map(|it| it["traffic"]["n"].as_u64());
    assert_eq!(counts.sum::<Option<u64>>(), Some(720));
    let releases = json["releases"].as_array().expect("releases are a list");
    let of_lane = |lane: &str| {
        let of = releases
            .iter()
            .filter(|it| it["record"]["deployment"]["lane"] == lane);
        of.count()
    };
    assert_eq!((of_lane("staging"), of_lane("production")), (2, 2));
    for release in releases {
        let index = release["bucket"].as_u64().expect("an index");
        let bucket = &buckets[usize::try_from(index).expect("it is small")];
        let at = release["at"].as_str().expect("a time");
        assert!(bucket["from"].as_str() <= Some(at) && Some(at) < bucket["until"].as_str());
    }
}

#[test]
fn what_is_not_known_is_said_and_counts_as_nothing() {
    let production = Production::new();
    production
        .sandbox
        .imports_with(&production.first, "gpt-4.1-mini", "our-own-model");
    let output = production.sandbox.pointsman(&["monitor"]);
    output.succeeds();
    let shown = &output.stdout;
    assert!(
        shown.contains("calls to models have no known price (100.0%)"),
        "{shown}"
    );
    assert!(shown.contains("360 of 360 traces have no score"), "{shown}");
    let cost = shown
        .lines()
        .find(|line| line.starts_with("cost"))
        .expect("a row");
    let cells: Vec<&str> = cost.split_whitespace().collect();
    assert_eq!(cells[..3], ["cost", "0", "-"]);
}

#[test]
fn who_finds_nothing_is_led_to_where_something_is() {
    let empty = Sandbox::with_workspace().pointsman(&["monitor"]);
    empty
        .succeeds()
        .has_no_result()
        .tells("no traces are kept here; `pointsman traces import`");
    let production = Production::calm();
    let early = ["monitor", "--window", "2026-02-01..2026-02-02"];
    let output = production.sandbox.pointsman(&early);
    output.succeeds().has_no_result();
    let window = output
        .stderr
        .split_once("look at them: pointsman monitor --window ")
        .expect("it says where")
        .1;
    let led = ["monitor", "--json", "--window", window.trim()];
    let json = production.sandbox.pointsman(&led).succeeds().json();
    assert_eq!(json["groups"][0]["total"]["traffic"]["n"], 720);
    let strange = ["monitor", "--where", "route = '/nowhere'", "--json"];
    let output = production.sandbox.pointsman(&strange);
    let json = output
        .succeeds()
        .tells("none of the spans in this time is meant")
        .json();
    assert_eq!(json["groups"][0]["total"]["traffic"]["n"], 0);
}

#[test]
fn a_word_that_is_not_known_is_an_error_with_the_nearest_one() {
    let sandbox = Sandbox::with_workspace();
    for (args, told) in [
        (["--metric", "latncy"], "did you mean `latency`?"),
        (["--trend", "p90"], "there is no statistic `p90`"),
        (["--by", "modle"], "did you mean `model`?"),
        (["--by", "duration"], "groups are made of columns of texts"),
        (["--by=route", "--metric=unpriced"], "say `--per span`"),
        (["--bucket", "0s"], "at least `1s` long"),
        (["--bucket", "1s"], "at most 1000 are shown"),
        (["--window", "tomorrow"], "is not a stretch of time"),
    ] {
        let args = [&["monitor"], args.as_slice()].concat();
        sandbox
            .pointsman(&args)
            .exits(2)
            .has_no_result()
            .tells(told);
    }
}

#[test]
fn a_hostile_route_neither_drives_the_terminal_nor_breaks_a_line() {
    let production = Production::new();
    let hostile = serde_json::to_string(HOSTILE).expect("a text is JSON");
    let hostile = hostile.trim_matches('"');
    production
        .sandbox
        .imports_with(&production.first, "\"/tickets\"", &format!("\"{hostile}\""));
    let output = production.sandbox.pointsman(&["monitor", "--by", "route"]);
    let shown = &output.succeeds().stdout;
    assert!(shown.contains("\\u{1b}[2J\\u{202e}"), "{shown}");
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
        "{shown}"
    );
    let json = production
        .sandbox
        .pointsman(&["monitor", "--by", "route", "--json"])
        .succeeds()
        .json();
    let keys = json["groups"].as_array().expect("a list").iter();
    assert!(keys.map(|it| &it["keys"][0]).any(|key| key == HOSTILE));
}
