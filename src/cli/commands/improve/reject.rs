//! `pointsman improve reject`.

use crate::adapters::git::GitImprovements;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::improve::{AttemptId, Decision, DecisionKind};
use crate::report::improve::DecisionV1;

use super::{kept, undecided};

/// Give a candidate up, and keep why
///
/// The record and the candidate's commit stay; the branch stays where it is, too, until somebody
/// deletes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman improve reject support/triage/1 --reason 'it answers in two words'")]
pub(super) struct RejectArgs {
    /// The candidate
    #[arg(value_name = "CANDIDATE")]
    id: AttemptId,
    /// Why; kept in the record
    #[arg(long)]
    reason: String,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &RejectArgs) -> Result<Exit, CommandError> {
    let improvements = GitImprovements::new(context.repository()?)?;
    let kept = kept(&improvements, &args.id)?;
    undecided(&kept.attempt)?;
    let mut attempt = kept.attempt.clone();
    let now = context.clock().now();
    attempt.decision = Some(Decision {
        kind: DecisionKind::Rejected,
        at: now,
        by: improvements.actor()?,
        reason: Some(args.reason.clone()),
    });
    let subject = format!("Reject candidate {}", attempt.id);
    improvements.update(&kept, &attempt, &subject, now)?;
    if ui.wants_json() {
        ui.json(&DecisionV1::new(&attempt));
    } else {
        ui.line(format!("candidate {} is rejected", attempt.id));
    }
    Ok(Exit::Success)
}
