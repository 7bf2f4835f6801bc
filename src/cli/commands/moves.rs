//! What all commands that move a lane have in common: consent, and how the result is told.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::signing::SignArgs;
use crate::cli::ui::Ui;
use crate::cli::webhooks;
use crate::engine::ports::LaneRecord;
use crate::report::release_json::MoveV1;

/// Options of every command that moves a lane.
#[derive(Debug, clap::Args)]
pub(super) struct MoveArgs {
    /// Refuse if the lane's newest record is not this one (`none`: if it has one)
    #[arg(long, value_name = "RECORD")]
    pub(super) expect: Option<String>,
    /// Show what would happen, and move nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) signing: SignArgs,
}

/// Makes sure that there is consent, or somebody who can give it, before anything is paid for.
pub(super) fn require_consent(ui: &Ui, args: &MoveArgs) -> Result<(), CommandError> {
    if args.yes || ui.is_interactive() {
        return Ok(());
    }
    Err(
        CommandError::usage("nobody is here to confirm this, and nothing was moved")
            .with_hint("say `--yes` to move the lane, or `--dry-run` to see the plan"),
    )
}

/// Makes sure that somebody consents to something that moves no lane.
pub(super) fn require(ui: &mut Ui, yes: bool, question: &str) -> Result<(), CommandError> {
    if yes || (ui.is_interactive() && ui.confirm(question)) {
        return Ok(());
    }
    if ui.is_interactive() {
        return Err(CommandError::new(
            Exit::Refused,
            "not confirmed: nothing was done",
        ));
    }
    Err(
        CommandError::usage("nobody is here to confirm this, and nothing was done")
            .with_hint("say `--yes` to do it"),
    )
}

/// Asks, unless `--yes` was said.
pub(super) fn confirm(ui: &mut Ui, args: &MoveArgs, question: &str) -> Result<(), CommandError> {
    if args.yes || ui.confirm(question) {
        return Ok(());
    }
    Err(CommandError::new(
        Exit::Refused,
        "not confirmed: nothing was moved",
    ))
}

/// Tells the user, and then the lane's webhooks, that a lane has moved.
pub(super) fn announce(context: &Context, ui: &mut Ui, schema: &'static str, record: &LaneRecord) {
    if ui.wants_json() {
        ui.json(&MoveV1::moved(schema, record));
    } else {
        let deployment = &record.deployment;
        ui.line(format!(
            "lane {} is at #{}: record {}, snapshot {}",
            deployment.lane,
            deployment.sequence,
            record.id.short(),
            deployment.snapshot.sha256.short()
        ));
    }
    webhooks::deliver_after_move(context, ui);
}
