//! Reads scripts that grade, from the evaluator's file or from one beside it.

use crate::domain::evaluator::ScriptRule;
use crate::domain::finding::{Findings, Span};

use super::super::decode::{Decoder, Fields};
use super::super::document::Node;
use super::super::files::read_text;
use super::super::script::check_script;
use super::combination::Loader;

/// How long a script may take for one grade where its file does not say, in milliseconds.
const DEFAULT_TIME_LIMIT_MS: u64 = 1000;

/// The least score that passes where the file does not say.
const DEFAULT_THRESHOLD: f64 = 0.5;

/// The longest time that a file may ask for, in milliseconds.
const MAX_TIME_LIMIT_MS: i64 = 10_000;

/// Reads the options of `javascript`.
pub(super) fn script_rule(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    loader: &Loader<'_>,
) -> Option<ScriptRule> {
    let time_limit_ms = match fields.optional("timeLimitMs") {
        Some(node) => decoder
            .integer_within(node, 1, MAX_TIME_LIMIT_MS)
            .and_then(|limit| u64::try_from(limit).ok()),
        None => Some(DEFAULT_TIME_LIMIT_MS),
    };
    let threshold = match fields.optional("threshold") {
        Some(node) => decoder.number_within(node, 0.0, 1.0),
        None => Some(DEFAULT_THRESHOLD),
    };
    let (source, file, span) = match (fields.optional("script"), fields.optional("file")) {
        (Some(node), None) => (decoder.text(node)?, None, node.span),
        (None, Some(node)) => {
            let (path, text) = script_file(decoder, node, loader)?;
            (text, Some(path), node.span)
        }
        (found, _) => {
            let kind = fields.required(decoder, "kind")?;
            let span = found.map_or(kind.span, |node| node.span);
            let help = "give either `script` or `file`";
            decoder.error("missing-key", span, "there is exactly one script", help);
            return None;
        }
    };
    check_syntax(decoder, &source, span)?;
    Some(ScriptRule {
        source,
        file,
        threshold: threshold?,
        time_limit_ms: time_limit_ms?,
    })
}

/// A script that does not compile is found here, before any call is paid for.
fn check_syntax(decoder: &mut Decoder<'_>, source: &str, span: Span) -> Option<()> {
    match check_script(source) {
        Ok(()) => Some(()),
        Err(reason) => {
            let message = format!("this script does not compile: {reason}");
            let help =
                "write the body of a function of `output`, `vars`, `expected` and `response`";
            decoder.error("invalid-script", span, message, help);
            None
        }
    }
}

/// The path and the text of a script that stands below `evaluators/`.
fn script_file(
    decoder: &mut Decoder<'_>,
    node: &Node,
    loader: &Loader<'_>,
) -> Option<(String, String)> {
    let name = decoder.text(node)?;
    let plain = name
        .split('/')
        .all(|segment| !segment.is_empty() && segment != "." && segment != "..");
    let ends_right = name
        .strip_suffix(".js")
        .is_some_and(|stem| !stem.is_empty());
    if !plain || !ends_right || name.contains('\\') {
        let message = format!("`{name}` does not name a script");
        let help = "name a `.js` file by its path below `evaluators/`";
        decoder.error("invalid-value", node.span, message, help);
        return None;
    }
    let path = format!("evaluators/{name}");
    match read_text(loader.tree, &path) {
        Ok(Some(source)) => Some((path, source.text)),
        Ok(None) => {
            let message = format!("there is no `{path}`");
            decoder.error("missing-script", node.span, message, "write the file");
            None
        }
        Err(Findings(findings)) => {
            decoder.report(findings);
            None
        }
    }
}
