//! `pointsman check`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Format, Output, check_stdout, write_all};
use crate::cli::ui::Ui;
use crate::domain::finding::{Finding, sort_findings};
use crate::engine::check::{CheckReport, Counts, check};
use crate::engine::traces::secrets::find_secrets;
use crate::engine::workspace::Workspace;
use crate::report::annotations::render_annotations;
use crate::report::findings::{FindingStyles, render_finding};
use crate::report::sarif::render_sarif;

/// Check every file of the workspace, and every name that one uses of another
///
/// Reads prompts, datasets with all their rows, evaluators, lanes, saved views, alert rules and
/// behaviors, and reports everything that is wrong with its place. Nothing is called and nothing is changed.
///
/// Exits with 1 where there is an error.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman check
  pointsman check --at lanes/production
  pointsman check --secrets
  pointsman check -o check.sarif -o github=-
  pointsman check --json | jq '.findings[].ident'")]
pub struct CheckArgs {
    /// Check a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// Look, too, for what redaction takes out of traces, in datasets, recordings, `operations/` and evidence
    #[arg(long)]
    secrets: bool,
    /// Write the findings to a file, too, as `.sarif`. Say `github=-` for annotations on stdout
    #[arg(short, long = "output", value_name = "[FORMAT=]PATH")]
    outputs: Vec<Output<FindingFormat>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FindingFormat {
    Sarif,
    Github,
}

impl Format for FindingFormat {
    const NAMES: &'static [(&'static str, Self)] =
        &[("sarif", Self::Sarif), ("github", Self::Github)];
    const ENDINGS: &'static str = ".sarif";
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
    check_stdout(&args.outputs, ui)?;
    let tree = context.tree(args.at.as_deref())?;
    let workspace = Workspace::new(tree.as_ref());
    let mut report = check(&workspace);
    if args.secrets {
        // Settings that cannot be read are among the findings already.
        let rules = workspace.project().unwrap_or_default().redaction;
        report.findings.extend(find_secrets(tree.as_ref(), &rules));
        sort_findings(&mut report.findings);
    }
    let shown = if args.outputs.is_empty() {
        false
    } else {
        write_outputs(context, ui, args, &report)?
    };
    if ui.wants_json() {
        ui.json(&CheckOutput {
            schema: "pointsman/check/v1",
            usable: report.is_usable(),
            counts: report.counts,
            findings: &report.findings,
        });
    } else if !shown {
        ui.text(render(&report, ui.color()));
    }
    Ok(if report.is_usable() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

/// Writes the findings with their paths from the top of the repository; whether stdout has got them.
fn write_outputs(
    context: &Context,
    ui: &mut Ui,
    args: &CheckArgs,
    report: &CheckReport,
) -> Result<bool, CommandError> {
    let prefix = context.workspace_prefix()?;
    let findings = report.findings.iter().cloned();
    let findings: Vec<Finding> = findings.map(|it| it.below(&prefix)).collect();
    write_all(context, ui, &args.outputs, |format| match format {
        FindingFormat::Sarif => render_sarif(&findings),
        FindingFormat::Github => render_annotations(&findings),
    })
}

fn render(report: &CheckReport, color: bool) -> String {
    let styles = FindingStyles::new(color);
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "{}", render_finding(finding, &styles));
    }
    let counts = report.counts;
    let lanes = plural(counts.lanes as u64, "lane");
    let mut rest = vec![lanes];
    for (count, word) in [
        (counts.views, "view"),
        (counts.alerts, "alert rule"),
        (counts.behaviors, "behavior"),
        (counts.incidents, "incident"),
        (counts.reviews, "review"),
    ] {
        if count > 0 {
            rest.push(plural(count as u64, word));
        }
    }
    let last = rest.pop().unwrap_or_default();
    let rest: String = rest.iter().flat_map(|it| [", ", it]).collect();
    let last = format!("{rest} and {last}");
    let looked_at = format!(
        "{}, {} with {}, {}{last}",
        plural(counts.prompts as u64, "prompt"),
        plural(counts.datasets as u64, "dataset"),
        plural(counts.rows, "row"),
        plural(counts.evaluators as u64, "evaluator"),
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
