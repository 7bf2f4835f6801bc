//! `pointsman webhook`: who was told that a lane moved, and telling them again.

mod deliver;
mod deliveries;
mod redeliver;
mod test;
mod verify;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::cli::webhooks::exit_of;
use crate::domain::webhook::report::Report;
use crate::report::webhooks::{complaint, success};
use crate::report::webhooks_json::ReportV1;

/// Test webhooks, look at what they were told, and tell them again
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman webhook test production
  pointsman webhook deliveries --lane production
  pointsman webhook redeliver msg_435572397a")]
pub struct WebhookArgs {
    /// What to do with webhooks.
    #[command(subcommand)]
    action: WebhookAction,
}

#[derive(Debug, clap::Subcommand)]
enum WebhookAction {
    Test(test::TestArgs),
    Deliver(deliver::DeliverArgs),
    Deliveries(deliveries::DeliveriesArgs),
    Redeliver(redeliver::RedeliverArgs),
    Verify(verify::VerifyArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &WebhookArgs) -> Result<Exit, CommandError> {
    match &args.action {
        WebhookAction::Test(args) => test::run(context, ui, args),
        WebhookAction::Deliver(_) => deliver::run(context, ui),
        WebhookAction::Deliveries(args) => deliveries::run(context, ui, args),
        WebhookAction::Redeliver(args) => redeliver::run(context, ui, args),
        WebhookAction::Verify(args) => verify::run(context, ui, args),
    }
}

/// Shows what became of messages that the user asked to send.
fn show(ui: &mut Ui, report: &Report) -> Exit {
    if ui.wants_json() {
        ui.json(&ReportV1::from(report));
        return exit_of(report);
    }
    if report.busy {
        ui.warn("another process is sending; nothing was done here");
    }
    for told in &report.told {
        if let Some(success) = success(told) {
            ui.line(success);
        }
        if let Some(complaint) = complaint(told) {
            ui.warn(complaint);
        }
    }
    exit_of(report)
}
