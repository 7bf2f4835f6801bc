//! `pointsman webhook deliver`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::cli::webhooks::deliver_on_request;

/// Send the messages that are due
///
/// Every move does this by itself. Run it from time to time where moves are rare and receivers are
/// not always there. Exits with 9 where a message that is due was not taken.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman webhook deliver")]
pub(super) struct DeliverArgs {}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui) -> Result<Exit, CommandError> {
    let report = deliver_on_request(context)?;
    if report.told.is_empty() && !report.busy {
        ui.note("nothing is due");
    }
    Ok(super::show(ui, &report))
}
