//! What `promote`, `approve` and `evidence build` share: planning one and the same promotion from
//! the same arguments, so that what was approved of is what moves.

use crate::adapters::git::GitHistory;
use crate::domain::deployment::{Source, address};
use crate::domain::gate::Evaluation;
use crate::domain::id::{LaneName, PromptId};
use crate::domain::lane::Lane;
use crate::domain::project::WORKSPACE_PATHS;
use crate::engine::ports::{AttestationStore as _, FileTree, LaneStore};
use crate::engine::release::promote::{
    PromotePlan, PromoteRequest, Voices, plan, source_commit, source_of,
};
use crate::engine::release::standing::{Standing, policy_in};
use crate::engine::workspace::Workspace;

use super::arguments::prompt_id;
use super::context::Context;
use super::error::CommandError;
use super::gate::{GateRequest, evaluate_for_gate, is_known};
use super::ui::Ui;

/// What is to come into which lane.
#[derive(Debug, clap::Args)]
pub struct PromotionArgs {
    /// The lane
    pub lane: LaneName,
    /// The prompts to bring in; none: everything
    #[arg(value_name = "PROMPT", value_parser = prompt_id)]
    pub prompts: Vec<PromptId>,
    /// Take the content from this revision or lane
    #[arg(long, value_name = "REV")]
    pub from: Option<String>,
    /// Why; kept in the record
    #[arg(long)]
    pub reason: Option<String>,
    /// Let programs run that files name as providers or evaluators: they can do whatever you can
    #[arg(long)]
    pub allow_exec: bool,
}

/// Who asks for a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Whoever would move the lane: where authors do not count, neither does this person.
    Mover,
    /// Somebody else, who wants to see what would move.
    Onlooker,
}

impl PromotionArgs {
    /// Plans the promotion, with what people said about it. `None`: everything asked for is live.
    pub fn plan(
        &self,
        context: &Context,
        lanes: &dyn LaneStore,
        asker: Asker,
        expect: Option<&str>,
    ) -> Result<Option<PromotePlan>, CommandError> {
        lanes.refresh(&self.lane)?;
        let standing = Standing::of(lanes, &self.lane)?;
        if let Some(expected) = expect {
            standing.expect(expected)?;
        }
        let (files, source) = source(context, lanes, &standing, self.from.as_deref())?;
        let request = PromoteRequest {
            standing,
            files,
            source,
            prompts: &self.prompts,
            reason: self.reason.clone(),
            now: context.clock().now(),
        };
        let Some(mut plan) = plan(lanes, request)? else {
            return Ok(None);
        };
        plan.hear(voices(context, lanes, &plan, asker)?);
        Ok(Some(plan))
    }
}

/// What people said about the snapshot of a plan, where the policy asks.
fn voices(
    context: &Context,
    lanes: &dyn LaneStore,
    plan: &PromotePlan,
    asker: Asker,
) -> Result<Voices, CommandError> {
    let Some(policy) = &plan.policy.approval else {
        return Ok(Voices::default());
    };
    let store = context.attestations()?;
    store.refresh(plan.snapshot.sha256)?;
    let mut voices = Voices {
        attestations: store.of(plan.snapshot.sha256)?,
        ..Voices::default()
    };
    if policy.not_author {
        let history = GitHistory::new(context.repository()?, context.workspace_prefix()?);
        voices.involved = plan.authors(&history, lanes)?;
        if asker == Asker::Mover {
            voices.involved.extend(address(&lanes.actor()?));
        }
    }
    Ok(voices)
}

/// Whether an evaluation may ask providers, or rests on what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Providers are asked for what is not known.
    Run,
    /// Nothing is asked.
    KnownOnly,
}

/// The evaluation that the policy's gate asks for; absent where it asks for none, or where not all
/// of it is known and nothing may be asked.
pub fn evaluation(
    context: &Context,
    ui: &mut Ui,
    plan: &PromotePlan,
    allow_exec: bool,
    effort: Effort,
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
    if effort == Effort::KnownOnly && !is_known(context, &workspace, &request)? {
        return Ok(None);
    }
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
