//! `pointsman dataset export`.

use std::io::{self, Write};

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Output};
use crate::cli::ui::Ui;
use crate::domain::cell::neutral;
use crate::domain::dataset::{Dataset, RowsFormat};
use crate::domain::finding::Findings;
use crate::domain::id::DatasetId;
use crate::engine::datasets::spelling::{CsvColumns, NotCsv, csv_record, row_line};
use crate::engine::workspace::Workspace;

use super::dataset_id;

/// Write a dataset's rows to a file, as CSV for tables or as JSON lines
///
/// CSV cannot hold everything: a conversation or a row that waits for a review is refused, and
/// remarks and sources of rows are left out. A cell that a program would take for a formula gets a
/// `'` before it, which `pointsman dataset import` takes off again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset export support-golden -o golden.csv
  pointsman dataset export support-golden --at lanes/production -o jsonl=-")]
pub(super) struct ExportArgs {
    /// The dataset
    #[arg(value_parser = dataset_id)]
    dataset: DatasetId,
    /// Where to: a `.csv` or `.jsonl` file. Say `csv=-` for stdout
    #[arg(short, long, value_name = "[FORMAT=]PATH")]
    output: Output<RowsFile>,
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowsFile {
    Csv,
    Jsonl,
}

impl Format for RowsFile {
    const NAMES: &'static [(&'static str, Self)] = &[("csv", Self::Csv), ("jsonl", Self::Jsonl)];
    const ENDINGS: &'static str = ".csv or .jsonl";
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Rows(#[from] Findings),
    #[error(transparent)]
    NotCsv(#[from] NotCsv),
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ExportArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let workspace = Workspace::new(tree.as_ref());
    let dataset = workspace.dataset(&args.dataset)?;
    let mut count = 0_u64;
    args.output.write(context, |file| {
        let written = match args.output.format {
            RowsFile::Csv => write_csv(&workspace, &dataset, file),
            RowsFile::Jsonl => write_jsonl(&workspace, &dataset, file),
        };
        count = written?;
        Ok(())
    })?;
    ui.note(format_args!("wrote {count} rows"));
    Ok(Exit::Success)
}

/// Lines as they stand in the file, where they are lines already.
fn write_jsonl(
    workspace: &Workspace<'_>,
    dataset: &Dataset,
    file: &mut dyn Write,
) -> Result<u64, ExportError> {
    let mut rows = workspace.rows(dataset)?;
    let mut count = 0;
    while let Some(row) = rows.next() {
        let row = row?;
        match dataset.rows_format {
            RowsFormat::Jsonl => writeln!(file, "{}", rows.excerpt())?,
            RowsFormat::Csv | RowsFormat::TestData => file.write_all(row_line(&row).as_bytes())?,
        }
        count += 1;
    }
    Ok(count)
}

/// Reads the rows twice: the columns are known when the last row is.
fn write_csv(
    workspace: &Workspace<'_>,
    dataset: &Dataset,
    file: &mut dyn Write,
) -> Result<u64, ExportError> {
    let mut columns = CsvColumns::default();
    for row in workspace.rows(dataset)? {
        columns.add(&row?);
    }
    let columns = columns.names();
    let mut writer = csv::Writer::from_writer(file);
    let mut write = |cells: &[String]| {
        let cells = cells.iter().map(|cell| neutral(cell).into_owned());
        writer.write_record(cells).map_err(io::Error::other)
    };
    write(&columns)?;
    let mut count = 0;
    for row in workspace.rows(dataset)? {
        write(&csv_record(&row?, &columns)?)?;
        count += 1;
    }
    writer.flush()?;
    Ok(count)
}

impl From<ExportError> for CommandError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Rows(findings) => findings.into(),
            ExportError::NotCsv(error) => {
                Self::usage(error.to_string()).with_hint("export as JSON lines: `-o jsonl=PATH`")
            }
            ExportError::Write(error) => Self::usage(format!("cannot write the rows: {error}")),
        }
    }
}
