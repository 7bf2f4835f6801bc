//! `pointsman lanes hold` and `pointsman lanes unhold`.

use crate::cli::arguments::prompt_id;
use crate::cli::commands::moves::{MoveArgs, announce, confirm, require_consent};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::signing::lanes_to_move;
use crate::cli::ui::Ui;
use crate::domain::id::{LaneName, PromptId};
use crate::engine::ports::{LaneStore, Signer};
use crate::engine::release::holds::{HoldsPlan, Subject, plan_hold, plan_unhold};
use crate::engine::release::standing::Standing;
use crate::report::release::holds_plan;
use crate::report::release_json::MoveV1;

const HOLD_SCHEMA: &str = "pointsman/hold/v1";
const UNHOLD_SCHEMA: &str = "pointsman/unhold/v1";

/// Keep a snapshot, or a version of a prompt, from coming in again
///
/// Holds what is live, or what is named. What is live stays live: to bring something else back,
/// roll back, which holds what it leaves by itself. What is held and live in a lane is not promoted
/// from there either.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman lanes hold production --reason 'answers in the wrong language'")]
pub(super) struct HoldArgs {
    /// The lane
    lane: LaneName,
    /// Hold the snapshot whose digest starts like this, instead of the one that is live
    #[arg(long, value_name = "DIGEST", conflicts_with = "prompt")]
    snapshot: Option<String>,
    /// Hold the version of this prompt that is live, in whatever snapshot it comes
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id)]
    prompt: Option<PromptId>,
    /// Why; kept in the record and in the hold
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    moves: MoveArgs,
}

/// Let in again what a hold or a rollback has barred
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman lanes unhold production --reason 'fixed upstream'")]
pub(super) struct UnholdArgs {
    /// The lane
    lane: LaneName,
    /// Only the snapshot whose digest starts like this
    #[arg(long, value_name = "DIGEST", conflicts_with = "prompt")]
    snapshot: Option<String>,
    /// Only the holds on this prompt
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id)]
    prompt: Option<PromptId>,
    /// Why; kept in the record
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    moves: MoveArgs,
}

pub(super) fn hold(context: &Context, ui: &mut Ui, args: &HoldArgs) -> Result<Exit, CommandError> {
    let signer = args.moves.signing.signer(context, ui)?;
    let signer = signer.as_deref();
    let lanes = lanes_to_move(context, signer)?;
    let standing = standing(&lanes, &args.lane, &args.moves)?;
    let subject = subject(args.snapshot.as_deref(), args.prompt.as_ref());
    let Some(plan) = plan_hold(&lanes, standing, subject, args.reason.clone())? else {
        if ui.wants_json() {
            ui.json(&MoveV1::already_live(HOLD_SCHEMA, &args.lane));
        } else {
            ui.line(format!("lane {} holds this already", args.lane));
        }
        return Ok(Exit::Success);
    };
    let moving = (HOLD_SCHEMA, &args.moves, signer);
    carry_out(context, ui, &lanes, plan, moving)
}

pub(super) fn unhold(
    context: &Context,
    ui: &mut Ui,
    args: &UnholdArgs,
) -> Result<Exit, CommandError> {
    let signer = args.moves.signing.signer(context, ui)?;
    let signer = signer.as_deref();
    let lanes = lanes_to_move(context, signer)?;
    let standing = standing(&lanes, &args.lane, &args.moves)?;
    let subject = subject(args.snapshot.as_deref(), args.prompt.as_ref());
    let Some(plan) = plan_unhold(standing, subject, args.reason.clone())? else {
        let message = format!("lane `{}` has no such hold", args.lane);
        return Err(CommandError::usage(message).with_hint(format!(
            "`pointsman lanes show {}` shows the holds",
            args.lane
        )));
    };
    let moving = (UNHOLD_SCHEMA, &args.moves, signer);
    carry_out(context, ui, &lanes, plan, moving)
}

fn standing(
    lanes: &dyn LaneStore,
    lane: &LaneName,
    moves: &MoveArgs,
) -> Result<Standing, CommandError> {
    lanes.refresh(lane)?;
    let standing = Standing::of(lanes, lane)?;
    if let Some(expected) = &moves.expect {
        standing.expect(expected)?;
    }
    Ok(standing)
}

fn subject<'s>(snapshot: Option<&'s str>, prompt: Option<&'s PromptId>) -> Subject<'s> {
    match (snapshot, prompt) {
        (Some(digits), _) => Subject::Snapshot(digits),
        (None, Some(prompt)) => Subject::Prompt(prompt),
        (None, None) => Subject::Whole,
    }
}

fn carry_out(
    context: &Context,
    ui: &mut Ui,
    lanes: &dyn LaneStore,
    plan: HoldsPlan,
    (schema, moves, signer): (&'static str, &MoveArgs, Option<&dyn Signer>),
) -> Result<Exit, CommandError> {
    ui.note(holds_plan(&plan).trim_end());
    let now = context.clock().now();
    let permission = plan.authorize(signer, now)?;
    if moves.dry_run {
        if ui.wants_json() {
            ui.json(&MoveV1::planned_only(schema, plan.lane()));
        }
        ui.note("this was a dry run: nothing was moved");
        return Ok(Exit::Success);
    }
    require_consent(ui, moves)?;
    let question = format!("{} this in lane {}?", plan.kind().name(), plan.lane());
    confirm(ui, moves, &question)?;
    let record = plan.execute(lanes, &permission, signer, now)?;
    announce(context, ui, schema, &record, None);
    Ok(Exit::Success)
}
