//! A bundle that came from elsewhere: nothing that it says is believed before its digest, its
//! signature and its signer were verified.
//!
//! Canonical JSON sorts its keys, so a bundle starts with `{"attestation":…,"digest":"…",`, and what
//! follows are the bytes that the digest is of. They are verified as they stand: what nobody trusted
//! has signed is never made into values, however much memory it asks for.

use jiff::Timestamp;
use serde::Deserialize as _;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::domain::attestation::{
    AllowedSigner, AllowedSigners, BUNDLE, Distrust, Envelope, KeyId, Statement,
};
use crate::domain::canonical::canonical_json;
use crate::domain::digest::Digest;
use crate::domain::id::LaneName;

use super::bundle::{BUNDLE_SCHEMA, BundleHead};

/// The largest bundle that is read, in bytes.
pub const BUNDLE_LIMIT: u64 = 256 * 1024 * 1024;

/// The longest envelope of a bundle, in bytes. Ours have about one thousand.
const ENVELOPE_LIMIT: usize = 64 * 1024;

/// What makes a bundle one that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleLink {
    /// It can be read, and stands in its one spelling.
    Bundle,
    /// Its digest is of what it holds.
    Digest,
    /// It is signed, and what is signed was not changed.
    Signature,
    /// Whoever signed is allowed to.
    Signer,
    /// What was signed is this bundle.
    Subject,
    /// It is of the lane that is expected.
    Lane,
    /// It is not older than one that was seen before.
    Sequence,
    /// It may still be used.
    Expired,
}

impl BundleLink {
    /// The permanent name.
    pub fn ident(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Digest => "digest",
            Self::Signature => "signature",
            Self::Signer => "signer",
            Self::Subject => "subject",
            Self::Lane => "lane",
            Self::Sequence => "sequence",
            Self::Expired => "expired",
        }
    }
}

/// The first link that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BrokenBundle {
    /// The link.
    pub link: BundleLink,
    /// What is wrong.
    pub message: String,
}

impl BrokenBundle {
    /// A link that does not hold, and why.
    pub fn new(link: BundleLink, message: impl Into<String>) -> Self {
        Self {
            link,
            message: message.into(),
        }
    }
}

/// What a bundle is held against.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'e> {
    /// The lane that it must be of.
    pub lane: &'e LaneName,
    /// The lowest number that it may have.
    pub at_least: u64,
    /// Whose signature counts.
    pub signers: &'e AllowedSigners,
    /// The time. A key must count now, not at a time that the bundle names: whoever signs with a key
    /// that is not to count any more names what time they like.
    pub now: Timestamp,
}

/// A bundle that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedBundle {
    /// What it is of.
    pub head: BundleHead,
    /// Its digest.
    pub digest: Digest,
    /// How many prompts it holds.
    pub prompts: usize,
    /// The first address of whoever signed.
    pub signer: String,
    /// The key that signed.
    pub key: KeyId,
}

/// A bundle's parts, with the digest verified.
#[derive(Debug)]
pub struct Received<'b> {
    attestation: Option<&'b str>,
    digest: Digest,
    body: String,
}

/// Verifies a bundle that came from elsewhere.
pub fn verify(bytes: &[u8], expected: &Expected<'_>) -> Result<VerifiedBundle, BrokenBundle> {
    let received = Received::read(bytes)?;
    let envelope = received.envelope()?;
    let signer = signer(&envelope, expected)?;
    if !names(&envelope, &received.digest) {
        return Err(not_this_bundle());
    }
    let (head, prompts) = received.open()?;
    // The bytes are compared, so that nothing hides behind a key that stands there twice.
    if envelope.payload() != head.statement(&received.digest).bytes() {
        return Err(not_this_bundle());
    }
    check_use(&head, expected)?;
    Ok(VerifiedBundle {
        head,
        digest: received.digest,
        prompts,
        signer: signer.principals[0].clone(),
        key: signer.key.id(),
    })
}

fn signer<'e>(
    envelope: &Envelope,
    expected: &Expected<'e>,
) -> Result<&'e AllowedSigner, BrokenBundle> {
    match expected.signers.verify(envelope, &[expected.now]) {
        Ok((_, signer)) => Ok(signer),
        Err(why @ Distrust::Forged(_)) => {
            Err(BrokenBundle::new(BundleLink::Signature, why.to_string()))
        }
        Err(why) => Err(BrokenBundle::new(BundleLink::Signer, why.to_string())),
    }
}

/// Whether what was signed is about a bundle with this digest.
fn names(envelope: &Envelope, digest: &Digest) -> bool {
    let digest = digest.to_string();
    Statement::parse(envelope.payload()).is_ok_and(|statement| {
        let mut subjects = statement.subject.iter();
        statement.predicate_type == BUNDLE
            && subjects.any(|it| it.digest.get("sha256") == Some(&digest))
    })
}

fn not_this_bundle() -> BrokenBundle {
    BrokenBundle::new(BundleLink::Subject, "what was signed is not this bundle")
}

/// Whether a bundle that was made by somebody who may is one for this reader, now.
fn check_use(head: &BundleHead, expected: &Expected<'_>) -> Result<(), BrokenBundle> {
    if head.lane != *expected.lane {
        let message = format!("it is of lane `{}`, not of `{}`", head.lane, expected.lane);
        return Err(BrokenBundle::new(BundleLink::Lane, message));
    }
    if head.sequence < expected.at_least {
        let (sequence, at_least) = (head.sequence, expected.at_least);
        let message = format!("it is #{sequence}, and at least #{at_least} is expected");
        return Err(BrokenBundle::new(BundleLink::Sequence, message));
    }
    match head.expires_at {
        Some(at) if expected.now >= at => {
            let message = format!("it must not be used since {at}");
            Err(BrokenBundle::new(BundleLink::Expired, message))
        }
        _ => Ok(()),
    }
}

impl<'b> Received<'b> {
    /// Takes a bundle apart, and makes sure that its digest is of what it holds.
    pub fn read(bytes: &'b [u8]) -> Result<Self, BrokenBundle> {
        let (attestation, digest, rest) = parts(bytes).ok_or_else(|| {
            let message = "this is not a line of canonical JSON with a `digest`";
            BrokenBundle::new(BundleLink::Bundle, message)
        })?;
        let body = format!("{{{rest}");
        let computed = Digest::of(body.as_bytes());
        if computed.to_string() != digest {
            let message = "its digest does not fit what it holds";
            return Err(BrokenBundle::new(BundleLink::Digest, message));
        }
        Ok(Self {
            attestation,
            digest: computed,
            body,
        })
    }

    /// The envelope, not verified.
    fn envelope(&self) -> Result<Envelope, BrokenBundle> {
        let wrong = |message: String| BrokenBundle::new(BundleLink::Signature, message);
        let text = self
            .attestation
            .ok_or_else(|| wrong("it is not signed".to_owned()))?;
        if text.len() > ENVELOPE_LIMIT {
            let message = format!("its attestation is larger than {ENVELOPE_LIMIT} bytes");
            return Err(wrong(message));
        }
        Envelope::parse(format!("{text}\n").as_bytes()).map_err(|error| wrong(error.to_string()))
    }

    /// What the bundle is of, and how many prompts it holds.
    pub fn open(&self) -> Result<(BundleHead, usize), BrokenBundle> {
        let wrong = |message: String| BrokenBundle::new(BundleLink::Bundle, message);
        let value: Value =
            serde_json::from_str(&self.body).map_err(|error| wrong(error.to_string()))?;
        if value["schema"] != BUNDLE_SCHEMA {
            return Err(wrong(format!("its `schema` is not `{BUNDLE_SCHEMA}`")));
        }
        if canonical_json(&value) != self.body {
            let message = "it is not in its one spelling: one line of canonical JSON";
            return Err(wrong(message.to_owned()));
        }
        let prompts = value["prompts"].as_object();
        let prompts = prompts.ok_or_else(|| wrong("it has no `prompts`".to_owned()))?;
        let head = BundleHead::deserialize(&value).map_err(|error| wrong(error.to_string()))?;
        Ok((head, prompts.len()))
    }
}

/// The attestation, the digest, and what follows it up to the end of the line.
fn parts(bytes: &[u8]) -> Option<(Option<&str>, &str, &str)> {
    let line = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let line = line.strip_prefix('{')?;
    let (attestation, line) = match line.strip_prefix("\"attestation\":") {
        None => (None, line),
        Some(text) => {
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
            values.next()?.ok()?;
            let (attestation, rest) = text.split_at_checked(values.byte_offset())?;
            (Some(attestation), rest.strip_prefix(',')?)
        }
    };
    let (digest, rest) = line.strip_prefix("\"digest\":\"")?.split_once("\",")?;
    Some((attestation, digest, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::json;

    use crate::domain::attestation::{APPROVAL, PublicKey, SignatureBytes};
    use crate::engine::ports::{LaneRecord, SignError, Signer};
    use crate::engine::release::attest::attest;
    use crate::engine::release::bundle::Bundle;
    use crate::engine::release::runtime::{LiveLane, LivePrompt};

    const NOW: &str = "2026-03-02T09:00:00Z";

    struct Key(SigningKey, PublicKey);

    impl Signer for Key {
        fn key(&self) -> &PublicKey {
            &self.1
        }

        fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SignError> {
            Ok(self.0.sign(message).to_bytes())
        }
    }

    fn key(seed: u8) -> Key {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::new(secret.verifying_key().to_bytes()).unwrap();
        Key(secret, public)
    }

    fn signers(valid_before: Option<&str>) -> AllowedSigners {
        AllowedSigners::new(vec![AllowedSigner {
            principals: vec!["cleo@example.com".to_owned()],
            key: key(1).1,
            valid_after: None,
            valid_before: valid_before.map(|time| time.parse().unwrap()),
            for_us: true,
        }])
    }

    /// Bundle #4 of lane `production`.
    fn bundle(expires_at: Option<&str>) -> Bundle {
        let deployment = serde_json::from_value(json!({
            "schema": 1, "lane": "production", "sequence": 4, "kind": "promote",
            "recordedAt": "2026-03-01T09:00:00Z", "actor": "Cleo <cleo@example.com>",
            "reason": null, "source": {"commit": "2".repeat(40), "lane": null, "record": null},
            "snapshot": {"sha256": Digest::of(b"manifest"), "gitTree": "1".repeat(40)},
            "previous": null, "rollbackTarget": null, "holds": [],
            "changes": {"added": [], "changed": [], "removed": [], "files": []},
            "evidence": [],
        }));
        let record = LaneRecord {
            id: "a".repeat(40).try_into().unwrap(),
            deployment: deployment.unwrap(),
        };
        let prompt = LivePrompt {
            fingerprint: Digest::of(b"triage"),
            document: json!({"id": "triage", "messages": [{"content": "Bonjour, é"}]}),
        };
        let prompts = [("triage".parse().unwrap(), prompt)].into();
        let expires_at = expires_at.map(|time| time.parse().unwrap());
        Bundle::of(&LiveLane { record, prompts }, expires_at)
    }

    fn signed(expires_at: Option<&str>, seed: u8) -> String {
        let mut bundle = bundle(expires_at);
        bundle.sign(&key(seed)).unwrap();
        bundle.text()
    }

    fn verified(
        bytes: &[u8],
        lane: &str,
        at_least: u64,
        signers: &AllowedSigners,
    ) -> Result<VerifiedBundle, BrokenBundle> {
        let expected = Expected {
            lane: &LaneName::new(lane).unwrap(),
            at_least,
            signers,
            now: NOW.parse().unwrap(),
        };
        verify(bytes, &expected)
    }

    #[track_caller]
    fn broken(text: &str) -> BundleLink {
        let outcome = verified(text.as_bytes(), "production", 0, &signers(None));
        outcome.unwrap_err().link
    }

    /// A body that nobody checked, with its digest and, where there is one, an attestation.
    fn sealed(body: &str, attestation: Option<&str>) -> String {
        let digest = Digest::of(body.as_bytes());
        let attestation = attestation.map(|it| format!("\"attestation\":{it},"));
        let attestation = attestation.unwrap_or_default();
        format!("{{{attestation}\"digest\":\"{digest}\",{}\n", &body[1..])
    }

    #[test]
    fn a_bundle_holds_for_the_lane_number_and_time_that_it_is_signed_for() {
        let text = signed(Some("2026-03-02T09:00:01Z"), 1);
        let read = verified(text.as_bytes(), "production", 4, &signers(None)).unwrap();
        assert_eq!((read.head.sequence, read.prompts), (4, 1));
        assert_eq!(read.signer, "cleo@example.com");
        assert_eq!(read.key, key(1).1.id());
        let link = |lane, at_least, signers: &AllowedSigners| {
            let outcome = verified(text.as_bytes(), lane, at_least, signers);
            outcome.unwrap_err().link
        };
        assert_eq!(link("staging", 0, &signers(None)), BundleLink::Lane);
        assert_eq!(link("production", 5, &signers(None)), BundleLink::Sequence);
        let past = signers(Some(NOW));
        assert_eq!(link("production", 0, &past), BundleLink::Signer);
        let nobody = AllowedSigners::default();
        assert_eq!(link("production", 0, &nobody), BundleLink::Signer);
        assert_eq!(broken(&signed(None, 2)), BundleLink::Signer);
        assert_eq!(broken(&signed(Some(NOW), 1)), BundleLink::Expired);
        assert_eq!(broken(&bundle(None).text()), BundleLink::Signature);
    }

    #[test]
    fn no_byte_of_a_bundle_can_change_unnoticed() {
        let text = signed(Some("2026-04-01T00:00:00Z"), 1).into_bytes();
        let signers = signers(None);
        let holds = |bytes: &[u8]| verified(bytes, "production", 0, &signers).is_ok();
        assert!(holds(&text));
        for index in 0..text.len() {
            let mut changed = text.clone();
            // The lowest bit, which base64 may ignore at its end, and the one that makes capitals.
            for bit in [0, 5] {
                changed[index] = text[index] ^ (1 << bit);
                assert!(!holds(&changed), "byte {index}, bit {bit}");
            }
            changed.remove(index);
            assert!(!holds(&changed), "byte {index} is gone");
            changed.splice(index..index, [text[index], b' ']);
            assert!(!holds(&changed), "white space after byte {index}");
            assert!(!holds(&text[..index]), "cut off before byte {index}");
        }
    }

    #[test]
    fn a_signature_of_something_else_is_not_one_of_this() {
        let (one, other) = (signed(None, 1), signed(Some("2026-04-01T00:00:00Z"), 1));
        let parts = |text: &'static str| parts(text.as_bytes()).unwrap();
        let (one, other) = (parts(one.leak()), parts(other.leak()));
        let swapped = format!(
            "{{\"attestation\":{},\"digest\":\"{}\",{}\n",
            one.0.unwrap(),
            other.1,
            other.2
        );
        assert_eq!(broken(&swapped), BundleLink::Subject);
        // The right subject under another sort of claim, or with another claim.
        let genuine = bundle(None);
        let statement = genuine.head.statement(&genuine.digest);
        let body = format!("{{{}", one.2);
        for (kind, predicate) in [
            (APPROVAL, statement.predicate.clone()),
            (BUNDLE, json!({"lane": "production"})),
        ] {
            let claim = Statement::new(statement.subject.clone(), kind, predicate);
            let line = String::from_utf8(attest(&claim, &key(1)).unwrap()).unwrap();
            let text = sealed(&body, Some(line.trim_end()));
            assert_eq!(broken(&text), BundleLink::Subject, "{kind}");
        }
    }

    #[test]
    fn what_nobody_trusted_signed_is_never_made_into_values() {
        let deep = format!("{{\"prompts\":{}", "[".repeat(1_000_000));
        assert_eq!(broken(&sealed(&deep, None)), BundleLink::Signature);
        let genuine = signed(None, 1);
        let (attestation, ..) = parts(genuine.as_bytes()).unwrap();
        let carried = sealed(&deep, attestation);
        assert_eq!(broken(&carried), BundleLink::Subject);
        let long = format!("\"{}\"", "x".repeat(ENVELOPE_LIMIT));
        assert_eq!(broken(&sealed("{}", Some(&long))), BundleLink::Signature);
        let open = "[".repeat(1_000_000);
        assert_eq!(broken(&sealed("{}", Some(&open))), BundleLink::Bundle);
        for text in [
            "",
            "\n",
            "{}\n",
            "[]\n",
            "{\"attestation\":",
            "\u{feff}{}\n",
        ] {
            assert_eq!(broken(text), BundleLink::Bundle, "{text}");
        }
    }

    #[test]
    fn a_trusted_key_does_not_make_another_spelling_right() {
        let genuine = bundle(None).text();
        let (_, _, rest) = parts(genuine.as_bytes()).unwrap();
        let body = format!("{{{rest}");
        for body in [
            body.replacen("\"sequence\":4", "\"sequence\":4,\"sequence\":4", 1),
            body.replacen("\"sequence\":4", "\"sequence\": 4", 1),
            body.replacen("\"schema\"", "\"Schema\"", 1),
            body.replacen("\"prompts\"", "\"Prompts\"", 1),
        ] {
            let digest = Digest::of(body.as_bytes());
            let claim = bundle(None).head.statement(&digest);
            let line = String::from_utf8(attest(&claim, &key(1)).unwrap()).unwrap();
            let text = sealed(&body, Some(line.trim_end()));
            assert_eq!(broken(&text), BundleLink::Bundle, "{body}");
        }
    }
}
