//! `pointsman behaviors list`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::behavior::{Behavior, BehaviorKind, BehaviorRole, BehaviorState};
use crate::engine::workspace::Workspace;
use crate::report::behaviors::json::ListV1;
use crate::report::behaviors::list::{behavior_table, in_order};
use crate::report::release::seconds;

use super::Words;

/// Show the behaviors as their files have them, the most urgent first
///
/// What is dismissed or resolved is left out unless it is asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman behaviors list
  pointsman behaviors list --kind issue --state new,worse,reactivated
  pointsman behaviors list --role tool --all --json")]
pub(in crate::cli) struct ListArgs {
    /// Only behaviors in these states
    #[arg(long = "state", value_name = "STATE,…", value_delimiter = ',', hide_possible_values = true, value_parser = Words(&BehaviorState::ALL))]
    states: Vec<BehaviorState>,
    /// Only behaviors of these roles
    #[arg(long = "role", value_name = "ROLE,…", value_delimiter = ',', value_parser = Words(&BehaviorRole::ALL))]
    roles: Vec<BehaviorRole>,
    /// Only issues, or only what is healthy
    #[arg(long, value_name = "KIND", value_parser = Words(&BehaviorKind::ALL))]
    kind: Option<BehaviorKind>,
    /// Only behaviors that somebody watches
    #[arg(long)]
    watched: bool,
    /// Those that are dismissed or resolved, too
    #[arg(long)]
    all: bool,
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ListArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let workspace = Workspace::new(tree.as_ref());
    let all = workspace.behaviors()?;
    let shown = in_order(all.iter().filter(|behavior| args.means(behavior)));
    if ui.wants_json() {
        ui.json(&ListV1::new(&shown));
        return Ok(Exit::Success);
    }
    let Some(newest) = all.iter().map(|it| it.seen.until).max() else {
        ui.note("there are no behaviors; `pointsman behaviors scan` looks for them");
        return Ok(Exit::Success);
    };
    if !shown.is_empty() {
        ui.text(behavior_table(&shown, ui.width()));
    }
    ui.note(format_args!(
        "{} of {} behaviors, as the scan up to {} saw them",
        shown.len(),
        all.len(),
        seconds(newest)
    ));
    if let Some(first) = shown.first() {
        ui.note(format_args!(
            "look into one: pointsman behaviors show {}",
            first.id
        ));
    }
    Ok(Exit::Success)
}

impl ListArgs {
    /// Whether a behavior is asked for.
    pub(in crate::cli) fn means(&self, behavior: &Behavior) -> bool {
        let state = behavior.state();
        let by_state = if self.states.is_empty() {
            self.all || !state.is_settled()
        } else {
            self.states.contains(&state)
        };
        let by_role = self.roles.is_empty() || self.roles.contains(&behavior.pattern.role);
        let by_kind = self.kind.is_none_or(|kind| behavior.kind() == kind);
        by_state && by_role && by_kind && (!self.watched || behavior.decided.watched)
    }
}
