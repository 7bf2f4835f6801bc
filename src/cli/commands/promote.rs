//! `pointsman promote`: bring new content into a lane.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::promotion::{Asker, Effort, PromotionArgs, evaluation};
use crate::cli::signing::lanes_to_move;
use crate::cli::ui::Ui;
use crate::report::approvals::{ApprovalsV1, approvals_heard};
use crate::report::release::{gate_result, promote_plan};
use crate::report::release_json::{MoveV1, PlanV1};

use super::moves::{MoveArgs, TagArgs, announce, confirm, require_consent};

const SCHEMA: &str = "pointsman/promote/v1";

/// Bring prompts into a lane, in one record
///
/// Without prompts, the lane gets the whole workspace of the source; with prompts, it gets those
/// and what they include and are tested by, grafted onto what it has. The source is the lane that
/// the policy names, or else `HEAD`. Where the policy has a gate, the evaluation that it asks for
/// must pass for exactly these bytes; where it asks for approvals, people must have signed them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman promote staging
  pointsman promote staging support/triage --reason 'fewer misrouted refunds'
  pointsman promote production --yes --expect 4d88503b16
  pointsman promote production --dry-run --json")]
pub struct PromoteArgs {
    #[command(flatten)]
    promotion: PromotionArgs,
    #[command(flatten)]
    tag: TagArgs,
    #[command(flatten)]
    moves: MoveArgs,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &PromoteArgs) -> Result<Exit, CommandError> {
    let PromoteArgs {
        promotion,
        tag,
        moves,
    } = args;
    let signer = moves.signing.signer(context, ui)?;
    let signer = signer.as_deref();
    let lanes = lanes_to_move(context, signer)?;
    let plan = promotion.plan(context, &lanes, Asker::Mover, moves.expect.as_deref())?;
    let Some(plan) = plan else {
        let tag = tag.make_up(context, ui, &promotion.lane, moves)?;
        if ui.wants_json() {
            ui.json(&MoveV1::already_live(SCHEMA, &promotion.lane).with_tag(tag));
        } else {
            ui.line(format!("lane {} has all of this already", promotion.lane));
        }
        return Ok(Exit::Success);
    };
    let now = context.clock().now();
    ui.note(promote_plan(&plan).trim_end());
    let approvals = plan.approvals(now);
    if let Some(heard) = approvals_heard(&plan.policy, &approvals) {
        ui.note(heard.trim_end());
    }
    plan.check(signer, now)?;
    if moves.dry_run {
        if ui.wants_json() {
            let approvals = ApprovalsV1::new(&plan.policy, &approvals);
            let plan = PlanV1::from(&plan).with_approvals(approvals);
            ui.json(&MoveV1::planned(SCHEMA, &promotion.lane, plan));
        }
        ui.note("this was a dry run: nothing was moved");
        return Ok(Exit::Success);
    }
    require_consent(ui, moves)?;
    let evaluation = evaluation(context, ui, &plan, promotion.allow_exec, Effort::Run)?;
    if let Some(evaluation) = &evaluation {
        ui.note(gate_result(&evaluation.decision).trim_end());
    }
    let now = context.clock().now();
    let permission = plan.authorize(evaluation.as_ref(), signer, now)?;
    confirm(ui, moves, &format!("promote to lane {}?", promotion.lane))?;
    let record = plan.execute(&lanes, &permission, evaluation.as_ref(), signer, now)?;
    let tag = tag.apply(context, ui, &record);
    announce(context, ui, SCHEMA, &record, tag);
    Ok(Exit::Success)
}
