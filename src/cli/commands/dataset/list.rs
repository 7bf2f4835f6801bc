//! `pointsman dataset list`.

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::dataset::{DatasetKind, RowStatus};
use crate::domain::finding::Findings;
use crate::domain::id::{DatasetId, PromptId};
use crate::domain::prompt::Prompt;
use crate::engine::workspace::Workspace;
use crate::report::table::TextTable;

/// List all datasets with their rows, and the prompts that they test
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset list
  pointsman dataset list --at lanes/production --json")]
pub(super) struct ListArgs {
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
struct ListOutput {
    schema: &'static str,
    source: String,
    datasets: Vec<ListedDataset>,
}

#[derive(Serialize)]
struct ListedDataset {
    id: DatasetId,
    description: Option<String>,
    kind: DatasetKind,
    rows: u64,
    gating: u64,
    critical: u64,
    pending: u64,
    prompts: Vec<PromptId>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ListArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let datasets = listed(&Workspace::new(tree.as_ref()))?;
    if ui.wants_json() {
        ui.json(&ListOutput {
            schema: "pointsman/dataset-list/v1",
            source: tree.label(),
            datasets,
        });
        return Ok(Exit::Success);
    }
    if datasets.is_empty() {
        ui.note("there are no datasets below `datasets/`");
        return Ok(Exit::Success);
    }
    let mut table = TextTable::new(&[
        "DATASET", "KIND", "ROWS", "GATING", "CRITICAL", "PENDING", "TESTS",
    ]);
    for column in 2..6 {
        table = table.align_right(column);
    }
    for dataset in &datasets {
        let prompts: Vec<&str> = dataset.prompts.iter().map(PromptId::as_str).collect();
        table.row([
            dataset.id.as_str(),
            dataset.kind.name(),
            &dataset.rows.to_string(),
            &dataset.gating.to_string(),
            &dataset.critical.to_string(),
            &dataset.pending.to_string(),
            &prompts.join(", "),
        ]);
    }
    ui.text(table.render());
    Ok(Exit::Success)
}

fn listed(workspace: &Workspace<'_>) -> Result<Vec<ListedDataset>, Findings> {
    let ids = workspace.prompt_ids()?;
    let prompts: Vec<Prompt> = ids
        .iter()
        .map(|id| workspace.prompt(id))
        .collect::<Result<_, _>>()?;
    let ids = workspace.dataset_ids()?;
    ids.into_iter()
        .map(|id| one(workspace, &prompts, id))
        .collect()
}

fn one(
    workspace: &Workspace<'_>,
    prompts: &[Prompt],
    id: DatasetId,
) -> Result<ListedDataset, Findings> {
    let dataset = workspace.dataset(&id)?;
    let tested = prompts
        .iter()
        .filter(|prompt| prompt.evals.iter().any(|eval| eval.dataset.0 == id));
    let mut listed = ListedDataset {
        prompts: tested.map(|prompt| prompt.id.clone()).collect(),
        description: dataset.description.clone(),
        kind: dataset.kind,
        rows: 0,
        gating: 0,
        critical: 0,
        pending: 0,
        id,
    };
    for row in workspace.rows(&dataset)? {
        let row = row?;
        listed.rows += 1;
        listed.gating += u64::from(row.gates());
        listed.critical += u64::from(row.critical && row.gates());
        listed.pending += u64::from(row.status == RowStatus::Pending);
    }
    Ok(listed)
}
