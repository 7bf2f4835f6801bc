//! `pointsman webhook test`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::cli::webhooks::deliver_these;
use crate::domain::id::LaneName;
use crate::domain::webhook::Webhook;
use crate::engine::ports::LaneStore as _;
use crate::engine::release::notice::{test_notice, webhooks_at};
use crate::engine::workspace::Workspace;

/// Send every webhook of a lane a test
///
/// The webhooks are those of the lane's record; those of the files on disk before its first one. A
/// receiver that wanted no more messages, and takes the test, gets messages again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman webhook test production")]
pub(super) struct TestArgs {
    /// The lane
    lane: LaneName,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &TestArgs) -> Result<Exit, CommandError> {
    let webhooks = webhooks(context, &args.lane)?;
    if webhooks.is_empty() {
        return Err(
            CommandError::usage(format!("lane `{}` has no webhooks", args.lane)).with_hint(
                format!(
                    "name one in `{}` with `[[webhook]]`, and promote it",
                    args.lane.path()
                ),
            ),
        );
    }
    let now = context.clock().now();
    let outbox = context.outbox()?;
    let tests: Vec<_> = webhooks
        .into_iter()
        .map(|webhook| test_notice(&args.lane, webhook, now))
        .collect();
    for test in &tests {
        outbox.add(test)?;
    }
    let report = deliver_these(context, &tests)?;
    Ok(super::show(ui, &report))
}

fn webhooks(context: &Context, lane: &LaneName) -> Result<Vec<Webhook>, CommandError> {
    let lanes = context.lanes()?;
    if let Some(record) = lanes.tip(lane)? {
        return Ok(webhooks_at(&lanes, &record)?);
    }
    let tree = context.tree_at_hand()?;
    Ok(Workspace::new(tree.as_ref()).lane(lane)?.webhooks)
}
