//! The ssh-agent: asked for its keys and for signatures (draft-ietf-sshm-ssh-agent). The private
//! key stays with it. For Ed25519 its answer is the same raw signature that the key itself makes.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::attestation::wire::{WireReader, WireWriter};
use crate::domain::attestation::{KEY_TYPE, PublicKey, SignatureBytes};
use crate::engine::ports::{SignError, Signer};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// The longest answer that is read, the limit of OpenSSH itself.
const LONGEST_ANSWER: u32 = 256 * 1024;

/// How long an answer may take: the agent may ask its user first.
const PATIENCE: Duration = Duration::from_mins(2);

/// An agent that listens.
pub struct Agent {
    socket: PathBuf,
    keys: Vec<(PublicKey, String)>,
}

/// A key that an agent holds.
pub struct AgentKey {
    socket: PathBuf,
    key: PublicKey,
}

impl Agent {
    /// Asks the agent at `socket` which keys it holds.
    pub fn connect(socket: Option<&Path>) -> Result<Self, SignError> {
        let socket = socket.ok_or_else(|| {
            SignError::new(
                "no ssh-agent is running: `SSH_AUTH_SOCK` is not set",
                "start one with `eval \"$(ssh-agent)\"` and load a key with `ssh-add`",
            )
        })?;
        let answer = ask(socket, REQUEST_IDENTITIES, b"")?;
        let keys = identities(&answer).ok_or_else(|| confused(socket))?;
        Ok(Self {
            socket: socket.to_owned(),
            keys,
        })
    }

    /// The one key that it holds.
    pub fn only_key(self) -> Result<AgentKey, SignError> {
        match self.keys.as_slice() {
            [(key, _)] => Ok(self.handle(*key)),
            [] => Err(SignError::new(
                "the ssh-agent holds no Ed25519 key",
                "load one with `ssh-add`; `ssh-keygen -t ed25519` makes one",
            )),
            _ => Err(SignError::new(
                format!("the ssh-agent holds {} Ed25519 keys", self.keys.len()),
                format!("name one: {}", self.choices()),
            )),
        }
    }

    /// The key with a fingerprint or a comment.
    pub fn key_named(self, name: &str) -> Result<AgentKey, SignError> {
        let named =
            |(key, comment): &&(PublicKey, String)| comment == name || key.id().as_str() == name;
        let mut found = self.keys.iter().filter(named);
        match (found.next(), found.next()) {
            (Some((key, _)), None) => Ok(self.handle(*key)),
            (None, _) => Err(SignError::new(
                format!("the ssh-agent holds no Ed25519 key `{name}`"),
                format!("it holds: {}", self.choices()),
            )),
            (Some(_), Some(_)) => Err(SignError::new(
                format!("the ssh-agent holds more than one key `{name}`"),
                format!("name one by its fingerprint: {}", self.choices()),
            )),
        }
    }

    /// The key with a public half.
    pub fn key(self, key: &PublicKey) -> Result<AgentKey, SignError> {
        if self.keys.iter().any(|(known, _)| known == key) {
            return Ok(self.handle(*key));
        }
        Err(SignError::new(
            format!("the ssh-agent does not hold the key {}", key.id()),
            "load it with `ssh-add <file>`",
        ))
    }

    fn handle(&self, key: PublicKey) -> AgentKey {
        AgentKey {
            socket: self.socket.clone(),
            key,
        }
    }

    fn choices(&self) -> String {
        let keys = self.keys.iter();
        let names = keys.map(|(key, comment)| format!("`agent:{}` ({comment})", key.id()));
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            return "none".to_owned();
        }
        names.join(", ")
    }
}

impl Signer for AgentKey {
    fn key(&self) -> &PublicKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SignError> {
        let request = WireWriter::default()
            .string(&self.key.blob())
            .string(message)
            .number(0)
            .into_bytes();
        let answer = ask(&self.socket, SIGN_REQUEST, &request)?;
        let signature = signature(&answer).ok_or_else(|| {
            SignError::new(
                format!("the ssh-agent did not sign with key {}", self.key.id()),
                "unlock the agent, or confirm the use of the key, and try again",
            )
        })?;
        if self.key.verify(message, &signature) {
            Ok(signature)
        } else {
            Err(confused(&self.socket))
        }
    }
}

/// The Ed25519 keys of an answer, with their comments.
fn identities(answer: &[u8]) -> Option<Vec<(PublicKey, String)>> {
    let mut reader = WireReader::new(answer);
    if reader.byte().ok()? != IDENTITIES_ANSWER {
        return None;
    }
    let mut keys = Vec::new();
    for _ in 0..reader.number().ok()? {
        let (blob, comment) = (reader.string().ok()?, reader.string().ok()?);
        if let Ok(key) = PublicKey::from_blob(blob) {
            keys.push((key, String::from_utf8_lossy(comment).into_owned()));
        }
    }
    Some(keys)
}

fn signature(answer: &[u8]) -> Option<SignatureBytes> {
    let mut reader = WireReader::new(answer);
    if reader.byte().ok()? != SIGN_RESPONSE {
        return None;
    }
    let mut blob = WireReader::new(reader.string().ok()?);
    if blob.text().ok()? != KEY_TYPE {
        return None;
    }
    blob.string().ok()?.try_into().ok()
}

/// Sends one request and reads its answer.
fn ask(socket: &Path, kind: u8, body: &[u8]) -> Result<Vec<u8>, SignError> {
    let failed = |error: std::io::Error| {
        SignError::new(
            format!(
                "cannot speak to the ssh-agent at `{}`: {error}",
                socket.display()
            ),
            "check `SSH_AUTH_SOCK`, and `ssh-add -l`",
        )
    };
    let mut stream = UnixStream::connect(socket).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    let request = WireWriter::default()
        .string(&[&[kind], body].concat())
        .into_bytes();
    stream.write_all(&request).map_err(failed)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).map_err(failed)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST_ANSWER {
        return Err(confused(socket));
    }
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer).map_err(failed)?;
    Ok(answer)
}

fn confused(socket: &Path) -> SignError {
    SignError::new(
        format!(
            "what listens at `{}` does not answer as an ssh-agent does",
            socket.display()
        ),
        "check `SSH_AUTH_SOCK`, and `ssh-add -l`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_cut_off_or_another_is_not_taken() {
        assert_eq!(identities(b""), None);
        assert_eq!(
            identities(&[IDENTITIES_ANSWER, 0xff, 0xff, 0xff, 0xff]),
            None
        );
        assert_eq!(signature(&[5]), None, "a refusal is no signature");
        let other = WireWriter::default().string(b"ssh-rsa").string(&[0; 64]);
        let answer = WireWriter::default()
            .raw(&[SIGN_RESPONSE])
            .string(&other.into_bytes())
            .into_bytes();
        assert_eq!(signature(&answer), None);
    }
}
