//! `pointsman diff`: what differs between lanes, revisions and the worktree.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::diff::compare;
use crate::report::diff::{full, summary};
use crate::report::diff_json::DiffV1;

/// Show what differs between two views of the workspace
///
/// A view is a lane (`production` or `lanes/production`), a revision (`HEAD~3`, `main`, an id) or
/// `worktree`. Prompts are compared by what they mean: which of model, parameters, messages,
/// variables, tools, response schema, includes, evals and description is another.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman diff production
  pointsman diff staging production
  pointsman diff main HEAD --exit-code --json")]
pub struct DiffArgs {
    /// The old side
    #[arg(value_name = "A")]
    old: String,
    /// The new side
    #[arg(value_name = "B", default_value = "worktree")]
    new: String,
    /// Exit with 1 where something differs
    #[arg(long)]
    exit_code: bool,
    /// Show one line for each thing that differs, without the texts
    #[arg(long)]
    stat: bool,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &DiffArgs) -> Result<Exit, CommandError> {
    let old = context.view(&args.old)?;
    let new = context.view(&args.new)?;
    let difference = compare(old.as_ref(), new.as_ref())?;
    if ui.wants_json() {
        ui.json(&DiffV1::from(&difference));
    } else if difference.is_empty() {
        ui.note(format!(
            "{} and {} are the same",
            difference.old, difference.new
        ));
    } else if args.stat {
        ui.text(summary(&difference));
    } else {
        ui.text(full(&difference, ui.color()));
    }
    if args.exit_code && !difference.is_empty() {
        return Ok(Exit::Failed);
    }
    Ok(Exit::Success)
}
