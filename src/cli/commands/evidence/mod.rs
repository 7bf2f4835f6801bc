//! `pointsman evidence`: what shows that a release was right.

mod bundle;
mod observed;
pub(in crate::cli) mod packet;
pub mod verify;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Collect, sign and verify what shows that a release was right
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman evidence build production -o packet.html
  pointsman evidence show production#41
  pointsman evidence sign production --record 41 --sign-with agent
  pointsman evidence verify
  pointsman evidence verify production
  pointsman evidence verify production#41 --since 9deee84a2b
  pointsman evidence verify production --bundle production.json --signers allowed_signers")]
pub struct EvidenceArgs {
    #[command(subcommand)]
    command: EvidenceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum EvidenceCommand {
    Build(packet::BuildArgs),
    Show(packet::ShowArgs),
    Sign(packet::SignPacketArgs),
    Verify(verify::VerifyArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &EvidenceArgs) -> Result<Exit, CommandError> {
    match &args.command {
        EvidenceCommand::Build(args) => packet::build(context, ui, args),
        EvidenceCommand::Show(args) => packet::show(context, ui, args),
        EvidenceCommand::Sign(args) => packet::sign(context, ui, args),
        EvidenceCommand::Verify(args) => verify::verify(context, ui, args),
    }
}
