//! `pointsman import dotprompt`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::import::dotprompt::{ENDING, import};

use super::prompt_files::{PromptFilesArgs, run as run_files};

/// Import Google's dotprompt files: Handlebars becomes Jinja, picoschema becomes JSON Schema
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman import dotprompt prompts/
  pointsman import dotprompt greeting.prompt --model openai/gpt-4.1-mini --dry-run")]
pub(super) struct DotpromptArgs {
    #[command(flatten)]
    files: PromptFilesArgs,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &DotpromptArgs,
) -> Result<Exit, CommandError> {
    run_files(context, ui, &args.files, &[ENDING], import)
}
