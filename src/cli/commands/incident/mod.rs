//! `pointsman incident`: from what was seen to what is left behind.

mod classify;
mod close;
mod contain;
mod file;
pub(in crate::cli) mod list;
mod note;
mod open;
mod preserve;
mod show;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

pub(in crate::cli) use file::signed_now;

/// Work through an incident: keep what was seen, contain it, and leave something behind
///
/// An incident is a file in `operations/incidents/`: settings that these commands read and write, and a
/// text for people, who may change everything in it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman incident open 'Refunds go to the wrong queue' --deployment production#12
  pointsman incident contain 2026-03-02-refunds-go-to-the-wrong-queue
  pointsman incident preserve 2026-03-02-refunds-go-to-the-wrong-queue --to regression
  pointsman incident classify 2026-03-02-refunds-go-to-the-wrong-queue --layer prompt
  pointsman incident close 2026-03-02-refunds-go-to-the-wrong-queue --row regression:late-refund")]
pub struct IncidentArgs {
    /// What to do with it.
    #[command(subcommand)]
    action: IncidentAction,
}

#[derive(Debug, clap::Subcommand)]
enum IncidentAction {
    Open(open::OpenArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Contain(contain::ContainArgs),
    Preserve(preserve::PreserveArgs),
    Note(note::NoteArgs),
    Classify(classify::ClassifyArgs),
    Close(close::CloseArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &IncidentArgs) -> Result<Exit, CommandError> {
    match &args.action {
        IncidentAction::Open(args) => open::run(context, ui, args),
        IncidentAction::List(args) => list::run(context, ui, args),
        IncidentAction::Show(args) => show::run(context, ui, args),
        IncidentAction::Contain(args) => contain::run(context, ui, args),
        IncidentAction::Preserve(args) => preserve::run(context, ui, args),
        IncidentAction::Note(args) => note::run(context, ui, args),
        IncidentAction::Classify(args) => classify::run(context, ui, args),
        IncidentAction::Close(args) => close::run(context, ui, args),
    }
}
