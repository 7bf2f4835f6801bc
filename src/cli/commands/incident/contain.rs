//! `pointsman incident contain`.

use crate::cli::commands::lanes::current;
use crate::cli::commands::moves::MoveArgs;
use crate::cli::commands::rollback::{RollbackOrder, RolledBack, roll_back};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::cli::webhooks;
use crate::domain::deployment::ReleaseName;
use crate::domain::id::{IncidentId, LaneName};
use crate::domain::incident::{Contained, Incident, Signed};
use crate::engine::monitor::releases::live_release;
use crate::engine::workspace::incident::contained_setting;

use super::file::{IncidentFile, signed_now, tell};

/// Roll back the release that brought an incident, and write that down
///
/// Shows the plan of `pointsman rollback`, asks, and moves the lane by the same rules. What is left is
/// held: it cannot be promoted again before `pointsman lanes unhold`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman incident contain 2026-03-02-slow-refunds
  pointsman incident contain 2026-03-02-slow-refunds --lane production --to last-passed --yes")]
pub(super) struct ContainArgs {
    /// The incident
    incident: IncidentId,
    /// Roll back this lane, whatever is live there; absent: the lane of the incident's release, if that is
    /// still live
    #[arg(long, value_name = "LANE")]
    lane: Option<LaneName>,
    /// Go back to this record instead of the recorded target, as `rollback --to` names it
    #[arg(long, value_name = "RECORD")]
    to: Option<String>,
    /// Why; absent: the title of the incident
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    moves: MoveArgs,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &ContainArgs,
) -> Result<Exit, CommandError> {
    let file = IncidentFile::read(context, &args.incident)?;
    file.require_open()?;
    require_not_contained(&file.incident)?;
    let lane = match &args.lane {
        Some(lane) => lane.clone(),
        None => lane_of_release(context, &file.incident)?,
    };
    let id = file.incident.id.clone();
    let title = args.reason.as_ref().unwrap_or(&file.incident.title);
    let order = RollbackOrder {
        lane: &lane,
        to: args.to.as_deref(),
        prompt: None,
        reason: &format!("incident {id}: {title}"),
    };
    let by = signed_now(context)?.by;
    match roll_back(context, ui, &order, &args.moves)? {
        RolledBack::AlreadyLive => {
            let message = format!("lane `{lane}` has this already: there is nothing to roll back");
            Err(CommandError::usage(message).with_hint(format!(
                "`pointsman lanes log {lane}` shows what was live when"
            )))
        }
        RolledBack::Planned(_) => {
            tell(ui, &file.incident, &format!("{id} would be contained"));
            Ok(Exit::Success)
        }
        RolledBack::Moved(record) => {
            let contained = Contained {
                signed: Signed {
                    at: record.deployment.recorded_at,
                    by,
                },
                rollback: ReleaseName::of(&record.deployment),
                record: record.id.clone(),
            };
            webhooks::deliver_after_move(context, ui);
            let setting = contained_setting(&contained);
            let said = format!("contained: {} is a rollback", contained.rollback);
            let incident = file
                .change(context, &[setting], &contained.signed, &said)
                .map_err(|error| {
                    let note = format!("the lane was rolled back, to {}", contained.rollback);
                    error.with_hint(format!("{note}; write it into {}", id.path()))
                })?;
            let told = format!("{id} is contained: {} is live", contained.rollback);
            tell(ui, &incident, &told);
            Ok(Exit::Success)
        }
    }
}

fn require_not_contained(incident: &Incident) -> Result<(), CommandError> {
    let Some(contained) = &incident.contained else {
        return Ok(());
    };
    let id = &incident.id;
    let message = format!("`{id}` is contained already, by {}", contained.rollback);
    Err(CommandError::usage(message).with_hint(
        "where that was not enough, use `pointsman rollback`, and `pointsman incident note` to say so",
    ))
}

/// The lane of the release that brought the incident, which must still be live.
fn lane_of_release(context: &Context, incident: &Incident) -> Result<LaneName, CommandError> {
    let Some(release) = &incident.deployment else {
        let message = format!("`{}` names no release that brought it", incident.id);
        return Err(CommandError::usage(message).with_hint(format!(
            "write `deployment: <lane>#<number>` into {}, or name a lane with `--lane`",
            incident.id.path()
        )));
    };
    let lanes = context.lanes()?;
    current(&lanes, &release.lane)?;
    let live = live_release(&lanes, &release.lane)?;
    let live = live.map(|record| ReleaseName::of(&record.deployment));
    if live.as_ref() == Some(release) {
        return Ok(release.lane.clone());
    }
    let now = live.map_or_else(String::new, |live| format!(": {live} is"));
    let message = format!("{release} is not live any more{now}");
    Err(CommandError::usage(message).with_hint(format!(
        "say so with `pointsman incident note`, or roll back what is live with `--lane {}`",
        release.lane
    )))
}
