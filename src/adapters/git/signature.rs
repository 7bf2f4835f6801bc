//! Signs commits the way git does where `gpg.format` is `ssh`: an SSHSIG (OpenSSH's PROTOCOL.sshsig)
//! of the commit in its header. `git verify-commit` reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix::objs::{Commit, WriteTo as _};
use sha2::{Digest as _, Sha512};

use crate::domain::attestation::KEY_TYPE;
use crate::domain::attestation::wire::WireWriter;
use crate::engine::ports::{LaneError, Signer};

use super::error::GitError;
use super::lanes::git_error;

const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
const NAMESPACE: &[u8] = b"git";
const HASH: &[u8] = b"sha512";

/// How many characters of base64 stand on a line, as `ssh-keygen` has it.
const LINE: usize = 70;

/// Puts a signature into a commit.
pub(super) fn sign_commit(
    commit: &mut Commit,
    hash: gix::hash::Kind,
    signer: &dyn Signer,
) -> Result<(), LaneError> {
    let mut bytes = Vec::new();
    commit
        .write_to(&mut bytes)
        .map_err(|error| git_error(GitError::Read(error.to_string())))?;
    let signature = armoured(&bytes, signer)?;
    let header = match hash {
        gix::hash::Kind::Sha256 => "gpgsig-sha256",
        _ => "gpgsig",
    };
    commit.extra_headers.push((header.into(), signature.into()));
    Ok(())
}

fn armoured(message: &[u8], signer: &dyn Signer) -> Result<String, LaneError> {
    let covered = WireWriter::default()
        .raw(MAGIC)
        .string(NAMESPACE)
        .string(b"")
        .string(HASH)
        .string(&Sha512::digest(message))
        .into_bytes();
    let raw = signer.sign(&covered).map_err(|error| LaneError::Failed {
        message: format!("the record's commit cannot be signed: {error}"),
        hint: Some(error.hint),
    })?;
    let signature = WireWriter::default()
        .string(KEY_TYPE.as_bytes())
        .string(&raw)
        .into_bytes();
    let blob = WireWriter::default()
        .raw(MAGIC)
        .number(VERSION)
        .string(&signer.key().blob())
        .string(NAMESPACE)
        .string(b"")
        .string(HASH)
        .string(&signature)
        .into_bytes();
    let digits = STANDARD.encode(blob);
    let mut text = "-----BEGIN SSH SIGNATURE-----\n".to_owned();
    for line in digits.as_bytes().chunks(LINE) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END SSH SIGNATURE-----");
    Ok(text)
}
