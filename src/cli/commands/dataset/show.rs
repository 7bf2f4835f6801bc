//! `pointsman dataset show`.

use serde::Serialize;
use serde_json::Value;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::dataset::{Dataset, DatasetKind, Row, RowStatus};
use crate::domain::id::DatasetId;
use crate::domain::untrusted::{Untrusted, UntrustedBlock, shorten};
use crate::engine::datasets::spelling::{row_json, text_of, word};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::rows::STATUSES;
use crate::report::table::TextTable;

use super::{dataset_id, find_row};

/// How many characters of a value a table shows.
const SHORT: usize = 48;

/// Show a dataset's rows, or everything about one of them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset show support-golden
  pointsman dataset show support-golden --pending
  pointsman dataset show support-golden account-password --json")]
pub(super) struct ShowArgs {
    /// The dataset
    #[arg(value_parser = dataset_id)]
    dataset: DatasetId,
    /// Only this row, with everything that it holds
    row: Option<String>,
    /// Only rows that wait for a review
    #[arg(long, conflicts_with = "row")]
    pending: bool,
    /// Show this many rows
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 50)]
    count: usize,
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
struct ShowOutput<'d> {
    schema: &'static str,
    source: String,
    id: &'d DatasetId,
    description: &'d Option<String>,
    kind: DatasetKind,
    rows: Vec<Value>,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let workspace = Workspace::new(tree.as_ref());
    let dataset = workspace.dataset(&args.dataset)?;
    let rows = match &args.row {
        Some(id) => vec![find_row(&workspace, &dataset, id)?.row],
        None => some_rows(ui, &workspace, &dataset, args)?,
    };
    if ui.wants_json() {
        ui.json(&ShowOutput {
            schema: "pointsman/dataset/v1",
            source: tree.label(),
            id: &dataset.id,
            description: &dataset.description,
            kind: dataset.kind,
            rows: rows.iter().map(row_json).collect(),
        });
        return Ok(Exit::Success);
    }
    match rows.as_slice() {
        [row] if args.row.is_some() => show_row(ui, row),
        rows => ui.text(table(rows)),
    }
    Ok(Exit::Success)
}

fn some_rows(
    ui: &mut Ui,
    workspace: &Workspace<'_>,
    dataset: &Dataset,
    args: &ShowArgs,
) -> Result<Vec<Row>, CommandError> {
    let mut shown = Vec::new();
    let mut more = 0_u64;
    for row in workspace.rows(dataset)? {
        let row = row?;
        if args.pending && row.status != RowStatus::Pending {
            continue;
        }
        if shown.len() < args.count {
            shown.push(row);
        } else {
            more += 1;
        }
    }
    if more > 0 {
        ui.note(format_args!("{more} more rows; `-n` shows more of them"));
    } else if shown.is_empty() {
        ui.note("there are no such rows");
    }
    Ok(shown)
}

fn table(rows: &[Row]) -> String {
    let mut table = TextTable::new(&["ROW", "STATUS", "COUNTS", "EXPECTED", "ASKS"]);
    for row in rows {
        let expected = row.expected.as_ref().map(text_of).unwrap_or_default();
        let counts = match (row.gates(), row.critical) {
            (true, true) => "critical",
            (true, false) => "yes",
            (false, _) => "no",
        };
        table.row([
            &row.id,
            word(&STATUSES, &row.status),
            counts,
            &shorten(&expected, SHORT),
            &shorten(&asks(row), SHORT),
        ]);
    }
    table.render()
}

/// What the row asks, in a line: what the user said last, or the first of its values.
fn asks(row: &Row) -> String {
    let last = row.messages.last();
    let said = last.and_then(|message| message.content.texts().next());
    let said = said.map(str::to_owned);
    let value = || row.vars.values().next().map(text_of);
    said.or_else(value).unwrap_or_default()
}

/// Everything about a row, a value a block.
pub(super) fn show_row(ui: &mut Ui, row: &Row) {
    let Value::Object(fields) = row_json(row) else {
        return;
    };
    for (name, value) in fields {
        match value {
            Value::Object(entries) => {
                ui.line(format_args!("{name}"));
                for (key, value) in entries {
                    show_value(ui, &format!("  {}", Untrusted(&key)), &text_of(&value));
                }
            }
            value => show_value(ui, &name, &text_of(&value)),
        }
    }
}

fn show_value(ui: &mut Ui, name: &str, text: &str) {
    if !text.contains('\n') {
        ui.line(format_args!("{name:<12} {}", Untrusted(text)));
        return;
    }
    ui.line(name);
    for line in UntrustedBlock(text).to_string().lines() {
        ui.line(format_args!("    {line}"));
    }
}
