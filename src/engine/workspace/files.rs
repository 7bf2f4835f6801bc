//! Reads workspace files as text, and says clearly what cannot be read.

use crate::domain::finding::{Finding, Findings, Place};
use crate::domain::id::PromptId;
use crate::domain::suggest::did_you_mean;
use crate::engine::ports::{EntryKind, FileTree, TreeError};

use super::document::{MAX_FILE_BYTES, Source};

impl From<TreeError> for Findings {
    fn from(error: TreeError) -> Self {
        Finding::error("unreadable", Place::file(error.path), error.message).into()
    }
}

/// What a prompt should have in its own file, and has not.
pub fn not_in_file(prompt: &PromptId, sort: &str, name: &str) -> Findings {
    let message = format!("there is no {sort} `{name}` in this file");
    let place = Place::file(prompt.path());
    Finding::error(&format!("missing-{sort}"), place, message)
        .with_help("look at `testData` and `evaluators` of the prompt")
        .into()
}

/// The text of a file; `None` where there is none.
pub fn read_text(tree: &dyn FileTree, path: &str) -> Result<Option<Source>, Findings> {
    let Some(bytes) = tree.read(path, MAX_FILE_BYTES)? else {
        return Ok(None);
    };
    let bytes = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .map(<[u8]>::to_vec)
        .unwrap_or(bytes);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Source::new(path, text))),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let source = Source::new(path, text);
            let place = source.place(source.span_of_bytes(valid..valid + 1));
            Err(Finding::error("not-utf-8", place, "this is not UTF-8 text").into())
        }
    }
}

/// The text of a file that is named by `name` among `known` ones of a sort (`prompt`).
pub fn read_named(
    tree: &dyn FileTree,
    path: &str,
    sort: &str,
    name: &str,
    known: impl FnOnce() -> Vec<String>,
) -> Result<Source, Findings> {
    if let Some(source) = read_text(tree, path)? {
        return Ok(source);
    }
    let known = known();
    let help = did_you_mean(name, known.iter().map(String::as_str));
    let message = format!("there is no {sort} `{name}` in the {}", tree.label());
    Err(
        Finding::error(&format!("missing-{sort}"), Place::file(path), message)
            .with_help(help)
            .into(),
    )
}

/// The names of the files below `folder` that end in `ending`. What is not a plain file is a finding.
pub fn names_below(
    tree: &dyn FileTree,
    folder: &str,
    ending: &str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<String>, Findings> {
    let mut names = Vec::new();
    for entry in tree.list(folder)? {
        let Some(rest) = entry
            .path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        if entry.kind != EntryKind::File {
            findings.push(
                Finding::error(
                    "not-a-file",
                    Place::file(&entry.path),
                    "this is not a plain file",
                )
                .with_help("links and submodules are never followed: put the file itself here"),
            );
        } else if let Some(name) = rest.strip_suffix(ending) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
