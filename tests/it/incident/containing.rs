//! `incident contain`: the release goes back first, by the rules of its lane.

use super::{FILE, REFUNDS, opened};

#[test]
fn a_bad_release_is_rolled_back_with_consent_and_that_is_written_down() {
    let sandbox = opened();
    let before = (sandbox.tip("production"), sandbox.read(FILE));
    let contain = ["incident", "contain", REFUNDS];
    sandbox
        .pointsman(&contain)
        .exits(2)
        .has_no_result()
        .tells("roll back lane production, as #3")
        .tells("nobody is here to confirm this, and nothing was moved");
    sandbox
        .pointsman(&[&contain[..], &["--dry-run"]].concat())
        .succeeds()
        .tells("this was a dry run");
    assert_eq!((sandbox.tip("production"), sandbox.read(FILE)), before);
    let output = sandbox.pointsman(&[&contain[..], &["--yes"]].concat());
    output.succeeds().says("is contained: production#3 is live");
    let record = sandbox.record("production");
    assert_eq!(record["kind"], "rollback");
    assert_eq!(
        record["reason"],
        format!("incident {REFUNDS}: Refunds pile up")
    );
    assert_eq!(record["holds"].as_array().map(Vec::len), Some(1));
    let text = sandbox.read(FILE);
    let settings = format!(
        "contained:\n  at: \"{}\"\n  by: Cleo\n  rollback: \"production#3\"\n  record: ",
        record["recordedAt"].as_str().expect("a record has a time")
    );
    assert!(text.contains(&settings), "{text}");
    assert!(
        text.ends_with("Cleo: contained: production#3 is a rollback\n"),
        "{text}"
    );
    sandbox
        .pointsman(&[&contain[..], &["--yes"]].concat())
        .exits(2)
        .tells("is contained already, by production#3");
    sandbox
        .pointsman(&["incident", "list"])
        .succeeds()
        .says("contained");
}

#[test]
fn only_what_is_live_and_blamed_is_rolled_back_by_itself() {
    let sandbox = opened();
    sandbox.reword("at length");
    sandbox.promotes("staging");
    sandbox.promotes("production");
    let contain = ["incident", "contain", REFUNDS, "--yes"];
    sandbox
        .pointsman(&contain)
        .exits(2)
        .tells("production#2 is not live any more: production#3 is")
        .tells("--lane production");
    let window = ["incident", "open", "Odd", "--window", "1m", "--id", "odd"];
    sandbox.pointsman(&window).succeeds();
    sandbox
        .pointsman(&["incident", "contain", "odd", "--yes"])
        .exits(2)
        .tells("`odd` names no release that brought it");
    let to = [
        "--lane",
        "production",
        "--to",
        "1",
        "--reason",
        "odd answers",
    ];
    sandbox
        .pointsman(&[&["incident", "contain", "odd", "--yes"][..], &to].concat())
        .succeeds();
    let record = sandbox.record("production");
    assert_eq!(record["reason"], "incident odd: odd answers");
}

#[test]
fn a_lane_that_moved_meanwhile_is_left_alone() {
    let sandbox = opened();
    let first = sandbox.git(&["rev-parse", "lanes/production~1"]);
    let contain = ["incident", "contain", REFUNDS, "--yes", "--expect", &first];
    let before = sandbox.read(FILE);
    sandbox.pointsman(&contain).exits(8);
    assert_eq!(sandbox.read(FILE), before);
}
