//! Which of the failing rows an attempt is about.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::domain::behavior::Behavior;
use crate::domain::dataset::Row;
use crate::domain::finding::Findings;
use crate::domain::id::{BehaviorId, IncidentId, PromptId};
use crate::domain::improve::RowPlace;
use crate::domain::incident::Incident;
use crate::engine::improve::{Evidence, ShownSuite, gather};
use crate::engine::workspace::Workspace;

/// What an attempt is about.
pub(super) enum About {
    /// Every row that fails.
    Everything,
    /// Those of an incident.
    Incident(Box<Incident>),
    /// Those that come from the traces of a behavior.
    Behavior(Box<Behavior>),
}

/// Which of the failing rows are to be cured.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct AboutArgs {
    /// Cure only the failing rows of this incident: those that it preserved, and those that come from
    /// its traces
    #[arg(long, value_name = "INCIDENT")]
    incident: Option<IncidentId>,
    /// Cure only the failing rows that come from the traces which show this behavior
    #[arg(long, value_name = "BEHAVIOR")]
    behavior: Option<BehaviorId>,
}

impl About {
    /// What the options say, from the files at hand.
    pub(super) fn read(context: &Context, args: &AboutArgs) -> Result<Self, CommandError> {
        let tree = context.tree_at_hand()?;
        let workspace = Workspace::new(tree.as_ref());
        Ok(match (&args.incident, &args.behavior) {
            (Some(id), _) => Self::Incident(Box::new(workspace.incident(id)?)),
            (None, Some(id)) => Self::Behavior(Box::new(workspace.behavior(id)?)),
            (None, None) => Self::Everything,
        })
    }

    /// For the record.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Everything => None,
            Self::Incident(incident) => Some(format!("incident {}", incident.id)),
            Self::Behavior(behavior) => Some(format!("behavior {}", behavior.id)),
        }
    }

    /// The rows that were tested, and those that fail and are meant.
    pub(super) fn gather<'c>(
        &self,
        workspace: &Workspace<'_>,
        suites: &[ShownSuite<'c>],
    ) -> Result<Evidence<'c>, Findings> {
        match self {
            Self::Everything => gather(workspace, suites, None),
            Self::Incident(incident) => {
                let about = |at: &RowPlace, row: &Row| is_of(incident, at, row);
                gather(workspace, suites, Some(&about))
            }
            Self::Behavior(behavior) => {
                let about = |_: &RowPlace, row: &Row| shows(behavior, row);
                gather(workspace, suites, Some(&about))
            }
        }
    }

    /// The error where no row that is meant fails.
    pub(super) fn nothing_fails(&self, prompt: &PromptId) -> CommandError {
        match self {
            Self::Everything => CommandError::new(
                Exit::NothingEvaluated,
                format!(
                    "nothing fails: every row that gates passes with `{prompt}` as it is committed"
                ),
            )
            .with_hint(
                "bring the failures of production into a dataset first, or write a candidate \
                 yourself with `--edit`",
            ),
            Self::Incident(incident) => {
                let id = &incident.id;
                CommandError::new(
                    Exit::NothingEvaluated,
                    format!("no row that gates comes from incident `{id}` and fails"),
                )
                .with_hint(format!(
                    "preserve its traces as rows with `pointsman incident preserve {id}`, and review \
                     and commit them"
                ))
            }
            Self::Behavior(behavior) => {
                let id = &behavior.id;
                CommandError::new(
                    Exit::NothingEvaluated,
                    format!("no row that gates comes from a trace of behavior `{id}` and fails"),
                )
                .with_hint(format!(
                    "make rows of its traces with `pointsman dataset add-span --behavior {id}`, and \
                     review and commit them"
                ))
            }
        }
    }
}

/// Whether a row comes from a trace that shows a behavior.
fn shows(behavior: &Behavior, row: &Row) -> bool {
    let trace = row
        .source
        .as_ref()
        .and_then(|source| source.trace_id.as_ref());
    trace.is_some_and(|id| behavior.evidence.iter().any(|span| span.trace_id == *id))
}

/// Whether an incident preserved a row, or a row comes from its evidence.
fn is_of(incident: &Incident, at: &RowPlace, row: &Row) -> bool {
    let mut rows = incident.rows.iter();
    if rows.any(|name| name.dataset == at.dataset && name.row == at.row) {
        return true;
    }
    let Some(source) = &row.source else {
        return false;
    };
    incident.evidence.iter().any(|span| {
        let same_span = source.span_id.as_ref().is_none_or(|id| *id == span.span_id);
        source.trace_id.as_ref() == Some(&span.trace_id) && same_span
    })
}
