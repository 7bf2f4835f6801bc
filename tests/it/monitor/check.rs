//! `monitor check`: alert rules and watch plans say when somebody must act.

use crate::support::Sandbox;
use crate::support::traces::Traffic;
use crate::support::two_releases::{HOSTILE, Production};

/// An alert rule on slow answers, without its condition.
const SLOW: &str = "owner = \"support-platform\"
runbook = \"docs/runbooks/slow.md\"
user_impact = \"Customers wait for the first answer.\"
where = 'lane = production'
metric = \"latency\"
statistic = \"p95\"
window = \"3h\"
";

const RULE: &str = "operations/alerts/slow-answers.toml";

fn rule(sandbox: &Sandbox, condition: &str) {
    sandbox.write(RULE, format!("{SLOW}{condition}\n"));
}

/// A slow second release, under a watch plan.
fn slow_release(plan: &str) -> Sandbox {
    Production::watched(plan).goes_on(|second| Traffic {
        slowness: 1.5,
        ..second
    })
}

#[test]
fn a_release_beyond_the_limits_of_its_plan_fires_and_says_how_to_go_back() {
    let sandbox = slow_release(
        "checkpoints = [\"1h\", \"2h\", \"24h\"]\nmax_latency_p95_ratio = 1.2\nmax_cost_per_call_ratio = 1.5\n",
    );
    let output = sandbox.pointsman(&["monitor", "check"]);
    output.exits(1);
    insta::assert_snapshot!(output.transcript());
    let args = ["monitor", "check", "--json"];
    let json = sandbox.pointsman(&args).exits(1).json();
    assert_eq!(json["schema"], "pointsman/monitor-check/v1");
    let watch = &json["watches"][0];
    assert_eq!(
        (&watch["checkpoint"], &watch["nextCheckpoint"]),
        (&"2h".into(), &"24h".into())
    );
    assert_eq!(watch["limits"][0]["limit"], "max_latency_p95_ratio");
    assert_eq!(watch["limits"][0]["outcome"], "fires");
    assert_eq!(watch["limits"][1]["outcome"], "holds");
}

#[test]
fn a_release_within_its_limits_holds_and_one_with_few_traces_says_so() {
    let plan = "checkpoints = [\"3h\"]\nmax_latency_p95_ratio = 1.5\n";
    let production = Production::watched(plan);
    let sandbox = &production.sandbox;
    sandbox.imports(&production.first);
    let output = sandbox.pointsman(&["monitor", "check"]);
    output.exits(3);
    assert!(
        output
            .stdout
            .contains("watch production #2: too little data to say")
    );
    sandbox.imports(&production.second);
    let output = sandbox.pointsman(&["monitor", "check"]);
    output.exits(0);
    assert!(
        output
            .stdout
            .ends_with("0 firing, 0 with too little data, 1 as it should be\n")
    );
    let first = ["monitor", "check", "--deployment", "production#1"];
    let output = sandbox.pointsman(&first);
    let nothing = "nothing was live before it, so that there is nothing to hold it against";
    assert!(
        output.exits(0).stdout.contains(nothing),
        "{}",
        output.stdout
    );
}

#[test]
fn before_its_first_checkpoint_a_release_is_not_looked_at() {
    let sandbox = slow_release("checkpoints = [\"7d\"]\nmax_latency_p95_ratio = 1.2\n");
    let output = sandbox.pointsman(&["monitor", "check"]);
    output.exits(0);
    assert!(
        output.stdout.contains("looked   not yet"),
        "{}",
        output.stdout
    );
    assert!(
        output
            .stdout
            .contains("again    after 7d, at 2026-03-09 12:")
    );
}

#[test]
fn a_rule_that_fires_says_whom_it_hurts_and_who_acts() {
    let sandbox = slow_release("checkpoints = [\"7d\"]\n");
    rule(&sandbox, "above = \"4s\"");
    let output = sandbox.pointsman(&["monitor", "check", "--alert", "slow-answers"]);
    output.exits(1);
    insta::assert_snapshot!(output.transcript());
    rule(&sandbox, "above = \"10s\"");
    let output = sandbox.pointsman(&["monitor", "check", "--alert", "slow-answers"]);
    output.exits(0);
    assert!(!output.stdout.contains("owner"), "{}", output.stdout);
    rule(&sandbox, "rises_by = \"20%\"");
    let args = ["monitor", "check", "--alert", "slow-answers", "--json"];
    let json = sandbox.pointsman(&args).exits(1).json();
    let alert = &json["alerts"][0];
    assert_eq!(
        (&alert["owner"], &alert["outcome"]),
        (&"support-platform".into(), &"fires".into())
    );
    assert_eq!(alert["fires"]["againstBefore"], "ratio");
    assert_eq!(alert["change"]["metric"], "latency");
}

#[test]
fn a_rule_without_enough_values_is_never_green() {
    let production = Production::calm();
    rule(&production.sandbox, "above = \"10s\"\nminimum = 1000");
    let output = production.sandbox.pointsman(&["monitor", "check"]);
    output.exits(3);
    assert!(
        output
            .stdout
            .contains("alert slow-answers: too little data to say")
    );
    let empty = Sandbox::with_workspace();
    rule(&empty, "above = \"10s\"");
    empty.pointsman(&["monitor", "check"]).exits(3);
    let no_traffic = SLOW.replace("latency", "traffic").replace("p95", "avg");
    empty.write(RULE, format!("{no_traffic}below = 10\n"));
    empty.pointsman(&["monitor", "check"]).exits(3);
    production
        .sandbox
        .write(RULE, format!("{no_traffic}below = 1000\n"));
    production.sandbox.pointsman(&["monitor", "check"]).exits(1);
}

#[test]
fn nothing_to_look_at_is_not_a_pass() {
    let output = Sandbox::with_workspace().pointsman(&["monitor", "check"]);
    output
        .exits(6)
        .has_no_result()
        .tells("there is nothing to look at");
    let unknown = Sandbox::with_workspace();
    rule(&unknown, "above = \"10s\"");
    let output = unknown.pointsman(&["monitor", "check", "--alert", "slow-answer"]);
    output
        .exits(2)
        .has_no_result()
        .tells("did you mean `slow-answers`?");
}

#[test]
fn check_reads_rules_and_the_views_that_they_name() {
    let sandbox = Sandbox::with_workspace();
    rule(&sandbox, "above = \"10s\"");
    let output = sandbox.pointsman(&["check"]);
    let counted = "2 evaluators, 2 lanes and 1 alert rule: no problems";
    assert!(
        output.exits(0).stdout.contains(counted),
        "{}",
        output.stdout
    );
    rule(
        &sandbox,
        "above = \"10s\"\nview = \"bad-answers\"\nseverity = 1",
    );
    let output = sandbox.pointsman(&["check"]);
    assert!(output.exits(1).stdout.contains("unknown key `severity`"));
    rule(&sandbox, "above = \"10s\"\nview = \"bad-answers\"");
    let output = sandbox.pointsman(&["check"]);
    let missing =
        "error[unknown-view]: the rule names the view `bad-answers`, which does not exist";
    assert!(
        output.exits(1).stdout.contains(missing),
        "{}",
        output.stdout
    );
}

#[test]
fn what_a_rule_says_cannot_drive_the_terminal() {
    let sandbox = Sandbox::with_workspace();
    let hostile = serde_json::to_string(HOSTILE).expect("a text is JSON");
    let text = SLOW.replace("\"Customers wait for the first answer.\"", &hostile);
    sandbox.write(RULE, format!("{text}above = \"1s\"\n"));
    let output = sandbox.pointsman(&["monitor", "check"]);
    let shown = &output.exits(3).stdout;
    assert!(shown.contains("impact   POST /\\u{1b}[2J"), "{shown}");
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
        "{shown}"
    );
}
