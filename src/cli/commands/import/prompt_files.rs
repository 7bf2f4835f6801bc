//! What the importers of single prompt files have in common: their arguments, and where files are found.

use std::path::{Path, PathBuf};

use crate::adapters::files::WorktreeTree;
use crate::cli::arguments::model_ref;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;
use crate::domain::finding::Findings;
use crate::domain::prompt::ModelRef;
use crate::engine::import::Import;
use crate::engine::ports::{EntryKind, FileTree};

use super::WriteArgs;

/// Which files are imported, and how.
#[derive(Debug, clap::Args)]
pub(super) struct PromptFilesArgs {
    /// The files, or folders with such files below them. The names of prompts are their paths from
    /// there
    #[arg(required = true, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// The model of prompts that name none that could be used
    #[arg(long, value_name = "PROVIDER/MODEL", value_parser = model_ref)]
    model: Option<ModelRef>,
    #[command(flatten)]
    write: WriteArgs,
}

/// An importer: it reads files of a folder, and is told the model of those that name none.
pub(super) type Importer =
    fn(&dyn FileTree, &[String], Option<&ModelRef>) -> Result<Import, Findings>;

/// Imports files that end in one of `endings`.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &PromptFilesArgs,
    endings: &[&str],
    import: Importer,
) -> Result<Exit, CommandError> {
    let mut all = Import::default();
    for path in &args.paths {
        let place = context.directory().join(path);
        let (folder, shown, files) = if place.is_dir() {
            let files = files_below(&place, endings)?;
            if files.is_empty() {
                return Err(no_file(path, endings));
            }
            (place.as_path(), path.as_path(), files)
        } else {
            let (folder, name) = file(&place, path, endings)?;
            (folder, path.parent().unwrap_or(Path::new("")), vec![name])
        };
        let imported = import(&WorktreeTree::new(folder), &files, args.model.as_ref());
        add(&mut all, imported.map_err(super::unreadable)?, shown)?;
    }
    super::finish(context, ui, all, &args.write)
}

/// The files below a folder that end so, with their paths from there. Links are not followed.
fn files_below(folder: &Path, endings: &[&str]) -> Result<Vec<String>, CommandError> {
    let entries = WorktreeTree::new(folder).list("")?;
    let files = entries.into_iter().filter(|entry| {
        let ends_right = endings.iter().any(|ending| entry.path.ends_with(ending));
        entry.kind == EntryKind::File && ends_right
    });
    Ok(files.map(|entry| entry.path).collect())
}

/// A file that is named: its folder and its name.
fn file<'p>(
    place: &'p Path,
    path: &Path,
    endings: &[&str],
) -> Result<(&'p Path, String), CommandError> {
    let name = place.file_name().and_then(|name| name.to_str());
    match (place.parent(), name) {
        (Some(folder), Some(name)) if endings.iter().any(|ending| name.ends_with(ending)) => {
            Ok((folder, name.to_owned()))
        }
        _ => Err(no_file(path, endings)),
    }
}

fn no_file(path: &Path, endings: &[&str]) -> CommandError {
    let endings = endings.join("` or `");
    CommandError::usage(format!(
        "`{}` is no file that ends in `{endings}`, and no folder that holds one",
        path.display()
    ))
    .with_hint("name the files, or their folder")
}

/// Adds what was imported from one place; remarks are told where that is.
fn add(all: &mut Import, import: Import, shown: &Path) -> Result<(), CommandError> {
    for (path, text) in import.files {
        let is_other = all.files.get(&path).is_some_and(|known| *known != text);
        if is_other {
            let message = format!("two of the files would become `{path}`");
            return Err(CommandError::usage(message).with_hint(
                "nothing was written; import them one after the other, and rename one",
            ));
        }
        all.files.insert(path, text);
    }
    all.providers.extend(import.providers);
    let folder = shown.display().to_string();
    let folder = folder.trim_end_matches('/');
    let folder = folder.strip_prefix("./").unwrap_or(folder);
    let folder = if folder == "." { "" } else { folder };
    let remarks = import.remarks.into_iter();
    all.remarks
        .extend(remarks.map(|remark| remark.below(folder)));
    Ok(())
}
