//! One file for each word that the user types after `pointsman`.

pub mod check;
pub mod eval;
pub mod prompt;

use super::context::Context;
use super::error::CommandError;
use super::exit::Exit;
use super::ui::Ui;

/// The commands.
#[derive(Debug, clap::Subcommand)]
#[expect(
    missing_docs,
    reason = "the doc comment of each Args struct is the help text of its command"
)]
pub enum Command {
    #[command(display_order = 2)]
    Check(check::CheckArgs),
    #[command(display_order = 3)]
    Prompt(prompt::PromptArgs),
    #[command(display_order = 4)]
    Eval(eval::EvalArgs),
}

impl Command {
    /// Runs the command.
    pub fn run(&self, context: &Context, ui: &mut Ui) -> Result<Exit, CommandError> {
        match self {
            Self::Check(args) => check::run(context, ui, args),
            Self::Prompt(args) => prompt::run(context, ui, args),
            Self::Eval(args) => eval::run(context, ui, args),
        }
    }
}
