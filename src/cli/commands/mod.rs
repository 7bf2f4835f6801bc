//! One file for each word that the user types after `pointsman`.

pub mod diff;
pub mod lanes;
mod moves;
pub mod promote;
pub mod rollback;

use super::context::Context;
use super::error::CommandError;
use super::exit::Exit;
use super::ui::Ui;

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Diff(diff::DiffArgs),
    Lanes(lanes::LanesArgs),
    Promote(promote::PromoteArgs),
    Rollback(rollback::RollbackArgs),
}

impl Command {
    /// Runs the command.
    pub fn run(&self, context: &Context, ui: &mut Ui) -> Result<Exit, CommandError> {
        match self {
            Self::Diff(args) => diff::run(context, ui, args),
            Self::Lanes(args) => lanes::run(context, ui, args),
            Self::Promote(args) => promote::run(context, ui, args),
            Self::Rollback(args) => rollback::run(context, ui, args),
        }
    }
}
