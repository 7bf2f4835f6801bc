//! `pointsman traces`: what happened in production.

mod clickhouse_ddl;
mod export;
mod import;
pub(in crate::cli) mod list;
mod receive;
mod search;
pub(in crate::cli) mod show;
mod views;

use clap::ValueEnum;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::suggest::nearest;
use crate::domain::trace::column::Column;
use crate::domain::trace::filter::TimeRange;
use crate::domain::trace::query::Level;
use crate::domain::trace::selection::Selection;
use crate::domain::untrusted::Untrusted;
use crate::engine::ports::traces::{StoreContents, TraceStore};
use crate::report::release::seconds;

/// Show what happened in production: import, receive, list, look into, search and export traces
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces import traces.jsonl
  pointsman traces receive
  pointsman traces list --since 24h --where 'status = error'
  pointsman traces list --by span --where 'prompt = support/triage' --sort -duration
  pointsman traces show 4bf92f3577b3
  pointsman traces search 'refund \"charged twice\"'")]
pub struct TracesArgs {
    #[command(subcommand)]
    command: TracesCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TracesCommand {
    Import(import::ImportArgs),
    Receive(receive::ReceiveArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Search(search::SearchArgs),
    Export(export::ExportArgs),
    Views(views::ViewsArgs),
    ClickhouseDdl(clickhouse_ddl::ClickhouseDdlArgs),
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &TracesArgs) -> Result<Exit, CommandError> {
    match &args.command {
        TracesCommand::Import(args) => import::run(context, ui, args),
        TracesCommand::Receive(args) => receive::run(context, ui, args),
        TracesCommand::List(args) => list::run(context, ui, args),
        TracesCommand::Show(args) => show::run(context, ui, args),
        TracesCommand::Search(args) => search::run(context, ui, args),
        TracesCommand::Export(args) => export::run(context, ui, args),
        TracesCommand::Views(args) => views::run(context, ui, args),
        TracesCommand::ClickhouseDdl(args) => clickhouse_ddl::run(context, ui, args),
    }
}

/// What a row or a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Grain {
    /// A trace
    Trace,
    /// A span
    Span,
}

impl Grain {
    pub(super) fn level(self) -> Level {
        match self {
            Self::Trace => Level::Trace,
            Self::Span => Level::Span,
        }
    }
}

/// Says why nothing was found.
pub(super) fn explain_nothing(
    ui: &mut Ui,
    store: &dyn TraceStore,
    selection: &Selection,
) -> Result<(), CommandError> {
    for line in why_nothing(store, selection)? {
        ui.note(line);
    }
    Ok(())
}

/// Why nothing was found, in lines.
pub(in crate::cli) fn why_nothing(
    store: &dyn TraceStore,
    selection: &Selection,
) -> Result<Vec<String>, CommandError> {
    let contents = store.contents()?;
    let (Some(first), Some(last)) = (contents.first, contents.last) else {
        let none = "no traces are kept here; `pointsman traces import` and `receive` bring them";
        return Ok(vec![none.to_owned()]);
    };
    let held = TimeRange {
        from: first,
        until: last,
    };
    let range = selection.range;
    if range.until <= held.from || held.until < range.from {
        return Ok(vec![format!(
            "no span began in this time; {} spans are kept, from {} to {}",
            contents.spans,
            seconds(first),
            seconds(last)
        )]);
    }
    let mut lines = vec!["none of the spans in this time is meant".to_owned()];
    let columns = selection.filter.columns();
    lines.extend(
        columns
            .into_iter()
            .filter_map(|column| unseen(column, &contents)),
    );
    Ok(lines)
}

/// What is odd about a column that a filter names.
fn unseen(column: &Column, contents: &StoreContents) -> Option<String> {
    let (name, known): (_, Vec<&str>) = match column {
        Column::Attribute(name) => (
            name,
            contents.attributes.keys().map(String::as_str).collect(),
        ),
        Column::Score(name) => (name, contents.scored.iter().map(String::as_str).collect()),
        _ => return None,
    };
    if known.contains(&name.as_str()) {
        return None;
    }
    let mut text = format!("no span that is kept has `{}`", Untrusted(&column.name()));
    if let Some(near) = nearest(name, known) {
        let full = column.name().replace(name.as_str(), near);
        text = format!("{text}; did you mean `{}`?", Untrusted(&full));
    }
    Some(text)
}
