//! `pointsman traces list`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::selection::SelectionArgs;
use crate::cli::ui::Ui;
use crate::domain::id::ViewId;
use crate::domain::trace::field::{Field, RowOrder};
use crate::domain::trace::query::Level;
use crate::domain::trace::view::View;
use crate::domain::untrusted::Untrusted;
use crate::engine::traces::explore::list::{ListRequest, ListRow, list};
use crate::report::traces::list::{list_line, list_table};

use super::views::save;
use super::{Grain, explain_nothing};

/// What is shown of a trace where nobody says.
const OF_TRACE: [&str; 8] = [
    "time",
    "trace",
    "name",
    "status",
    "duration",
    "spans",
    "total_tokens",
    "cost",
];

/// What is shown of a span where nobody says.
const OF_SPAN: [&str; 10] = [
    "time",
    "trace",
    "span",
    "name",
    "status",
    "duration",
    "prompt",
    "model",
    "total_tokens",
    "cost",
];

/// Show traces, the newest first, or the spans that a filter means
///
/// A trace is shown where one of its spans is meant, with what all of its spans in that time took and
/// cost. `--json` prints a line of JSON for each row, with the columns that were asked for; durations
/// are in nanoseconds.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces list --since 24h
  pointsman traces list --where 'lane = production and status = error'
  pointsman traces list --by span --where 'prompt = support/triage' --sort -duration -n 5
  pointsman traces list --columns time,trace,input,output,score --json")]
pub(in crate::cli) struct ListArgs {
    /// What a row is: a trace, as where nobody says, or a span
    #[arg(long, value_name = "WHAT")]
    by: Option<Grain>,
    /// The columns: those of filters, and `spans`, `input`, `output`
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    columns: Vec<Field>,
    /// The column to put the rows in order by; with `-` before it, the greatest first. Where nobody says,
    /// what began last comes first
    #[arg(long, value_name = "[-]COLUMN", allow_hyphen_values = true)]
    sort: Option<RowOrder>,
    /// Show this many rows
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    count: usize,
    /// Save the question as a view, to ask it again with `--view`
    #[arg(long, value_name = "VIEW")]
    save: Option<ViewId>,
    #[command(flatten)]
    selection: SelectionArgs,
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ListArgs) -> Result<Exit, CommandError> {
    let layout = Layout::of(context, args)?;
    let request = request(context, args, &layout)?;
    if let Some(id) = &args.save {
        let selected = args.selection.save_as(id, context)?;
        let view = View {
            by: layout.by,
            columns: layout.columns,
            sort: layout.sort,
            ..selected
        };
        save(context, ui, &view)?;
    }
    let store = context.trace_store()?;
    let rows = list(store.as_ref(), &request)?;
    if rows.is_empty() && args.count > 0 {
        explain_nothing(ui, store.as_ref(), &request.selection)?;
    }
    if ui.wants_json() {
        for row in &rows {
            ui.text(list_line(&request.fields, row));
        }
        return Ok(Exit::Success);
    }
    if !rows.is_empty() {
        ui.text(list_table(&request.fields, &rows, ui.width()));
        ui.note(next(&rows[0]));
    }
    Ok(Exit::Success)
}

/// What is asked for.
pub(in crate::cli) fn asked(
    context: &Context,
    args: &ListArgs,
) -> Result<ListRequest, CommandError> {
    request(context, args, &Layout::of(context, args)?)
}

fn request(
    context: &Context,
    args: &ListArgs,
    layout: &Layout,
) -> Result<ListRequest, CommandError> {
    let level = layout.by.unwrap_or(Level::Trace);
    Ok(ListRequest {
        selection: args.selection.selection(context)?,
        level,
        order: layout.sort.clone().unwrap_or(RowOrder::NEWEST_FIRST),
        limit: args.count,
        fields: fields(level, &layout.columns),
    })
}

/// How a list looks: as the options say, or else as the view does.
struct Layout {
    by: Option<Level>,
    columns: Vec<Field>,
    sort: Option<RowOrder>,
}

impl Layout {
    fn of(context: &Context, args: &ListArgs) -> Result<Self, CommandError> {
        let (by, columns, sort) = match args.selection.view(context)? {
            Some(view) => (view.by, view.columns, view.sort),
            None => (None, Vec::new(), None),
        };
        Ok(Self {
            by: args.by.map(Grain::level).or(by),
            columns: if args.columns.is_empty() {
                columns
            } else {
                args.columns.clone()
            },
            sort: args.sort.clone().or(sort),
        })
    }
}

fn fields(level: Level, wanted: &[Field]) -> Vec<Field> {
    if !wanted.is_empty() {
        return wanted.to_vec();
    }
    let names = match level {
        Level::Trace => &OF_TRACE[..],
        Level::Span => &OF_SPAN[..],
    };
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// What to do next.
fn next(row: &ListRow) -> String {
    let what = match &row.span {
        Some(span) => format!("{}/{span}", row.trace),
        None => row.trace.clone(),
    };
    format!("look into one: pointsman traces show {}", Untrusted(&what))
}
