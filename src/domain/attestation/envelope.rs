//! DSSE envelopes (<https://github.com/secure-systems-lab/dsse>), version 1: a payload, and raw
//! Ed25519 signatures over its pre-authentication encoding.
//!
//! An envelope has one spelling: one line of canonical JSON. What is spelt otherwise is refused, so
//! that no byte of a file can change without being noticed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::domain::canonical::canonical_json;
use crate::domain::untrusted::shorten;

use super::key::{KeyId, PublicKey, SignatureBytes};

/// The type of every payload.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// How many signatures one envelope may carry.
const MOST_SIGNATURES: usize = 16;

/// How many characters of what is wrong an error shows.
const SHOWN: usize = 200;

/// A payload and its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

/// A signature and the key that it claims to be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// The key's fingerprint.
    pub key: KeyId,
    /// The signature.
    pub bytes: SignatureBytes,
}

/// Bytes that are no envelope of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not such JSON.
    #[error("this is not a DSSE envelope: {0}")]
    NotAnEnvelope(String),
    /// It holds something else than an in-toto statement.
    #[error("the payload of the envelope is of type `{0}`, not `application/vnd.in-toto+json`")]
    OtherPayload(String),
    /// It has no signature, or far too many.
    #[error("the envelope has {0} signatures")]
    Signatures(usize),
    /// One key signed twice.
    #[error("the envelope has two signatures of key {0}")]
    SameKey(KeyId),
    /// A signature is of no length that Ed25519 has.
    #[error("a signature of the envelope is not 64 bytes in base64")]
    NotASignature,
    /// It says the right thing in another spelling.
    #[error("the envelope is not in its one spelling: one line of canonical JSON")]
    NotCanonical,
}

/// The envelope's JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EnvelopeJson {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureJson {
    keyid: KeyId,
    sig: String,
}

/// What is signed: the payload bound to its type (PAE of DSSE version 1).
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// The bytes that must be signed for a payload.
    pub fn message(payload: &[u8]) -> Vec<u8> {
        pre_authentication_encoding(PAYLOAD_TYPE, payload)
    }

    /// A payload with a signature of its [`Envelope::message`].
    pub fn new(payload: Vec<u8>, key: &PublicKey, signature: SignatureBytes) -> Self {
        Self {
            payload,
            signatures: vec![EnvelopeSignature {
                key: key.id(),
                bytes: signature,
            }],
        }
    }

    /// Reads an envelope.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let broken =
            |message: String| EnvelopeError::NotAnEnvelope(shorten(&message, SHOWN).into_owned());
        let json: EnvelopeJson =
            serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))?;
        if json.payload_type != PAYLOAD_TYPE {
            let kind = shorten(&json.payload_type, SHOWN).into_owned();
            return Err(EnvelopeError::OtherPayload(kind));
        }
        if !(1..=MOST_SIGNATURES).contains(&json.signatures.len()) {
            return Err(EnvelopeError::Signatures(json.signatures.len()));
        }
        let payload = STANDARD.decode(&json.payload);
        let signature = |it: SignatureJson| {
            let bytes = STANDARD.decode(it.sig).ok();
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            Ok(EnvelopeSignature {
                key: it.keyid,
                bytes: bytes.ok_or(EnvelopeError::NotASignature)?,
            })
        };
        let signatures: Result<_, EnvelopeError> =
            json.signatures.into_iter().map(signature).collect();
        let signatures: Vec<EnvelopeSignature> = signatures?;
        for (index, later) in signatures.iter().enumerate() {
            if signatures[..index].iter().any(|it| it.key == later.key) {
                return Err(EnvelopeError::SameKey(later.key.clone()));
            }
        }
        let envelope = Self {
            payload: payload.map_err(|error| broken(error.to_string()))?,
            signatures,
        };
        if envelope.line().as_bytes() == bytes {
            Ok(envelope)
        } else {
            Err(EnvelopeError::NotCanonical)
        }
    }

    /// The one spelling of the envelope: a line of canonical JSON.
    pub fn line(&self) -> String {
        let signature = |it: &EnvelopeSignature| SignatureJson {
            keyid: it.key.clone(),
            sig: STANDARD.encode(it.bytes),
        };
        let json = EnvelopeJson {
            payload: STANDARD.encode(&self.payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        let value = serde_json::to_value(json).expect("an envelope has text keys only");
        format!("{}\n", canonical_json(&value))
    }

    /// What the envelope holds.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signatures, not verified.
    pub fn signatures(&self) -> &[EnvelopeSignature] {
        &self.signatures
    }

    /// Whether the signature that claims to be of `key` is one of this payload by that key.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let id = key.id();
        let message = Self::message(&self.payload);
        let mut claimed = self.signatures.iter().filter(|it| it.key == id);
        claimed.any(|it| key.verify(&message, &it.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};
    use proptest::prelude::*;

    fn signed(payload: &[u8]) -> (Envelope, PublicKey) {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = PublicKey::new(secret.verifying_key().to_bytes()).unwrap();
        let signature = secret.sign(&Envelope::message(payload)).to_bytes();
        (Envelope::new(payload.to_vec(), &key, signature), key)
    }

    #[test]
    fn the_encoding_is_the_one_of_the_specification() {
        // From the test vectors of the DSSE specification, protocol.md.
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_payload_that_was_swapped_is_not_signed() {
        let (envelope, key) = signed(b"{}");
        assert!(envelope.is_signed_by(&key));
        let forged = Envelope {
            payload: b"[]".to_vec(),
            ..envelope
        };
        assert!(!forged.is_signed_by(&key));
    }

    #[test]
    fn another_spelling_is_refused() {
        let (envelope, _) = signed(b"{}");
        let line = envelope.line();
        for text in [
            line.trim_end().to_owned(),
            format!(" {line}"),
            format!("{line}\n"),
            line.replace("\"payload\"", "\"\\u0070ayload\""),
        ] {
            assert_eq!(
                Envelope::parse(text.as_bytes()),
                Err(EnvelopeError::NotCanonical),
                "{text}"
            );
        }
        let other_type = line.replace("vnd.in-toto", "vnd.other");
        let refused = Envelope::parse(other_type.as_bytes()).unwrap_err();
        assert!(matches!(refused, EnvelopeError::OtherPayload(_)));
        let more = line.replace("\"payloadType\"", "\"more\":1,\"payloadType\"");
        let refused = Envelope::parse(more.as_bytes()).unwrap_err();
        assert!(matches!(refused, EnvelopeError::NotAnEnvelope(_)));
    }

    #[test]
    fn what_is_built_to_hurt_is_refused_in_few_words() {
        let (envelope, _) = signed(b"{}");
        let line = envelope.line();
        let refused = |text: &str| Envelope::parse(text.as_bytes()).unwrap_err();
        let (start, rest) = line.split_once("\"signatures\":[").unwrap();
        let (one, end) = rest.split_once(']').unwrap();
        let many = vec![one; MOST_SIGNATURES + 1].join(",");
        let many = format!("{start}\"signatures\":[{many}]{end}");
        assert_eq!(refused(&many), EnvelopeError::Signatures(17));
        let none = format!("{start}\"signatures\":[]{end}");
        assert_eq!(refused(&none), EnvelopeError::Signatures(0));
        let twice = format!("{start}\"signatures\":[{one},{one}]{end}");
        let key = envelope.signatures()[0].key.clone();
        assert_eq!(refused(&twice), EnvelopeError::SameKey(key));
        // `{}` is `e30=`: other bits, other padding and another alphabet say the same or nothing.
        for payload in ["e31=", "e30", "e30==", "e3 0=", "_-__"] {
            let text = line.replace("e30=", payload);
            let error = refused(&text);
            assert!(matches!(error, EnvelopeError::NotAnEnvelope(_)), "{text}");
        }
        let duplicate = line.replacen('{', "{\"payload\":\"e30=\",", 1);
        let long = "x".repeat(4_000_000);
        for text in [
            duplicate,
            "[".repeat(1_000_000),
            line.replacen("{\"keyid\"", &format!("{{\"{long}\":1,\"keyid\""), 1),
            line.replacen("vnd.in-toto", &long, 1),
            line.replacen("SHA256:", &long, 1),
        ] {
            assert!(refused(&text).to_string().chars().count() < 400);
        }
    }

    #[test]
    fn a_signature_of_nobody_beside_a_good_one_changes_nothing() {
        let (envelope, key) = signed(b"{}");
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
        let mut more = envelope.clone();
        more.signatures.insert(
            0,
            EnvelopeSignature {
                key: PublicKey::new(other).unwrap().id(),
                bytes: [0; 64],
            },
        );
        let read = Envelope::parse(more.line().as_bytes()).unwrap();
        assert!(read.is_signed_by(&key));
        assert!(!read.is_signed_by(&PublicKey::new(other).unwrap()));
    }

    proptest! {
        #[test]
        fn an_envelope_reads_back_as_it_was_written(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (envelope, key) = signed(&payload);
            let read = Envelope::parse(envelope.line().as_bytes()).unwrap();
            prop_assert_eq!(&read, &envelope);
            prop_assert!(read.is_signed_by(&key));
        }

        #[test]
        fn no_byte_of_an_envelope_can_change_unnoticed(index in 0_usize..400, bit in 0_u8..8) {
            let (envelope, key) = signed(br#"{"a": "claim"}"#);
            let mut bytes = envelope.line().into_bytes();
            let index = index % bytes.len();
            bytes[index] ^= 1 << bit;
            let noticed = match Envelope::parse(&bytes) {
                Err(_) => true,
                Ok(read) => !read.is_signed_by(&key),
            };
            prop_assert!(noticed, "byte {} bit {}", index, bit);
        }
    }
}
