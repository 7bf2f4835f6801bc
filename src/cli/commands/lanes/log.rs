//! `pointsman lanes log`.

use crate::cli::arguments::prompt_id;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::id::{LaneName, PromptId};
use crate::engine::ports::{LaneError, LaneRecord, LaneStore};
use crate::engine::release::history::History;
use crate::report::release::record_line;
use crate::report::release_json::LaneLogV1;

use super::current;

/// Show the records of a lane, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman lanes log production
  pointsman lanes log production --prompt support/triage --json")]
pub(super) struct LogArgs {
    /// The lane
    lane: LaneName,
    /// Show this many records
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    count: usize,
    /// Only the records that changed this prompt: its file, or a partial that it includes
    #[arg(long, value_name = "PROMPT", value_parser = prompt_id)]
    prompt: Option<PromptId>,
}

pub(super) fn run(
    ui: &mut Ui,
    lanes: &dyn LaneStore,
    args: &LogArgs,
) -> Result<Exit, CommandError> {
    let current = current(lanes, &args.lane)?;
    let shown = |record: &Result<LaneRecord, LaneError>| match (record, &args.prompt) {
        (Ok(record), Some(prompt)) => record.deployment.changes.names(prompt),
        _ => true,
    };
    let history = History::from(lanes, &current).filter(shown);
    let records: Result<Vec<LaneRecord>, _> = history.take(args.count).collect();
    let records = records?;
    if ui.wants_json() {
        ui.json(&LaneLogV1::new(&args.lane, &records));
        return Ok(Exit::Success);
    }
    if let (Some(prompt), true) = (&args.prompt, records.is_empty()) {
        ui.note(format!("no record of lane {} changed {prompt}", args.lane));
    }
    for record in &records {
        ui.line(record_line(record));
    }
    Ok(Exit::Success)
}
