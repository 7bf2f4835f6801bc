//! Signed records: which key signs, whose signature a lane takes, and who else can verify it.

use crate::support::Sandbox;
use crate::support::keys::KeyHolder;

const SIGNERS: &str = "environments/release_signers";

/// A workspace whose lane `staging` asks for signed records.
fn with_signed_records() -> (Sandbox, KeyHolder) {
    let sandbox = Sandbox::without_gates();
    let cleo = sandbox.key_holder("cleo");
    sandbox.allow_signers(SIGNERS, &[&cleo]);
    sandbox.write(
        "environments/staging.toml",
        format!("order = 1\n[signing]\nallowed_signers = \"{SIGNERS}\"\n"),
    );
    sandbox.commit("Ask for signed records");
    (sandbox, cleo)
}

#[test]
fn a_lane_that_asks_for_signatures_moves_only_with_one_that_it_trusts() {
    let (sandbox, cleo) = with_signed_records();
    let mallory = sandbox.key_holder("mallory");
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .exits(7)
        .tells("the records of lane `staging` must be signed")
        .tells("--sign-with");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--sign-with", &mallory.key])
        .exits(7)
        .tells("is not among the allowed signers");
    let promote = ["promote", "staging", "--yes", "--sign-with", &cleo.key];
    sandbox.pointsman(&promote).succeeds();
    sandbox.reword("in one word.");
    sandbox.pointsman(&promote).succeeds();
    let rollback = ["rollback", "staging", "--reason", "worse", "--yes"];
    sandbox
        .pointsman(&rollback)
        .exits(7)
        .tells("must be signed");
    let signed = [rollback.as_slice(), &["--sign-with", &cleo.key]].concat();
    sandbox.pointsman(&signed).succeeds();
    let unhold = ["lanes", "unhold", "staging", "--reason", "fine", "--yes"];
    sandbox.pointsman(&unhold).exits(7).tells("must be signed");
    let signed = [unhold.as_slice(), &["--sign-with", &cleo.key]].concat();
    sandbox.pointsman(&signed).succeeds();
    let files = sandbox.git(&["ls-tree", "-r", "--name-only", "lanes/staging", ".lane/"]);
    assert!(files.contains(".lane/deployment.intoto.jsonl"), "{files}");
}

#[test]
fn the_key_that_git_signs_with_signs_records_and_their_commits() {
    let (sandbox, cleo) = with_signed_records();
    sandbox.git(&["config", "gpg.format", "ssh"]);
    sandbox.git(&["config", "commit.gpgSign", "true"]);
    // Git names the public half; the private one stands beside it.
    sandbox.git(&["config", "user.signingKey", &format!("{}.pub", cleo.key)]);
    sandbox.git(&["config", "gpg.ssh.allowedSignersFile", SIGNERS]);
    sandbox.promotes("staging");
    let verified = sandbox.try_git(&["verify-commit", "lanes/staging"]);
    verified
        .succeeds()
        .tells("Good \"git\" signature for cleo@example.com");
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn a_key_of_git_that_cannot_sign_here_is_told_and_stops_nobody() {
    let sandbox = Sandbox::without_gates();
    sandbox.git(&["config", "gpg.format", "ssh"]);
    sandbox.git(&["config", "user.signingKey", "/nowhere/key.pub"]);
    sandbox
        .pointsman(&["promote", "staging", "--yes"])
        .succeeds()
        .tells("warning: not signed with the key that git signs with: cannot read");
}

#[test]
fn keys_of_an_ssh_agent_sign_like_keys_in_files() {
    let (sandbox, cleo) = with_signed_records();
    let script = format!(
        "eval \"$(ssh-agent -s -a ../agent.sock)\" >/dev/null\n\
         ssh-add -q {key}\n\
         pointsman --quiet promote staging --yes --sign-with agent\n\
         code=$?\n\
         kill $SSH_AGENT_PID\n\
         exit $code",
        key = cleo.key
    );
    if sandbox.lacks("ssh-agent") {
        return;
    }
    sandbox
        .shell(&script)
        .run()
        .succeeds()
        .says("lane staging is at #1");
    sandbox
        .pointsman(&["evidence", "verify"])
        .succeeds()
        .says("1 record(s) verified, 1 signed");
}

#[test]
fn a_key_with_a_passphrase_is_for_the_agent() {
    let (sandbox, _) = with_signed_records();
    sandbox
        .shell("ssh-keygen -q -t ed25519 -N secret -f ../locked")
        .run()
        .succeeds();
    let key = sandbox.path().join("../locked");
    let key = key.to_str().expect("temporary folders have text names");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--sign-with", key])
        .exits(2)
        .tells("is protected by a passphrase")
        .tells("ssh-add");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--sign-with", "agent"])
        .exits(2)
        .tells("SSH_AUTH_SOCK");
}
