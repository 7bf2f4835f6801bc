//! Sending what the outbox holds, for whichever command has a reason to.

use std::time::Duration;

use crate::adapters::hosts::Hosts;
use crate::adapters::webhooks::{Courier, Surroundings};
use crate::domain::webhook::delivery::Delivery;
use crate::domain::webhook::report::Report;
use crate::engine::ports::StoreError;
use crate::report::webhooks::complaint;

use super::context::Context;
use super::env;
use super::error::CommandError;
use super::exit::Exit;
use super::ui::Ui;

/// How long a move waits for its receivers, in all. It has happened by then.
const AFTER_A_MOVE: Duration = Duration::from_secs(5);

/// How long a command waits that was asked to send.
const ON_REQUEST: Duration = Duration::from_mins(2);

/// Tells the webhooks what happened. Whatever goes wrong is a warning: the lane has moved.
pub fn deliver_after_move(context: &Context, ui: &mut Ui) {
    match deliver_due(context, AFTER_A_MOVE) {
        Ok(report) => warn_of(ui, &report),
        Err(error) => {
            ui.warn(format!("webhooks were not told: {}", error.message));
            for hint in &error.hints {
                ui.note(format!("hint: {hint}"));
            }
        }
    }
}

/// Writes the messages that a crash swallowed, and sends what is due.
pub fn deliver_on_request(context: &Context) -> Result<Report, CommandError> {
    deliver_due(context, ON_REQUEST)
}

/// Sends these messages now.
pub fn deliver_these(context: &Context, wanted: &[Delivery]) -> Result<Report, CommandError> {
    with_courier(context, ON_REQUEST, async |courier| {
        courier.send_these(wanted).await
    })
}

/// Warns of every receiver that was not told.
pub fn warn_of(ui: &mut Ui, report: &Report) {
    if report.busy {
        ui.note("another process is telling the webhooks");
    }
    for told in &report.told {
        if let Some(complaint) = complaint(told) {
            ui.warn(complaint);
        }
    }
}

/// The exit code of a command that was asked to send.
pub fn exit_of(report: &Report) -> Exit {
    if report.is_clean() {
        Exit::Success
    } else {
        Exit::Provider
    }
}

fn deliver_due(context: &Context, deadline: Duration) -> Result<Report, CommandError> {
    context.lanes()?.catch_up(context.clock().now())?;
    with_courier(context, deadline, async |courier| courier.send_due().await)
}

fn with_courier(
    context: &Context,
    deadline: Duration,
    work: impl AsyncFnOnce(&Courier<'_>) -> Result<Report, StoreError>,
) -> Result<Report, CommandError> {
    let around = Surroundings {
        variable: Box::new(|name| context.environment().text(name).map(str::to_owned)),
        allowed: allowed(context)?,
        clock: context.clock(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CommandError::usage(format!("cannot start calling webhooks: {error}"))
                .with_hint("close other programs and try again")
        })?;
    let outbox = context.outbox()?;
    let courier = Courier::new(&outbox, &around, deadline);
    let report = runtime.block_on(work(&courier));
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    Ok(report?)
}

/// The receivers off the public internet that the user allows.
fn allowed(context: &Context) -> Result<Hosts, CommandError> {
    Ok(context.hosts(env::WEBHOOK_HOSTS)?.unwrap_or_default())
}
