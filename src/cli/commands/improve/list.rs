//! `pointsman improve list`.

use crate::adapters::git::GitImprovements;
use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::PromptId;
use crate::domain::improve::Attempt;
use crate::report::improve::{ListV1, render_list};

/// List the candidates that wait for somebody
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman improve list
  pointsman improve list --all --prompt support/triage --json")]
pub(super) struct ListArgs {
    /// List those that are decided, and those that were refused, too
    #[arg(long)]
    all: bool,
    /// Only the candidates of this prompt
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id)]
    prompt: Option<PromptId>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ListArgs) -> Result<Exit, CommandError> {
    let improvements = GitImprovements::new(context.repository()?)?;
    let mut attempts: Vec<Attempt> = improvements
        .all()?
        .into_iter()
        .map(|kept| kept.attempt)
        .collect();
    attempts.retain(|attempt| {
        let wanted = args
            .prompt
            .as_ref()
            .is_none_or(|it| *it == attempt.id.prompt);
        wanted && (args.all || attempt.state().is_open())
    });
    if ui.wants_json() {
        ui.json(&ListV1::new(&attempts));
    } else if attempts.is_empty() {
        ui.note("no candidate waits for anybody");
    } else {
        ui.text(render_list(&attempts));
    }
    Ok(Exit::Success)
}
