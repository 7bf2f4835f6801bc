//! `pointsman runs list`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::engine::evaluate::stored::KeptRun;
use crate::engine::ports::RunStore as _;
use crate::report::runs::{RunLine, run_table};
use crate::report::runs_json::RunsV1;

/// Show the runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman runs list
  pointsman runs list -n 5 --json")]
pub(super) struct ListArgs {
    /// Show this many runs
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    count: usize,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ListArgs) -> Result<Exit, CommandError> {
    let store = super::store(context)?;
    let mut runs = store.list()?;
    runs.truncate(args.count);
    let mut lines = Vec::with_capacity(runs.len());
    for run in runs {
        let id = run.manifest.id.clone();
        match KeptRun::read(&store, run) {
            Ok(kept) => lines.push(RunLine::new(&kept)),
            Err(error) => ui.warn(format_args!("run {id} is left out: {error}")),
        }
    }
    if ui.wants_json() {
        ui.json(&RunsV1::new(&lines));
    } else if lines.is_empty() {
        ui.note("there are no runs; `pointsman eval` makes one");
    } else {
        ui.text(run_table(&lines));
    }
    Ok(Exit::Success)
}
