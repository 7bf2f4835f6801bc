//! Tells formats apart that share the ending `.prompt`.

use crate::engine::workspace::document::Source;

use super::remarks::{At, Remarks};

/// Tags that begin a message in files of Humanloop.
const TAGS: [&str; 5] = ["<system>", "<user>", "<assistant>", "<developer>", "<tool "];

/// Lines that begin a message in files of `LiteLLM`.
const LABELS: [&str; 3] = ["System:", "User:", "Assistant:"];

/// Refuses a template that is not one of dotprompt.
pub(super) fn expect_dotprompt(body: &Source, remarks: &mut Remarks) -> Option<()> {
    let is_dotprompt = body.text.contains("{{role ") || body.text.contains("{{#");
    if is_dotprompt {
        return Some(());
    }
    if let Some(start) = line_that(body, |line| TAGS.iter().any(|tag| line.starts_with(tag))) {
        let message = "this looks like a file of Humanloop";
        let help = "run `pointsman import humanloop` for it";
        return refuse(body, start, message, help, remarks);
    }
    if let Some(start) = line_that(body, |line| {
        LABELS.iter().any(|label| line.starts_with(label))
    }) {
        let message = "this looks like a file of LiteLLM, whose roles are told from rendered text";
        let help = "write `{{role \"system\"}}` and `{{role \"user\"}}` in place of the labels";
        return refuse(body, start, message, help, remarks);
    }
    Some(())
}

/// Refuses a template that is not one of Humanloop.
pub(super) fn expect_humanloop(body: &Source, remarks: &mut Remarks) -> Option<()> {
    if let Some(start) = body.text.find("{{role ").or_else(|| body.text.find("{{#")) {
        let message = "this looks like a file of dotprompt";
        let help = "run `pointsman import dotprompt` for it";
        return refuse(body, start, message, help, remarks);
    }
    Some(())
}

fn refuse(
    body: &Source,
    start: usize,
    message: &str,
    help: &str,
    remarks: &mut Remarks,
) -> Option<()> {
    let at = At::Bytes(body, start..start + 1);
    remarks.refuse("other-format", at, message, help);
    None
}

/// Where the first such line begins.
fn line_that(body: &Source, is_one: impl Fn(&str) -> bool) -> Option<usize> {
    let mut start = 0;
    for line in body.text.split_inclusive('\n') {
        if is_one(line) {
            return Some(start);
        }
        start += line.len();
    }
    None
}
