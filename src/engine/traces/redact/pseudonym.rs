//! What stands in the place of what was taken out: `<email>`, or with a key `<email:7f3a0c91d2b4>`, so
//! that equal values stay equal and nobody without the key can try values out.

use hmac::{Hmac, KeyInit as _, Mac as _};
use regex::Regex;
use sha2::Sha256;

use super::super::otlp::hex;

/// The fewest characters of a key.
const FEWEST: usize = 16;

/// How many bytes of the code a pseudonym shows.
const SHOWN_BYTES: usize = 6;

/// The key of pseudonyms. It is never shown, and nothing that is kept tells it.
#[derive(Clone)]
pub struct PseudonymKey(Hmac<Sha256>);

/// A key is too short to keep anybody from trying values out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key of pseudonyms has at least {FEWEST} characters")]
pub struct PseudonymKeyError;

impl PseudonymKey {
    /// Checks a key.
    pub fn new(text: &str) -> Result<Self, PseudonymKeyError> {
        let text = text.trim();
        if text.len() < FEWEST {
            return Err(PseudonymKeyError);
        }
        let mac = Hmac::new_from_slice(text.as_bytes());
        Ok(Self(mac.map_err(|_| PseudonymKeyError)?))
    }

    /// By what the same key is known again.
    pub fn id(&self) -> String {
        self.code("id", "")
    }

    fn code(&self, rule: &str, value: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(rule.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        let code = mac.finalize().into_bytes();
        hex(&code[..SHOWN_BYTES])
    }
}

/// What stands in the place of a value.
pub(super) fn placeholder(key: Option<&PseudonymKey>, rule: &str, value: &str) -> String {
    match key {
        Some(key) => format!("<{rule}:{}>", key.code(rule, value)),
        None => format!("<{rule}>"),
    }
}

/// What our placeholders look like, whatever the rule.
pub(in super::super) fn placeholders() -> Regex {
    Regex::new("<([a-z][a-z0-9-]*)(?::[0-9a-f]{12})?>").expect("the pattern is fixed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_pseudonyms_under_one_key_and_one_rule() {
        let key = PseudonymKey::new("0123456789abcdef").unwrap();
        let other = PseudonymKey::new("0123456789abcdeg").unwrap();
        let one = placeholder(Some(&key), "email", "kim@example.com");
        // As `printf 'email\0kim@example.com' | openssl dgst -sha256 -hmac 0123456789abcdef` says.
        assert_eq!(one, "<email:a82f5d48598b>");
        assert_ne!(one, placeholder(Some(&key), "email", "lee@example.com"));
        assert_ne!(one, placeholder(Some(&other), "email", "kim@example.com"));
        assert!(placeholders().is_match(&one));
        assert_ne!(key.id(), other.id());
    }

    #[test]
    fn without_a_key_only_the_rule_is_said() {
        assert_eq!(placeholder(None, "email", "kim@example.com"), "<email>");
        assert!(PseudonymKey::new("short").is_err());
    }
}
