//! `pointsman traces`: what happened in production.

mod import;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Bring traces in and look at them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces import traces.jsonl
  pointsman traces import exports/
  zcat traces.json.gz | pointsman traces import -")]
pub struct TracesArgs {
    #[command(subcommand)]
    command: TracesCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TracesCommand {
    Import(import::ImportArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &TracesArgs) -> Result<Exit, CommandError> {
    match &args.command {
        TracesCommand::Import(args) => import::run(context, ui, args),
    }
}
