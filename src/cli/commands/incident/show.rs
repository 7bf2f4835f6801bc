//! `pointsman incident show`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::IncidentId;
use crate::report::incident::json::IncidentV1;

use super::file::IncidentFile;

/// Show an incident as its file tells it
#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// The incident
    incident: IncidentId,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    let file = IncidentFile::read(context, &args.incident)?;
    if ui.wants_json() {
        ui.json(&IncidentV1::new(&file.incident));
    } else {
        ui.document(file.text());
    }
    Ok(Exit::Success)
}
