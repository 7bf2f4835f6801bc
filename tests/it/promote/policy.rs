//! Freeze windows, watch plans and changes of the policy itself. Every test starts on Monday,
//! 2026-03-02, at nine in the morning, UTC.

use crate::support::Sandbox;

const HOUR: i64 = 60 * 60;

/// Lanes without gates, of which `staging` is frozen on Tuesdays, Berlin time.
fn frozen_on_tuesdays() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    sandbox.write(
        "environments/staging.toml",
        "order = 1\n[freeze]\nwindows = [\"Tue 00:00 - Wed 08:00 Europe/Berlin\"]\n",
    );
    sandbox.commit("Freeze Tuesdays");
    sandbox
}

#[test]
fn a_frozen_lane_takes_nothing_in_and_says_until_when() {
    let sandbox = frozen_on_tuesdays();
    sandbox.promotes("staging");
    let tip = sandbox.tip("staging");
    sandbox.reword("briefly");
    sandbox.wait_seconds(14 * HOUR);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(7)
        .tells(
            "lane `staging` is frozen until Wed 2026-03-04 08:00 Europe/Berlin (2026-03-04 07:00Z)",
        )
        .tells("`Tue 00:00 - Wed 08:00 Europe/Berlin`")
        .tells("a rollback is never frozen");
    assert_eq!(sandbox.tip("staging"), tip);
    sandbox.wait_seconds(32 * HOUR);
    sandbox.promotes("staging");
}

#[test]
fn a_change_of_the_policy_does_not_thaw_its_lane() {
    let sandbox = frozen_on_tuesdays();
    sandbox.promotes("staging");
    sandbox.write("environments/staging.toml", "order = 1\n");
    sandbox.commit("Thaw");
    sandbox.wait_seconds(24 * HOUR);
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(7)
        .tells("is frozen until")
        .tells("freeze.windows `Tue 00:00 - Wed 08:00 Europe/Berlin` frozen → none (weaker)");
}

#[test]
fn a_frozen_lane_can_be_rolled_back_held_and_released() {
    let sandbox = frozen_on_tuesdays();
    sandbox.promotes("staging");
    sandbox.reword("badly");
    sandbox.promotes("staging");
    sandbox.wait_seconds(24 * HOUR);
    for command in [
        &["rollback", "staging"][..],
        &["lanes", "hold", "staging"],
        &["lanes", "unhold", "staging"],
    ] {
        let consent = ["--yes", "--reason", "wrong queue"];
        sandbox.pointsman(&[command, &consent].concat()).succeeds();
    }
    assert_eq!(sandbox.record("staging")["sequence"], 5);
}

#[test]
fn a_window_that_is_none_is_told_with_its_place() {
    let sandbox = Sandbox::without_gates();
    sandbox.write(
        "environments/staging.toml",
        "order = 1\n[freeze]\nwindows = [\n  \"Fri 16:00 - Mon 08:00 Europe/Berlim\",\n]\n",
    );
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("environments/staging.toml:4:3")
        .says("did you mean `Europe/Berlin`?");
}

#[test]
fn a_change_of_what_lets_releases_in_is_named_with_old_and_new_values() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    sandbox.edit(
        "environments/staging.toml",
        "queue-matches = 0.9",
        "queue-matches = 0.5",
    );
    sandbox.edit("evaluators/no-apology.yml", "\"sorry\", ", "");
    sandbox.edit("datasets/tickets.jsonl", "dark-mode", "bright-mode");
    sandbox.commit("Ask for less");
    let lines = "gate and policy changes
  ~ policy staging: gate.floors.queue-matches 0.9 → 0.5 (weaker)
  ~ evaluator no-apology
  ~ dataset tickets: rows 1 added, 1 removed
";
    sandbox
        .pointsman(&["promote", "staging", "--dry-run"])
        .succeeds()
        .tells(lines);
    sandbox
        .pointsman(&["plan", "--lane", "staging"])
        .succeeds()
        .says(lines);
    let run = sandbox.pointsman(&["promote", "staging", "--dry-run", "--json"]);
    let changes = run.json()["plan"]["gateChanges"].clone();
    let rule = serde_json::json!({
        "key": "gate.floors.queue-matches", "old": "0.9", "new": "0.5", "effect": "weaker",
    });
    assert_eq!(changes["policies"][0]["rules"], serde_json::json!([rule]));
    assert_eq!(changes["datasets"][0]["id"], "tickets");
    let run = sandbox.pointsman(&["plan", "--lane", "staging", "--json"]);
    assert_eq!(run.succeeds().json()["gate_changes"], changes);
    let run = sandbox.pointsman(&["diff", "staging", "HEAD"]);
    run.succeeds()
        .says("gate and policy changes\n")
        .says("gate.floors.queue-matches 0.9 → 0.5 (weaker)");
}

#[test]
fn a_policy_alone_must_come_by_way_of_the_lane_before() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    sandbox.promotes("production");
    sandbox.edit("environments/production.toml", "from = \"staging\"\n", "");
    sandbox.commit("Take releases from anywhere");
    let run = sandbox.pointsman(&["promote", "production", "--from", "HEAD", "--yes"]);
    run.exits(7)
        .tells("~ policy production: from staging → none (weaker)")
        .tells("takes releases from lane `staging` only");
    sandbox.promotes("staging");
    sandbox.promotes("production");
    sandbox.reword("briefly");
    sandbox
        .pointsman(&["promote", "production", "--from", "HEAD", "--yes"])
        .succeeds();
}

#[test]
fn the_plan_for_watching_a_release_is_shown_and_stands_in_its_record() {
    let sandbox = Sandbox::without_gates();
    sandbox.write(
        "environments/staging.toml",
        "order = 1\n[watch]\ncheckpoints = [\"1h\", \"24h\", \"7d\"]\nmax_error_rate_increase = 0.01\n",
    );
    sandbox.commit("Watch releases");
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.succeeds()
        .tells("  watch     after 1h, 24h, 7d\n            error rate at most +0.01\n");
    let plan = serde_json::json!({
        "checkpoints": ["1h", "24h", "7d"], "maxErrorRateIncrease": 0.01,
    });
    assert_eq!(sandbox.record("staging")["watch"], plan);
    sandbox
        .pointsman(&["lanes", "show", "staging"])
        .says("  watch     after 1h, 24h, 7d\n");
}

#[test]
fn all_that_stands_in_the_way_is_told_at_once_with_what_to_do() {
    let sandbox = Sandbox::with_workspace();
    sandbox.write(
        "environments/staging.toml",
        "order = 1\n[gate]\nfloors = { queue-matches = 0.9 }\n",
    );
    sandbox.write(
        "environments/production.toml",
        "order = 2\nfrom = \"staging\"\n[gate]\nfloors = { queue-matches = 0.9, no-apology = 0.9 }\n\
         [freeze]\nwindows = [\"Tue 00:00 - Wed 08:00 UTC\"]\nsoak = \"24h\"\n",
    );
    sandbox.commit("Be strict");
    sandbox.promotes("staging");
    sandbox.wait_seconds(72 * HOUR);
    sandbox.promotes("production");
    sandbox.edit("prompts/triage.prompt.yml", ", no-apology]", "]");
    sandbox.commit("Test less");
    sandbox.wait_seconds(120 * HOUR);
    sandbox.promotes("staging");
    let bad = sandbox.record("staging")["snapshot"]["sha256"].clone();
    let bad = bad.as_str().expect("a digest");
    let hold = [
        "lanes",
        "hold",
        "production",
        "--snapshot",
        bad,
        "--yes",
        "--reason",
        "bad",
    ];
    sandbox.pointsman(&hold).succeeds();
    let tip = sandbox.tip("production");
    let run = sandbox.pointsman(&["promote", "production", "--yes", "--from", "HEAD"]);
    run.exits(7)
        .tells("is under a hold since #2: bad")
        .tells("takes releases from lane `staging` only")
        .tells("lane `production` is frozen until Wed 2026-03-11 08:00 UTC")
        .tells("must have been live in lane `staging` for 24h, unchanged: `triage` only since #2")
        .tells("would no longer be tested by `no-apology`")
        .tells("hint: release it with `pointsman lanes unhold production")
        .tells("hint: promote to `staging` first")
        .tells("hint: promote after that")
        .tells("hint: run `pointsman promote production` again at ")
        .tells("hint: name `no-apology` under `evals`");
    assert_eq!(sandbox.tip("production"), tip);
}
