//! `monitor compare`: a release is held against the time before it.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::traces::Traffic;
use crate::support::two_releases::{HOSTILE, Production};

/// Holds the second release of production against the first.
const AROUND: [&str; 4] = ["monitor", "compare", "--around", "production#2:3h"];

/// A change of a number, by its metric and its statistic.
#[track_caller]
fn change<'j>(json: &'j Value, metric: &str, statistic: &str) -> &'j Value {
    let changes = json["changes"].as_array().expect("changes are a list");
    changes
        .iter()
        .find(|it| it["metric"] == metric && it["statistic"] == statistic)
        .unwrap_or_else(|| panic!("no {statistic} of {metric} in {changes:?}"))
}

fn json(sandbox: &Sandbox) -> Value {
    let args = [AROUND.as_slice(), &["--json"]].concat();
    sandbox.pointsman(&args).json()
}

#[test]
fn a_release_that_answers_slower_is_found() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    let slow = Traffic {
        slowness: 1.5,
        ..second
    };
    sandbox.imports(&first);
    sandbox.imports(&slow);
    let output = sandbox.pointsman(&AROUND);
    output.exits(1);
    insta::assert_snapshot!(output.transcript());
    let json = json(&sandbox);
    assert_eq!(json["schema"], "pointsman/monitor-compare/v1");
    assert_eq!(json["outcome"], "worse");
    assert_eq!(json["release"]["deployment"]["sequence"], 2);
    let slower = change(&json, "latency", "p95");
    assert_eq!(slower["outcome"], "worse");
    let ratio: Vec<f64> = serde_json::from_value(slower["ratio"].clone()).expect("an interval");
    assert!(
        ratio[1] > 1.2 && (1.4..1.6).contains(&ratio[0]),
        "{ratio:?}"
    );
    assert_eq!(
        change(&json, "output_tokens", "avg")["outcome"],
        "none-shown"
    );
}

#[test]
fn a_release_that_fails_more_often_is_found_and_what_changed_for_the_worse_only() {
    let sandbox = Production::new().goes_on(|second| Traffic {
        error_rate: 0.2,
        pass_rate: 0.5,
        ..second
    });
    let json = json(&sandbox);
    assert_eq!(change(&json, "error_rate", "avg")["outcome"], "worse");
    assert_eq!(change(&json, "score", "avg")["outcome"], "worse");
    assert_eq!(change(&json, "latency", "p50")["outcome"], "none-shown");
}

#[test]
fn a_release_that_changes_nothing_is_no_worse() {
    let production = Production::calm();
    let output = production.sandbox.pointsman(&AROUND);
    output.exits(0);
    let last = output.stdout.lines().last();
    assert_eq!(last, Some("outcome: nothing is shown to be worse"));
    assert!(output.stdout.contains("traffic: no other mix is shown"));
}

#[test]
fn other_traffic_is_not_called_a_regression() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    // Tickets take two calls to a model, and questions one: most are questions, then most are tickets.
    sandbox.imports_those(&first, |index, trace| is_question(trace) || index % 4 == 0);
    sandbox.imports_those(&second, |index, trace| {
        !is_question(trace) || index % 4 == 0
    });
    let output = sandbox.pointsman(&AROUND);
    output.exits(0);
    insta::assert_snapshot!(output.stdout);
    let json = json(&sandbox);
    assert_eq!(
        change(&json, "latency", "p50")["outcome"],
        "worse",
        "as it is"
    );
    assert_eq!(json["standardised"]["decides"], true);
    let standardised = &json["standardised"];
    assert_eq!(
        change(standardised, "latency", "p50")["outcome"],
        "none-shown"
    );
    assert_eq!(json["outcome"], "no-worse");
}

#[test]
fn a_regression_is_found_in_other_traffic_all_the_same() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    let slow = Traffic {
        slowness: 1.5,
        ..second
    };
    sandbox.imports_those(&first, |index, trace| is_question(trace) || index % 4 == 0);
    sandbox.imports_those(&slow, |index, trace| !is_question(trace) || index % 4 == 0);
    sandbox.pointsman(&AROUND).exits(1);
    let json = json(&sandbox);
    assert_eq!(
        change(&json["standardised"], "latency", "p50")["outcome"],
        "worse"
    );
}

#[test]
fn too_few_traces_are_neither_good_nor_bad() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    sandbox.imports(&first);
    let few = sandbox.pointsman(&AROUND);
    few.exits(3).tells("no span began in this time");
    sandbox.imports(&Traffic {
        traces: 20,
        ..second
    });
    let output = sandbox.pointsman(&AROUND);
    output.exits(3);
    let shown = &output.stdout;
    assert!(
        shown.contains("too little data: 354 and 20 values"),
        "{shown}"
    );
    assert!(
        shown.ends_with("outcome: too little data to say\n"),
        "{shown}"
    );
    let enough = [AROUND.as_slice(), &["--minimum", "10"]].concat();
    let output = sandbox.pointsman(&enough);
    let few: Vec<&str> = output
        .exits(3)
        .stdout
        .lines()
        .filter(|line| line.contains("too little data:"))
        .collect();
    let is_p95 = |line: &&&str| line.contains(" p95 ");
    let message = "it has a minimum of its own";
    assert_eq!(few.iter().filter(is_p95).count(), 1, "{message}: {few:?}");
    let mut others = few.iter().filter(|line| !is_p95(line));
    assert!(others.all(|line| line.starts_with("score")), "{few:?}");
}

#[test]
fn what_bad_traces_have_in_common_is_named_and_cannot_drive_the_terminal() {
    let Production {
        sandbox,
        first,
        second,
    } = Production::new();
    let hostile = serde_json::to_string(HOSTILE).expect("a text is JSON");
    let route = format!("\"{}\"", hostile.trim_matches('"'));
    let slow = Traffic {
        slowness: 5.0,
        ..second.clone()
    };
    sandbox.imports_with(&first, "\"/help\"", &route);
    sandbox.imports_those(&second, |_, trace| !is_question(trace));
    let slow = slow.each().map(|trace| trace.request().to_string());
    let slow = slow.filter(|trace| is_question(trace));
    let lines: String = slow
        .map(|line| line.replace("\"/help\"", &route) + "\n")
        .collect();
    sandbox.imports_text(&lines);
    let output = sandbox.pointsman(&AROUND);
    let shown = &output.exits(1).stdout;
    assert!(
        shown.contains("  route = POST /\\u{1b}[2J\\u{202e}<script>"),
        "{shown}"
    );
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
        "{shown}"
    );
    let json = json(&sandbox);
    let contrasts = json["explanation"]["contrasts"].as_array().expect("a list");
    let route = contrasts.iter().find(|it| it["column"] == "route");
    let route = route.expect("the route tells bad ones apart");
    assert_eq!(route["value"], HOSTILE);
    assert!(route["bad"].as_f64() > Some(0.7), "{route}");
}

#[test]
fn two_windows_are_named_in_order_and_do_not_overlap() {
    let production = Production::calm();
    let sandbox = &production.sandbox;
    let compare = |args: &[&str]| sandbox.pointsman(&[&["monitor", "compare"], args].concat());
    let [first, second] = [
        "2026-03-02T09:03:00Z..2026-03-02T12:00:00Z",
        "2026-03-02T12:06:00Z..now",
    ];
    compare(&["--before", first, "--after", second]).exits(0);
    for (args, told) in [
        (
            vec!["--before", second, "--after", first],
            "name the earlier one with `--before`",
        ),
        (
            vec!["--before", first, "--after", "24h"],
            "let them not overlap",
        ),
        (vec!["--before", first], "--after"),
        (vec![], "name a release, or two windows"),
        (vec!["--around", "production#9"], "has no record #9"),
        (
            vec!["--around", "production#2", "--where", "time > 2026-01-01"],
            "leave `time` out",
        ),
        (
            vec!["--around", "production#2", "--explain", "colour"],
            "there is no metric `colour`",
        ),
    ] {
        compare(&args).exits(2).has_no_result().tells(told);
    }
}

#[test]
fn a_record_that_changed_nothing_is_no_release() {
    let production = Production::calm();
    let hold = ["lanes", "hold", "production", "--yes", "--reason", "wait"];
    production.sandbox.pointsman(&hold).succeeds();
    let around = ["monitor", "compare", "--around", "production#3"];
    let output = production.sandbox.pointsman(&around);
    output
        .exits(2)
        .has_no_result()
        .tells("`production#3` only set or released a hold")
        .tells("pointsman lanes log production");
}

fn is_question(trace: &str) -> bool {
    trace.contains("\"/help\"")
}
