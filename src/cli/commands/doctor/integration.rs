//! `pointsman doctor integration`.

use std::ops::ControlFlow;

use jiff::SignedDuration;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::intake::pseudonym_key;
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::domain::trace::filter::Filter;
use crate::engine::ports::LaneStore;
use crate::engine::ports::traces::{SpanOrder, SpanRequest, TraceBatch};
use crate::engine::traces::integration::{Check, Integration, Prepared};
use crate::engine::traces::redact::Redactor;
use crate::engine::workspace::Workspace;
use crate::report::integration::{IntegrationV1, render_integration};

/// How far back is looked where nobody says.
const LOOKED_AT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Check whether the traces tell enough to work with
///
/// Seven checks over the spans of the last week, or of the time that is said: enough traces that are
/// whole, useful names, attributes for environment, release, route and tenant, variables and responses of
/// calls to models, a decision about sensitive data, a prompt in use that has golden rows and evaluators,
/// and environments that are lanes. Each says the share that complies, of which 95 % must, an example
/// that does not, and what to change in the calling code.
///
/// Exits with 1 where a check does not hold, and with 6 where there is no span to look at.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman doctor integration
  pointsman doctor integration --since 24h --where 'service = support-api'
  pointsman doctor integration --json | jq '.checks[] | select(.complies | not)'")]
pub(super) struct IntegrationArgs {
    #[command(flatten)]
    selection: SelectionArgs,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &IntegrationArgs,
) -> Result<Exit, CommandError> {
    let selection = args.selection.recent(context, LOOKED_AT)?;
    let tree = context.tree_at_hand()?;
    let workspace = Workspace::new(tree.as_ref());
    let settings = workspace.project()?.redaction;
    let mut redactor = Redactor::new(&settings, pseudonym_key(context, &settings)?);
    let prepared = Prepared::of(&workspace, context.lanes()?.tips()?.into_keys())?;
    let is_whole = selection.filter == Filter::Everything;
    let mut integration = Integration::new(prepared, selection.range.from, is_whole);
    let request = SpanRequest {
        range: selection.range,
        filter: selection.filter,
        content: true,
        order: SpanOrder::Stored,
        limit: None,
    };
    context.trace_store()?.spans(&request, &mut |span| {
        let mut again = TraceBatch {
            spans: vec![span],
            ..TraceBatch::default()
        };
        let before = again.clone();
        redactor.redact(&mut again);
        let redacted = again == before;
        before
            .spans
            .iter()
            .for_each(|span| integration.add(span, redacted));
        ControlFlow::Continue(())
    })?;
    let Some(checks) = integration.finish() else {
        ui.note("there is no span to look at; `pointsman traces import` brings them");
        return Ok(Exit::NothingEvaluated);
    };
    if ui.wants_json() {
        ui.json(&IntegrationV1::new(&checks));
    } else {
        ui.text(render_integration(&checks));
    }
    Ok(if checks.iter().all(Check::complies) {
        Exit::Success
    } else {
        Exit::Failed
    })
}
