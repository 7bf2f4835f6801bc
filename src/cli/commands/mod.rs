//! One file for each word that the user types after `pointsman`.

use super::context::Context;
use super::error::CommandError;
use super::exit::Exit;
use super::ui::Ui;

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {}

impl Command {
    /// Runs the command.
    pub fn run(&self, _context: &Context, _ui: &mut Ui) -> Result<Exit, CommandError> {
        match *self {}
    }
}
