//! `pointsman rollback`: bring an earlier snapshot back.

use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::signing::lanes_to_move;
use crate::cli::ui::Ui;
use crate::domain::id::{LaneName, PromptId};
use crate::engine::ports::LaneStore as _;
use crate::engine::release::rollback::{RollbackRequest, plan};
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
    let to = target(context, args.to.as_deref())?;
    let request = RollbackRequest {
        standing,
        to: &to,
        prompt: args.prompt.as_ref(),
        reason: args.reason.clone(),
    };
    let Some(plan) = plan(&lanes, request)? else {
        let tag = args.tag.make_up(context, ui, &args.lane, &args.moves)?;
        if ui.wants_json() {
            ui.json(&MoveV1::already_live(SCHEMA, &args.lane).with_tag(tag));
        } else {
            ui.line(format!("lane {} has this already", args.lane));
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
    let tag = args.tag.apply(context, ui, &record);
    announce(context, ui, SCHEMA, &record, tag);
    Ok(Exit::Success)
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
