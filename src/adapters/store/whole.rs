//! Files that are there as a whole or not at all.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use crate::engine::ports::StoreError;

/// Writes a file that is on disk, whole and under its name, when this returns.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder)
}

/// Writes a file whole and under its name. After a power failure it may be gone, or hold something
/// else: whoever reads it must be able to tell.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path)?)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// An error of the store.
pub(super) fn store_error(action: &str, path: &Path, error: impl Into<String>) -> StoreError {
    StoreError {
        action: action.to_owned(),
        path: path.display().to_string(),
        message: error.into(),
    }
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    path.parent()
        .ok_or_else(|| io::Error::other("a file stands in a folder"))
}
