//! Writing files of the workspace: new ones never in the place of another, and none through a link.

use std::path::{Path, PathBuf};

use crate::adapters::rewrite;

use super::error::CommandError;

/// Why new files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum NewFilesError {
    /// Files of these names are there already. Nothing was written.
    #[error("{} of the files to write exist already: {}", .0.len(), .0.join(", "))]
    Exists(Vec<String>),
    /// A folder above a file is a link, and may lead anywhere.
    #[error("`{0}` is a link, and nothing is written through one")]
    Link(PathBuf),
    /// A file could not be written.
    #[error("cannot write `{0}`: {1}")]
    Write(PathBuf, std::io::Error),
}

impl From<NewFilesError> for CommandError {
    fn from(error: NewFilesError) -> Self {
        let hint = match error {
            NewFilesError::Exists(_) => EXISTS_HINT,
            NewFilesError::Link(_) => "put a folder in its place, and run this again",
            NewFilesError::Write(..) => {
                "make room, or make the folder writable, and run this again"
            }
        };
        Self::usage(error.to_string()).with_hint(hint)
    }
}

/// What to do where a file is in the way.
pub const EXISTS_HINT: &str =
    "nothing was written; choose an empty folder, or move these files away";

/// Writes all files below `root`, or none where one of them exists. Paths have `/` between segments. What
/// another try left that died in between, some files just as they are to be, is in nobody's way.
pub fn write_new_files<'f>(
    root: &Path,
    files: impl Iterator<Item = (&'f str, &'f str)>,
) -> Result<(), NewFilesError> {
    let (existing, missing): (Vec<_>, Vec<_>) = files.partition(|(path, _)| exists(root, path));
    let is_whole = missing.is_empty();
    let in_the_way: Vec<String> = existing
        .into_iter()
        .filter(|(path, text)| is_whole || !holds(root, path, text))
        .map(|(path, _)| path.to_owned())
        .collect();
    if !in_the_way.is_empty() {
        return Err(NewFilesError::Exists(in_the_way));
    }
    let mut written = Vec::new();
    for (path, text) in missing {
        if let Err(error) = write_new(root, path, text) {
            // They would be in the way of the next try. Where one stays, that one says so.
            for path in written {
                let _ = std::fs::remove_file(root.join(path));
            }
            return Err(error);
        }
        written.push(path);
    }
    Ok(())
}

/// Writes the files below `root` that do not exist; their paths, and those of the others.
pub fn write_missing_files<'f>(
    root: &Path,
    files: impl Iterator<Item = (&'f str, &'f str)>,
) -> Result<[Vec<&'f str>; 2], NewFilesError> {
    let mut written = Vec::new();
    let mut kept = Vec::new();
    for (path, text) in files {
        if exists(root, path) {
            kept.push(path);
        } else {
            write_new(root, path, text)?;
            written.push(path);
        }
    }
    Ok([written, kept])
}

fn exists(root: &Path, path: &str) -> bool {
    root.join(path).symlink_metadata().is_ok()
}

/// Whether a plain file holds this text.
fn holds(root: &Path, path: &str, text: &str) -> bool {
    let path = root.join(path);
    let is_plain = path.symlink_metadata().is_ok_and(|it| it.is_file());
    is_plain && std::fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes())
}

/// Puts a text in the place of the file at `path` below `root`, or where there is none yet. Whoever reads
/// it sees the old one or the new one.
pub fn replace_file(root: &Path, path: &str, text: &str) -> Result<(), NewFilesError> {
    refuse_links(root, path)?;
    let target = root.join(path);
    rewrite::rewrite_text(&target, text).map_err(|error| NewFilesError::Write(target, error))
}

/// Refuses a path that leads through a link, and so perhaps out of the workspace.
fn refuse_links(root: &Path, path: &str) -> Result<(), NewFilesError> {
    let above = Path::new(path).ancestors().skip(1);
    for folder in above.filter(|folder| !folder.as_os_str().is_empty()) {
        let folder = root.join(folder);
        if folder.is_symlink() {
            return Err(NewFilesError::Link(folder));
        }
    }
    Ok(())
}

fn write_new(root: &Path, path: &str, text: &str) -> Result<(), NewFilesError> {
    refuse_links(root, path)?;
    let target = root.join(path);
    let failed = |error| NewFilesError::Write(target.clone(), error);
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    rewrite::write_new(&target, text).map_err(failed)
}
