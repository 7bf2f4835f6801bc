//! `pointsman export`: what is live in a lane, as one file for applications.

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::adapters::store::published::replace;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::signing::SignArgs;
use crate::cli::ui::Ui;
use crate::domain::digest::Digest;
use crate::domain::id::LaneName;
use crate::domain::period::Period;
use crate::engine::release::bundle::{Bundle, BundleHead, ReplaceError};
use crate::engine::release::runtime::LiveLane;

/// Write what is live in a lane into one file
///
/// The file holds every prompt with all it includes, its contract, model and fingerprint. It is one
/// line of canonical JSON: one record gives one file. It never replaces a newer one, nor one of
/// another lane.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman export production > production.json
  pointsman export production -o public/ --expires 7d --sign-with ~/.ssh/id_ed25519
  pointsman export production -o public/ --fetch --json")]
pub struct ExportArgs {
    /// The lane
    lane: LaneName,
    /// Write to this file, or to `<lane>.json` in this folder; absent: to stdout
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// The file must not be used after this time, for example `7d`; absent: it stays valid
    #[arg(long, value_name = "TIME")]
    expires: Option<Period>,
    /// Ask the remote for the newest record first
    #[arg(long)]
    fetch: bool,
    #[command(flatten)]
    sign: SignArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportOutput<'b> {
    schema: &'static str,
    lane: &'b LaneName,
    sequence: u64,
    record: &'b str,
    prompts: usize,
    digest: Digest,
    signed: bool,
    expires_at: Option<Timestamp>,
    path: String,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &ExportArgs) -> Result<Exit, CommandError> {
    let lanes = context.lanes()?;
    if args.fetch {
        lanes.lanes().look()?;
    }
    lanes.lanes().check_not_taken_back(&args.lane)?;
    let record = super::lanes::current(&lanes, &args.lane)?;
    let expires_at = args
        .expires
        .map(|period| expiry(context, period))
        .transpose()?;
    let mut bundle = Bundle::of(&LiveLane::of(&lanes, record)?, expires_at);
    if let Some(signer) = args.sign.signer(context, ui)? {
        bundle.sign(signer.as_ref())?;
    }
    let Some(output) = &args.output else {
        if ui.wants_json() {
            return Err(CommandError::usage("stdout can take one result only")
                .with_hint("name a file with `-o`; the bundle itself is JSON already"));
        }
        ui.text(bundle.text());
        return Ok(Exit::Success);
    };
    let path = if context.directory().join(output).is_dir() {
        output.join(format!("{}.json", args.lane))
    } else {
        output.clone()
    };
    write(&context.directory().join(&path), &bundle)?;
    announce(ui, &bundle, &path);
    Ok(Exit::Success)
}

fn expiry(context: &Context, period: Period) -> Result<Timestamp, CommandError> {
    let now = context.clock().now();
    let at = now.checked_add(SignedDuration::from_secs(period.seconds));
    at.map_err(|_| {
        CommandError::usage("the time of expiry is beyond the calendar")
            .with_hint("name a shorter time, for example `--expires 30d`")
    })
}

fn write(path: &Path, bundle: &Bundle) -> Result<(), CommandError> {
    let written = replace(path, &bundle.text(), |there| match there {
        None => Ok(()),
        Some(there) => Ok(bundle.head.may_replace(&BundleHead::read(there)?)?),
    });
    written.map_err(|error| match error {
        WriteError::Replace(error) => refusal(path, &error),
        WriteError::Io(error) => {
            CommandError::usage(format!("cannot write `{}`: {error}", path.display()))
                .with_hint("name a file in a folder that exists and can be written to")
        }
    })
}

/// Why nothing was written.
enum WriteError {
    Io(io::Error),
    Replace(ReplaceError),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ReplaceError> for WriteError {
    fn from(error: ReplaceError) -> Self {
        Self::Replace(error)
    }
}

fn refusal(path: &Path, error: &ReplaceError) -> CommandError {
    let exit = match error {
        ReplaceError::NotABundle(_) | ReplaceError::OtherLane(_) => Exit::Usage,
        ReplaceError::Newer { .. } | ReplaceError::OtherHistory { .. } => Exit::Refused,
    };
    let hint = match error {
        ReplaceError::Newer { .. } => "bring the lane up to date with `--fetch`",
        _ => "name another file, or move this one away if it is not needed",
    };
    CommandError::new(
        exit,
        format!("nothing was written to `{}`: {error}", path.display()),
    )
    .with_hint(hint)
}

fn announce(ui: &mut Ui, bundle: &Bundle, path: &Path) {
    let head = &bundle.head;
    let path = path.display().to_string();
    if ui.wants_json() {
        ui.json(&ExportOutput {
            schema: "pointsman/export/v1",
            lane: &head.lane,
            sequence: head.sequence,
            record: head.record.as_str(),
            prompts: bundle.prompts,
            digest: bundle.digest,
            signed: bundle.is_signed(),
            expires_at: head.expires_at,
            path,
        });
        return;
    }
    let signed = if bundle.is_signed() {
        "signed"
    } else {
        "not signed"
    };
    ui.line(format!(
        "lane {} #{}: {} prompt(s) in {path}, digest {}, {signed}",
        head.lane,
        head.sequence,
        bundle.prompts,
        bundle.digest.short()
    ));
}
