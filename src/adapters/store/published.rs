//! Files that others read while we replace them, outside of the store: whole, durable, and never
//! replaced by two of us at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use super::whole::sync_folder;

/// The largest file that is replaced, in bytes.
const LIMIT: u64 = 256 * 1024 * 1024;

/// Replaces the file at `path` by `text`, if `admit` agrees; it gets what stands there, if something
/// does. Whoever reads sees the old file or the new one.
pub fn replace<E: From<io::Error>>(
    path: &Path,
    text: &str,
    admit: impl FnOnce(Option<&[u8]>) -> Result<(), E>,
) -> Result<(), E> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // Held until the file is replaced: no other bundle can come between looking and writing.
    let turn = File::open(folder)?;
    turn.lock()?;
    admit(current(path)?.as_deref())?;
    let mut file = tempfile::Builder::new();
    let mut file = readable(&mut file).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(io::Error::from)?;
    Ok(sync_folder(folder)?)
}

/// What stands at a path. A link is not followed, and is not replaced.
fn current(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    if !metadata.is_file() || metadata.len() > LIMIT {
        return Err(io::Error::other(
            "what is there is no plain file of a bundle's size",
        ));
    }
    fs::read(path).map(Some)
}

/// Gives the file the rights of any file that a program writes: others may read it.
#[cfg(unix)]
fn readable<'b>(
    builder: &'b mut tempfile::Builder<'static, 'static>,
) -> &'b mut tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

/// Gives the file the rights that the folder hands down.
#[cfg(not(unix))]
fn readable<'b>(
    builder: &'b mut tempfile::Builder<'static, 'static>,
) -> &'b mut tempfile::Builder<'static, 'static> {
    builder
}
