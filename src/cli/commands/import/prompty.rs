//! `pointsman import prompty`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::import::prompty::{ENDING, import};

use super::prompt_files::{PromptFilesArgs, run as run_files};

/// Import Microsoft's Prompty files, of version 1 and of version 2
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman import prompty basic.prompty
  pointsman import prompty flows/ --model azure/gpt-4.1-mini --dry-run")]
pub(super) struct PromptyArgs {
    #[command(flatten)]
    files: PromptFilesArgs,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &PromptyArgs,
) -> Result<Exit, CommandError> {
    run_files(context, ui, &args.files, &[ENDING], import)
}
