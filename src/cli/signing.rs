//! Which key signs: the one that the command line names, or the one that git is told to sign with.

use std::path::{Path, PathBuf};

use crate::adapters::signing::{self, KeyChoice};
use crate::adapters::webhooks::AnnouncedLanes;
use crate::engine::ports::Signer;

use super::context::Context;
use super::env;
use super::error::CommandError;
use super::ui::Ui;

/// The option of every command that signs.
#[derive(Debug, clap::Args)]
pub struct SignArgs {
    /// Sign with this key: a file, `agent`, or `agent:<fingerprint or comment>`; without it, with
    /// the key that git signs with, where `gpg.format` is `ssh`
    #[arg(long, value_name = "KEY")]
    pub sign_with: Option<KeyChoice>,
}

impl SignArgs {
    /// The key that signs; absent: none is named and none is configured. A key that is configured
    /// for git but cannot sign here is told and left out.
    pub fn signer(
        &self,
        context: &Context,
        ui: &mut Ui,
    ) -> Result<Option<Box<dyn Signer>>, CommandError> {
        let socket = context.environment().text(env::AGENT).map(Path::new);
        if let Some(choice) = &self.sign_with {
            let choice = in_folder(context, choice);
            return Ok(Some(signing::signer(&choice, socket)?));
        }
        let Some(choice) = configured(context)? else {
            return Ok(None);
        };
        match signing::signer(&choice, socket) {
            Ok(signer) => Ok(Some(signer)),
            Err(error) => {
                ui.warn(format!(
                    "not signed with the key that git signs with: {error}"
                ));
                Ok(None)
            }
        }
    }
}

/// The lanes, to be moved: where git signs commits, the records are signed commits.
pub fn lanes_to_move<'c>(
    context: &'c Context,
    signer: Option<&'c dyn Signer>,
) -> Result<AnnouncedLanes<'c>, CommandError> {
    let signs = context.repository()?.signing().commits;
    Ok(context.lanes()?.signing_commits(signer.filter(|_| signs)))
}

/// A file is named relative to where the command runs.
fn in_folder(context: &Context, choice: &KeyChoice) -> KeyChoice {
    match choice {
        KeyChoice::File(path) => KeyChoice::File(context.directory().join(path)),
        other => other.clone(),
    }
}

/// The key that git is told to sign with.
fn configured(context: &Context) -> Result<Option<KeyChoice>, CommandError> {
    let Some(key) = context.repository()?.signing().key else {
        return Ok(None);
    };
    let literal = key.strip_prefix("key::").unwrap_or(&key);
    if let Ok(key) = literal.parse() {
        return Ok(Some(KeyChoice::Public(key)));
    }
    let home = context.environment().text(env::HOME);
    let path = match (key.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => PathBuf::from(key),
    };
    Ok(Some(in_folder(context, &KeyChoice::File(path))))
}
