//! A person's own wording: from a file, from stdin, or from an editor.

use std::io::Read as _;

use crate::adapters::editor;
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::CommandError;
use crate::domain::id::PromptId;

/// The longest text that is read, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The text of a file, or of stdin for `-`.
pub(super) fn read(context: &Context, from: &str) -> Result<String, CommandError> {
    let mut text = String::new();
    let read = if from == "-" {
        std::io::stdin()
            .lock()
            .take(SIZE_LIMIT)
            .read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(context.directory().join(from));
        file.and_then(|file| file.take(SIZE_LIMIT).read_to_string(&mut text))
    };
    read.map_err(|error| {
        CommandError::usage(format!("cannot read `{from}`: {error}"))
            .with_hint("name the file with the whole prompt, or `-` for stdin")
    })?;
    Ok(text)
}

/// The text as it leaves the user's editor.
pub(super) fn edited(
    context: &Context,
    prompt: &PromptId,
    text: &str,
) -> Result<String, CommandError> {
    let environment = context.environment();
    let mut editors = env::EDITORS
        .iter()
        .filter_map(|name| environment.text(name));
    let Some(program) = editors.next() else {
        return Err(
            CommandError::usage("no editor is named, neither by `VISUAL` nor by `EDITOR`")
                .with_hint("name one, as in `EDITOR=vi`, or bring a file with `--from`"),
        );
    };
    let name = format!("{}.prompt.yml", prompt.as_str().replace('/', "-"));
    editor::edit(program, &name, text).map_err(|error| {
        CommandError::usage(format!("the editor `{program}` gave nothing back: {error}")).with_hint(
            "nothing was kept; correct `VISUAL` or `EDITOR`, or bring a file with `--from`",
        )
    })
}
