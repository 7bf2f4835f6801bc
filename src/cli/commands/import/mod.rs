//! `pointsman import`: from the files of another tool to a workspace.

mod dotprompt;
mod humanloop;
mod prompt_files;
mod promptfoo;
mod prompty;

use crate::adapters::files::WorktreeTree;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::{EXISTS_HINT, write_new_files};
use crate::cli::ui::Ui;
use crate::domain::finding::{Findings, sort_findings};
use crate::engine::import::{FitError, Import, fit};
use crate::report::import::ImportReport;

/// Bring prompts and their tests here from another tool
///
/// Writes them as files of the workspace that you are in, or of a new one in the current folder.
/// Existing files are never touched: where one is in the way, nothing is written. What cannot come
/// along is listed with its place, and the exit code is then 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman import promptfoo promptfooconfig.yaml
  pointsman import promptfoo promptfooconfig.yaml --dry-run --json
  pointsman import dotprompt prompts/ --model openai/gpt-4.1-mini")]
pub struct ImportArgs {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ImportCommand {
    Promptfoo(promptfoo::PromptfooArgs),
    Dotprompt(dotprompt::DotpromptArgs),
    Prompty(prompty::PromptyArgs),
    Humanloop(humanloop::HumanloopArgs),
}

/// Options of every import.
#[derive(Debug, clap::Args)]
struct WriteArgs {
    /// Show what would be written and what would be left out, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &ImportArgs) -> Result<Exit, CommandError> {
    match &args.command {
        ImportCommand::Promptfoo(args) => promptfoo::run(context, ui, args),
        ImportCommand::Dotprompt(args) => dotprompt::run(context, ui, args),
        ImportCommand::Prompty(args) => prompty::run(context, ui, args),
        ImportCommand::Humanloop(args) => humanloop::run(context, ui, args),
    }
}

/// Writes what is imported into the workspace, and says what came along and what did not.
fn finish(
    context: &Context,
    ui: &mut Ui,
    import: Import,
    args: &WriteArgs,
) -> Result<Exit, CommandError> {
    context.worktree()?;
    let root = context
        .workspace_root()
        .unwrap_or_else(|_| context.directory().to_owned());
    let exit = if import.left_something_out() {
        Exit::Failed
    } else {
        Exit::Success
    };
    let fitted = fit(import, &WorktreeTree::new(&root))?;
    let files = fitted.files.iter();
    let files = files.map(|(path, text)| (path.as_str(), text.as_str()));
    if !args.dry_run {
        write_new_files(&root, files)?;
    }
    let written: Vec<String> = fitted.files.into_keys().collect();
    let mut remarks = fitted.remarks;
    sort_findings(&mut remarks);
    let report = ImportReport {
        root: &root.display().to_string(),
        written: &written,
        remarks: &remarks,
        dry_run: args.dry_run,
    };
    if ui.wants_json() {
        ui.json(&report.json());
        return Ok(exit);
    }
    ui.text(report.text(ui.color()));
    if !args.dry_run && !written.is_empty() {
        ui.note("next:\n  pointsman check\n  pointsman eval");
    }
    Ok(exit)
}

/// What another tool's files are refused with where they cannot be read.
fn unreadable(findings: Findings) -> CommandError {
    if findings
        .0
        .iter()
        .all(|finding| finding.place.span.is_none())
    {
        return findings.into();
    }
    CommandError::usage("this cannot be read, and nothing was written")
        .with_hint("correct it, and import it again")
        .with_findings(findings.0)
}

impl From<FitError> for CommandError {
    fn from(error: FitError) -> Self {
        let message = error.to_string();
        match error {
            FitError::Exists(_) => Self::usage(message).with_hint(EXISTS_HINT),
            FitError::MissingProviders(tables) => Self::usage(format!("{message}\n{tables}"))
                .with_hint("nothing was written; add these lines to `pointsman.toml` first"),
            FitError::Tree(error) => error.into(),
            FitError::Findings(Findings(findings)) => {
                Self::usage("the workspace would not pass its check, and nothing was written")
                    .with_hint("repair the workspace; where it is right, please report this")
                    .with_findings(findings)
            }
        }
    }
}
