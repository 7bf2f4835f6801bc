//! `pointsman doctor`: is what surrounds the lanes as it must be?

mod integration;
mod runtime;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Look into what surrounds the lanes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman doctor runtime production
  pointsman doctor integration --since 1d")]
pub struct DoctorArgs {
    /// What to look into.
    #[command(subcommand)]
    action: DoctorAction,
}

#[derive(Debug, clap::Subcommand)]
enum DoctorAction {
    Integration(integration::IntegrationArgs),
    Runtime(runtime::RuntimeArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &DoctorArgs) -> Result<Exit, CommandError> {
    match &args.action {
        DoctorAction::Integration(args) => integration::run(context, ui, args),
        DoctorAction::Runtime(args) => runtime::run(context, ui, args),
    }
}
