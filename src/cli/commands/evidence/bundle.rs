//! `pointsman evidence verify --bundle`: whether a file that `export` wrote may be used.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::adapters::files::WorktreeTree;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::record::RecordName;
use crate::cli::ui::Ui;
use crate::domain::attestation::AllowedSigners;
use crate::domain::id::LaneName;
use crate::engine::ports::FileTree as _;
use crate::engine::release::received::{self, BUNDLE_LIMIT, BrokenBundle, BundleLink, Expected};
use crate::engine::release::standing::Standing;
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::signers::read_signers;
use crate::report::bundle::{VerifyBundleV1, verified_bundle};

/// Which bundle is verified, and against what.
#[derive(Debug, clap::Args)]
pub(super) struct BundleArgs {
    /// Verify this file that `export` wrote, of the lane that is named
    #[arg(long, value_name = "FILE", requires = "lane", conflicts_with = "since")]
    pub(super) bundle: Option<PathBuf>,
    /// Whose signatures count: a file of allowed signers; absent: those that the lane's policy in
    /// force here lets sign records
    #[arg(long, value_name = "FILE", requires = "bundle")]
    signers: Option<PathBuf>,
    /// The bundle must not be older than this record's number
    #[arg(long, value_name = "N", requires = "bundle")]
    at_least: Option<u64>,
}

/// Verifies a bundle.
pub(super) fn verify(
    context: &Context,
    ui: &mut Ui,
    args: &BundleArgs,
    file: &Path,
    name: &RecordName,
) -> Result<Exit, CommandError> {
    let lane = &name.lane;
    if let Some(record) = &name.record {
        let hint = format!("say `{lane}`, and `--at-least {record}` if it must not be older");
        return Err(CommandError::usage("a bundle is verified against a lane").with_hint(hint));
    }
    let signers = match &args.signers {
        Some(path) => signers_in(&context.directory().join(path))?,
        None => signers_in_force(context, lane)?,
    };
    let expected = Expected {
        lane,
        at_least: args.at_least.unwrap_or(0),
        signers: &signers,
        now: context.clock().now(),
    };
    let (folder, file_name) = place(&context.directory().join(file))?;
    let outcome = match folder.read(&file_name, BUNDLE_LIMIT) {
        Ok(bytes) => received::verify(&bytes.unwrap_or_default(), &expected),
        Err(error) => Err(BrokenBundle::new(BundleLink::Bundle, error.message)),
    };
    if ui.wants_json() {
        ui.json(&VerifyBundleV1::new(lane, &outcome));
    } else {
        ui.text(verified_bundle(file, &outcome));
    }
    Ok(match outcome {
        Ok(_) => Exit::Success,
        Err(_) => Exit::Failed,
    })
}

/// The keys in a file.
fn signers_in(path: &Path) -> Result<AllowedSigners, CommandError> {
    let (folder, name) = place(path)?;
    let source = read_text(&folder, &name)?.ok_or_else(|| missing(path))?;
    Ok(read_signers(&source)?)
}

/// The keys that the policy in force lets sign the lane's records.
fn signers_in_force(context: &Context, lane: &LaneName) -> Result<AllowedSigners, CommandError> {
    const HINT: &str = "name a file with the keys that you trust: `--signers allowed_signers`";
    let lanes = context.lanes().map_err(|error| error.with_hint(HINT))?;
    let signers = Standing::of(&lanes, lane)?.record_signers()?;
    signers.ok_or_else(|| {
        let message = format!("no policy in force here says who signs for lane `{lane}`");
        CommandError::usage(message).with_hint(HINT)
    })
}

/// The folder and the name of a file that the user named. A link that the user named is followed.
fn place(path: &Path) -> Result<(WorktreeTree, String), CommandError> {
    let place = path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => missing(path),
        _ => CommandError::usage(format!("cannot read `{}`: {error}", path.display()))
            .with_hint("name a file that can be read"),
    })?;
    match (place.parent(), place.file_name().and_then(|it| it.to_str())) {
        (Some(folder), Some(name)) => Ok((WorktreeTree::new(folder), name.to_owned())),
        _ => Err(missing(path)),
    }
}

fn missing(path: &Path) -> CommandError {
    CommandError::usage(format!("there is no file `{}`", path.display()))
        .with_hint("name a file that is there, with a name in UTF-8")
}
