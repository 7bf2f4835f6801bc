//! Key files: a private key as `ssh-keygen` or `openssl genpkey` writes it, without a passphrase,
//! or a public key.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::domain::attestation::wire::{WireError, WireReader};
use crate::domain::attestation::{KEY_TYPE, KeyError, PublicKey, SignatureBytes};
use crate::engine::ports::SignError;

/// The largest key file that is read.
const LIMIT: u64 = 64 * 1024;

/// How OpenSSH's format of private keys starts (PROTOCOL.key).
const OPENSSH_MAGIC: &[u8] = b"openssh-key-v1\0";

/// What stands before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410, section 7).
const PKCS8_START: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A private key that was read from a file. It is wiped when it goes.
pub(super) struct KeyFile {
    secret: SigningKey,
    public: PublicKey,
}

/// What a key file holds.
pub(super) enum KeyFileContent {
    Private(Box<KeyFile>),
    Public(PublicKey),
}

/// Why a file holds no key that can be used.
#[derive(Debug, PartialEq, Eq)]
enum Unusable {
    Encrypted,
    OtherType(String),
    NotAKey,
}

impl KeyFile {
    fn new(secret: [u8; 32]) -> Result<Self, Unusable> {
        let secret = SigningKey::from_bytes(&secret);
        let public = PublicKey::new(secret.verifying_key().to_bytes())?;
        Ok(Self { secret, public })
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn signature(&self, message: &[u8]) -> SignatureBytes {
        self.secret.sign(message).to_bytes()
    }
}

impl KeyFileContent {
    /// Reads a key file.
    pub(super) fn read(path: &Path) -> Result<Self, SignError> {
        let shown = path.display();
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(LIMIT).read_to_string(&mut text))
            .map_err(|error| {
                SignError::new(
                    format!("cannot read the key file `{shown}`: {error}"),
                    "name a file with a private key, or `agent`, with `--sign-with`",
                )
            })?;
        Self::parse(&text).map_err(|why| match why {
            Unusable::Encrypted => SignError::new(
                format!("the key in `{shown}` is protected by a passphrase"),
                format!("load it with `ssh-add {shown}`, and say `--sign-with agent`"),
            ),
            Unusable::OtherType(kind) => SignError::new(
                format!("the key in `{shown}` is of type `{kind}`, and only `ssh-ed25519` signs"),
                "make one with `ssh-keygen -t ed25519`",
            ),
            Unusable::NotAKey => SignError::new(
                format!("`{shown}` holds no Ed25519 key as ssh-keygen or openssl writes it"),
                "make one with `ssh-keygen -t ed25519`",
            ),
        })
    }

    fn private(key: KeyFile) -> Self {
        Self::Private(Box::new(key))
    }

    fn parse(text: &str) -> Result<Self, Unusable> {
        if let Some(bytes) = between_marks(text, "OPENSSH PRIVATE KEY") {
            return openssh(&bytes?).map(Self::private);
        }
        if let Some(bytes) = between_marks(text, "PRIVATE KEY") {
            return pkcs8(&bytes?).map(Self::private);
        }
        if between_marks(text, "ENCRYPTED PRIVATE KEY").is_some() {
            return Err(Unusable::Encrypted);
        }
        Ok(Self::Public(text.parse::<PublicKey>()?))
    }
}

impl From<KeyError> for Unusable {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::OtherType(kind) => Self::OtherType(kind),
            KeyError::NotAKey => Self::NotAKey,
        }
    }
}

impl From<WireError> for Unusable {
    fn from(_: WireError) -> Self {
        Self::NotAKey
    }
}

/// The bytes between the marks of a PEM block; `None` where there is no such block.
fn between_marks(text: &str, label: &str) -> Option<Result<Vec<u8>, Unusable>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let inner = rest.split_once(&format!("-----END {label}-----"));
    let decoded = inner.and_then(|(inner, _)| {
        let digits: String = inner.split_whitespace().collect();
        STANDARD.decode(digits).ok()
    });
    Some(decoded.ok_or(Unusable::NotAKey))
}

/// OpenSSH's own format: a public part, and a private part that says everything again.
fn openssh(bytes: &[u8]) -> Result<KeyFile, Unusable> {
    let rest = bytes.strip_prefix(OPENSSH_MAGIC).ok_or(Unusable::NotAKey)?;
    let mut reader = WireReader::new(rest);
    let cipher = reader.text()?;
    let (_derivation, _options) = (reader.string()?, reader.string()?);
    let count = reader.number()?;
    let public = reader.string()?;
    // What type it is stands outside of what a passphrase protects.
    let public = PublicKey::from_blob(public)?;
    if cipher != "none" {
        return Err(Unusable::Encrypted);
    }
    let mut private = WireReader::new(reader.string()?);
    let (one, other) = (private.number()?, private.number()?);
    let kind = private.text()?;
    let _public = private.string()?;
    let pair = private.string()?;
    let secret: Option<[u8; 32]> = pair.get(..32).and_then(|half| half.try_into().ok());
    let key = KeyFile::new(secret.ok_or(Unusable::NotAKey)?)?;
    if count == 1 && one == other && kind == KEY_TYPE && *key.public() == public {
        Ok(key)
    } else {
        Err(Unusable::NotAKey)
    }
}

/// PKCS#8 version 1, as `openssl genpkey -algorithm ed25519` writes it.
fn pkcs8(bytes: &[u8]) -> Result<KeyFile, Unusable> {
    let secret = bytes.strip_prefix(&PKCS8_START);
    let secret = secret.and_then(|secret| secret.try_into().ok());
    KeyFile::new(secret.ok_or(Unusable::NotAKey)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with OpenSSH 9.2: `ssh-keygen -t ed25519 -N ''`.
    const OPENSSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBsWRLYibBIiDRKNw6PHlrpU3exWHs4WY4fegZAl2UoZwAAAJCExyMnhMcj
JwAAAAtzc2gtZWQyNTUxOQAAACBsWRLYibBIiDRKNw6PHlrpU3exWHs4WY4fegZAl2UoZw
AAAEBCDA+ijV5GYJKhLOYl6w/nUSqK1ZPrBEBArfz3A7nV+2xZEtiJsEiINEo3Do8eWulT
d7FYezhZjh96BkCXZShnAAAACXVzZXJAaG9zdAECAwQ=
-----END OPENSSH PRIVATE KEY-----
";
    const OPENSSH_PUBLIC: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxZEtiJsEiINEo3Do8eWulTd7FYezhZjh96BkCXZShn";

    /// RFC 8410, section 10.3.
    const PKCS8: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

    fn private(text: &str) -> Result<Box<KeyFile>, Unusable> {
        match KeyFileContent::parse(text)? {
            KeyFileContent::Private(key) => Ok(key),
            KeyFileContent::Public(_) => panic!("this is a private key"),
        }
    }

    #[test]
    fn keys_of_openssh_and_openssl_are_read_and_sign() {
        let key = private(OPENSSH).ok().unwrap();
        assert_eq!(key.public().to_string(), OPENSSH_PUBLIC);
        assert!(key.public().verify(b"message", &key.signature(b"message")));
        let key = private(PKCS8).ok().unwrap();
        // RFC 8410, section 10.1, has the public half.
        let public = STANDARD.decode("Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
        assert_eq!(public.as_deref(), Ok(key.public().bytes().as_slice()));
        assert!(key.public().verify(b"message", &key.signature(b"message")));
    }

    #[test]
    fn a_public_key_is_told_from_a_private_one() {
        let read = KeyFileContent::parse(&format!("{OPENSSH_PUBLIC} me\n"));
        assert!(matches!(read, Ok(KeyFileContent::Public(_))));
    }

    #[test]
    fn what_cannot_sign_is_told_apart() {
        let refused = |text: &str| match KeyFileContent::parse(text) {
            Ok(_) => panic!("this was taken for a key"),
            Err(why) => why,
        };
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGb\n";
        assert_eq!(refused(encrypted), Unusable::Encrypted);
        assert_eq!(refused(""), Unusable::NotAKey);
        assert_eq!(
            refused("-----BEGIN PRIVATE KEY-----\n!\n"),
            Unusable::NotAKey
        );
        let digits = OPENSSH.lines().nth(2).unwrap();
        let cut = OPENSSH.replace(digits, "");
        assert_eq!(refused(&cut), Unusable::NotAKey);
    }
}
