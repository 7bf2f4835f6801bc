//! What we sign is verified by programs that know nothing of us: the reference implementation of
//! DSSE (securesystemslib) and openssl. What they sign is what our own key signs.

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::signed_lane::SignedLane;
use crate::support::tools::tools;

/// Verifies an envelope with the reference implementation, given the key as 32 bytes.
const REFERENCE: &str = r#"
import json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.signer import Key
envelope = json.load(open(sys.argv[1]))
keyid = envelope["signatures"][0]["keyid"]
public = open(sys.argv[2], "rb").read().hex()
key = Key.from_dict(keyid, {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}})
read = Envelope.from_dict(envelope)
print(sorted(read.verify([key], 1)))
read.payload = read.payload.replace(b"staging", b"ztaging")
try:
    read.verify([key], 1)
    print("forgery accepted")
except Exception as refusal:
    print(type(refusal).__name__)
"#;

/// Takes an envelope apart into the bytes that openssl wants: what was signed, and the signature.
pub(super) fn take_apart(sandbox: &Sandbox, envelope: &str) -> String {
    let json: Value = serde_json::from_str(envelope).expect("an envelope is JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let payload = text(&json["payload"]);
    let kind = text(&json["payloadType"]);
    let signature = text(&json["signatures"][0]["sig"]);
    // The pre-authentication encoding, spelt out in shell.
    let script = format!(
        "set -e\nprintf %s '{payload}' | base64 -d > ../payload\n\
         printf %s '{signature}' | base64 -d > ../signature\n\
         printf 'DSSEv1 %d %s %d ' {} '{kind}' $(wc -c < ../payload) > ../signed\n\
         cat ../payload >> ../signed\n",
        kind.len()
    );
    sandbox.shell(&script).run().succeeds();
    text(&json["signatures"][0]["keyid"])
}

/// Writes the 32 bytes of a public key to `../key`, and the key as openssl reads it to `../key.pem`.
pub(super) fn write_key(sandbox: &Sandbox, public: &str) {
    let blob = public.strip_prefix("ssh-ed25519 ").expect("a public key");
    let script = format!(
        "set -e\nprintf %s '{blob}' | base64 -d | tail -c 32 > ../key\n\
         (printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; cat ../key) > ../key.der\n\
         (echo '-----BEGIN PUBLIC KEY-----'; base64 ../key.der; echo '-----END PUBLIC KEY-----') > ../key.pem"
    );
    sandbox.shell(&script).run().succeeds();
}

#[test]
fn openssl_verifies_our_signatures() {
    let lane = SignedLane::new();
    let sandbox = &lane.sandbox;
    if sandbox.lacks("openssl") {
        return;
    }
    let envelope = sandbox.git(&["show", "lanes/staging:.lane/deployment.intoto.jsonl"]);
    take_apart(sandbox, &envelope);
    write_key(sandbox, &lane.cleo.public);
    let verify = "openssl pkeyutl -verify -rawin -pubin -inkey ../key.pem -sigfile ../signature -in ../signed";
    sandbox
        .shell(verify)
        .run()
        .succeeds()
        .says("Verified Successfully");
    let forged = format!("printf x >> ../signed; {verify}");
    assert_ne!(sandbox.shell(&forged).run().code, Some(0));
}

#[test]
fn a_key_that_openssl_made_signs_and_openssl_verifies_it() {
    let sandbox = Sandbox::without_gates();
    if sandbox.lacks("openssl") {
        return;
    }
    let make = "openssl genpkey -algorithm ed25519 -out ../openssl.pem && \
                openssl pkey -in ../openssl.pem -pubout -out ../openssl.pub";
    sandbox.shell(make).run().succeeds();
    let key = sandbox.path().join("../openssl.pem");
    let key = key.to_str().expect("temporary folders have text names");
    sandbox
        .pointsman(&["promote", "staging", "--yes", "--sign-with", key])
        .succeeds();
    let envelope = sandbox.git(&["show", "lanes/staging:.lane/deployment.intoto.jsonl"]);
    take_apart(&sandbox, &envelope);
    let verify = "openssl pkeyutl -verify -rawin -pubin -inkey ../openssl.pub -sigfile ../signature -in ../signed";
    sandbox.shell(verify).run().succeeds();
    // Ed25519 is deterministic: openssl makes the same signature of the same bytes.
    let same = "openssl pkeyutl -sign -rawin -inkey ../openssl.pem -in ../signed -out ../own && cmp ../own ../signature";
    sandbox.shell(same).run().succeeds();
}

#[test]
fn the_reference_implementation_of_dsse_verifies_every_envelope_of_a_record() {
    let lane = SignedLane::new();
    let sandbox = &lane.sandbox;
    let python = tools("securesystemslib");
    let Some(python) = python.filter(|_| !sandbox.lacks("python3")) else {
        return;
    };
    sandbox.write("../reference.py", REFERENCE);
    let names = sandbox.git(&["ls-tree", "-r", "--name-only", "lanes/staging~1", ".lane/"]);
    let envelopes: Vec<&str> = names
        .lines()
        .filter(|name| name.ends_with(".intoto.jsonl"))
        .collect();
    assert_eq!(
        envelopes.len(),
        3,
        "the record, its evaluation, its approval"
    );
    for path in envelopes {
        let envelope = sandbox.git(&["show", &format!("lanes/staging~1:{path}")]);
        sandbox.write("../envelope.json", &envelope);
        let keyid = take_apart(sandbox, &envelope);
        let signed_by = |public: &str| {
            let fingerprint = format!("echo '{public}' | ssh-keygen -lf - | cut -d' ' -f2");
            sandbox.shell(&fingerprint).run().stdout.trim() == keyid
        };
        let holder = if signed_by(&lane.cleo.public) {
            &lane.cleo
        } else {
            &lane.dana
        };
        write_key(sandbox, &holder.public);
        let verify = "python3 ../reference.py ../envelope.json ../key";
        let run = sandbox.shell(verify).env("PYTHONPATH", &python).run();
        run.succeeds().says(&keyid).says("VerificationError");
    }
}
