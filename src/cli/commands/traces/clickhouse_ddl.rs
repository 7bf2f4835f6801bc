//! `pointsman traces clickhouse-ddl`.

use crate::adapters::clickhouse::ddl;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::project::{ClickHouseSettings, TraceSettings};
use crate::engine::traces::map::cost::TracePrices;

/// Print the statements that make questions to ClickHouse fast
///
/// OpenTelemetry's collector keeps numbers and all that was said in one map of attributes. These
/// statements give its table a column for each number and name that questions are asked about, filled
/// as spans arrive; questions use them as soon as they are there. Costs that nobody reported are
/// computed by today's prices. Nothing is run: whoever owns the table does that.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces clickhouse-ddl > pointsman.sql
  pointsman traces clickhouse-ddl | clickhouse-client --multiquery")]
pub(super) struct ClickhouseDdlArgs {}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    ClickhouseDdlArgs {}: &ClickhouseDdlArgs,
) -> Result<Exit, CommandError> {
    let project = context.project_at_hand()?;
    let settings = match project.traces {
        TraceSettings::ClickHouse(settings) => settings,
        TraceSettings::Files => ClickHouseSettings::default(),
    };
    ui.text(ddl(&settings.table, &TracePrices::new(project.prices)));
    Ok(Exit::Success)
}
