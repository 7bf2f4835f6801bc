//! `pointsman init`.

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::sample;
use crate::cli::ui::Ui;

/// Start a workspace here, with a sample that works without a key and without a network
///
/// Writes prompts, datasets, evaluators, two lanes and recorded answers into the current folder of a
/// git repository. Existing files are never touched: where one is in the way, nothing is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman init
  pointsman -C services/assistant init")]
pub struct InitArgs {}

#[derive(Serialize)]
struct InitOutput {
    schema: &'static str,
    root: String,
    written: Vec<&'static str>,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, _args: &InitArgs) -> Result<Exit, CommandError> {
    context.worktree()?;
    let root = context.directory();
    let written = sample::write(root)?;
    if ui.wants_json() {
        ui.json(&InitOutput {
            schema: "pointsman/init/v1",
            root: root.display().to_string(),
            written,
        });
        return Ok(Exit::Success);
    }
    ui.line(format_args!("wrote {} files", written.len()));
    ui.note("next:");
    for command in [
        "pointsman check",
        "pointsman eval",
        "git add -A && git commit -m 'Start a pointsman workspace'",
        "pointsman promote staging",
    ] {
        ui.note(format_args!("  {command}"));
    }
    Ok(Exit::Success)
}
