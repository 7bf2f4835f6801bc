//! `pointsman dataset`: the rows that prompts are tested on.

mod add_span;
mod export;
mod grow;
mod import;
mod lint;
mod list;
mod prove;
mod review;
mod show;

use std::path::PathBuf;

use crate::adapters::rewrite::rewrite_rows;
use crate::cli::arguments::dataset_id;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::dataset::{Dataset, Row, RowsFormat};
use crate::domain::suggest::did_you_mean;
use crate::engine::datasets::edit::RowsEdit;
use crate::engine::workspace::Workspace;

pub use add_span::{Destination, bring_spans, calls_in};
pub(in crate::cli) use grow::who;

/// List and show datasets, bring rows in, review them, and find what makes them prove little
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset list
  pointsman dataset show support-golden account-password
  pointsman dataset import tickets.csv --to support-regression --map text=ticket
  pointsman dataset add-span --view unhappy --to support-regression
  pointsman dataset review support-regression
  pointsman dataset prove support-regression refund-late --before lanes/production
  pointsman dataset lint
  pointsman dataset export support-golden -o golden.csv")]
pub struct DatasetArgs {
    #[command(subcommand)]
    command: DatasetCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DatasetCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Import(import::ImportArgs),
    AddSpan(Box<add_span::AddSpanArgs>),
    Review(review::ReviewArgs),
    Prove(Box<prove::ProveArgs>),
    Lint(lint::LintArgs),
    Export(export::ExportArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &DatasetArgs) -> Result<Exit, CommandError> {
    match &args.command {
        DatasetCommand::List(args) => list::run(context, ui, args),
        DatasetCommand::Show(args) => show::run(context, ui, args),
        DatasetCommand::Import(args) => import::run(context, ui, args),
        DatasetCommand::AddSpan(args) => add_span::run(context, ui, args),
        DatasetCommand::Review(args) => review::run(context, ui, args),
        DatasetCommand::Prove(args) => prove::run(context, ui, args),
        DatasetCommand::Lint(args) => lint::run(context, ui, args),
        DatasetCommand::Export(args) => export::run(context, ui, args),
    }
}

/// A row with the text that stands for it in its file.
struct FoundRow {
    row: Row,
    text: String,
}

/// The row of this name; the error knows the others.
fn find_row(
    workspace: &Workspace<'_>,
    dataset: &Dataset,
    id: &str,
) -> Result<FoundRow, CommandError> {
    let mut rows = workspace.rows(dataset)?;
    let mut known = Vec::new();
    while let Some(row) = rows.next() {
        let row = row?;
        if row.id == id {
            let text = rows.excerpt().to_owned();
            return Ok(FoundRow { row, text });
        }
        known.push(row.id);
    }
    let help = did_you_mean(id, known.iter().map(String::as_str));
    let message = format!("the dataset `{}` has no row `{id}`", dataset.id);
    Err(CommandError::usage(message).with_hint(help))
}

/// Changes the rows of a dataset on disk. Only JSON lines can hold a review and where a row is from.
fn change_rows(context: &Context, dataset: &Dataset, edit: &RowsEdit) -> Result<(), CommandError> {
    require_jsonl(dataset)?;
    let path = rows_path(context, dataset)?;
    rewrite_rows(&path, edit).map_err(|error| {
        CommandError::usage(format!("cannot write `{}`: {error}", dataset.rows_path))
            .with_hint("the file is as it was; make it writable, and run this again")
    })
}

fn rows_path(context: &Context, dataset: &Dataset) -> Result<PathBuf, CommandError> {
    Ok(context.workspace_root()?.join(&dataset.rows_path))
}

/// Refuses datasets whose rows cannot say whether they were reviewed.
fn require_jsonl(dataset: &Dataset) -> Result<(), CommandError> {
    let id = &dataset.id;
    let (what, hint) = match dataset.rows_format {
        RowsFormat::Jsonl => return Ok(()),
        RowsFormat::Csv => (
            "CSV",
            format!(
                "`pointsman dataset export {id} -o datasets/{id}.jsonl`, then name that file in \
                 `{}`",
                id.path()
            ),
        ),
        RowsFormat::TestData => (
            "the prompt's own file",
            "move `testData` to a dataset of its own".to_owned(),
        ),
    };
    let message = format!(
        "the rows of `{id}` stand in {what}, which cannot hold a review or where a row is from"
    );
    Err(CommandError::usage(message).with_hint(hint))
}
