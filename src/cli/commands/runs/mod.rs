//! `pointsman runs`: what was evaluated, and sharing it.

mod compare;
mod list;
mod share;
mod show;

use crate::adapters::store::FileRunStore;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::evaluate::stored::{FindError, KeptRun, find};

/// Show evaluations that were run, compare them, and share them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman runs list
  pointsman runs show latest --slice tag
  pointsman runs compare 20260301T0900 latest
  pointsman runs push
  pointsman runs fetch")]
pub struct RunsArgs {
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum RunsCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Compare(compare::CompareArgs),
    Push(share::PushArgs),
    Fetch(share::FetchArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &RunsArgs) -> Result<Exit, CommandError> {
    match &args.command {
        RunsCommand::List(args) => list::run(context, ui, args),
        RunsCommand::Show(args) => show::run(context, ui, args),
        RunsCommand::Compare(args) => compare::run(context, ui, args),
        RunsCommand::Push(args) => share::push(context, ui, args),
        RunsCommand::Fetch(args) => share::fetch(context, ui, args),
    }
}

/// The runs of this repository.
pub(in crate::cli) fn store(context: &Context) -> Result<FileRunStore, CommandError> {
    Ok(FileRunStore::new(context.state_dir()?))
}

/// The run that a text names, with its cases.
pub(in crate::cli) fn kept(store: &FileRunStore, spec: &str) -> Result<KeptRun, CommandError> {
    let run = find(store, spec)?;
    Ok(KeptRun::read(store, run)?)
}

impl From<FindError> for CommandError {
    fn from(error: FindError) -> Self {
        let hint = match &error {
            FindError::Store(error) => return error.clone().into(),
            FindError::NoRuns => {
                "evaluate with `pointsman eval`, or bring runs here with `pointsman runs fetch`"
            }
            FindError::Unknown(_) => "`pointsman runs list` shows the runs; `latest` is the newest",
            FindError::Ambiguous { .. } => "write more of the name",
        };
        Self::usage(error.to_string()).with_hint(hint)
    }
}
