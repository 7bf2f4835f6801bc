//! Files for people: written beside the place where they are to stand, and put there when they are whole.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::engine::datasets::edit::RowsEdit;

/// Makes a change to the rows of a file that is there, or of an empty one where it is not.
pub fn rewrite_rows(path: &Path, edit: &RowsEdit) -> io::Result<()> {
    replace(path, |old, new| edit.copy(&mut BufReader::new(old), new))
}

/// Puts another text into a file, or makes the file where it is not there.
pub fn rewrite_text(path: &Path, text: &str) -> io::Result<()> {
    replace(path, |_, new| new.write_all(text.as_bytes()))
}

/// Makes a file. One that is there already is an error.
pub fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

/// Puts a result where somebody wants it. What is no plain file, such as a pipe, is written to as it is,
/// and so is a file in a folder that no other can be made in.
pub fn write_result(path: &Path, text: &str) -> io::Result<()> {
    let there = path.metadata().ok();
    let is_special = there.as_ref().is_some_and(|it| !it.is_file());
    if is_special || path.starts_with("/dev") {
        return fs::write(path, text);
    }
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut file = match beside(&place) {
        Err(error) if there.is_some() && error.kind() == io::ErrorKind::PermissionDenied => {
            return fs::write(place, text);
        }
        file => file?,
    };
    if let Some(there) = there {
        file.as_file().set_permissions(there.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.persist(place)?;
    Ok(())
}

/// Writes a new file from the old one. Somebody who reads the file sees the old one or the new one. A
/// link is not followed: it is an error.
fn replace(
    path: &Path,
    write: impl FnOnce(Box<dyn Read>, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))?;
    let mut changed = beside(path)?;
    let old: Option<File> = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {
            changed.as_file().set_permissions(metadata.permissions())?;
            Some(File::open(path)?)
        }
        Ok(_) => return Err(io::Error::other("it is not a plain file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let is_new = old.is_none();
    let old: Box<dyn Read> = match old {
        Some(file) => Box::new(file),
        None => Box::new(io::empty()),
    };
    let mut output = BufWriter::new(&mut changed);
    write(old, &mut output)?;
    output.flush()?;
    drop(output);
    changed.as_file().sync_all()?;
    if is_new {
        changed.persist_noclobber(path)?;
    } else {
        changed.persist(path)?;
    }
    Ok(())
}

/// A file in the folder of another, which is gone again unless it is put in its place. Whoever may read
/// new files may read it.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The mask of new files takes from these.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
