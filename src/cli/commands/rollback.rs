//! `pointsman rollback`: bring an earlier snapshot back.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::signing::lanes_to_move;
use crate::cli::ui::Ui;
use crate::domain::id::LaneName;
use crate::engine::ports::LaneStore as _;
use crate::engine::release::rollback::plan;
use crate::engine::release::standing::Standing;
use crate::report::release::rollback_plan;
use crate::report::release_json::{MoveV1, PlanV1};

use super::moves::{MoveArgs, announce, confirm, require_consent};

const SCHEMA: &str = "pointsman/rollback/v1";

/// Bring an earlier snapshot back, and hold what is left
///
/// Appends a record that goes forward to the old snapshot: no history is rewritten. The snapshots
/// that are left cannot be promoted again before `pointsman lanes unhold`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman rollback production --reason 'refunds pile up'
  pointsman rollback production --to 41 --reason 'refunds pile up' --yes")]
pub struct RollbackArgs {
    /// The lane
    lane: LaneName,
    /// Go back to this record instead of the recorded target: its number, or digits of its id
    #[arg(long, value_name = "RECORD")]
    to: Option<String>,
    /// Why; kept in the record and in the hold
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    moves: MoveArgs,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &RollbackArgs) -> Result<Exit, CommandError> {
    let signer = args.moves.signing.signer(context, ui)?;
    let signer = signer.as_deref();
    let lanes = lanes_to_move(context, signer)?;
    lanes.refresh(&args.lane)?;
    let standing = Standing::of(&lanes, &args.lane)?;
    if let Some(expected) = &args.moves.expect {
        standing.expect(expected)?;
    }
    let plan = plan(&lanes, standing, args.to.as_deref(), args.reason.clone())?;
    let Some(plan) = plan else {
        if ui.wants_json() {
            ui.json(&MoveV1::already_live(SCHEMA, &args.lane));
        } else {
            ui.line(format!("lane {} has this snapshot already", args.lane));
        }
        return Ok(Exit::Success);
    };
    ui.note(rollback_plan(&plan).trim_end());
    let now = context.clock().now();
    let permission = plan.authorize(signer, now)?;
    if args.moves.dry_run {
        if ui.wants_json() {
            ui.json(&MoveV1::planned(SCHEMA, &args.lane, PlanV1::from(&plan)));
        }
        ui.note("this was a dry run: nothing was moved");
        return Ok(Exit::Success);
    }
    require_consent(ui, &args.moves)?;
    confirm(ui, &args.moves, &format!("roll back lane {}?", args.lane))?;
    let record = plan.execute(&lanes, &permission, signer, now)?;
    announce(context, ui, SCHEMA, &record);
    Ok(Exit::Success)
}
