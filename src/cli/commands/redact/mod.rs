//! `pointsman redact`: what is taken out of traces before anything is written.

mod test;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Show what redaction does with texts and traces
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman redact test
  pointsman redact test traces.jsonl
  kubectl logs support-api | pointsman redact test - --expect-clean")]
pub struct RedactArgs {
    #[command(subcommand)]
    command: RedactCommand,
}

#[derive(Debug, clap::Subcommand)]
enum RedactCommand {
    Test(test::TestArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &RedactArgs) -> Result<Exit, CommandError> {
    match &args.command {
        RedactCommand::Test(args) => test::run(context, ui, args),
    }
}
