//! What all commands that move a lane have in common: consent, and how the result is told.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::signing::SignArgs;
use crate::cli::ui::Ui;
use crate::cli::webhooks;
use crate::domain::id::LaneName;
use crate::domain::untrusted::Untrusted;
use crate::engine::ports::{LaneRecord, LaneStore as _};
use crate::report::release_json::{MoveV1, TagV1};

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

/// The option of every command that changes what is live.
#[derive(Debug, clap::Args)]
pub(super) struct TagArgs {
    /// Mark the record with an annotated tag `deploy/<lane>/<number>`, signed where git signs tags
    #[arg(long)]
    tag: bool,
}

impl TagArgs {
    /// Tags the newest record of a lane that is not moved, where that is asked for: so that a tag
    /// which failed earlier can be made up for.
    pub(super) fn make_up(
        &self,
        context: &Context,
        ui: &mut Ui,
        lane: &LaneName,
        moves: &MoveArgs,
    ) -> Result<Option<TagV1>, CommandError> {
        let Some(record) = context
            .lanes()?
            .tip(lane)?
            .filter(|_| self.tag && !moves.dry_run)
        else {
            return Ok(None);
        };
        require_consent(ui, moves)?;
        confirm(ui, moves, &format!("tag {}?", record.deployment.tag()))?;
        Ok(self.apply(context, ui, &record))
    }

    /// Tags a record, where that is asked for. The lane has moved already: a tag that fails is told,
    /// and undoes nothing.
    pub(super) fn apply(
        &self,
        context: &Context,
        ui: &mut Ui,
        record: &LaneRecord,
    ) -> Option<TagV1> {
        if !self.tag {
            return None;
        }
        let name = record.deployment.tag();
        let tagged = context
            .lanes()
            .and_then(|lanes| Ok(lanes.lanes().tag(record)?));
        let problem = match tagged {
            Ok(()) => {
                ui.note(format!("tagged {name}"));
                None
            }
            Err(error) => {
                ui.warn(Untrusted(&error.message));
                for hint in &error.hints {
                    ui.note(Untrusted(hint));
                }
                Some(error.message)
            }
        };
        Some(TagV1 { name, problem })
    }
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
pub(super) fn announce(
    context: &Context,
    ui: &mut Ui,
    schema: &'static str,
    record: &LaneRecord,
    tag: Option<TagV1>,
) {
    if ui.wants_json() {
        ui.json(&MoveV1::moved(schema, record).with_tag(tag));
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
