//! The file of an incident that is at hand: read, changed in part, and told about.

use serde_json::Value;

use crate::cli::commands::dataset::who;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::new_files::replace_file;
use crate::cli::ui::Ui;
use crate::domain::id::IncidentId;
use crate::domain::incident::{Incident, IncidentState, Signed};
use crate::domain::untrusted::Untrusted;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::document::Source;
use crate::engine::workspace::incident::read_incident;
use crate::engine::workspace::kept::{with_line, with_settings};
use crate::report::incident::document::{TIMELINE, timeline_line};
use crate::report::incident::json::IncidentV1;

/// An incident with the text of its file.
pub(super) struct IncidentFile {
    /// What its settings say.
    pub(super) incident: Incident,
    source: Source,
}

impl IncidentFile {
    /// Reads an incident of the worktree.
    pub(super) fn read(context: &Context, id: &IncidentId) -> Result<Self, CommandError> {
        let tree = context.tree(None)?;
        let source = Workspace::new(tree.as_ref()).incident_source(id)?;
        Ok(Self {
            incident: read_incident(id, &source)?,
            source,
        })
    }

    /// The file.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// Refuses to go on with what is over.
    pub(super) fn require_open(&self) -> Result<(), CommandError> {
        if self.incident.state() != IncidentState::Closed {
            return Ok(());
        }
        let id = &self.incident.id;
        Err(
            CommandError::usage(format!("the incident `{id}` is closed")).with_hint(format!(
                "take `closed` out of {} to open it again, or open another incident",
                id.path()
            )),
        )
    }

    /// Changes settings, adds a line to the timeline, and writes the file; everything else in it stays.
    pub(super) fn change(
        self,
        context: &Context,
        settings: &[(&str, Value)],
        signed: &Signed,
        said: &str,
    ) -> Result<Incident, CommandError> {
        let id = self.incident.id;
        let text = with_settings(&self.source, settings)?;
        let text = with_line(&text, TIMELINE, &timeline_line(signed, said));
        let changed = read_incident(&id, &Source::new(id.path(), text.as_str()))?;
        replace_file(&context.workspace_root()?, &id.path(), &text)?;
        Ok(changed)
    }
}

/// Whoever is at work, and the time.
pub(in crate::cli) fn signed_now(context: &Context) -> Result<Signed, CommandError> {
    Ok(Signed {
        at: context.clock().now(),
        by: who(context)?,
    })
}

/// Tells what became of an incident.
pub(super) fn tell(ui: &mut Ui, incident: &Incident, line: &str) {
    if ui.wants_json() {
        ui.json(&IncidentV1::new(incident));
    } else {
        ui.line(Untrusted(line));
    }
}
