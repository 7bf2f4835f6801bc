//! Signatures of messages, as the Standard Webhooks specification 1.0.0 has them: HMAC-SHA256 over
//! `{id}.{timestamp}.{body}` (`v1,<base64>`), with every secret that is valid while they rotate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

/// The header with the message's id: the same on every try, so that receivers can tell a repeat.
pub const ID_HEADER: &str = "webhook-id";

/// The header with the time of the try, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";

/// The header with the signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far the clocks of sender and receiver may differ, in seconds.
pub const TOLERANCE_SECONDS: i64 = 5 * 60;

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";

/// A secret that sender and receiver share. It is neither shown nor written.
pub struct SigningSecret(Vec<u8>);

/// The text is not a secret. It is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is `whsec_` and the base64 of 24 to 64 random bytes")]
pub struct SecretError;

impl SigningSecret {
    /// Reads a secret.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(SecretError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if (24..=64).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(SecretError)
        }
    }

    fn mac(&self, id: &str, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key");
        for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

/// The signature header of a message: one signature for each secret.
pub fn sign(secrets: &[SigningSecret], id: &str, at: Timestamp, body: &[u8]) -> String {
    let seconds = at.as_second().to_string();
    let signatures = secrets.iter().map(|secret| {
        let code = secret.mac(id, &seconds, body).finalize().into_bytes();
        format!("{VERSION}{}", STANDARD.encode(code))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// The headers of a message that came in.
#[derive(Debug, Clone, Default)]
pub struct ReceivedHeaders {
    /// `webhook-id`.
    pub id: Option<String>,
    /// `webhook-timestamp`.
    pub timestamp: Option<String>,
    /// `webhook-signature`.
    pub signature: Option<String>,
}

/// Why a message is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A header is missing.
    #[error("the header `{0}` is missing")]
    Missing(&'static str),
    /// The timestamp is no number of seconds.
    #[error("`{TIMESTAMP_HEADER}` is not a number of seconds since 1970")]
    Timestamp,
    /// The message is from another time: perhaps somebody sends an old one again.
    #[error("the message was sent {0} s ago, more than the {TOLERANCE_SECONDS} s that are allowed")]
    TooOld(i64),
    /// The message is from the future.
    #[error("the message was sent {0} s ahead of this clock, more than {TOLERANCE_SECONDS} s")]
    TooNew(i64),
    /// No signature belongs to the message and a secret.
    #[error("no signature fits the message and the secret")]
    Signature,
}

/// Checks a message that came in. Signatures are compared in constant time.
pub fn verify(
    secrets: &[SigningSecret],
    headers: &ReceivedHeaders,
    body: &[u8],
    now: Timestamp,
) -> Result<(), VerifyError> {
    let given = |value: &Option<String>, name| value.clone().ok_or(VerifyError::Missing(name));
    let id = given(&headers.id, ID_HEADER)?;
    let timestamp = given(&headers.timestamp, TIMESTAMP_HEADER)?;
    let signatures = given(&headers.signature, SIGNATURE_HEADER)?;
    let seconds: i64 = timestamp.parse().map_err(|_| VerifyError::Timestamp)?;
    let age = now.as_second().saturating_sub(seconds);
    if age > TOLERANCE_SECONDS {
        return Err(VerifyError::TooOld(age));
    }
    if age < -TOLERANCE_SECONDS {
        return Err(VerifyError::TooNew(age.saturating_neg()));
    }
    let codes = signatures.split(' ').filter_map(|signature| {
        let encoded = signature.strip_prefix(VERSION)?;
        STANDARD.decode(encoded).ok()
    });
    let fits = |code: Vec<u8>| {
        let mut secrets = secrets.iter();
        secrets.any(|secret| {
            secret
                .mac(&id, &timestamp, body)
                .verify_slice(&code)
                .is_ok()
        })
    };
    if codes.into_iter().any(fits) {
        Ok(())
    } else {
        Err(VerifyError::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the specification's reference libraries.
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const SECOND: i64 = 1_649_367_553;
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn secret(text: &str) -> SigningSecret {
        SigningSecret::parse(text).unwrap()
    }

    fn other() -> SigningSecret {
        secret(&format!("whsec_{}", STANDARD.encode([7; 32])))
    }

    fn received() -> ReceivedHeaders {
        ReceivedHeaders {
            id: Some(ID.to_owned()),
            timestamp: Some(SECOND.to_string()),
            signature: Some(SIGNATURE.to_owned()),
        }
    }

    #[test]
    fn the_published_example_is_signed_and_verified() {
        assert_eq!(sign(&[secret(SECRET)], ID, at(SECOND), BODY), SIGNATURE);
        assert_eq!(
            verify(&[secret(SECRET)], &received(), BODY, at(SECOND)),
            Ok(())
        );
    }

    #[test]
    fn while_secrets_rotate_either_one_will_do() {
        let both = sign(&[other(), secret(SECRET)], ID, at(SECOND), BODY);
        assert!(both.ends_with(&format!(" {SIGNATURE}")), "{both}");
        let headers = ReceivedHeaders {
            signature: Some(format!("v1a,unknown {both}")),
            ..received()
        };
        for known in [other(), secret(SECRET)] {
            assert_eq!(verify(&[known], &headers, BODY, at(SECOND)), Ok(()));
        }
        let one = received();
        assert_eq!(
            verify(&[other(), secret(SECRET)], &one, BODY, at(SECOND)),
            Ok(())
        );
    }

    #[test]
    fn a_message_from_another_time_is_not_believed() {
        let check = |now| verify(&[secret(SECRET)], &received(), BODY, at(now));
        assert_eq!(check(SECOND + 300), Ok(()));
        assert_eq!(check(SECOND - 300), Ok(()));
        assert_eq!(check(SECOND + 301), Err(VerifyError::TooOld(301)));
        assert_eq!(check(SECOND - 301), Err(VerifyError::TooNew(301)));
    }

    #[test]
    fn a_change_of_any_byte_is_noticed() {
        let check = |headers: &ReceivedHeaders, body: &[u8]| {
            verify(&[secret(SECRET)], headers, body, at(SECOND))
        };
        for index in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[index] ^= 1;
            assert_eq!(
                check(&received(), &body),
                Err(VerifyError::Signature),
                "{index}"
            );
        }
        let other_id = ReceivedHeaders {
            id: Some("msg_other".to_owned()),
            ..received()
        };
        assert_eq!(check(&other_id, BODY), Err(VerifyError::Signature));
        for wrong in [
            "",
            "v1,",
            "v1,====",
            "v2,tZ1I",
            &SIGNATURE[..SIGNATURE.len() - 4],
        ] {
            let headers = ReceivedHeaders {
                signature: Some(wrong.to_owned()),
                ..received()
            };
            assert_eq!(
                check(&headers, BODY),
                Err(VerifyError::Signature),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let check = |headers| verify(&[secret(SECRET)], &headers, BODY, at(SECOND));
        let missing = check(ReceivedHeaders::default());
        assert_eq!(missing, Err(VerifyError::Missing(ID_HEADER)));
        let odd = ReceivedHeaders {
            timestamp: Some("soon".to_owned()),
            ..received()
        };
        assert_eq!(check(odd), Err(VerifyError::Timestamp));
    }

    #[test]
    fn a_secret_has_a_prefix_and_enough_bytes() {
        for wrong in [
            "",
            "whsec_",
            "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "whsec_not base64",
            &format!("whsec_{}", STANDARD.encode([1; 23])),
            &format!("whsec_{}", STANDARD.encode([1; 65])),
        ] {
            assert!(SigningSecret::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_signed_is_verified_by_who_has_the_secret_and_by_nobody_else(
            id in "[a-z0-9_]{1,40}",
            second in 0_i64..4_000_000_000,
            body in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        ) {
            let headers = ReceivedHeaders {
                signature: Some(sign(&[secret(SECRET)], &id, at(second), &body)),
                timestamp: Some(second.to_string()),
                id: Some(id),
            };
            let check = |secret| verify(&[secret], &headers, &body, at(second));
            proptest::prop_assert_eq!(check(secret(SECRET)), Ok(()));
            proptest::prop_assert_eq!(check(other()), Err(VerifyError::Signature));
        }
    }
}
