//! Behaviors: what comes back in production, and one with the traces that show it.

use crate::adapters::view::Asked;
use crate::cli::commands::behaviors::list::ListArgs;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::domain::behavior::Behavior;
use crate::domain::id::BehaviorId;
use crate::engine::behaviors::examples::examples;
use crate::engine::workspace::Workspace;
use crate::report::behaviors::list::in_order;
use crate::report::html::behaviors::{behavior_page, behaviors_page};
use crate::report::html::blocks::Page;

use super::fault::{Fault, only};
use super::options::options;

/// How many traces stand on the page of a behavior.
const EXAMPLES: usize = 5;

/// What a list can be asked for: options of `behaviors list`.
const KNOWN: [&str; 3] = ["state", "role", "kind"];

/// A page about behaviors.
pub(super) fn page(context: &Context, asked: &Asked, path: &[&str]) -> Result<Page, Fault> {
    match path {
        [] => list(context, asked),
        [behavior] => {
            only(asked, &[])?;
            one(context, behavior)
        }
        _ => Err(Fault::no_page()),
    }
}

fn list(context: &Context, asked: &Asked) -> Result<Page, Fault> {
    let args: ListArgs = options(asked, &KNOWN, &[])?;
    let tree = context.tree_at_hand()?;
    let all = Workspace::new(tree.as_ref()).behaviors()?;
    let (shown, rest): (Vec<&Behavior>, Vec<&Behavior>) =
        all.iter().partition(|behavior| args.means(behavior));
    let said = KNOWN.map(|name| asked.value(name));
    Ok(behaviors_page(&in_order(shown), rest.len(), said))
}

fn one(context: &Context, name: &str) -> Result<Page, Fault> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let id = BehaviorId::new(name)
        .map_err(|error| Fault::missing(CommandError::usage(error.to_string())))?;
    let is_there = workspace.behavior_ids()?.contains(&id);
    let behavior = workspace.behavior(&id).map_err(|error| {
        if is_there {
            Fault::from(error)
        } else {
            Fault::missing(error)
        }
    })?;
    let store = context.trace_store()?;
    let examples = examples(store.as_ref(), &behavior, EXAMPLES)?;
    Ok(behavior_page(&behavior, &examples))
}
