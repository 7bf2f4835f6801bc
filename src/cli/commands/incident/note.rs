//! `pointsman incident note`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::IncidentId;

use super::file::{IncidentFile, signed_now, tell};

/// Add an entry to the timeline of an incident: who says it, and when
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman incident note 2026-03-02-slow-refunds 'The provider reports slow answers in Europe'")]
pub(super) struct NoteArgs {
    /// The incident
    incident: IncidentId,
    /// What happened, or what was found out
    text: String,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &NoteArgs) -> Result<Exit, CommandError> {
    if args.text.trim().is_empty() {
        return Err(CommandError::usage("the note says nothing")
            .with_hint("write what happened, in quotes, after the incident's name"));
    }
    let file = IncidentFile::read(context, &args.incident)?;
    let signed = signed_now(context)?;
    let incident = file.change(context, &[], &signed, &args.text)?;
    let line = format!("noted in {}", incident.id.path());
    tell(ui, &incident, &line);
    Ok(Exit::Success)
}
