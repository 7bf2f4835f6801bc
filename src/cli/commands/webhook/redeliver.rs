//! `pointsman webhook redeliver`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::cli::webhooks::deliver_these;
use crate::domain::webhook::delivery::Delivery;

/// The fewest characters that may stand for a message's id.
const FEWEST: usize = 8;

/// Send a message again, with the id that it had
///
/// Also one that was delivered, and also to a receiver that wanted no more: where it takes the
/// message, it gets those again that wait for it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman webhook redeliver msg_435572397a
  pointsman webhook redeliver msg_435572397a --to PROD_WEBHOOK_URL")]
pub(super) struct RedeliverArgs {
    /// The message's id, or its start
    message: String,
    /// Only to the receiver whose address is in this variable
    #[arg(long, value_name = "VARIABLE")]
    to: Option<String>,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &RedeliverArgs,
) -> Result<Exit, CommandError> {
    let wanted = find(context.outbox()?.deliveries()?, args)?;
    let report = deliver_these(context, &wanted)?;
    Ok(super::show(ui, &report))
}

/// The messages that the arguments mean: one message, to one receiver or to all that it was for.
fn find(all: Vec<Delivery>, args: &RedeliverArgs) -> Result<Vec<Delivery>, CommandError> {
    let is_meant = |delivery: &Delivery| {
        args.message.len() >= FEWEST
            && delivery.message.starts_with(&args.message)
            && args
                .to
                .as_ref()
                .is_none_or(|to| *to == delivery.webhook.url_env)
    };
    let found: Vec<Delivery> = all.into_iter().filter(is_meant).collect();
    let problem = match found.first() {
        None => "there is no such message",
        Some(first) if found.iter().any(|other| other.message != first.message) => {
            "several messages start like this"
        }
        Some(_) => return Ok(found),
    };
    Err(
        CommandError::usage(format!("{problem}: `{}`", args.message))
            .with_hint("`pointsman webhook deliveries --json` shows the ids and the variables"),
    )
}
