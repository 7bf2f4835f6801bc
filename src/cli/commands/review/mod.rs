//! `pointsman review`: what a team looks at after a release, and every week.

mod days;
mod file;
mod launch;
mod scene;
mod week;
mod weekly;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Write the review of a release or of a week: checklists and questions, with what data says to them
///
/// A review is a file in `operations/reviews/`. What data can answer is filled in, each with the command
/// that shows it again; what only a person can answer is a question that waits. Run again, it writes the
/// data anew and keeps everything else.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman review launch --day 0
  pointsman review launch --day 3 --deployment production#12
  pointsman review weekly")]
pub struct ReviewArgs {
    /// What to review.
    #[command(subcommand)]
    action: ReviewAction,
}

#[derive(Debug, clap::Subcommand)]
enum ReviewAction {
    Launch(launch::LaunchArgs),
    Weekly(weekly::WeeklyArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &ReviewArgs) -> Result<Exit, CommandError> {
    match &args.action {
        ReviewAction::Launch(args) => launch::run(context, ui, args),
        ReviewAction::Weekly(args) => weekly::run(context, ui, args),
    }
}
