//! `pointsman incident preserve`.

use crate::cli::arguments::{dataset_id, prompt_id};
use crate::cli::commands::dataset::{Destination, bring_spans, calls_in};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::dataset::DatasetKind;
use crate::domain::id::{DatasetId, IncidentId, PromptId};
use crate::domain::incident::{Incident, RowName, Why};
use crate::engine::datasets::from_spans::{Brought, Contract};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::incident::rows_setting;
use crate::report::added_spans::AddedSpans;

use super::file::{IncidentFile, signed_now, tell};

/// Keep the failed calls of an incident as rows of a dataset, which wait for a review
///
/// Of the traces among the evidence, but for those that were only slow, the calls of the prompts become
/// rows that are tested on the dataset: redacted, with where they are from, and labelled with the
/// incident. A call whose variables are not those that the prompt declares becomes no row: the exit code
/// is 1 then, and what does fit comes in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman incident preserve 2026-03-02-slow-refunds --to support-regression")]
pub(super) struct PreserveArgs {
    /// The incident
    incident: IncidentId,
    /// The dataset; one that is not there is made, of kind `regression`
    #[arg(long, value_name = "DATASET", value_parser = dataset_id)]
    to: DatasetId,
    /// The prompt that was called; where nobody says, one that is tested on the dataset, or for a new
    /// dataset the one that the span names
    #[arg(long, value_parser = prompt_id)]
    prompt: Option<PromptId>,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &PreserveArgs,
) -> Result<Exit, CommandError> {
    let file = IncidentFile::read(context, &args.incident)?;
    file.require_open()?;
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    let contract = Contract::of(&workspace, &args.to, args.prompt.as_ref())?;
    let store = context.trace_store()?;
    let failed = file.incident.traces(|why| why != Why::Slowest);
    let spans = calls_in(store.as_ref(), &failed, &contract)?;
    if spans.is_empty() {
        let message = format!(
            "no trace of the evidence that is still kept has a call of {}",
            contract.names()
        );
        return Err(CommandError::new(Exit::NothingEvaluated, message).with_hint(
            "add the spans that show it to `evidence` of the incident, or name another `--prompt`",
        ));
    }
    let is_there = workspace.dataset_ids()?.contains(&args.to);
    let dataset = is_there.then(|| workspace.dataset(&args.to)).transpose()?;
    let destination = Destination {
        id: &args.to,
        dataset: dataset.as_ref(),
        kind: DatasetKind::Regression,
        tags: vec![args.incident.to_string()],
        note: Some(file.incident.title.clone()),
        dry_run: false,
    };
    let brought = bring_spans(context, &workspace, &destination, contract, spans)?;
    let report = AddedSpans {
        dataset: &args.to,
        created: dataset.is_none() && !brought.added.is_empty(),
        dry_run: false,
        brought: &brought,
    };
    ui.note(report.text().trim_end());
    let incident = write_down(context, file, &args.to, &brought)?;
    let count = brought.added.len();
    let told = format!(
        "{}: {count} failed calls are kept in {}",
        incident.id, args.to
    );
    tell(ui, &incident, &told);
    ui.note(format_args!("next: pointsman dataset review {}", args.to));
    Ok(if brought.unfit.is_empty() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

/// Names the rows in the incident's file, those that were there before among them.
fn write_down(
    context: &Context,
    file: IncidentFile,
    dataset: &DatasetId,
    brought: &Brought,
) -> Result<Incident, CommandError> {
    let added = brought.added.iter().map(|row| &row.id);
    let known = brought.known.iter().map(|known| &known.row);
    let mut rows = file.incident.rows.clone();
    for row in added.chain(known) {
        let name = RowName {
            dataset: dataset.clone(),
            row: row.clone(),
        };
        if !rows.contains(&name) {
            rows.push(name);
        }
    }
    let signed = signed_now(context)?;
    let said = format!("kept {} failed calls in {dataset}", brought.added.len());
    file.change(context, &[rows_setting(&rows)], &signed, &said)
}
