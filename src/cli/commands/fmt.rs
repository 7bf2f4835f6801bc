//! `pointsman fmt`.

use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::new_files::replace_file;
use crate::cli::ui::Ui;
use crate::domain::finding::Findings;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::files::read_text;
use crate::engine::workspace::yaml_text::format::{
    EVALUATOR_KEYS, Formatted, KeyOrder, PROMPT_KEYS, format_yaml,
};

/// Give prompts and evaluators one layout: order of keys, indentation, blank lines
///
/// Comments and spellings stay, and so does what the file says: a file for which that cannot be shown
/// is left as it is, and named. No fingerprint and no digest of an evaluator changes.
///
/// Exits with 1 where a file cannot be read; with `--check`, also where a file has another layout.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman fmt
  pointsman fmt --check
  pointsman fmt prompts/support evaluators/short.yml")]
pub struct FmtArgs {
    /// Files and folders below `prompts/` and `evaluators/`; absent: all of them
    paths: Vec<PathBuf>,
    /// Change nothing, and name the files that have another layout
    #[arg(long)]
    check: bool,
}

#[derive(Serialize)]
struct FmtV1 {
    schema: &'static str,
    changed: Vec<String>,
    kept: Vec<String>,
    unchanged: usize,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &FmtArgs) -> Result<Exit, CommandError> {
    let root = context.workspace_root()?;
    let tree = context.tree(None)?;
    let mut result = FmtV1 {
        schema: "pointsman/fmt/v1",
        changed: Vec::new(),
        kept: Vec::new(),
        unchanged: 0,
    };
    let mut unreadable = Vec::new();
    for (path, order) in chosen(context, &root, args)? {
        let Some(source) = read_text(tree.as_ref(), &path)? else {
            continue;
        };
        match format_yaml(&source, order) {
            Ok(Formatted::Same) => result.unchanged += 1,
            Ok(Formatted::Kept) => result.kept.push(path),
            Ok(Formatted::Changed(text)) => {
                if !args.check {
                    replace_file(&root, &path, &text)?;
                }
                result.changed.push(path);
            }
            Err(Findings(findings)) => unreadable.extend(findings),
        }
    }
    ui.findings(&unreadable);
    show(ui, &result, args.check);
    let is_untidy = args.check && !result.changed.is_empty();
    Ok(if is_untidy || !unreadable.is_empty() {
        Exit::Failed
    } else {
        Exit::Success
    })
}

/// The files to look at, each with the order of its keys.
fn chosen(
    context: &Context,
    root: &Path,
    args: &FmtArgs,
) -> Result<Vec<(String, KeyOrder)>, CommandError> {
    let tree = context.tree(None)?;
    let workspace = Workspace::new(tree.as_ref());
    let prompts = workspace.prompt_ids()?;
    let prompts = prompts.iter().map(|id| (id.path(), PROMPT_KEYS));
    let evaluators = workspace.evaluator_ids()?;
    let evaluators = evaluators.iter().filter(|id| id.owner().is_none());
    let evaluators = evaluators.map(|id| (id.path(), EVALUATOR_KEYS));
    let all: Vec<(String, KeyOrder)> = prompts.chain(evaluators).collect();
    if args.paths.is_empty() {
        return Ok(all);
    }
    let wanted: Vec<PathBuf> = args
        .paths
        .iter()
        .map(|path| plain(&context.directory().join(path)))
        .collect();
    for (wanted, said) in wanted.iter().zip(&args.paths) {
        if !all
            .iter()
            .any(|(path, _)| root.join(path).starts_with(wanted))
        {
            let said = said.display();
            return Err(CommandError::usage(format!(
                "`{said}` is no prompt, no evaluator and no folder of them"
            ))
            .with_hint("name files below `prompts/` and `evaluators/`, or nothing for all"));
        }
    }
    let is_wanted = |path: &str| wanted.iter().any(|it| root.join(path).starts_with(it));
    Ok(all
        .into_iter()
        .filter(|(path, _)| is_wanted(path))
        .collect())
}

/// A path without `.` and `..`, which is not looked up.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

fn show(ui: &mut Ui, result: &FmtV1, check: bool) {
    if ui.wants_json() {
        ui.json(result);
        return;
    }
    for path in &result.changed {
        let did = if check { "would change" } else { "changed" };
        ui.line(format_args!("{did} {path}"));
    }
    for path in &result.kept {
        ui.warn(format_args!(
            "`{path}` is left as it is: it cannot be shown that another layout says the same"
        ));
    }
    let files = result.changed.len() + result.kept.len() + result.unchanged;
    let did = if check { "would be changed" } else { "changed" };
    ui.note(format_args!(
        "{} of {files} files {did}",
        result.changed.len()
    ));
}
