//! Ed25519 keys as SSH writes them: the keys that people have already, named by the fingerprint
//! that `ssh-keygen -l` shows.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::wire::{WireReader, WireWriter};

/// The one type of key that signs here.
pub const KEY_TYPE: &str = "ssh-ed25519";

/// How long a signature is.
pub const SIGNATURE_BYTES: usize = 64;

/// A signature.
pub type SignatureBytes = [u8; SIGNATURE_BYTES];

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

/// A text or some bytes are no key that can be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is another type of key.
    #[error("a key of type `{0}` cannot sign here: only `ssh-ed25519` can")]
    OtherType(String),
    /// It is no key at all.
    #[error("this is not an SSH public key")]
    NotAKey,
}

impl PublicKey {
    /// The key with these 32 bytes, if they are a point of the curve.
    pub fn new(bytes: [u8; 32]) -> Result<Self, KeyError> {
        match VerifyingKey::from_bytes(&bytes) {
            Ok(key) if !key.is_weak() => Ok(Self(bytes)),
            _ => Err(KeyError::NotAKey),
        }
    }

    /// The key that an SSH key blob holds.
    pub fn from_blob(blob: &[u8]) -> Result<Self, KeyError> {
        let not_a_key = |_| KeyError::NotAKey;
        let mut reader = WireReader::new(blob);
        let kind = reader.text().map_err(not_a_key)?;
        if kind != KEY_TYPE {
            return Err(KeyError::OtherType(kind.to_owned()));
        }
        let bytes = reader.string().map_err(not_a_key)?;
        reader.finish().map_err(not_a_key)?;
        Self::new(bytes.try_into().map_err(|_| KeyError::NotAKey)?)
    }

    /// The key as an SSH key blob.
    pub fn blob(&self) -> Vec<u8> {
        WireWriter::default()
            .string(KEY_TYPE.as_bytes())
            .string(&self.0)
            .into_bytes()
    }

    /// The bytes of the key.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key's fingerprint.
    pub fn id(&self) -> KeyId {
        let digest = Sha256::digest(self.blob());
        KeyId(format!("SHA256:{}", STANDARD_NO_PAD.encode(digest)))
    }

    /// Whether a signature of `message` was made with this key. Signatures that more than one
    /// message or key could have are refused.
    pub fn verify(&self, message: &[u8], signature: &SignatureBytes) -> bool {
        let key = VerifyingKey::from_bytes(&self.0);
        let signature = Signature::from_bytes(signature);
        key.is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

/// Reads a key as `ssh-ed25519 AAAA…`, with or without a comment after it.
impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut words = text.split_whitespace();
        let kind = words.next().ok_or(KeyError::NotAKey)?;
        let blob = words.next().and_then(|blob| STANDARD.decode(blob).ok());
        let key = Self::from_blob(&blob.ok_or(KeyError::NotAKey)?)?;
        if kind == KEY_TYPE {
            Ok(key)
        } else {
            Err(KeyError::NotAKey)
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{KEY_TYPE} {}", STANDARD.encode(self.blob()))
    }
}

/// The fingerprint of a key: `SHA256:` and 43 characters of base64, as `ssh-keygen -l` shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// The text is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key is named by its fingerprint, `SHA256:` and 43 characters")]
pub struct KeyIdError;

impl KeyId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;

    fn try_from(text: String) -> Result<Self, KeyIdError> {
        let digits = text.strip_prefix("SHA256:").ok_or(KeyIdError)?;
        match STANDARD_NO_PAD.decode(digits) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(text)),
            _ => Err(KeyIdError),
        }
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2: a public key, a message of one byte and its signature.
    const RFC_KEY: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const RFC_SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    fn bytes<const N: usize>(digits: &str) -> [u8; N] {
        let byte = |index: usize| u8::from_str_radix(&digits[2 * index..][..2], 16).unwrap();
        std::array::from_fn(byte)
    }

    #[test]
    fn the_published_signature_verifies_and_no_other_does() {
        let key = PublicKey::new(bytes(RFC_KEY)).unwrap();
        let signature: SignatureBytes = bytes(RFC_SIGNATURE);
        assert!(key.verify(&[0x72], &signature));
        assert!(!key.verify(&[0x73], &signature));
        for index in 0..SIGNATURE_BYTES {
            let mut other = signature;
            other[index] ^= 1;
            assert!(!key.verify(&[0x72], &other), "byte {index}");
        }
    }

    #[test]
    fn a_key_is_named_as_ssh_keygen_names_it() {
        // Made with OpenSSH 9.2: `ssh-keygen -t ed25519`, then `ssh-keygen -l`.
        let text =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxZEtiJsEiINEo3Do8eWulTd7FYezhZjh96BkCXZShn";
        let key: PublicKey = format!("{text} user@host").parse().unwrap();
        let id = "SHA256:aREnzNK2BlSsvTdJB/EjLQLu1smPYw5sbmyWHCUA8DM";
        assert_eq!(key.id().as_str(), id);
        assert_eq!(key.to_string(), text);
        assert_eq!(KeyId::try_from(id.to_owned()), Ok(key.id()));
    }

    #[test]
    fn what_is_no_key_of_ours_is_refused() {
        let rsa = WireWriter::default()
            .string(b"ssh-rsa")
            .string(b"x")
            .into_bytes();
        let rsa = format!("ssh-rsa {}", STANDARD.encode(rsa));
        let refused = |text: &str| text.parse::<PublicKey>().unwrap_err();
        assert_eq!(refused(&rsa), KeyError::OtherType("ssh-rsa".to_owned()));
        assert_eq!(refused("ssh-ed25519"), KeyError::NotAKey);
        assert_eq!(refused("ssh-ed25519 AAAA"), KeyError::NotAKey);
        // A point of small order would verify signatures of anything.
        assert_eq!(PublicKey::new([0; 32]), Err(KeyError::NotAKey));
        for text in [
            "SHA256:",
            "MD5:00",
            "SHA256:aREnzNK2BlSsvTdJB/EjLQLu1smPYw5sbmyWHCUA8DN",
        ] {
            assert_eq!(KeyId::try_from(text.to_owned()), Err(KeyIdError), "{text}");
        }
    }
}
