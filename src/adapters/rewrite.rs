//! A changed file in the worktree: written beside the old one, and put in its place when it is whole.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use crate::engine::datasets::edit::RowsEdit;

/// Makes a change to the rows of a file that is there, or of an empty one where it is not.
pub fn rewrite_rows(path: &Path, edit: &RowsEdit) -> io::Result<()> {
    replace(path, |old, new| edit.copy(&mut BufReader::new(old), new))
}

/// Puts another text into a file, or makes the file where it is not there.
pub fn rewrite_text(path: &Path, text: &str) -> io::Result<()> {
    replace(path, |_, new| new.write_all(text.as_bytes()))
}

/// Writes a new file from the old one. Somebody who reads the file sees the old one or the new one. A
/// link is not followed: it is an error.
fn replace(
    path: &Path,
    write: impl FnOnce(Box<dyn Read>, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut changed = tempfile::NamedTempFile::new_in(folder)?;
    let old: Box<dyn Read> = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {
            changed.as_file().set_permissions(metadata.permissions())?;
            Box::new(File::open(path)?)
        }
        Ok(_) => return Err(io::Error::other("it is not a plain file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = File::create_new(path)?;
            changed
                .as_file()
                .set_permissions(file.metadata()?.permissions())?;
            Box::new(io::empty())
        }
        Err(error) => return Err(error),
    };
    let mut output = BufWriter::new(&mut changed);
    write(old, &mut output)?;
    output.flush()?;
    drop(output);
    changed.as_file().sync_all()?;
    changed.persist(path)?;
    Ok(())
}
