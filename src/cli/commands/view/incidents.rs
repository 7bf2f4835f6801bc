//! Incidents: a list, and one as its file tells it.

use crate::adapters::view::Asked;
use crate::cli::commands::incident::list::incidents;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::domain::id::IncidentId;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::kept::open;
use crate::report::html::blocks::Page;
use crate::report::html::incident::{incident_page, incidents_page};

use super::fault::{Fault, only};

/// A page about incidents.
pub(super) fn page(context: &Context, asked: &Asked, path: &[&str]) -> Result<Page, Fault> {
    only(asked, &[])?;
    match path {
        [] => Ok(incidents_page(&incidents(context)?)),
        [incident] => one(context, incident),
        _ => Err(Fault::no_page()),
    }
}

fn one(context: &Context, name: &str) -> Result<Page, Fault> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let id = IncidentId::new(name)
        .map_err(|error| Fault::missing(CommandError::usage(error.to_string())))?;
    let is_there = workspace.incident_ids()?.contains(&id);
    let source = workspace.incident_source(&id).map_err(|error| {
        if is_there {
            Fault::from(error)
        } else {
            Fault::missing(error)
        }
    })?;
    let (_, parts) = open(&source)?;
    Ok(incident_page(&workspace.incident(&id)?, &parts.body.text))
}
