//! `pointsman check`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::finding::Finding;
use crate::engine::check::{CheckReport, Counts, check};
use crate::engine::workspace::Workspace;
use crate::report::findings::{FindingStyles, render_finding};

/// Check every file of the workspace, and every name that one uses of another
///
/// Reads prompts, datasets with all their rows, evaluators and lanes, and reports everything that is
/// wrong with its place. Nothing is called and nothing is changed.
///
/// Exits with 1 where there is an error.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman check
  pointsman check --at lanes/production
  pointsman check --json | jq '.findings[].ident'")]
pub struct CheckArgs {
    /// Check a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Serialize)]
struct CheckOutput<'r> {
    schema: &'static str,
    usable: bool,
    counts: Counts,
    findings: &'r [Finding],
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &CheckArgs) -> Result<Exit, CommandError> {
    let tree = context.tree(args.at.as_deref())?;
    let report = check(&Workspace::new(tree.as_ref()));
    if ui.wants_json() {
        ui.json(&CheckOutput {
            schema: "pointsman/check/v1",
            usable: report.is_usable(),
            counts: report.counts,
            findings: &report.findings,
        });
    } else {
        ui.text(render(&report, ui.color()));
    }
    Ok(if report.is_usable() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

fn render(report: &CheckReport, color: bool) -> String {
    let styles = FindingStyles::new(color);
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "{}", render_finding(finding, &styles));
    }
    let counts = report.counts;
    let looked_at = format!(
        "{}, {} with {}, {} and {}",
        plural(counts.prompts as u64, "prompt"),
        plural(counts.datasets as u64, "dataset"),
        plural(counts.rows, "row"),
        plural(counts.evaluators as u64, "evaluator"),
        plural(counts.lanes as u64, "lane"),
    );
    let errors = report
        .findings
        .iter()
        .filter(|finding| finding.is_error())
        .count();
    let warnings = report.findings.len() - errors;
    let verdict = match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (0, warnings) => plural(warnings as u64, "warning"),
        (errors, 0) => plural(errors as u64, "error"),
        (errors, warnings) => {
            format!(
                "{} and {}",
                plural(errors as u64, "error"),
                plural(warnings as u64, "warning")
            )
        }
    };
    let _ = writeln!(text, "checked {looked_at}: {verdict}");
    text
}

fn plural(count: u64, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}
