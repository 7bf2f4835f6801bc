//! `pointsman evidence`: what shows that a release was right.

pub mod verify;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Verify what shows that a release was right
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evidence verify
  pointsman evidence verify production
  pointsman evidence verify production#41 --since 9deee84a2b")]
pub struct EvidenceArgs {
    #[command(subcommand)]
    command: EvidenceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum EvidenceCommand {
    Verify(verify::VerifyArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &EvidenceArgs) -> Result<Exit, CommandError> {
    match &args.command {
        EvidenceCommand::Verify(args) => verify::verify(context, ui, args),
    }
}
