//! `pointsman promote`: bring new content into a lane.

use crate::cli::arguments::prompt_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::gate::{GateRequest, evaluate_for_gate};
use crate::cli::ui::Ui;
use crate::domain::deployment::Source;
use crate::domain::gate::Evaluation;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::lane::Lane;
use crate::domain::project::WORKSPACE_PATHS;
use crate::engine::ports::{FileTree, LaneStore};
use crate::engine::release::promote::{
    PromotePlan, PromoteRequest, plan, source_commit, source_of,
};
use crate::engine::release::standing::{Standing, policy_in};
use crate::engine::workspace::Workspace;
use crate::report::release::{gate_result, promote_plan};
use crate::report::release_json::{MoveV1, PlanV1};

use super::moves::{MoveArgs, TagArgs, announce, confirm, require_consent};

const SCHEMA: &str = "pointsman/promote/v1";

/// Bring prompts into a lane, in one record
///
/// Without prompts, the lane gets the whole workspace of the source; with prompts, it gets those
/// and what they include and are tested by, grafted onto what it has. The source is the lane that
/// the policy names, or else `HEAD`. Where the policy has a gate, the evaluation that it asks for
/// must pass for exactly these bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman promote staging
  pointsman promote staging support/triage --reason 'fewer misrouted refunds'
  pointsman promote production --yes --expect 4d88503b16
  pointsman promote production --dry-run --json")]
pub struct PromoteArgs {
    /// The lane
    lane: LaneName,
    /// The prompts to bring in; none: everything
    #[arg(value_name = "PROMPT", value_parser = prompt_id)]
    prompts: Vec<PromptId>,
    /// Take the content from this revision or lane
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// Why; kept in the record
    #[arg(long)]
    reason: Option<String>,
    /// Let programs run that `pointsman.toml` names as providers: they can do whatever you can
    #[arg(long)]
    allow_exec: bool,
    #[command(flatten)]
    tag: TagArgs,
    #[command(flatten)]
    moves: MoveArgs,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &PromoteArgs) -> Result<Exit, CommandError> {
    let lanes = context.lanes()?;
    lanes.refresh(&args.lane)?;
    let standing = Standing::of(&lanes, &args.lane)?;
    if let Some(expected) = &args.moves.expect {
        standing.expect(expected)?;
    }
    let (files, source) = source(context, &lanes, &standing, args.from.as_deref())?;
    let request = PromoteRequest {
        standing,
        files,
        source,
        prompts: &args.prompts,
        reason: args.reason.clone(),
        now: context.clock().now(),
    };
    let Some(plan) = plan(&lanes, request)? else {
        let tag = args.tag.make_up(ui, &lanes, &args.lane, &args.moves)?;
        if ui.wants_json() {
            ui.json(&MoveV1::already_live(SCHEMA, &args.lane).with_tag(tag));
        } else {
            ui.line(format!("lane {} has all of this already", args.lane));
        }
        return Ok(Exit::Success);
    };
    ui.note(promote_plan(&plan).trim_end());
    plan.check(context.clock().now())?;
    if args.moves.dry_run {
        if ui.wants_json() {
            let plan = PlanV1::from(&plan);
            ui.json(&MoveV1::planned(SCHEMA, &args.lane, plan));
        }
        ui.note("this was a dry run: nothing was moved");
        return Ok(Exit::Success);
    }
    require_consent(ui, &args.moves)?;
    let evaluation = evaluation(context, ui, &plan, args.allow_exec)?;
    if let Some(evaluation) = &evaluation {
        ui.note(gate_result(&evaluation.decision).trim_end());
    }
    let now = context.clock().now();
    let permission = plan.authorize(evaluation.as_ref(), now)?;
    confirm(ui, &args.moves, &format!("promote to lane {}?", args.lane))?;
    let record = plan.execute(&lanes, &permission, evaluation.as_ref(), now)?;
    let tag = args.tag.apply(ui, &lanes, &record);
    announce(ui, SCHEMA, &record, tag);
    Ok(Exit::Success)
}

/// The evaluation that the policy's gate asks for; absent where it asks for none.
fn evaluation(
    context: &Context,
    ui: &mut Ui,
    plan: &PromotePlan,
    allow_exec: bool,
) -> Result<Option<Evaluation>, CommandError> {
    let prompts = plan.prompts_to_test();
    let Some(gate) = plan.policy.gate.as_ref().filter(|_| !prompts.is_empty()) else {
        return Ok(None);
    };
    let candidate = plan.candidate();
    let disk = context.disk();
    let workspace = Workspace::new(&candidate).with_programs_from(disk.as_deref());
    let live = Some(plan.standing().tree());
    let request = GateRequest {
        prompts: &prompts,
        gate,
        live,
        allow_exec,
    };
    evaluate_for_gate(context, ui, &workspace, &request).map(Some)
}

/// Where the content comes from: the lane that the policy names, what the user names, or `HEAD`.
fn source(
    context: &Context,
    lanes: &dyn LaneStore,
    standing: &Standing,
    from: Option<&str>,
) -> Result<(Box<dyn FileTree>, Source), CommandError> {
    let named = from
        .map(|spec| source_named(context, lanes, spec))
        .transpose()?;
    let policy = match standing.policy()? {
        Some(policy) => Some(policy),
        None => policy_of_source(
            context,
            standing,
            named.as_ref().map(|(files, _)| files.as_ref()),
        )?,
    };
    let before = policy.as_ref().and_then(|policy| policy.from.as_ref());
    match (named, before) {
        // A source that the policy does not allow is refused with all other conditions.
        (Some(named), _) => Ok(named),
        (None, Some((before, _))) => source_lane(lanes, &standing.lane, before),
        (None, None) => source_head(context),
    }
}

fn policy_of_source(
    context: &Context,
    standing: &Standing,
    named: Option<&dyn FileTree>,
) -> Result<Option<Lane>, CommandError> {
    if let Some(files) = named {
        return Ok(policy_in(files, &standing.lane)?);
    }
    let head = context.repository()?.commit("HEAD")?;
    let files = context.tree_of_commit(&head)?;
    Ok(policy_in(files.as_ref(), &standing.lane)?)
}

fn source_named(
    context: &Context,
    lanes: &dyn LaneStore,
    spec: &str,
) -> Result<(Box<dyn FileTree>, Source), CommandError> {
    if let Some(lane) = context.lane_named(spec)?
        && let Some(record) = lanes.tip(&lane)?
    {
        return Ok((lanes.tree(&record)?, source_of(&record)));
    }
    let commit = context.repository()?.commit(spec)?;
    Ok((context.tree_of_commit(&commit)?, source_commit(commit)))
}

fn source_lane(
    lanes: &dyn LaneStore,
    lane: &LaneName,
    before: &LaneName,
) -> Result<(Box<dyn FileTree>, Source), CommandError> {
    let Some(record) = lanes.tip(before)? else {
        return Err(CommandError::refused(format!(
            "lane `{lane}` takes releases from lane `{before}`, which has none yet"
        ))
        .with_hint(format!("run `pointsman promote {before}` first")));
    };
    Ok((lanes.tree(&record)?, source_of(&record)))
}

/// `HEAD`, if that is what the user has before the eyes.
fn source_head(context: &Context) -> Result<(Box<dyn FileTree>, Source), CommandError> {
    let repository = context.repository()?;
    let commit = repository.commit("HEAD")?;
    let prefix = context.workspace_prefix()?;
    let uncommitted = repository.uncommitted(&commit, &prefix, &WORKSPACE_PATHS)?;
    if !uncommitted.is_empty() {
        const SHOWN: usize = 5;
        let names: Vec<String> = uncommitted
            .iter()
            .take(SHOWN)
            .map(|path| format!("`{path}`"))
            .collect();
        let more = match uncommitted.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Err(CommandError::usage(format!(
            "there are changes that are not committed: {}{more}",
            names.join(", ")
        ))
        .with_hint("commit them, or promote the last commit as it is with `--from HEAD`"));
    }
    Ok((context.tree_of_commit(&commit)?, source_commit(commit)))
}
