//! `pointsman prompt convert`.

use std::path::{Path, PathBuf};

use crate::cli::arguments::{model_ref, prompt_id};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::write_new_files;
use crate::cli::ui::Ui;
use crate::domain::finding::sort_findings;
use crate::domain::id::PromptId;
use crate::domain::prompt::ModelRef;
use crate::engine::convert::{Asked, Converted, Target, convert};
use crate::engine::workspace::Workspace;
use crate::report::convert::ConvertReport;
use crate::report::import::what_came_along;

/// Write a prompt as a file of another tool
///
/// What the other tool has no word for is listed with its place, and the exit code is then 1. Where
/// a text would say something else there, the prompt is not converted at all.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman prompt convert support/triage --to github > triage.prompt.yml
  pointsman prompt convert support/triage --to dotprompt -o prompts/triage.prompt
  pointsman prompt convert support/triage --to dotprompt --at lanes/production --json")]
pub(super) struct ConvertArgs {
    /// The prompt
    #[arg(value_parser = prompt_id)]
    prompt: PromptId,
    /// The tool: GitHub's `.prompt.yml`, or Google's dotprompt
    #[arg(long, value_name = "TOOL", value_enum)]
    to: Tool,
    /// Write to this file; `-` is stdout, which is the default. What a prompt for dotprompt includes
    /// becomes partials beside the file, and is written out on stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name this model in place of the prompt's own
    #[arg(long, value_name = "PROVIDER/MODEL", value_parser = model_ref)]
    model: Option<ModelRef>,
    /// Read a revision or a lane instead of the files on disk
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Tool {
    Github,
    Dotprompt,
}

impl Tool {
    fn target(self) -> Target {
        match self {
            Self::Github => Target::Github,
            Self::Dotprompt => Target::Dotprompt,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Dotprompt => "dotprompt",
        }
    }
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &ConvertArgs,
) -> Result<Exit, CommandError> {
    let file = args
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    let asked = Asked {
        target: args.to.target(),
        model: args.model.clone(),
        with_partials: file.is_some(),
    };
    let tree = context.tree(args.at.as_deref())?;
    let mut converted = convert(&Workspace::new(tree.as_ref()), &args.prompt, &asked)?;
    sort_findings(&mut converted.remarks);
    let written = match file {
        Some(file) => write(context, file, &converted)?,
        None => Vec::new(),
    };
    let report = ConvertReport {
        prompt: &args.prompt,
        target: args.to.name(),
        converted: &converted,
        written: &written,
    };
    if ui.wants_json() {
        ui.json(&report.json());
    } else if file.is_some() {
        ui.text(report.text(ui.color()));
    } else {
        ui.document(converted.text.as_deref().unwrap_or_default());
        ui.findings(&converted.remarks);
        ui.note(what_came_along(&converted.remarks));
    }
    Ok(if converted.left_something_out() {
        Exit::Failed
    } else {
        Exit::Success
    })
}

/// Writes the file and the partials beside it. Those that stand there already, as they are to be, are
/// left alone; any other in the way is an error, and nothing is written.
fn write(
    context: &Context,
    file: &Path,
    converted: &Converted,
) -> Result<Vec<String>, CommandError> {
    let Some(text) = &converted.text else {
        return Ok(Vec::new());
    };
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| {
        CommandError::usage(format!("`{}` does not name a file", file.display()))
            .with_hint("write `-o <file>`, or `-o -` for stdout")
    })?;
    let below = file.parent().unwrap_or(Path::new(""));
    let folder = context.directory().join(below);
    let partials = converted.partials.iter();
    let partials = partials.map(|(path, text)| (path.as_str(), text.as_str()));
    let mut files: Vec<(&str, &str)> = [(name, text.as_str())]
        .into_iter()
        .chain(partials)
        .collect();
    files.retain(|(path, text)| !stands_there(&folder.join(path), text));
    write_new_files(&folder, files.iter().copied())?;
    let written = files.iter().map(|(path, _)| below.join(path));
    Ok(written.map(|path| path.display().to_string()).collect())
}

/// Whether a file, which is no link, holds this text.
fn stands_there(path: &Path, text: &str) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
    is_file && std::fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes())
}
