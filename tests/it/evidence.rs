//! `pointsman evidence`: what shows that a release was right, and whether it still does.

mod bundle;
mod interoperability;
mod packet;
mod tampering;

use crate::support::Sandbox;
use crate::support::signed_lane::SignedLane;

#[test]
fn a_lane_that_nobody_touched_holds_and_so_it_does_in_a_clone() {
    let lane = SignedLane::new();
    lane.sandbox
        .pointsman(&["evidence", "verify", "staging"])
        .succeeds()
        .says("lane staging holds up to #3")
        .says("3 record(s) verified, 3 signed");
    let json = lane.sandbox.pointsman(&["lanes", "verify", "--json"]);
    let json = json.succeeds().json();
    assert_eq!(json["schema"], "pointsman/verify/v1");
    assert_eq!(json["lanes"][0]["verified"]["records"], 3);
    let shared = lane.sandbox.with_remote();
    shared.git(&["push", "--quiet", "origin", "lanes/staging"]);
    let clone = shared.clone_of_remote("auditor");
    clone.git(&["branch", "--quiet", "lanes/staging", "origin/lanes/staging"]);
    clone
        .pointsman(&["evidence", "verify"])
        .succeeds()
        .says("3 record(s) verified, 3 signed");
}

#[test]
fn lanes_without_signatures_are_verified_as_far_as_they_go() {
    let sandbox = Sandbox::with_workspace();
    sandbox.promotes("staging");
    sandbox.promotes("production");
    sandbox.reword("in one word.");
    sandbox.promotes("staging");
    sandbox.promotes("production");
    let back = ["rollback", "production", "--yes", "--reason", "worse"];
    sandbox.pointsman(&back).succeeds();
    let hold = ["lanes", "unhold", "production", "--yes", "--reason", "fine"];
    sandbox.pointsman(&hold).succeeds();
    sandbox
        .pointsman(&["evidence", "verify"])
        .succeeds()
        .says("lane production holds up to #4")
        .says("4 record(s) verified, 0 signed")
        .says("lane staging holds up to #2");
    sandbox
        .pointsman(&["evidence", "verify", "production#2", "--since", "1"])
        .succeeds()
        .says("holds up to #2")
        .says("1 record(s) verified");
    sandbox
        .pointsman(&["evidence", "verify", "production#9"])
        .exits(2)
        .tells("has no record `9`");
}

#[test]
fn nothing_to_verify_is_no_pass() {
    let sandbox = Sandbox::with_workspace();
    sandbox
        .pointsman(&["evidence", "verify"])
        .exits(6)
        .has_no_result();
}
