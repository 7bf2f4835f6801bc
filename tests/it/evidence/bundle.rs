//! A bundle that was exported and signed is verified where there is no repository, and by openssl.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::keys::KeyHolder;

use super::interoperability::{take_apart, write_key};

const VERIFY: [&str; 5] = [
    "evidence",
    "verify",
    "staging",
    "--bundle",
    "../out/staging.json",
];

/// Who exported `../out/staging.json`, which is for a week, and whose key `../out/signers` names.
fn exported(sandbox: &Sandbox) -> KeyHolder {
    sandbox.promotes("staging");
    let cleo = sandbox.key_holder("cleo");
    sandbox.allow_signers("../out/signers", &[&cleo]);
    exports(sandbox, &["--expires", "7d", "--sign-with", &cleo.key]);
    cleo
}

#[track_caller]
fn exports(sandbox: &Sandbox, options: &[&str]) {
    let export = ["export", "staging", "-o", "../out/staging.json"];
    let export = [&export[..], options].concat();
    sandbox.pointsman(&export).succeeds();
}

/// The link that is named as broken.
#[track_caller]
fn broken(sandbox: &Sandbox, options: &[&str]) -> Value {
    let verify = [&VERIFY[..], options, &["--json"]].concat();
    let outcome = sandbox.pointsman(&verify).exits(1).json();
    assert_eq!(outcome["holds"], false);
    outcome["broken"]["link"].clone()
}

#[test]
fn a_bundle_is_verified_where_there_is_no_repository() {
    let sandbox = Sandbox::without_gates();
    if sandbox.lacks("ssh-keygen") {
        return;
    }
    exported(&sandbox);
    let away = |line: &str| sandbox.shell(&format!("cd ../out && {line}")).run();
    let verify = "pointsman evidence verify staging --bundle staging.json";
    away(&format!("{verify} --signers signers --at-least 1"))
        .succeeds()
        .says("staging.json holds: lane staging #1")
        .says("signed by cleo@example.com, to be used until 2026-03-09");
    let json = away(&format!("{verify} --signers signers --json"));
    let json = json.succeeds().json();
    assert_eq!(json["schema"], "pointsman/verify-bundle/v1");
    assert_eq!(json["verified"]["record"], sandbox.tip("staging").as_str());
    away(verify).exits(2).says("--signers");
    away(&format!("{verify} --signers nobody"))
        .exits(2)
        .says("there is no file");
}

#[test]
fn the_link_that_does_not_hold_is_named() {
    let sandbox = Sandbox::without_gates();
    if sandbox.lacks("ssh-keygen") {
        return;
    }
    let cleo = exported(&sandbox);
    let signers = ["--signers", "../out/signers"];
    let at_least = [&signers[..], &["--at-least", "2"]].concat();
    assert_eq!(broken(&sandbox, &at_least), "sequence");
    let text = sandbox.read("../out/staging.json");
    sandbox.edit("../out/staging.json", "Answer with", "Reply with");
    assert_eq!(broken(&sandbox, &signers), "digest");
    sandbox.write("../out/staging.json", &text);
    let other = ["production"];
    let other = [&VERIFY[..2], &other, &VERIFY[3..], &signers].concat();
    sandbox
        .pointsman(&other)
        .exits(1)
        .says("lane: it is of lane `staging`, not of `production`");
    sandbox.allow_signers("../out/others", &[&sandbox.key_holder("dana")]);
    let others = ["--signers", "../out/others"];
    assert_eq!(broken(&sandbox, &others), "signer");
    sandbox.wait_seconds(7 * 24 * 3600);
    assert_eq!(broken(&sandbox, &signers), "expired");
    exports(&sandbox, &[]);
    assert_eq!(broken(&sandbox, &signers), "signature");
    exports(&sandbox, &["--sign-with", &cleo.key]);
    let again = [&VERIFY[..], &signers].concat();
    sandbox.pointsman(&again).succeeds().says("without an end");
}

#[test]
fn without_a_file_of_signers_those_of_the_policy_in_force_count() {
    let sandbox = Sandbox::without_gates();
    if sandbox.lacks("ssh-keygen") {
        return;
    }
    let cleo = exported(&sandbox);
    sandbox
        .pointsman(&VERIFY)
        .exits(2)
        .tells("no policy in force here says who signs");
    sandbox.allow_signers("environments/releasers", &[&cleo]);
    let signing = "order = 1\n[signing]\nallowed_signers = \"environments/releasers\"\n";
    sandbox.write("environments/staging.toml", signing);
    sandbox.commit("Ask for signatures");
    let promote = ["promote", "staging", "--yes", "--sign-with", &cleo.key];
    sandbox.pointsman(&promote).succeeds();
    sandbox.pointsman(&VERIFY).succeeds().says("#1");
}

#[cfg(unix)]
#[test]
fn a_file_without_end_and_a_link_are_no_surprise() {
    let sandbox = Sandbox::without_gates();
    if sandbox.lacks("ssh-keygen") {
        return;
    }
    exported(&sandbox);
    let signers = ["--signers", "../out/signers"];
    let link = "cd ../out && mv staging.json data.json && ln -s data.json staging.json";
    sandbox.shell(link).run().succeeds();
    let verify = [&VERIFY[..], &signers].concat();
    sandbox.pointsman(&verify).succeeds();
    let large = "cd ../out && rm staging.json && truncate -s 300M staging.json";
    sandbox.shell(large).run().succeeds();
    assert_eq!(broken(&sandbox, &signers), "bundle");
    let device = "rm ../out/staging.json && ln -s /dev/zero ../out/staging.json";
    sandbox.shell(device).run().succeeds();
    assert_eq!(broken(&sandbox, &signers), "bundle");
    let record = ["evidence", "verify", "staging#1", "--bundle", "x"];
    sandbox.pointsman(&record).exits(2).tells("--at-least 1");
}

#[test]
fn openssl_verifies_a_bundle() {
    let sandbox = Sandbox::without_gates();
    if sandbox.lacks("ssh-keygen") || sandbox.lacks("openssl") {
        return;
    }
    let cleo = exported(&sandbox);
    let bundle: Value =
        serde_json::from_str(&sandbox.read("../out/staging.json")).expect("a bundle is JSON");
    take_apart(&sandbox, &bundle["attestation"].to_string());
    write_key(&sandbox, &cleo.public);
    let verify = "openssl pkeyutl -verify -rawin -pubin -inkey ../key.pem -sigfile ../signature -in ../signed";
    let run = sandbox.shell(verify).run();
    run.succeeds().says("Verified Successfully");
    // What is signed names the digest of everything after it, which a shell computes too.
    let digest = "sed 's/^.*\"digest\":\"[0-9a-f]*\",\\(\"expiresAt\"\\)/{\\1/' ../out/staging.json \
                  | tr -d '\\n' | sha256sum | cut -d' ' -f1";
    let digest = sandbox.shell(digest).run();
    let digest = digest.stdout.trim();
    assert_eq!(bundle["digest"], digest);
    assert!(sandbox.read("../payload").contains(digest));
}
