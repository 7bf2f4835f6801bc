//! `pointsman incident show`.

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Output, check_stdout, write_all};
use crate::cli::ui::Ui;
use crate::domain::id::IncidentId;
use crate::engine::workspace::kept::open;
use crate::report::html::incident::incident_html;
use crate::report::incident::json::IncidentV1;
use crate::report::json;

use super::file::IncidentFile;

/// Show an incident as its file tells it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman incident show 2026-03-02-refunds-pile-up
  pointsman incident show 2026-03-02-refunds-pile-up -o incident.html")]
pub(super) struct ShowArgs {
    /// The incident
    incident: IncidentId,
    /// Write the incident to a file, too, in the format of its ending: `.html`, a page that needs nothing
    /// else, or `.json`. Say `html=-` for stdout
    #[arg(short, long = "output", value_name = "[FORMAT=]PATH")]
    outputs: Vec<Output<IncidentFormat>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IncidentFormat {
    Html,
    Json,
}

impl Format for IncidentFormat {
    const NAMES: &'static [(&'static str, Self)] = &[("html", Self::Html), ("json", Self::Json)];
    const ENDINGS: &'static str = ".html or .json";
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<Exit, CommandError> {
    check_stdout(&args.outputs, ui)?;
    let file = IncidentFile::read(context, &args.incident)?;
    let body = open(file.source())?.1.body.text;
    let shown = write_all(context, ui, &args.outputs, |format| match format {
        IncidentFormat::Html => incident_html(&file.incident, &body),
        IncidentFormat::Json => json::pretty(&IncidentV1::new(&file.incident)),
    })?;
    if ui.wants_json() {
        ui.json(&IncidentV1::new(&file.incident));
    } else if !shown {
        ui.document(&file.source().text);
    }
    Ok(Exit::Success)
}
