//! `pointsman webhook deliveries`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::LaneName;
use crate::report::webhooks::deliveries;
use crate::report::webhooks_json::DeliveriesV1;

/// Show the messages of the last 30 days about moves that were made here, oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman webhook deliveries
  pointsman webhook deliveries --lane production --json")]
pub(super) struct DeliveriesArgs {
    /// Only those of this lane
    #[arg(long, value_name = "LANE")]
    lane: Option<LaneName>,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &DeliveriesArgs,
) -> Result<Exit, CommandError> {
    let mut found = context.outbox()?.deliveries()?;
    found.retain(|delivery| args.lane.as_ref().is_none_or(|lane| *lane == delivery.lane));
    if ui.wants_json() {
        ui.json(&DeliveriesV1::new(&found));
    } else if found.is_empty() {
        ui.note("no messages: no lane with webhooks was moved from here");
    } else {
        ui.text(deliveries(&found));
    }
    Ok(Exit::Success)
}
