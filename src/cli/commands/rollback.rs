//! `pointsman rollback`: bring an earlier snapshot back.

use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::signing::lanes_to_move;
use crate::cli::ui::Ui;
use crate::domain::id::{LaneName, PromptId};
use crate::engine::ports::{LaneRecord, LaneStore as _};
use crate::engine::release::rollback::{RollbackPlan, RollbackRequest, plan};
use crate::engine::release::standing::Standing;
use crate::engine::release::target::Target;
use crate::report::release::rollback_plan;
use crate::report::release_json::{MoveV1, PlanV1};

use super::moves::{MoveArgs, TagArgs, announce, confirm, require_consent};

const SCHEMA: &str = "pointsman/rollback/v1";

/// Bring an earlier snapshot back, or an earlier version of one prompt, and hold what is left
///
/// Appends a record that goes forward to the old snapshot: no history is rewritten. What is left
/// cannot be promoted again before `pointsman lanes unhold`. With `--prompt`, only that prompt and
/// what it includes go back, to the version before unless `--to` says otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman rollback production --reason 'refunds pile up'
  pointsman rollback production --to last-passed --reason 'refunds pile up' --yes
  pointsman rollback production --to deploy/production/41 --reason 'refunds pile up'
  pointsman rollback production --prompt support/triage --reason 'refunds pile up'")]
pub struct RollbackArgs {
    /// The lane
    lane: LaneName,
    /// Go back to this record instead of the recorded target: its number (`41`), digits of its id, a
    /// tag, or `last-passed` for the newest whose evidence shows that its gate passed
    #[arg(long, value_name = "RECORD")]
    to: Option<String>,
    /// Bring back this prompt alone
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id)]
    prompt: Option<PromptId>,
    /// Why; kept in the record and in the hold
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    tag: TagArgs,
    #[command(flatten)]
    moves: MoveArgs,
}

/// What is rolled back, and why.
pub(super) struct RollbackOrder<'o> {
    pub(super) lane: &'o LaneName,
    /// Where to; absent: to the recorded target.
    pub(super) to: Option<&'o str>,
    /// The prompt that alone comes back; absent: the whole lane does.
    pub(super) prompt: Option<&'o PromptId>,
    pub(super) reason: &'o str,
}

/// What came of it.
pub(super) enum RolledBack {
    /// What was asked for is live already.
    AlreadyLive,
    /// It was a dry run: this would be done.
    Planned(Box<RollbackPlan>),
    /// The lane has moved.
    Moved(Box<LaneRecord>),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &RollbackArgs) -> Result<Exit, CommandError> {
    let order = RollbackOrder {
        lane: &args.lane,
        to: args.to.as_deref(),
        prompt: args.prompt.as_ref(),
        reason: &args.reason,
    };
    match roll_back(context, ui, &order, &args.moves)? {
        RolledBack::AlreadyLive => {
            let tag = args.tag.make_up(context, ui, &args.lane, &args.moves)?;
            if ui.wants_json() {
                ui.json(&MoveV1::already_live(SCHEMA, &args.lane).with_tag(tag));
            } else {
                ui.line(format!("lane {} has this already", args.lane));
            }
        }
        RolledBack::Planned(plan) => {
            if ui.wants_json() {
                let plan = PlanV1::from(plan.as_ref());
                ui.json(&MoveV1::planned(SCHEMA, &args.lane, plan));
            }
        }
        RolledBack::Moved(record) => {
            let tag = args.tag.apply(context, ui, &record);
            announce(context, ui, SCHEMA, &record, tag);
        }
    }
    Ok(Exit::Success)
}

/// Shows the plan, asks, and moves the lane. Nobody is told yet but by the plan.
pub(super) fn roll_back(
    context: &Context,
    ui: &mut Ui,
    order: &RollbackOrder<'_>,
    moves: &MoveArgs,
) -> Result<RolledBack, CommandError> {
    let signer = moves.signing.signer(context, ui)?;
    let signer = signer.as_deref();
    let lanes = lanes_to_move(context, signer)?;
    lanes.refresh(order.lane)?;
    let standing = Standing::of(&lanes, order.lane)?;
    if let Some(expected) = &moves.expect {
        standing.expect(expected)?;
    }
    let to = target(context, order.to)?;
    let request = RollbackRequest {
        standing,
        to: &to,
        prompt: order.prompt,
        reason: order.reason.to_owned(),
    };
    let Some(plan) = plan(&lanes, request)? else {
        return Ok(RolledBack::AlreadyLive);
    };
    ui.note(rollback_plan(&plan).trim_end());
    let now = context.clock().now();
    let permission = plan.authorize(signer, now)?;
    if moves.dry_run {
        ui.note("this was a dry run: nothing was moved");
        return Ok(RolledBack::Planned(Box::new(plan)));
    }
    require_consent(ui, moves)?;
    confirm(ui, moves, &format!("roll back lane {}?", order.lane))?;
    let record = plan.execute(&lanes, &permission, signer, now)?;
    Ok(RolledBack::Moved(Box::new(record)))
}

/// Where to go: what names a record by itself, or else a tag.
fn target(context: &Context, to: Option<&str>) -> Result<Target, CommandError> {
    let Some(to) = to else {
        return Ok(Target::Recorded);
    };
    if let Some(target) = Target::parse(to) {
        return Ok(target);
    }
    let commit = context.repository()?.commit(&format!("refs/tags/{to}"));
    let commit = commit.map_err(|_| {
        CommandError::usage(format!("`{to}` names neither a record nor a tag")).with_hint(
            "give a sequence number, at least seven digits of a record's id, a tag, or \
             `last-passed`",
        )
    })?;
    Ok(Target::from(&commit))
}
