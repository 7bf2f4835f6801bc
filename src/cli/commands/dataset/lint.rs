//! `pointsman dataset lint`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::adapters::store::FileRunStore;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::finding::{Finding, sort_findings};
use crate::domain::id::DatasetId;
use crate::engine::datasets::lint::{LintError, lint};
use crate::engine::workspace::Workspace;
use crate::report::findings::{FindingStyles, render_finding};

use super::dataset_id;

/// Find what makes datasets prove less than they seem to
///
/// Looks for rows whose text stands in the prompt that they test, rows that ask the same and want
/// different answers, labels that are too rare, rows that never failed with any version, and rows
/// that wait for a review. Nothing is called and nothing is changed.
///
/// Exits with 1 where there is something to say.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman dataset lint
  pointsman dataset lint support-golden --json")]
pub(super) struct LintArgs {
    /// These datasets; absent: all of them
    #[arg(value_parser = dataset_id)]
    datasets: Vec<DatasetId>,
}

#[derive(Serialize)]
struct LintOutput<'f> {
    schema: &'static str,
    datasets: &'f [DatasetId],
    findings: &'f [Finding],
}

/// Runs the command.
pub(super) fn run(context: &Context, ui: &mut Ui, args: &LintArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    let datasets = if args.datasets.is_empty() {
        workspace.dataset_ids()?
    } else {
        args.datasets.clone()
    };
    let runs = FileRunStore::new(context.state_dir()?);
    let mut findings = Vec::new();
    for id in &datasets {
        let dataset = workspace.dataset(id)?;
        findings.extend(lint(&workspace, &dataset, &runs)?);
    }
    sort_findings(&mut findings);
    if ui.wants_json() {
        ui.json(&LintOutput {
            schema: "pointsman/dataset-lint/v1",
            datasets: &datasets,
            findings: &findings,
        });
    } else {
        let styles = FindingStyles::new(ui.color());
        let mut text = String::new();
        for finding in &findings {
            let _ = writeln!(text, "{}", render_finding(finding, &styles));
        }
        ui.text(text);
        let count = datasets.len();
        ui.line(match findings.len() {
            0 => format!("looked at {count} dataset(s): nothing to say"),
            found => format!("looked at {count} dataset(s): {found} remark(s)"),
        });
    }
    Ok(if findings.is_empty() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

impl From<LintError> for CommandError {
    fn from(error: LintError) -> Self {
        match error {
            LintError::Findings(findings) => findings.into(),
            LintError::Store(error) => error.into(),
        }
    }
}
