//! Going back with one prompt of a lane, while all others stay.

use serde_json::json;

use crate::support::Sandbox;

const TRIAGE: &str = "prompts/triage.prompt.yml";
const OTHER: &str = "prompts/other.prompt.yml";

/// A lane with two prompts: `triage` went from well to badly, `other` changed after that.
fn with_two_prompts() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    sandbox.write(OTHER, sandbox.read(TRIAGE));
    for words in ["well", "badly"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    sandbox.edit(OTHER, "Answer with", "Reply with");
    sandbox.commit("Reword the other");
    sandbox.promotes("staging");
    sandbox
}

fn live(sandbox: &Sandbox, path: &str) -> String {
    sandbox.git(&["show", &format!("lanes/staging:{path}")])
}

fn back<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let args = [
        "rollback",
        "staging",
        "--prompt",
        "triage",
        "--yes",
        "--reason",
        "wrong queue",
    ];
    [&args[..], more].concat()
}

#[test]
fn one_prompt_goes_back_to_its_version_before_and_all_else_stays() {
    let sandbox = with_two_prompts();
    let other = live(&sandbox, OTHER);
    let run = sandbox.pointsman(&back(&[]));
    run.succeeds()
        .tells("roll back triage in lane staging, as #4")
        .tells("  to        #1 (")
        .tells("  prompts   ~ triage\n");
    assert!(live(&sandbox, TRIAGE).contains("Answer well"));
    assert_eq!(live(&sandbox, OTHER), other);
    let record = sandbox.record("staging");
    assert_eq!(record["kind"], "rollback");
    assert_eq!(record["changes"]["changed"], json!(["triage"]));
    assert_eq!(record["holds"][0]["prompt"], "triage");
    assert_eq!(record["evidence"], json!([]));
    let sum = "git archive lanes/staging | tar -x -C \"$(mktemp -d -p .)\" && cd tmp.* && \
               sha256sum --check --quiet .lane/manifest.sha256 && sha256sum < .lane/manifest.sha256";
    let sum = sandbox.shell(sum).run();
    sandbox
        .pointsman(&["lanes", "verify", "staging"])
        .succeeds();
    let digest = record["snapshot"]["sha256"].as_str().expect("a digest");
    assert!(sum.succeeds().stdout.starts_with(digest));
}

#[test]
fn the_version_that_was_left_comes_in_again_only_after_its_hold_was_released() {
    let sandbox = with_two_prompts();
    sandbox.pointsman(&back(&[])).succeeds();
    let run = sandbox.pointsman(&["promote", "staging", "--yes"]);
    run.exits(7)
        .tells("prompt `triage` at ")
        .tells("is under a hold since #4: wrong queue");
    sandbox.edit(OTHER, "Reply with", "Respond with");
    sandbox.commit("Reword the other again");
    sandbox
        .pointsman(&["promote", "staging", "other", "--yes"])
        .succeeds();
    let unhold = [
        "lanes", "unhold", "staging", "--prompt", "triage", "--yes", "--reason", "fine",
    ];
    sandbox.pointsman(&unhold).succeeds();
    sandbox.promotes("staging");
    assert!(live(&sandbox, TRIAGE).contains("Answer badly"));
}

#[test]
fn going_back_twice_does_not_bring_the_bad_version_back() {
    let sandbox = Sandbox::without_gates();
    for words in ["first", "well", "badly"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    sandbox.pointsman(&back(&[])).succeeds();
    assert!(live(&sandbox, TRIAGE).contains("Answer well"));
    sandbox.pointsman(&back(&[])).succeeds();
    assert!(live(&sandbox, TRIAGE).contains("Answer first"));
    let run = sandbox.pointsman(&back(&[]));
    run.exits(7)
        .tells("lane `staging` has no earlier version of `triage` to go back to");
    let holds = sandbox.record("staging")["holds"].clone();
    assert_eq!(holds.as_array().map(Vec::len), Some(2));
    let run = sandbox.pointsman(&back(&["--to", "3"]));
    run.exits(7)
        .tells("prompt `triage` at ")
        .tells("is under a hold since #4");
}

#[test]
fn a_named_record_may_have_the_version_that_is_live() {
    let sandbox = with_two_prompts();
    sandbox
        .pointsman(&back(&["--to", "2"]))
        .succeeds()
        .says("has this already");
    sandbox.pointsman(&back(&["--to", "1"])).succeeds();
    let run = sandbox.pointsman(&[
        "rollback", "staging", "--prompt", "triag", "--to", "1", "--yes", "--reason", "x",
    ]);
    run.exits(2).tells("has a prompt `triag`");
}

#[test]
fn a_partial_that_another_prompt_shares_keeps_a_prompt_from_going_back_alone() {
    let sandbox = Sandbox::without_gates();
    sandbox.write("prompts/_partials/tone.md", "Be kind.\n");
    sandbox.reword("well {% include \"_partials/tone.md\" %}");
    sandbox.write(OTHER, sandbox.read(TRIAGE));
    sandbox.commit("Share a partial");
    sandbox.promotes("staging");
    sandbox.write("prompts/_partials/tone.md", "Be rude.\n");
    sandbox.commit("Another tone");
    sandbox.promotes("staging");
    let run = sandbox.pointsman(&back(&[]));
    run.exits(7)
        .tells("`triage` cannot go back alone: it shares a partial with `other`")
        .tells("the whole lane goes back");
}

#[test]
fn the_whole_lane_goes_back_past_a_version_that_was_held() {
    let sandbox = Sandbox::without_gates();
    for words in ["first", "well", "badly"] {
        sandbox.reword(words);
        sandbox.promotes("staging");
    }
    sandbox.pointsman(&back(&[])).succeeds();
    let target = sandbox.record("staging")["rollbackTarget"]["sequence"].clone();
    assert_eq!(target, 1, "#2 is what is live again");
    sandbox
        .pointsman(&["rollback", "staging", "--yes", "--reason", "x"])
        .succeeds();
    assert!(live(&sandbox, TRIAGE).contains("Answer first"));
}
