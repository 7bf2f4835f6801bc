//! `pointsman export`: what is live, as one file that only goes forwards.

use std::fs;

use pointsman::domain::attestation::{Attestation, PublicKey};
use pointsman::domain::canonical::canonical_json;

use crate::support::Sandbox;
use crate::support::media::PDF_BASE64;

const EXPORT: [&str; 4] = ["export", "staging", "-o", "staging.json"];

fn released() -> Sandbox {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    sandbox
}

#[test]
fn a_bundle_holds_every_prompt_with_what_it_includes_and_says_what_it_is_of() {
    let sandbox = Sandbox::without_gates();
    sandbox.write("prompts/_partials/tone.md", "Be brief.\n");
    sandbox.reword("{% include \"_partials/tone.md\" %}");
    sandbox.promotes("staging");
    let run = sandbox.pointsman(&["export", "staging"]);
    let bundle = run.succeeds().json();
    assert_eq!(run.stdout.lines().count(), 1);
    assert_eq!(bundle["schema"], "pointsman/bundle/v1");
    assert_eq!(bundle["record"], sandbox.tip("staging").as_str());
    assert_eq!(
        (&bundle["lane"], &bundle["sequence"]),
        (&"staging".into(), &1.into())
    );
    assert_eq!(bundle["expiresAt"], serde_json::Value::Null);
    let prompt = &bundle["prompts"]["triage"];
    assert_eq!(
        prompt["includes"]["prompts/_partials/tone.md"],
        "Be brief.\n"
    );
    assert_eq!(prompt["variables"][0]["name"], "ticket");
    assert_eq!(prompt["messages"][1]["role"], "user");
    assert_eq!(prompt["traceAttributes"]["gen_ai.prompt.name"], "triage");
    let shown = [
        "prompt",
        "show",
        "triage",
        "--at",
        "lanes/staging",
        "--json",
    ];
    let shown = sandbox.pointsman(&shown).json();
    assert_eq!(prompt["fingerprint"], shown["fingerprint"]);
}

#[test]
fn pictures_and_documents_of_a_prompt_come_with_it() {
    let sandbox = Sandbox::without_gates();
    sandbox.write_receipts();
    sandbox.commit("Add the receipts");
    sandbox.promotes("staging");
    let bundle = sandbox.pointsman(&["export", "staging"]).json();
    let prompt = &bundle["prompts"]["receipts"];
    let parts = &prompt["messages"][1]["content"];
    assert_eq!(parts[1]["variable"], "photo");
    assert_eq!(parts[2]["path"], "prompts/_media/rules.pdf");
    let document = &prompt["media"]["prompts/_media/rules.pdf"];
    assert_eq!(document["mediaType"], "application/pdf");
    assert_eq!(document["base64"], PDF_BASE64);
}

#[test]
fn one_record_gives_one_file() {
    let sandbox = released();
    sandbox.pointsman(&EXPORT).succeeds();
    let first = sandbox.read("staging.json");
    sandbox.wait_seconds(1_000);
    sandbox.pointsman(&EXPORT).succeeds();
    assert_eq!(sandbox.read("staging.json"), first);
    assert_eq!(sandbox.pointsman(&["export", "staging"]).stdout, first);
}

#[test]
fn a_file_goes_forwards_with_the_lane_also_over_a_rollback() {
    let sandbox = released();
    sandbox.write("public/.keep", "");
    let export = [
        "export",
        "staging",
        "-o",
        "public",
        "--expires",
        "7d",
        "--json",
    ];
    let said = sandbox.pointsman(&export).json();
    let bundle = |path| -> serde_json::Value {
        serde_json::from_str(&sandbox.read(path)).expect("a bundle is JSON")
    };
    let first = bundle("public/staging.json");
    assert_eq!(said["digest"], first["digest"]);
    assert_eq!(first["expiresAt"], "2026-03-09T09:03:00Z");
    sandbox.reword("worse");
    sandbox.promotes("staging");
    let back = ["rollback", "staging", "--yes", "--reason", "x"];
    sandbox.pointsman(&back).succeeds();
    sandbox.pointsman(&export).succeeds();
    let third = bundle("public/staging.json");
    assert_eq!(third["sequence"], 3);
    assert_eq!(third["snapshot"], first["snapshot"]);
}

#[test]
fn a_file_never_goes_back_nor_to_another_lane_or_history() {
    let sandbox = released();
    let first = sandbox.tip("staging");
    sandbox.reword("better");
    sandbox.promotes("staging");
    sandbox.pointsman(&EXPORT).succeeds();
    let newest = sandbox.read("staging.json");
    sandbox.git(&["branch", "--force", "lanes/staging", &first]);
    let run = sandbox.pointsman(&EXPORT);
    run.exits(7)
        .tells("is #2 already, and a bundle never goes back to #1");
    sandbox.reword("something else");
    sandbox.promotes("staging");
    sandbox.pointsman(&EXPORT).exits(7).tells("another history");
    sandbox.promotes("production");
    let other = ["export", "production", "-o", "staging.json"];
    sandbox
        .pointsman(&other)
        .exits(2)
        .tells("a bundle of lane `staging`");
    assert_eq!(sandbox.read("staging.json"), newest, "nothing was written");
}

#[test]
fn what_is_no_bundle_is_not_replaced() {
    let sandbox = released();
    sandbox.write("staging.json", "{}\n");
    sandbox.pointsman(&EXPORT).exits(2).tells("is not a bundle");
    assert_eq!(sandbox.read("staging.json"), "{}\n");
    sandbox.remove("staging.json");
    let nowhere = ["export", "staging", "-o", "no/such/folder.json"];
    sandbox.pointsman(&nowhere).exits(2).tells("cannot write");
}

#[cfg(unix)]
#[test]
fn a_link_is_not_written_through_and_others_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = released();
    sandbox.write("elsewhere", "untouched");
    let link = sandbox.path().join("staging.json");
    std::os::unix::fs::symlink("elsewhere", &link).expect("the folder is ours");
    sandbox.pointsman(&EXPORT).exits(2).tells("no plain file");
    assert_eq!(sandbox.read("elsewhere"), "untouched");
    fs::remove_file(&link).expect("the folder is ours");
    sandbox.pointsman(&EXPORT).succeeds();
    let mode = fs::metadata(&link)
        .expect("it was written")
        .permissions()
        .mode();
    assert_eq!(mode & 0o444, 0o444, "{mode:o}");
}

#[test]
fn a_signed_bundle_is_read_like_any_other_and_says_who_signed_it() {
    let sandbox = released();
    if sandbox.lacks("ssh-keygen") {
        return;
    }
    let ada = sandbox.key_holder("ada");
    let export = [&EXPORT[..], &["--sign-with", &ada.key, "--json"]].concat();
    let said = sandbox.pointsman(&export).json();
    assert_eq!(said["signed"], true);
    let text = sandbox.read("staging.json");
    let bundle: serde_json::Value = serde_json::from_str(&text).expect("a bundle is JSON");
    let attestation = format!("{}\n", canonical_json(&bundle["attestation"]));
    let attestation = Attestation::parse(attestation.as_bytes()).expect("it is in one spelling");
    let key: PublicKey = ada.public.parse().expect("ssh-keygen makes keys");
    assert!(attestation.envelope.is_signed_by(&key));
    let subject = &attestation.statement.subject;
    assert_eq!(subject[0].digest["sha256"], bundle["digest"]);
    assert_eq!(subject[1].digest["sha256"], bundle["snapshot"]["sha256"]);
    assert_eq!(attestation.statement.predicate["sequence"], 1);
    sandbox.pointsman(&export).succeeds();
    assert_eq!(
        sandbox.read("staging.json"),
        text,
        "one record gives one file"
    );
    sandbox.edit("staging.json", "Answer with", "Reply with");
    sandbox
        .pointsman(&export)
        .exits(2)
        .tells("its digest does not fit");
}

#[test]
fn two_results_do_not_share_stdout() {
    let sandbox = released();
    sandbox
        .pointsman(&["export", "staging", "--json"])
        .exits(2)
        .tells("-o");
    sandbox
        .pointsman(&["export", "production"])
        .exits(2)
        .tells("has no records yet");
}
