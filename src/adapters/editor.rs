//! The user's own editor, opened on a copy of a text.

use std::io::{self, Read as _, Write as _};
use std::process::Command;

/// The longest text that is taken back, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// Opens a text in an editor and waits for its end; the text as it is then. The words of `editor` are a
/// program and its options, as in `code --wait`: no shell reads them.
pub fn edit(editor: &str, name: &str, text: &str) -> io::Result<String> {
    let mut words = editor.split_whitespace();
    let program = words
        .next()
        .ok_or_else(|| io::Error::other("it names no program"))?;
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join(name);
    let mut file = std::fs::File::create_new(&path)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    let status = Command::new(program).args(words).arg(&path).status()?;
    if !status.success() {
        return Err(io::Error::other(format!("it ended with {status}")));
    }
    let mut edited = String::new();
    let file = std::fs::File::open(&path)?;
    file.take(SIZE_LIMIT).read_to_string(&mut edited)?;
    Ok(edited)
}
