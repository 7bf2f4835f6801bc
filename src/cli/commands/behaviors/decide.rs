//! `pointsman behaviors watch`, `dismiss` and `resolve`: what people say about a behavior. Each changes
//! its own line of the file, and nothing else.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::replace_file;
use crate::cli::ui::Ui;
use crate::domain::behavior::{Behavior, Decided, Decision};
use crate::domain::id::BehaviorId;
use crate::engine::ports::LaneStore as _;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::behavior::read_behavior;
use crate::engine::workspace::behavior_text::edit_decided;
use crate::report::behaviors::json::ShowV1;

use super::behavior_id;

/// Keep an eye on a behavior: it is shown first, whatever becomes of it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman behaviors watch tool-find-order-timed-out-3f2a91 --owner support-platform
  pointsman behaviors watch tool-find-order-timed-out-3f2a91 --undo")]
pub(super) struct WatchArgs {
    /// The behavior
    #[arg(value_parser = behavior_id)]
    behavior: BehaviorId,
    /// Who looks after it
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Watch it no more; owner and remark stay
    #[arg(long, conflicts_with_all = ["owner", "note"])]
    undo: bool,
}

/// Leave a behavior out of lists, and say why
///
/// Scans go on counting it. Nothing brings it back but `--undo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman behaviors dismiss user-dark-theme-8c1d20 --reason 'a campaign, over by Friday'
  pointsman behaviors dismiss user-dark-theme-8c1d20 --undo")]
pub(super) struct DismissArgs {
    #[command(flatten)]
    decision: DecisionArgs,
}

/// Say that a behavior was dealt with
///
/// Where a later scan sees it in a trace that began after now, it is `reactivated`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman behaviors resolve tool-find-order-timed-out-3f2a91 --reason 'longer time limit, production#13'
  pointsman behaviors resolve tool-find-order-timed-out-3f2a91 --undo")]
pub(super) struct ResolveArgs {
    #[command(flatten)]
    decision: DecisionArgs,
}

/// A decision, or taking it back.
#[derive(Debug, clap::Args)]
struct DecisionArgs {
    /// The behavior
    #[arg(value_parser = behavior_id)]
    behavior: BehaviorId,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "undo")]
    reason: Option<String>,
    /// Take the decision back
    #[arg(long, conflicts_with = "reason")]
    undo: bool,
}

/// Runs `watch`.
pub(super) fn watch(
    context: &Context,
    ui: &mut Ui,
    args: &WatchArgs,
) -> Result<Exit, CommandError> {
    change(context, ui, &args.behavior, |decided| Decided {
        watched: !args.undo,
        owner: args.owner.clone().or(decided.owner),
        note: args.note.clone().or(decided.note),
        ..decided
    })
}

/// Runs `dismiss`.
pub(super) fn dismiss(
    context: &Context,
    ui: &mut Ui,
    args: &DismissArgs,
) -> Result<Exit, CommandError> {
    let dismissed = args.decision.decision(context)?;
    change(context, ui, &args.decision.behavior, |decided| Decided {
        dismissed,
        ..decided
    })
}

/// Runs `resolve`.
pub(super) fn resolve(
    context: &Context,
    ui: &mut Ui,
    args: &ResolveArgs,
) -> Result<Exit, CommandError> {
    let resolved = args.decision.decision(context)?;
    change(context, ui, &args.decision.behavior, |decided| Decided {
        resolved,
        ..decided
    })
}

impl DecisionArgs {
    /// What was decided; `None` where it is taken back.
    fn decision(&self, context: &Context) -> Result<Option<Decision>, CommandError> {
        let Some(reason) = &self.reason else {
            return Ok(None);
        };
        if reason.trim().is_empty() {
            return Err(CommandError::usage("the reason says nothing")
                .with_hint("whoever finds the file later needs it"));
        }
        Ok(Some(Decision {
            reason: reason.clone(),
            by: context.lanes()?.actor()?,
            at: context.clock().now(),
        }))
    }
}

/// Changes what people say about a behavior, and says what became of it.
fn change(
    context: &Context,
    ui: &mut Ui,
    id: &BehaviorId,
    said: impl FnOnce(Decided) -> Decided,
) -> Result<Exit, CommandError> {
    let (behavior, is_new) = decide(context, id, said)?;
    if is_new {
        let state = behavior.state().name();
        ui.note(format_args!("{id} is {state}; commit {}", id.path()));
    } else {
        ui.note(format_args!("{} says so already", id.path()));
    }
    if ui.wants_json() {
        ui.json(&ShowV1::new(&behavior, &[]));
    }
    Ok(Exit::Success)
}

/// Changes what stands above the mark of a behavior's file: the behavior as it is then, and whether anything
/// changed.
pub(super) fn decide(
    context: &Context,
    id: &BehaviorId,
    said: impl FnOnce(Decided) -> Decided,
) -> Result<(Behavior, bool), CommandError> {
    let tree = context.tree(None)?;
    let source = Workspace::new(tree.as_ref()).behavior_source(id)?;
    let behavior = read_behavior(id, &source)?;
    let decided = said(behavior.decided.clone());
    if decided == behavior.decided {
        return Ok((behavior, false));
    }
    let text = edit_decided(&source, &behavior, &decided).map_err(|error| {
        CommandError::usage(error.to_string()).with_hint("change it in the file, by hand")
    })?;
    replace_file(&context.workspace_root()?, &behavior.id.path(), &text)?;
    let behavior = Behavior {
        decided,
        ..behavior
    };
    Ok((behavior, true))
}
