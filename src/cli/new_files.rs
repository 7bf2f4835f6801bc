//! Writes files that are not there yet: never in the place of another, and never through a link.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Why a new file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum NewFileError {
    /// A folder above it is a link, and may lead anywhere.
    #[error("`{0}` is a link, and nothing is written through one")]
    Link(PathBuf),
    /// The system does not let it be written.
    #[error("cannot write `{0}`: {1}")]
    Write(PathBuf, std::io::Error),
}

/// Whether anything stands at a path below `root`.
pub fn exists(root: &Path, path: &str) -> bool {
    root.join(path).symlink_metadata().is_ok()
}

/// Writes a file below `root` where there is none.
pub fn write_new(root: &Path, path: &str, text: &str) -> Result<(), NewFileError> {
    let target = root.join(path);
    let failed = |error| NewFileError::Write(target.clone(), error);
    let below = Path::new(path).ancestors().skip(1);
    for folder in below.filter(|folder| !folder.as_os_str().is_empty()) {
        let folder = root.join(folder);
        if folder.is_symlink() {
            return Err(NewFileError::Link(folder));
        }
    }
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = std::fs::File::create_new(&target).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
