//! `pointsman lanes`: what is live where, since when, and how it came there.

mod at;
mod holds;
mod list;
mod log;

use crate::cli::commands::evidence::verify::{VerifyArgs, verify};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::LaneName;
use crate::domain::suggest::did_you_mean;
use crate::engine::ports::{LaneRecord, LaneStore};
use crate::engine::workspace::Workspace;
use crate::report::release::{live, record};
use crate::report::release_json::LaneShowV1;

/// Show the lanes and their history, and what was live when; set and release holds
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman lanes list
  pointsman lanes show production
  pointsman lanes log production --prompt support/triage
  pointsman lanes at 2h ago --lane production
  pointsman lanes hold production --reason 'answers in the wrong language'
  pointsman lanes unhold production --reason 'fixed upstream'")]
pub struct LanesArgs {
    #[command(subcommand)]
    command: LanesCommand,
}

#[derive(Debug, clap::Subcommand)]
enum LanesCommand {
    /// Show every lane with what is live there
    #[command(after_help = "Examples:
  pointsman lanes list --json")]
    List,
    /// Show what is live in a lane
    #[command(after_help = "Examples:
  pointsman lanes show production")]
    Show {
        /// The lane
        lane: LaneName,
    },
    Log(log::LogArgs),
    At(at::AtArgs),
    Hold(holds::HoldArgs),
    Unhold(holds::UnholdArgs),
    Verify(VerifyArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &LanesArgs) -> Result<Exit, CommandError> {
    let lanes = context.lanes()?;
    match &args.command {
        LanesCommand::List => list::run(context, ui, &lanes),
        LanesCommand::Show { lane } => show(ui, &lanes, lane),
        LanesCommand::Log(args) => log::run(ui, &lanes, args),
        LanesCommand::At(args) => at::run(context, ui, &lanes, args),
        LanesCommand::Hold(args) => holds::hold(context, ui, args),
        LanesCommand::Unhold(args) => holds::unhold(context, ui, args),
        LanesCommand::Verify(args) => verify(context, ui, args),
    }
}

fn show(ui: &mut Ui, lanes: &dyn LaneStore, lane: &LaneName) -> Result<Exit, CommandError> {
    let current = current(lanes, lane)?;
    let tree = lanes.tree(&current)?;
    let prompts = Workspace::new(tree.as_ref()).prompt_ids()?;
    if ui.wants_json() {
        ui.json(&LaneShowV1::new(&current, &prompts));
        return Ok(Exit::Success);
    }
    ui.text(record(&current));
    ui.text(live(&prompts));
    Ok(Exit::Success)
}

/// The newest record of a lane, which must have one.
pub(in crate::cli) fn current(
    lanes: &dyn LaneStore,
    lane: &LaneName,
) -> Result<LaneRecord, CommandError> {
    if let Some(record) = lanes.tip(lane)? {
        return Ok(record);
    }
    let tips = lanes.tips()?;
    let known = did_you_mean(lane.as_str(), tips.keys().map(LaneName::as_str));
    Err(
        CommandError::usage(format!("lane `{lane}` has no records yet")).with_hint(format!(
            "{known}; the first record comes with `pointsman promote {lane}`"
        )),
    )
}
