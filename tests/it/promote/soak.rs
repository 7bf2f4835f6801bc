//! How long a release must have been live in the lane before.

use crate::support::Sandbox;

const HOUR: i64 = 60 * 60;

/// Lanes without gates: what comes to `production` must have been live in `staging` for a day.
fn with_soak() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    sandbox.write(
        "environments/production.toml",
        "order = 2\nfrom = \"staging\"\n[freeze]\nsoak = \"24h\"\n",
    );
    sandbox.commit("Let releases soak");
    sandbox
}

/// Refuses because of soak time; says what is not ready.
#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str], says: &str) {
    let run = sandbox.pointsman(&[&["promote", "production", "--yes"], args].concat());
    run.exits(7)
        .tells("must have been live in lane `staging` for 24h, unchanged")
        .tells(says);
}

#[test]
fn a_release_that_was_not_live_for_long_enough_is_refused_until_it_is() {
    let sandbox = with_soak();
    sandbox.promotes("staging");
    sandbox.wait_seconds(23 * HOUR);
    refused(
        &sandbox,
        &[],
        "unchanged: `triage`, `datasets/tickets.jsonl`, `datasets/tickets.yml` and 5 more only since #1 (2026-03-02 09:03:00Z)",
    );
    refused(
        &sandbox,
        &[],
        "run `pointsman promote production` again at 2026-03-03 09:03:00Z",
    );
    sandbox.wait_seconds(HOUR);
    sandbox.promotes("production");
}

#[test]
fn a_new_version_starts_anew_and_what_did_not_change_stays_ready() {
    let sandbox = with_soak();
    let other = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("prompts/other.prompt.yml", other);
    sandbox.commit("Add another");
    sandbox.promotes("staging");
    sandbox.wait_seconds(23 * HOUR);
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    sandbox.wait_seconds(HOUR);
    refused(&sandbox, &[], "unchanged: `triage` only since #2");
    sandbox
        .pointsman(&["promote", "production", "other", "--yes"])
        .succeeds();
    sandbox.wait_seconds(24 * HOUR);
    sandbox.promotes("production");
}

#[test]
fn a_break_counts_as_a_new_start() {
    let sandbox = with_soak();
    sandbox.promotes("staging");
    sandbox.wait_seconds(24 * HOUR);
    sandbox.promotes("production");
    sandbox.reword("briefly");
    sandbox.promotes("staging");
    sandbox.wait_seconds(24 * HOUR);
    let consent = ["--yes", "--reason", "to look at it"];
    sandbox
        .pointsman(&[&["rollback", "staging"][..], &consent].concat())
        .succeeds();
    sandbox
        .pointsman(&[&["lanes", "unhold", "staging"][..], &consent].concat())
        .succeeds();
    sandbox.promotes("staging");
    refused(&sandbox, &[], "`triage` only since #5");
    sandbox.wait_seconds(24 * HOUR);
    sandbox.promotes("production");
}

#[test]
fn a_partial_counts_for_the_prompts_that_include_it() {
    let sandbox = with_soak();
    sandbox.write("prompts/_partials/tone.md", "Be kind.\n");
    sandbox.reword("kindly {% include \"_partials/tone.md\" %}");
    sandbox.promotes("staging");
    sandbox.wait_seconds(24 * HOUR);
    sandbox.promotes("production");
    sandbox.write("prompts/_partials/tone.md", "Be brief.\n");
    sandbox.commit("Another tone");
    sandbox.promotes("staging");
    sandbox.reword("well {% include \"_partials/tone.md\" %}");
    sandbox.promotes("staging");
    sandbox.wait_seconds(23 * HOUR);
    // The partial goes back to what is live in production: it is no change there, and yet the
    // prompt has not been live with it.
    sandbox.write("prompts/_partials/tone.md", "Be kind.\n");
    sandbox.commit("The first tone again");
    sandbox.promotes("staging");
    sandbox.wait_seconds(2 * HOUR);
    refused(
        &sandbox,
        &[],
        "unchanged: `prompts/_partials/tone.md` only since #4",
    );
}

#[test]
fn what_is_not_live_in_the_lane_before_has_no_time_at_all() {
    let sandbox = with_soak();
    sandbox.promotes("staging");
    sandbox.wait_seconds(48 * HOUR);
    sandbox.reword("past the lane before");
    refused(&sandbox, &["--from", "HEAD"], "`triage` not there");
    refused(
        &sandbox,
        &["--from", "HEAD"],
        "let it be live there for 24h",
    );
}

#[test]
fn a_lane_without_a_lane_before_cannot_ask_for_soak_time() {
    let sandbox = Sandbox::without_gates();
    sandbox.write("environments/staging.toml", "[freeze]\nsoak = \"24h\"\n");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("environments/staging.toml:2:")
        .says("`soak` is time in the lane before");
}
