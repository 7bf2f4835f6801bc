//! `pointsman incident list`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::finding::Findings;
use crate::domain::incident::{Incident, IncidentState};
use crate::engine::workspace::Workspace;
use crate::report::incident::json::IncidentsV1;
use crate::report::incident::list::incident_table;

/// Show the incidents that are not closed
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman incident list
  pointsman incident list --all")]
pub(super) struct ListArgs {
    /// Show those that are closed, too
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ListArgs) -> Result<Exit, CommandError> {
    let mut incidents = incidents(context)?;
    let all = incidents.len();
    incidents.retain(|it| args.all || it.state() != IncidentState::Closed);
    if ui.wants_json() {
        ui.json(&IncidentsV1::new(&incidents));
        return Ok(Exit::Success);
    }
    if !incidents.is_empty() {
        ui.text(incident_table(&incidents, ui.width()));
    }
    match all - incidents.len() {
        0 if all == 0 => {
            ui.note("there are no incidents; `pointsman incident open` writes one down");
        }
        0 => {}
        closed => ui.note(format_args!("{closed} closed; `--all` shows them")),
    }
    Ok(Exit::Success)
}

/// Every incident, the newest first.
pub(in crate::cli) fn incidents(context: &Context) -> Result<Vec<Incident>, CommandError> {
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let ids = workspace.incident_ids()?;
    let read: Result<Vec<Incident>, Findings> =
        ids.iter().map(|id| workspace.incident(id)).collect();
    let mut incidents = read?;
    incidents.sort_by(|one, other| {
        let key = |it: &Incident| (std::cmp::Reverse(it.opened.at), it.id.clone());
        key(one).cmp(&key(other))
    });
    Ok(incidents)
}
