//! Writing new files: all of them, or none where one of them exists.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::CommandError;

/// Why new files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum NewFilesError {
    /// Files of these names are there already. Nothing was written.
    #[error("{} of the files to write exist already: {}", .0.len(), .0.join(", "))]
    Exists(Vec<String>),
    /// A file could not be written.
    #[error("cannot write `{0}`: {1}")]
    Write(PathBuf, std::io::Error),
}

impl From<NewFilesError> for CommandError {
    fn from(error: NewFilesError) -> Self {
        let hint = match error {
            NewFilesError::Exists(_) => EXISTS_HINT,
            NewFilesError::Write(..) => {
                "make the folder writable, remove what was written, and run this again"
            }
        };
        Self::usage(error.to_string()).with_hint(hint)
    }
}

/// What to do where a file is in the way.
pub const EXISTS_HINT: &str =
    "nothing was written; choose an empty folder, or move these files away";

/// Writes all files below `root`, or none where one of them exists. Paths have `/` between segments.
pub fn write_new_files<'f>(
    root: &Path,
    files: impl Iterator<Item = (&'f str, &'f str)> + Clone,
) -> Result<(), NewFilesError> {
    let existing: Vec<String> = files
        .clone()
        .filter(|(path, _)| root.join(path).symlink_metadata().is_ok())
        .map(|(path, _)| path.to_owned())
        .collect();
    if !existing.is_empty() {
        return Err(NewFilesError::Exists(existing));
    }
    for (path, text) in files {
        write_new(&root.join(path), text)?;
    }
    Ok(())
}

fn write_new(path: &Path, text: &str) -> Result<(), NewFilesError> {
    let failed = |error| NewFilesError::Write(path.to_owned(), error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
