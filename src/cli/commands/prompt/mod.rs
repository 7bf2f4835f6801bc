//! `pointsman prompt`.

mod convert;
mod list;
mod render;
mod show;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// List, show, render and convert prompts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman prompt list
  pointsman prompt show support/triage --at lanes/production
  pointsman prompt render support/triage --var ticket='Where is my parcel?'")]
pub struct PromptArgs {
    /// What to do with prompts.
    #[command(subcommand)]
    action: PromptAction,
}

#[derive(Debug, clap::Subcommand)]
enum PromptAction {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Render(render::RenderArgs),
    Convert(convert::ConvertArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &PromptArgs) -> Result<Exit, CommandError> {
    match &args.action {
        PromptAction::List(args) => list::run(context, ui, args),
        PromptAction::Show(args) => show::run(context, ui, args),
        PromptAction::Render(args) => render::run(context, ui, args),
        PromptAction::Convert(args) => convert::run(context, ui, args),
    }
}
