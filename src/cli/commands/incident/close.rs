//! `pointsman incident close`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::{AlertId, EvaluatorId, IncidentId, LaneName};
use crate::domain::incident::{Closed, Incident, Left, RowName};
use crate::domain::suggest::did_you_mean;
use crate::engine::incidents::closing::{NotLeft, look};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::incident::closed_setting;

use super::file::{IncidentFile, signed_now, tell};

/// Close an incident with what it leaves behind
///
/// What is named must be there and count: a row that was reviewed, an evaluator, an alert rule, or a lane
/// with a watch plan. Where nothing can be left, `--waive` says why, and that is kept.
///
/// Exits with 7 where nothing is left behind, or nobody has said yet in which layer the fault lies.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman incident close 2026-03-02-slow-refunds --row support-regression:late-refund
  pointsman incident close 2026-03-02-slow-refunds --evaluator queue-matches --alert slow-answers
  pointsman incident close 2026-03-02-slow-refunds --waive 'the provider was down for an hour'")]
pub(super) struct CloseArgs {
    /// The incident
    incident: IncidentId,
    /// A row that fails where this comes back
    #[arg(long = "row", value_name = "DATASET:ROW")]
    rows: Vec<RowName>,
    /// An evaluator that grades it
    #[arg(long = "evaluator", value_name = "EVALUATOR")]
    evaluators: Vec<EvaluatorId>,
    /// An alert rule that sees it
    #[arg(long = "alert", value_name = "ALERT")]
    alerts: Vec<AlertId>,
    /// A lane whose watch plan sees it
    #[arg(long = "watch", value_name = "LANE")]
    watches: Vec<LaneName>,
    /// Why nothing is left behind
    #[arg(long = "waive", value_name = "REASON")]
    waiver: Option<String>,
}

impl CloseArgs {
    fn left(&self) -> Vec<Left> {
        let rows = self.rows.iter().cloned().map(Left::Row);
        let evaluators = self.evaluators.iter().cloned().map(Left::Evaluator);
        let alerts = self.alerts.iter().cloned().map(Left::Alert);
        let watches = self.watches.iter().cloned().map(Left::Watch);
        rows.chain(evaluators)
            .chain(alerts)
            .chain(watches)
            .collect()
    }
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &CloseArgs) -> Result<Exit, CommandError> {
    let file = IncidentFile::read(context, &args.incident)?;
    file.require_open()?;
    let left = args.left();
    let waiver = args.waiver.as_deref().map(str::trim);
    require_answers(&file.incident, &left, waiver)?;
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    for left in &left {
        look(&workspace, left)?;
    }
    let closed = Closed {
        signed: signed_now(context)?,
        left,
        waiver: waiver.map(str::to_owned),
    };
    let setting = closed_setting(&closed);
    let said = in_words(&closed);
    let incident = file.change(context, &[setting], &closed.signed, &said)?;
    let line = format!("{}: {said}", incident.id);
    tell(ui, &incident, &line);
    Ok(Exit::Success)
}

/// Refuses to close what nobody has learned anything from.
fn require_answers(
    incident: &Incident,
    left: &[Left],
    waiver: Option<&str>,
) -> Result<(), CommandError> {
    let id = &incident.id;
    if incident.layer.is_none() {
        let message = format!("nobody has said in which layer the fault of `{id}` lies");
        return Err(CommandError::refused(message)
            .with_hint(format!("`pointsman incident classify {id} --layer …`")));
    }
    if left.is_empty() && waiver.is_none_or(str::is_empty) {
        let message = format!("`{id}` leaves nothing behind, and may happen again unseen");
        return Err(CommandError::refused(message).with_hint(
            "name a row, an evaluator, an alert rule or a lane that is watched, or say with `--waive` \
             why there is none",
        ));
    }
    Ok(())
}

fn in_words(closed: &Closed) -> String {
    let left = closed.left.iter();
    let mut left: Vec<String> = left
        .map(|it| format!("{} {}", it.sort(), it.name()))
        .collect();
    if let Some(waiver) = &closed.waiver {
        left.push(format!("waived: {waiver}"));
    }
    format!("closed; leaves behind {}", left.join(", "))
}

impl From<NotLeft> for CommandError {
    fn from(error: NotLeft) -> Self {
        let message = error.to_string();
        match error {
            NotLeft::Files(findings) => findings.into(),
            NotLeft::NoRow { row, known } => {
                let known = did_you_mean(&row.row, known.iter().map(String::as_str));
                Self::usage(message).with_hint(known)
            }
            NotLeft::Pending(row) => Self::usage(message).with_hint(format!(
                "say what is wanted of it: `pointsman dataset review {} --row …`",
                row.dataset
            )),
            NotLeft::NotWatched(lane) => {
                Self::usage(message).with_hint(format!("write `[watch]` into {}", lane.path()))
            }
        }
    }
}
