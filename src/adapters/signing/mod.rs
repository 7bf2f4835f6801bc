//! Keys that sign: in a file, or held by an ssh-agent. Both make the same signature, so that nobody
//! needs another key than the one for SSH.

mod agent;
mod key_file;

use std::path::{Path, PathBuf};

use crate::domain::attestation::{PublicKey, SignatureBytes};
use crate::engine::ports::{SignError, Signer};

pub use agent::Agent;
use key_file::{KeyFile, KeyFileContent};

/// Which key is to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChoice {
    /// The key in a file, private or public.
    File(PathBuf),
    /// The one Ed25519 key that the agent holds.
    OnlyOfAgent,
    /// The agent's key with this fingerprint or comment.
    OfAgent(String),
    /// The agent's key with this public half.
    Public(PublicKey),
}

impl std::str::FromStr for KeyChoice {
    type Err = std::convert::Infallible;

    /// Reads `agent`, `agent:<fingerprint or comment>`, or else the path of a file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once(':') {
            _ if text == "agent" => Self::OnlyOfAgent,
            Some(("agent", name)) => Self::OfAgent(name.to_owned()),
            _ => Self::File(PathBuf::from(text)),
        })
    }
}

/// The key that was chosen, ready to sign. `socket` is where the ssh-agent listens; absent: there
/// is none.
pub fn signer(choice: &KeyChoice, socket: Option<&Path>) -> Result<Box<dyn Signer>, SignError> {
    match choice {
        KeyChoice::File(path) => of_file(path, socket),
        KeyChoice::OnlyOfAgent => Ok(Box::new(Agent::connect(socket)?.only_key()?)),
        KeyChoice::OfAgent(name) => Ok(Box::new(Agent::connect(socket)?.key_named(name)?)),
        KeyChoice::Public(key) => Ok(Box::new(Agent::connect(socket)?.key(key)?)),
    }
}

/// A file with a private key signs itself. One with a public key stands for a key of the agent, or
/// for the private key in the file beside it, as it does for git.
fn of_file(path: &Path, socket: Option<&Path>) -> Result<Box<dyn Signer>, SignError> {
    let public = match KeyFileContent::read(path)? {
        KeyFileContent::Private(key) => return Ok(key),
        KeyFileContent::Public(key) => key,
    };
    let private = path.with_extension("");
    let of_agent = Agent::connect(socket).and_then(|agent| agent.key(&public));
    match of_agent {
        Ok(key) => Ok(Box::new(key)),
        Err(error) if path.extension().is_none_or(|ending| ending != "pub") => Err(error),
        Err(error) if !private.exists() => Err(error),
        Err(_) => match KeyFileContent::read(&private)? {
            KeyFileContent::Private(key) if *key.public() == public => Ok(key),
            _ => Err(SignError::new(
                format!(
                    "`{}` is not the private key of `{}`",
                    private.display(),
                    path.display()
                ),
                "name the file with the private key",
            )),
        },
    }
}

impl Signer for KeyFile {
    fn key(&self) -> &PublicKey {
        self.public()
    }

    fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SignError> {
        Ok(self.signature(message))
    }
}
