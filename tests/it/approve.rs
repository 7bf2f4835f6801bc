//! `pointsman approve`, and what approvals let into a lane.

mod signing;

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::keys::KeyHolder;

const SIGNERS: &str = "environments/allowed_signers";

/// A workspace whose lane `staging` asks for approvals, with the policy live, and a change to approve.
fn with_approvals(rules: &str) -> (Sandbox, KeyHolder, KeyHolder) {
    let sandbox = Sandbox::without_gates();
    let (dana, eve) = (sandbox.key_holder("dana"), sandbox.key_holder("eve"));
    sandbox.allow_signers(SIGNERS, &[&dana, &eve]);
    ask_for_approvals(&sandbox, rules);
    (sandbox, dana, eve)
}

fn ask_for_approvals(sandbox: &Sandbox, rules: &str) {
    sandbox.commit("Add the keys of approvers");
    sandbox.promotes("staging");
    let policy = format!("order = 1\n[approval]\n{rules}\nallowed_signers = \"{SIGNERS}\"\n");
    sandbox.write("environments/staging.toml", policy);
    sandbox.commit("Ask for approvals");
    sandbox.promotes("staging");
    sandbox.reword("in one word.");
}

fn approves(sandbox: &Sandbox, who: &KeyHolder) {
    let args = ["approve", "staging", "--yes", "--sign-with", &who.key];
    sandbox.pointsman(&args).succeeds();
}

#[test]
fn a_release_comes_in_with_as_many_people_as_the_policy_asks_for() {
    let (sandbox, dana, eve) = with_approvals("required = 2");
    let tip = sandbox.tip("staging");
    let refused = sandbox.pointsman(&["promote", "staging", "--yes"]);
    refused
        .exits(7)
        .tells("needs the approval of 2 person(s)")
        .tells("and has that of 0")
        .tells("pointsman approve staging");
    let approved = sandbox.pointsman(&[
        "approve",
        "staging",
        "--yes",
        "--reason",
        "read it",
        "--sign-with",
        &dana.key,
    ]);
    approved
        .succeeds()
        .tells("promote to lane staging, as #3")
        .tells("~ triage")
        .says("is approved of by dana@example.com; 2 needed");
    assert_eq!(sandbox.tip("staging"), tip, "nothing moves");
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(7)
        .tells("and has that of 1");
    // One person is one, however often.
    approves(&sandbox, &dana);
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(7)
        .tells("and has that of 1");
    approves(&sandbox, &eve);
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds()
        .tells("+ dana@example.com read it")
        .tells("+ eve@example.com");
}

#[test]
fn approvals_travel_with_the_record_by_digest() {
    let (sandbox, dana, _) = with_approvals("required = 1");
    approves(&sandbox, &dana);
    sandbox.promotes("staging");
    let record = sandbox.record("staging");
    let link = &record["evidence"][0];
    let digest = link["sha256"].as_str().expect("a digest");
    let path = format!(".lane/evidence/{digest}.intoto.jsonl");
    assert_eq!(link["path"], path.as_str());
    let shell = format!("git show lanes/staging:{path} | sha256sum | cut -d' ' -f1");
    assert_eq!(sandbox.shell(&shell).run().stdout.trim(), digest);
}

#[test]
fn an_approval_is_of_one_snapshot_on_top_of_one_record() {
    let (sandbox, dana, _) = with_approvals("required = 1");
    approves(&sandbox, &dana);
    // Another snapshot.
    sandbox.reword("in two words.");
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(7)
        .tells("and has that of 0");
    // The same snapshot on top of another record: the lane goes on, and comes back.
    approves(&sandbox, &dana);
    sandbox.promotes("staging");
    sandbox.git(&["revert", "--no-edit", "HEAD"]);
    approves(&sandbox, &dana);
    sandbox.promotes("staging");
    sandbox.git(&["revert", "--no-edit", "HEAD"]);
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(7)
        .tells("that of dana@example.com does not count: it was given on top of ")
        .tells("which is not live");
}

#[test]
fn who_wrote_it_or_brings_it_in_does_not_count_where_the_policy_says_so() {
    let (sandbox, dana, eve) = with_approvals("required = 1\nnot_author = true");
    // Ada writes, Cleo commits and promotes; dana is a co-author.
    let ada = sandbox.key_holder("ada");
    let cleo = sandbox.key_holder("cleo");
    let refused = |who: &KeyHolder| {
        let args = ["approve", "staging", "--yes", "--sign-with", &who.key];
        sandbox
            .pointsman(&args)
            .exits(7)
            .has_no_result()
            .stderr
            .clone()
    };
    assert!(refused(&ada).contains("the key is not among the allowed signers"));
    sandbox.allow_signers(SIGNERS, &[&dana, &eve, &ada, &cleo]);
    sandbox.commit("Allow Ada and Cleo\n\nCo-authored-by: Dana <dana@example.com>");
    approves(&sandbox, &eve);
    sandbox.promotes("staging");
    sandbox.reword("in three words.");
    assert!(refused(&ada).contains("those who wrote it or bring it in do not count"));
    assert!(refused(&cleo).contains("those who wrote it or bring it in do not count"));
    // Dana had a hand in the policy only, which is live already.
    approves(&sandbox, &dana);
    sandbox.promotes("staging");
}

#[test]
fn who_wrote_a_prompt_is_known_however_the_prompts_were_released() {
    let sandbox = Sandbox::without_gates();
    let (dana, eve) = (sandbox.key_holder("dana"), sandbox.key_holder("eve"));
    sandbox.allow_signers(SIGNERS, &[&dana, &eve]);
    let other = sandbox.read("prompts/triage.prompt.yml");
    sandbox.write("prompts/other.prompt.yml", other);
    ask_for_approvals(&sandbox, "required = 1\nnot_author = true");
    let writes = |who: &str, path: &str| {
        let text = sandbox.read(path);
        sandbox.write(
            path,
            text.replace("Answer", &format!("As {who} says, answer")),
        );
        let author = format!("--author={who} <{who}@example.com>");
        sandbox.git(&["commit", "--quiet", "--all", &author, "-m", path]);
    };
    writes("eve", "prompts/triage.prompt.yml");
    writes("dana", "prompts/other.prompt.yml");
    let approve = |prompts: &[&str], who: &KeyHolder| {
        let options = ["--yes", "--sign-with", &who.key];
        sandbox.pointsman(&[&["approve", "staging"], prompts, &options].concat())
    };
    // One prompt first, from a commit that has the other's change, too.
    approve(&["other"], &dana)
        .exits(7)
        .tells("do not count here");
    approve(&["other"], &eve).succeeds();
    sandbox
        .pointsman(&["promote", "staging", "other", "--yes"])
        .succeeds();
    // What is left was written by Eve, before the commit that the lane came from last.
    approve(&[], &eve).exits(7).tells("do not count here");
    approve(&[], &dana).succeeds();
    sandbox.promotes("staging");
}

#[test]
fn the_signers_are_those_of_the_policy_in_force_not_of_the_release() {
    let (sandbox, ..) = with_approvals("required = 1");
    let mallory = sandbox.key_holder("mallory");
    sandbox.allow_signers(SIGNERS, &[&mallory]);
    sandbox.commit("Trust me");
    let args = ["approve", "staging", "--yes", "--sign-with", &mallory.key];
    sandbox
        .pointsman(&args)
        .exits(7)
        .tells("not among the allowed signers of the policy in force");
    assert_eq!(sandbox.git(&["for-each-ref", "refs/pointsman/"]), "");
}

#[test]
fn an_approval_can_be_too_old() {
    let sandbox = Sandbox::without_gates();
    let dana = sandbox.key_holder("dana");
    sandbox.allow_signers(SIGNERS, &[&dana]);
    ask_for_approvals(&sandbox, "required = 1");
    let policy = sandbox.read("environments/staging.toml");
    sandbox.write(
        "environments/staging.toml",
        format!("{policy}[gate]\nevidence_max_age = \"1h\"\n"),
    );
    sandbox.commit("Ask for fresh approvals");
    approves(&sandbox, &dana);
    sandbox.promotes("staging");
    sandbox.write("recordings/triage.jsonl", "");
    sandbox.commit("Add a file that no gate tests");
    approves(&sandbox, &dana);
    sandbox.wait_seconds(3_600);
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(7)
        .tells("older than the policy allows");
}

#[test]
fn a_forged_approval_is_told_and_counts_for_nothing() {
    let (sandbox, dana, eve) = with_approvals("required = 1");
    approves(&sandbox, &dana);
    let refs = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/pointsman/"]);
    let envelope = sandbox.git(&["cat-file", "blob", &refs]);
    let envelope: Value = serde_json::from_str(&envelope).expect("an envelope is JSON");
    let payload = envelope["payload"].as_str().expect("base64");
    let name = |who: &KeyHolder| {
        let line = format!("ssh-keygen -lf {}.pub | cut -d' ' -f2", who.key);
        sandbox.shell(&line).run().stdout.trim().to_owned()
    };
    let signature = envelope["signatures"][0]["sig"].as_str().expect("base64");
    let forged = format!(
        "{{\"payload\":\"{payload}\",\"payloadType\":\"application/vnd.in-toto+json\",\
         \"signatures\":[{{\"keyid\":\"{}\",\"sig\":\"{signature}\"}}]}}\n",
        name(&eve)
    );
    sandbox.git(&["update-ref", "-d", &refs]);
    sandbox.write("../forged", forged);
    let folder = refs.rsplit_once('/').expect("a ref has a folder").0;
    let line = format!(
        "git update-ref {folder}/$(sha256sum ../forged | cut -d' ' -f1) $(git hash-object -w ../forged)"
    );
    sandbox.shell(&line).run().succeeds();
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(7)
        .tells("and has that of 0")
        .tells("the signature is forged");
}

#[test]
fn approvals_reach_whoever_promotes_over_the_remote() {
    let sandbox = Sandbox::with_remote_lanes();
    let dana = sandbox.key_holder("dana");
    sandbox.allow_signers(SIGNERS, &[&dana]);
    ask_for_approvals(&sandbox, "required = 1");
    sandbox.git(&["push", "--quiet", "origin", "main"]);
    let reviewer = sandbox.clone_of_remote("reviewer");
    approves(&reviewer, &dana);
    // Who approves once more is one person still.
    approves(&reviewer, &dana);
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds()
        .tells("+ dana@example.com");
}

#[test]
fn what_the_gate_could_not_decide_people_who_saw_it_may() {
    let sandbox = Sandbox::with_workspace();
    let dana = sandbox.key_holder("dana");
    sandbox.allow_signers(SIGNERS, &[&dana]);
    let policy = |rule: &str| {
        format!(
            "order = 1\n[gate]\nmargin = 0.01\non_inconclusive = \"{rule}\"\n[approval]\nrequired = 0\n\
             allowed_signers = \"{SIGNERS}\"\n"
        )
    };
    sandbox.write("environments/staging.toml", policy("approve"));
    sandbox.commit("Let people decide what three rows cannot show");
    sandbox.promotes("staging");
    sandbox.reword("in one word.");
    // Approved before anything was evaluated: that saw nothing.
    approves(&sandbox, &dana);
    let refused = sandbox.pointsman(&["promote", "staging", "--yes"]);
    refused
        .exits(7)
        .tells("the gate could not decide, and lane `staging` lets that in with the approval of 1")
        .tells("and the margin is 1.0");
    // Now the results are known.
    let args = [
        "approve",
        "staging",
        "--yes",
        "--json",
        "--sign-with",
        &dana.key,
    ];
    let approved = sandbox.pointsman(&args).succeeds().json();
    assert_eq!(approved["verdict"], "inconclusive");
    sandbox.promotes("staging");
    let record = sandbox.record("staging");
    let path = record["evidence"][0]["path"].as_str().expect("a path");
    let statement = sandbox.git(&["show", &format!("lanes/staging:{path}")]);
    assert!(statement.contains("\"result\":\"WARNED\""), "{statement}");
}

#[test]
fn nothing_is_signed_without_a_key_or_where_nobody_asks() {
    let (sandbox, dana, _) = with_approvals("required = 1");
    sandbox
        .pointsman(&["approve", "staging", "--yes"])
        .exits(2)
        .tells("there is no key to sign with");
    let dry = sandbox.pointsman(&["approve", "staging", "--dry-run"]);
    dry.succeeds().tells("nothing was signed");
    let plain = Sandbox::without_gates();
    plain
        .pointsman(&["approve", "staging", "--yes", "--sign-with", &dana.key])
        .exits(2)
        .tells("asks for no approvals");
}

#[test]
fn keys_that_a_policy_cannot_trust_are_found_by_check_and_never_come_in() {
    let sandbox = Sandbox::without_gates();
    sandbox.write(
        "environments/staging.toml",
        format!("[approval]\nrequired = 2\nallowed_signers = \"{SIGNERS}\"\n"),
    );
    let missing = sandbox.pointsman(&["check"]);
    missing
        .exits(1)
        .says("there is no `environments/allowed_signers`");
    let dana = sandbox.key_holder("dana");
    sandbox.allow_signers(SIGNERS, &[&dana]);
    let few = sandbox.pointsman(&["check"]);
    few.exits(1)
        .says("1 person(s) can sign, and the policy needs 2");
    sandbox.write(SIGNERS, "* ssh-ed25519 AAAA\n");
    sandbox
        .pointsman(&["check"])
        .exits(1)
        .says("signer-pattern");
    sandbox.commit("Trust nobody in particular");
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(2)
        .tells("signer-pattern");
}
