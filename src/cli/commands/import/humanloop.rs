//! `pointsman import humanloop`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::import::humanloop::{ENDINGS, import};

use super::prompt_files::{PromptFilesArgs, run as run_files};

/// Import Humanloop's prompt files, and the prompts of its agents
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman import humanloop humanloop/
  pointsman import humanloop welcome-email.prompt --dry-run --json")]
pub(super) struct HumanloopArgs {
    #[command(flatten)]
    files: PromptFilesArgs,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &HumanloopArgs,
) -> Result<Exit, CommandError> {
    run_files(context, ui, &args.files, &ENDINGS, import)
}
